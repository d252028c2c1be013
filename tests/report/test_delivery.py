"""Sending a notification to servers that are slow, hostile, or not there."""

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import replace

import pytest

from runner.report import webhook
from runner.report.webhook import Patience, post
from tests.hosts import UNKNOWN
from tests.security.support import Service, answer

BODY = json.dumps({"text": "done"}).encode()
SECRET = "T0SECRET"
AMPLE = Patience(step_s=30, pause_s=0.02, whole_s=60)
"""For servers that answer: only a second try has to be waited for."""
SHORT = Patience(step_s=0.2, pause_s=0.02, whole_s=0.5)
"""For servers that never do."""
LONG_S = 30
"""Sixty times ``SHORT``: only who waits for the server takes so long, however busy the machine is."""


@pytest.fixture
def hook():
    with Service() as one:
        one.on_post = lambda _: answer(200, b"ok")
        yield one


def sent(hook: Service, patience: Patience = AMPLE) -> str | None:
    """What came of it."""
    return post(f"{hook.url}/services/{SECRET}?a=1", BODY, patience)


async def forever(*pieces: bytes, every_s: float):
    for piece in pieces:
        yield piece
    while True:
        await asyncio.sleep(every_s)
        yield pieces[-1]


def test_the_body_arrives_once_and_without_anything_of_the_services_client(hook):
    assert sent(hook) is None
    (asked,) = hook.requests
    names = {line.split(":")[0].lower() for line in asked.head.decode().split("\r\n")[1:] if line}
    assert (asked.method, asked.target, asked.body) == ("POST", f"/services/{SECRET}?a=1", BODY)
    assert names == {"host", "accept-encoding", "content-length", "content-type", "user-agent", "connection"}


@pytest.mark.parametrize("status", [200, 201, 204])
def test_every_2xx_is_taken(hook, status):
    hook.on_post = lambda _: answer(status)
    assert (sent(hook), len(hook.requests)) == (None, 1)


@pytest.mark.parametrize(
    ("status", "tries"), [(400, 1), (401, 1), (404, 1), (410, 1), (429, 2), (500, 2), (503, 2)]
)
def test_only_what_may_pass_is_tried_once_more(hook, status, tries):
    hook.on_post = lambda asked: answer(status, f"no {asked.target}".encode())
    assert (sent(hook), len(hook.requests)) == (f"the server answered {status}", tries)


def test_a_second_try_that_is_taken_is_no_failure(hook):
    hook.on_post = lambda _: answer(200 if len(hook.requests) > 1 else 503)
    assert (sent(hook), len(hook.requests)) == (None, 2)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(hook, status):
    with Service() as elsewhere:
        hook.on_post = lambda _: answer(status, headers={"Location": f"{elsewhere.url}/x"})
        assert sent(hook) == f"the server answered {status}, and redirects are not followed"
        assert (len(hook.requests), elsewhere.requests) == (1, [])


HOSTILE = {
    "silence": lambda _: forever(b"", every_s=60),
    "a byte now and then": lambda _: forever(b"HTTP/1.1 200 OK\r\nX: ", b"x", every_s=0.3),
    "interim answers without an end": lambda _: forever(b"HTTP/1.1 100 Continue\r\n\r\n", every_s=0.01),
    "a body without an end": lambda _: forever(b"HTTP/1.1 500 No\r\n\r\n", b"x" * 65536, every_s=0.001),
    "no HTTP": lambda _: b"SSH-2.0-OpenSSH_9.2\r\n",
    "a status that is no number": lambda _: b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n\r\n",
    "a header line of a megabyte": lambda _: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10**6,
    "ten thousand headers": lambda _: b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 10**4 + b"\r\n",
    "a hang-up": lambda _: b"",
    "its address in the reason": lambda asked: f"HTTP/1.1 500 {asked.target}\r\n\r\n".encode(),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_server_costs_a_few_seconds_at_most_and_is_not_quoted(hook, kind):
    hook.on_post = HOSTILE[kind]
    began = time.monotonic()
    failure = sent(hook, SHORT)
    assert time.monotonic() - began < LONG_S
    assert failure
    assert (SECRET in failure, "127.0.0.1" in failure, "OpenSSH" in failure) == (False, False, False)
    assert len(hook.requests) <= 2


def test_a_step_that_takes_too_long_is_tried_once_more(hook):
    hook.on_post = lambda _: forever(b"", every_s=60)
    assert sent(hook, replace(SHORT, whole_s=60)) == "no answer within 0.2 s"
    assert len(hook.requests) <= 2


def test_a_run_waits_for_it_for_a_few_seconds():
    usual = webhook.USUAL
    assert (2 * usual.step_s + usual.pause_s < usual.whole_s, usual.whole_s) == (True, 5)


def test_whoever_is_given_up_is_hung_up_on_and_no_thread_is_left(hook):
    hook.on_post = lambda _: forever(b"HTTP/1.1 200 OK\r\nX: ", b"x", every_s=0.02)
    began = time.monotonic()
    assert sent(hook, replace(SHORT, step_s=30)) == "no answer within 0.5 s"
    assert time.monotonic() - began < LONG_S
    for thread in threading.enumerate():
        if thread.name == "notification":
            thread.join(60)
            assert not thread.is_alive()
    assert len(hook.requests) == 1


def test_a_server_that_is_not_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/{SECRET}"
        assert post(url, BODY, AMPLE) == "Connection refused"


def test_a_name_that_nobody_resolves():
    assert post(f"https://{UNKNOWN}/{SECRET}", BODY, AMPLE) == "its name cannot be resolved"


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Service(context) as hook:
        assert (sent(hook), hook.requests) == ("its certificate is not trusted", [])


def test_http_where_tls_was_expected():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak_plainly() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        speaker = threading.Thread(target=speak_plainly, daemon=True)
        speaker.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/{SECRET}"
        assert post(url, BODY, AMPLE) == "no TLS connection could be made"
        speaker.join(5)


def test_proxies_of_the_environment_are_not_read(hook, monkeypatch):
    with Service() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (sent(hook), len(hook.requests), proxy.requests) == (None, 1, [])


def test_an_error_without_words_of_its_own_is_a_failed_connection():
    assert webhook._words(OSError(), 2.0) == "the connection failed"
