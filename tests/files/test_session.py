import asyncio
import ssl
import subprocess

import pytest
from files_support import LOOPBACK, VIDEO, Server, fetched, reply, serving

from runner import __version__
from runner.files.addresses import AddressPolicy
from runner.files.download import FetchRequest, fetch
from runner.files.outcomes import Broken, Refused
from runner.files.session import open_session
from tests.faults.needs import missing


async def test_the_session_names_itself_and_asks_for_plain_bytes():
    async with open_session(AddressPolicy()) as session:
        assert dict(session.headers) == {
            "User-Agent": f"runner/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }


async def test_s12_nothing_of_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:9")
    async with open_session(AddressPolicy()) as session:
        assert (session.trust_env, session.auto_decompress, session.timeout.total) == (False, False, None)


async def test_a_hang_up_is_not_asked_again_in_secret(root):
    """By itself the HTTP library would ask once more at once, and eight tries would be sixteen requests."""
    async with serving(b"", reply(VIDEO)) as server, open_session(LOOPBACK) as session:
        outcome = await fetch(session, root, server.request())
        assert (outcome, len(server.requests)) == (
            Broken("ServerDisconnectedError: the connection ended before an answer came"),
            1,
        )


async def test_an_idle_connection_that_the_server_had_dropped_is_replaced_at_once(root):
    """Servers do that all day; it says nothing about the file, and is no try."""
    answered = []

    async def once(reader, writer):
        asked = await reader.readuntil(b"\r\n\r\n")
        answered.append(asked)
        writer.write(reply(VIDEO).replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"\r\n\r\n")
        answered.append(b"dropped")
        writer.close()

    listener = await asyncio.start_server(once, "127.0.0.1", 0)
    request = Server([], port=listener.sockets[0].getsockname()[1]).request()
    async with listener, open_session(LOOPBACK) as session:
        outcomes = [await fetch(session, root, request) for _ in range(2)]
        assert (outcomes, [each == b"dropped" for each in answered]) == (
            [fetched(VIDEO)] * 2,
            [False, True, False],
        )


async def test_a_proxy_is_used_if_it_is_named_and_still_no_inner_address_is_asked_for(root):
    policy = AddressPolicy(allow_http=True)
    async with serving(reply(VIDEO)) as proxy, open_session(policy, proxy=proxy.url("/")) as session:
        allowed = await fetch(session, root, FetchRequest("http://cdn.example/a.mp4", "job-1", policy))
        refused = await fetch(session, root, FetchRequest("http://0x7f000001/a.mp4", "job-2", policy))
        asked = [each.split(b"\r\n")[0] for each in proxy.requests]
    assert (allowed, type(refused), asked) == (
        fetched(VIDEO),
        Refused,
        [b"GET http://cdn.example/a.mp4 HTTP/1.1"],
    )


@pytest.fixture
def certificate(tmp_path):
    if reason := missing("openssl"):
        pytest.skip(reason)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    alternative = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*made, *alternative, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    return key, certificate


async def test_s13_a_certificate_must_be_trusted_and_may_be_named(certificate, root):
    key, trusted = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, key)
    server = Server([reply(VIDEO)])
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context)
    request = FetchRequest(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/", "job-1", LOOPBACK)
    async with listener:
        async with open_session(LOOPBACK) as session:
            distrusted = await fetch(session, root, request)
        async with open_session(LOOPBACK, ca_file=str(trusted)) as session:
            assert (type(distrusted), await fetch(session, root, request)) == (Broken, fetched(VIDEO))
        for each in server.writers:
            each.close()


async def test_https_never_falls_to_http(certificate, root):
    key, trusted = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, key)
    async with serving(reply(VIDEO)) as plain:
        server = Server([reply(b"", 302, {"Location": plain.url()})])
        listener = await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context)
        async with listener, open_session(LOOPBACK, ca_file=str(trusted)) as session:
            url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
            outcome = await fetch(session, root, FetchRequest(url, "job-1", LOOPBACK))
            for each in server.writers:
                each.close()
        assert (outcome, plain.requests) == (Refused("http instead of https, at 127.0.0.1"), [])
