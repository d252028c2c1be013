"""S1, S2, S9, S13: wherever a service sends a request, the token and the money stay with the API's origin."""

import re
import ssl
import subprocess
from collections import Counter
from dataclasses import replace

import pytest

from runner.core.model import ProviderSettings, Timeouts
from runner.core.outcomes import GenerationRequest, Refused, TaskId, Unknown
from runner.providers import capabilities_of, connect

from .canary import Canary
from .support import Service, answer, envelope, manifest

TOKEN = "CANARY-7f3a9.x0Q_d81c2"
CODES = (300, 301, 302, 303, 304, 305, 306, 307, 308, 399)
PATIENCE = Timeouts(2.0, 2.0, 2.0)


def client_of(base_url: str, **more):
    offer = capabilities_of("grokimagine")
    settings = ProviderSettings(offer.name, base_url, offer.token_env, offer.price, PATIENCE)
    return connect(replace(settings, **more), TOKEN)


def sending_to(elsewhere: Service, code: int) -> bytes:
    headers = {"Location": f"{elsewhere.url}/v1/generate", "Refresh": f"0; url={elsewhere.url}"}
    headers |= {"Link": f"<{elsewhere.url}>; rel=preconnect", "Alt-Svc": f'http/1.1=":{elsewhere.port}"'}
    return answer(code, b"", headers | {"Set-Cookie": "a=b; Domain=127.0.0.1; Path=/"})


@pytest.mark.parametrize("code", CODES)
async def test_no_3xx_takes_a_request_or_its_token_to_another_port(code, serve):
    service, elsewhere = serve(), serve()
    service.on_post = service.on_status = lambda _asked: sending_to(elsewhere, code)
    client = client_of(service.url)
    submitted = await client.submit(GenerationRequest("a fox", "normal", "1:1"))
    asked = await client.status(TaskId("task_1"))
    await client.close()
    stops = (isinstance(submitted, Unknown) and submitted.stops_run, isinstance(asked, Refused))
    assert (elsewhere.requests, len(service.requests), stops) == ([], 2, (True, True))
    assert [each.header("Authorization") for each in service.requests] == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize("kind", ["on_post", "on_status"])
def test_a_run_that_is_sent_elsewhere_stops_and_keeps_what_it_may_have_paid(kind, program, serve):
    service, elsewhere = serve(), serve()
    program.token = TOKEN
    setattr(service, kind, lambda _asked: sending_to(elsewhere, 307))
    program.write(manifest(service.url, ["a fox", "a hen"]))
    done = program.run("run", "m.yaml")
    books = re.search(r"(\d+) spent \(.*?, (\d+) reserved", done.out)
    assert (done.code, elsewhere.requests, len(service.posts) <= 2, books[1]) == (5, [], True, "0")
    assert int(books[2]) == 40 * len(service.posts)


def test_a_download_that_is_sent_on_carries_nothing_that_is_ours(program, serve):
    service, cdn, mirror = serve(), serve(), serve()
    program.token = TOKEN
    cookie = {"Set-Cookie": "session=1; Domain=127.0.0.1; Path=/"}
    service.on_status = lambda asked: service.complete(asked, response=[f"{cdn.url}/files/a.mp4?sig=1"])
    cdn.on_file = lambda _asked: answer(302, b"", {"Location": f"{mirror.url}/b.mp4"} | cookie)
    program.write(manifest(service.url))
    done = program.run("run", "m.yaml")
    seen = [each.head for server in (cdn, mirror) for each in server.requests]
    names = [{line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line} for head in seen]
    assert (done.code, names) == (0, [{b"host", b"user-agent", b"accept", b"accept-encoding"}] * 2)
    assert [Canary(TOKEN).within(head) for head in seen] == [[], []]


INNER = ("0.0.0.0", "0", "0x0", "[::ffff:0.0.0.0]")
"""This machine again, but not its loopback address, which is open to files where the API itself is there."""


def test_no_file_is_fetched_from_an_inner_address_that_a_service_names(program, serve):
    """Half of the URLs are those addresses; the other half are redirects to them."""
    service, inside = serve(), serve()
    targets = [f"http://{host}:{inside.port}/files/a.mp4" for host in INNER]
    hops = [f"{service.url}/files/{number}" for number in range(len(INNER))]
    service.on_post = lambda asked: envelope(200, {"task_id": f"task_{asked.sent['prompt'][-1]}"})
    urls = {str(number): url for number, url in enumerate([*targets, *hops])}
    service.on_status = lambda asked: service.complete(asked, response=[urls[asked.task_id[-1]]])
    service.on_file = lambda asked: answer(302, b"", {"Location": targets[int(asked.target[-1])]})
    program.write(manifest(service.url, [f"a fox, number {number}" for number in range(len(urls))]))
    running = program.start("run", "m.yaml")
    running.until(
        lambda: _asked_twice(service) == len(urls)
    )  # the second time for a URL that may be followed
    ended = running.stopped()
    hopped = [each.target for each in service.requests if each.target.startswith("/files/")]
    assert (ended.code, inside.requests, len(set(hopped))) == (143, [], len(hops))
    assert list((program.folder / "outputs").rglob("*.mp4")) == []


def _asked_twice(service: Service) -> int:
    asked = Counter(each.task_id for each in service.requests if each.task_id)
    return sum(times > 1 for times in asked.values())


def test_proxies_and_passwords_of_the_environment_see_nothing(program, serve):
    service, proxy = serve(), serve()
    program.token = TOKEN
    (program.folder / ".netrc").write_text("machine 127.0.0.1 login u password hunter2-of-netrc\n")
    (program.folder / ".netrc").chmod(0o600)
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    program.env = dict.fromkeys(names, f"http://u:secret-of-proxy@127.0.0.1:{proxy.port}")
    program.env |= {"HOME": str(program.folder), "NETRC": str(program.folder / ".netrc")}
    program.write(manifest(service.url))
    done = program.run("run", "m.yaml")
    sent = b"".join(asked.head for asked in service.requests)
    assert (done.code, proxy.requests, b"hunter2" in sent, b"Basic" in sent) == (0, [], False, False)


HIDDEN_KEYS = {
    "a token": {"token": TOKEN},
    "a key": {"api_key": TOKEN},
    "the token for its variable": {"token_env": f"sk {TOKEN}"},
    "a password in the address": {"base_url": f"https://u:{TOKEN}@a.example"},
    "a password of a proxy": {"proxy": f"http://u:{TOKEN}@a.example"},
    "a token in the query": {"base_url": f"https://a.example/?key={TOKEN}"},
}


@pytest.mark.parametrize("name", HIDDEN_KEYS)
def test_a_secret_in_a_manifest_is_refused_and_not_repeated(name, program):
    program.write(manifest("https://a.example", provider=HIDDEN_KEYS[name]))
    code, said = program.ask("validate", "m.yaml")
    assert (code, Canary(TOKEN).within(said)) == (2, [])


@pytest.mark.parametrize(
    "base_url", ["http://a.example", "http://10.0.0.1", "http://localhost.a.example", "ftp://a"]
)
def test_the_token_travels_in_clear_to_this_machine_only(base_url, program):
    program.write(manifest(base_url))
    assert program.ask("run", "m.yaml")[0] == 2


def test_another_origin_than_the_one_that_was_paid_is_refused(program, serve):
    service, elsewhere = serve(), serve()
    program.token = TOKEN
    program.write(manifest(service.url))
    assert program.run("run", "m.yaml").code == 0
    program.write(manifest(elsewhere.url, ["a fox", "a hen"]))
    code, said = program.ask("run", "m.yaml")
    assert (code, elsewhere.requests, "--accept-base-url" in said) == (2, [], True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=t"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key", "-out", f"{folder}/cert"]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context, str(folder / "cert")


def test_https_falls_to_http_neither_for_the_api_nor_for_a_file(program, serve, certificate):
    """The API sends the POST to plain http; then it answers, and its file is sent there."""
    context, ca_file = certificate
    plain, service = serve(), serve(context)
    program.token = TOKEN
    settings = {"base_url": service.url, "ca_file": ca_file}
    program.write(manifest(service.url, provider=settings))
    service.on_post = lambda _asked: sending_to(plain, 302)
    first = program.run("run", "m.yaml")
    service.on_post = service.accept
    service.on_file = lambda _asked: answer(302, b"", {"Location": f"{plain.url}/files/a.mp4"})
    program.write(manifest(service.url, ["a hen"], provider=settings))
    running = program.start("run", "m.yaml")
    running.until(lambda: sum("/files/" in asked.target for asked in service.requests) > 0)
    running.stopped()
    assert (first.code, plain.requests) == (5, [])


def test_a_certificate_that_nobody_vouches_for_ends_the_run_before_the_token_leaves(
    program, serve, certificate
):
    program.token = TOKEN
    service = serve(certificate[0])
    program.write(manifest(service.url))
    done = program.run("run", "m.yaml")
    assert (done.code, service.requests, "certificate" in done.err) == (5, [], True)
