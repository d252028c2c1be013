"""POSTs of which no byte left (faults.md 1.7, rows 1 to 13): nothing is booked, the job is pending again."""

import asyncio
import contextlib
import os
import resource
from dataclasses import replace

import pytest

from tests.hosts import UNKNOWN
from tests.outcomes.behaviours import allow_files_of, hang_up, keep_silent, speaking
from tests.outcomes.scene import DONE, HELD, UNSEEN, Case
from tests.providers.providers_support import make_certificate

RECOVERED = replace(DONE, posts=("NotSent", "Accepted"), attempts=(("not_sent", 0), ("completed", 40)))
NEVER = replace(
    UNSEEN,
    posts=("NotSent",),
    seen=(0, 0, 0),
    attempts=(("not_sent", 0),),
    jobs=(("pending", None),),
    books=(0, 0, 0),
    code=5,
)
STATE_FAILED = replace(NEVER, posts=(), attempts=(), code=74)


def opens_at_second(service, number):
    if number == 2:
        service.open()


def without_descriptors(_service, number):
    """None is free for the first POST."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if number == 1:
        soft = os.dup(0)  # the lowest that is free: the limit is the first that cannot be had
        os.close(soft)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft if number == 1 else min(hard, 1024), hard))


def met_by(*doors, **more):
    """Every connection is met like that, so that the service is never reached."""
    url = "https://service.invalid" if more.get("proxied") else None
    return Case(NEVER, doors=doors * 200, base_url=url, is_brief=True, **more)


CASES = {
    "P1 a name that nobody knows": Case(NEVER, base_url=f"http://{UNKNOWN}", is_brief=True),
    "P2 the connection is refused": Case(RECOVERED, service={"is_closed": True}, at_post=opens_at_second),
    "P2 nobody ever listens": Case(NEVER, service={"is_closed": True}, is_brief=True),
    "P3 no descriptor is left": Case(RECOVERED, at_post=without_descriptors),
    "P4 the connection is not taken in time": Case(
        RECOVERED, service={"is_crowded": True}, at_post=opens_at_second
    ),
    "P7 TLS is closed": met_by(hang_up, service={"scheme": "https"}),
    "P7 TLS is met with silence": met_by(keep_silent, service={"scheme": "https"}),
    "P7 TLS is met with plain HTTP": met_by(
        speaking(b"HTTP/1.1 400 plain\r\n\r\n"), service={"scheme": "https"}
    ),
    "P9 the proxy refuses": met_by(speaking(b"HTTP/1.1 502 No\r\n\r\n"), proxied=True),
    "P9 the proxy asks for a password": met_by(speaking(b"HTTP/1.1 407 Who\r\n\r\n"), proxied=True),
    "P9 the proxy is silent": met_by(keep_silent, proxied=True),
    "P9 the tunnel ends at once": met_by(speaking(b"HTTP/1.1 200 Yes\r\n\r\n"), proxied=True),
    "P10 a URL that is none": Case(NEVER, base_url="http://exa mple", is_brief=True),
    "P11 the reservation cannot be committed": Case(
        STATE_FAILED, before=lambda _shop, _out: allow_files_of(0)
    ),
    "P12 P13 an earlier process died while it was submitting": Case(
        replace(HELD, posts=(), seen=(0, 0, 0)), before=lambda shop, _out: shop.reserve(0)
    ),
}


@pytest.mark.parametrize("row", CASES)
def test_what_was_not_sent_is_pending_again_and_costs_nothing(row, tmp_path):
    assert CASES[row].told(tmp_path) == CASES[row].expected


def test_a_service_that_nobody_reaches_is_waited_for_ten_minutes(tmp_path):
    story = CASES["P2 nobody ever listens"].play(tmp_path)
    assert 600.0 <= story.seconds < 700.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_a_certificate_that_nobody_vouches_for_stops_the_run_at_the_first_job(certificate, tmp_path):
    """P8."""
    heads = []

    @contextlib.asynccontextmanager
    async def with_tls(service):
        async def connected(reader, writer):
            heads.append(await reader.read(1))
            writer.close()

        listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=certificate.server_context)
        service.port = listener.sockets[0].getsockname()[1]
        async with listener:
            yield service

    case = Case(NEVER, around=with_tls, service={"scheme": "https"}, jobs=3)
    pending = (("pending", None),) * 3
    assert (case.told(tmp_path), heads) == (replace(NEVER, posts=("NotSent, stop",), jobs=pending), [])
