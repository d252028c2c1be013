"""What is between here and the service: refused, reset, silent, bad certificates, wrong addresses and wrong answers."""

import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from tests.gallery.stage import Stage
from tests.providers.providers_support import free_port, make_certificate
from tests.security.support import answer, envelope

CLOSED = {"Content-Type": "text/html", "Location": "https://elsewhere.example/v1"}


async def _nothing() -> AsyncIterator[bytes]:
    """The connection ends without an answer."""
    for piece in ():
        yield piece


async def _silence() -> AsyncIterator[bytes]:
    import asyncio

    await asyncio.sleep(30)
    yield b""


def nobody_listens(stage: Stage) -> None:
    stage.paid_at(f"http://127.0.0.1:{free_port()}")
    stage.run("doctor", "m.yaml")
    stage.without_settings()


def nobody_listens_and_there_is_a_proxy(stage: Stage) -> None:
    os.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"
    nobody_listens(stage)


def _posted(stage: Stage, reply: Callable[[], object], *, submit: str = "5s") -> None:
    service = stage.service()
    service.on_post = lambda _: reply()
    timeouts = {"connect": "2s", "submit": submit, "status": "2s"}
    stage.paid_at(service.url, provider={"base_url": service.url, "timeouts": timeouts})
    stage.run("run", "m.yaml")


def a_certificate_that_nobody_vouches_for(stage: Stage) -> None:
    service = stage.service(_certificate(stage).server_context)
    stage.paid_at(service.url)
    stage.run("run", "m.yaml")


def a_certificate_for_another_host(stage: Stage) -> None:
    certificate = _certificate(stage)
    service = stage.service(certificate.server_context)
    os.environ["RUNNER_CA_FILE"] = certificate.ca_file
    stage.paid_at(service.url.replace("127.0.0.1", "localhost"))
    stage.run("run", "m.yaml")


def a_file_of_certificates_without_any(stage: Stage) -> None:
    stage.write("ca.pem", "no certificate")
    os.environ["RUNNER_CA_FILE"] = "ca.pem"
    stage.paid_at("https://127.0.0.1:9")
    stage.run("run", "m.yaml")


def _asked_about_the_token(stage: Stage, reply: bytes) -> None:
    service = stage.service()
    service.on_status = lambda _: reply
    stage.paid_at(service.url)
    stage.run("doctor", "m.yaml")
    stage.without_settings()


def the_service_has_moved(stage: Stage) -> None:
    bench = stage.bench()
    bench.running(0)
    with bench.writer() as writer:
        from runner.store import attempts

        writer.write_now(attempts.pin_origin, bench.batch().pk, "https://grokimagineapi.example")
    stage.run("run", "demo.yaml")


def a_proxy_without_encryption(stage: Stage) -> None:
    os.environ["RUNNER_PROXY"] = "http://127.0.0.1:9"
    stage.paid_at("http://127.0.0.1:9")
    stage.run("run", "m.yaml")


def _certificate(stage: Stage):
    folder = Path(stage.folder.parent) / "tls"
    folder.mkdir()
    return make_certificate(folder)


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    "nobody listens": nobody_listens,
    "nobody listens, and other programs use a proxy": nobody_listens_and_there_is_a_proxy,
    "the connection ends after the request": partial(_posted, reply=_nothing),
    "the service is silent after the request": partial(_posted, reply=_silence, submit="1s"),
    "another address": partial(_posted, reply=lambda: answer(404, b"<html>no such page</html>")),
    "a redirect": partial(_posted, reply=lambda: answer(302, b"", CLOSED)),
    "a method that is not allowed": partial(_posted, reply=lambda: answer(405, b"")),
    "an answer without a task": partial(_posted, reply=lambda: envelope(200, {"id": "?"})),
    "a certificate that nobody vouches for": a_certificate_that_nobody_vouches_for,
    "a certificate for another host": a_certificate_for_another_host,
    "a file of certificates without any": a_file_of_certificates_without_any,
    "the doctor and a refused token": partial(
        _asked_about_the_token, reply=envelope(401, message="invalid api key", status=401)
    ),
    "the doctor and a page instead of an answer": partial(
        _asked_about_the_token, reply=answer(200, b"<html>")
    ),
    "a batch that is paid elsewhere": the_service_has_moved,
    "a proxy without encryption": a_proxy_without_encryption,
}
