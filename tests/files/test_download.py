import asyncio
import gzip

import aiohttp
import pytest
from files_support import ETAG, LOOPBACK, VIDEO, Server, box, chunked, fetched, mp4, part, reply, serving

from runner.files.addresses import AddressPolicy
from runner.files.download import FetchRequest, Patience, fetch
from runner.files.meter import Meter
from runner.files.outcomes import Broken, Expired, Fetched, Refused
from runner.files.session import open_session

NO_HEAD = b"HTTP/1.0 200 OK\r\n\r\n"
FRAGMENTED = mp4() + box(b"moof", b"x" * 20) + box(b"mdat", b"y" * 20)
OPEN_ENDED = box(b"ftyp", b"isom\0\0\2\0") + box(b"moov", bytes(8)) + b"\0\0\0\0mdat" + b"frames"


async def outcome_of(script, session, root, **more):
    async with serving(script) as server:
        return await fetch(session, root, server.request(**more))


WHOLE = {
    "a length that is met": (reply(VIDEO), ".mp4"),
    "chunks with their end": (chunked(VIDEO), ".mp4"),
    "HTTP/1.0 without a length": (NO_HEAD + VIDEO, ".mp4"),
    "an odd content type (W10: the bytes decide)": (
        reply(VIDEO, headers={"Content-Type": "text/html"}),
        ".mp4",
    ),
    "a QuickTime brand": (reply(VIDEO.replace(b"isom", b"qt  ", 1)), ".mov"),
    "mdat to the end, length announced": (reply(OPEN_ENDED), ".mp4"),
    "fragments, length announced": (reply(FRAGMENTED), ".mp4"),
    "a suggested name (W38)": (
        reply(VIDEO, headers={"Content-Disposition": 'attachment; filename="../x.exe"'}),
        ".mp4",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
async def test_a_whole_video_is_fetched(name, session, root):
    script, extension = WHOLE[name]
    body = script.split(b"\r\n\r\n", 1)[1] if b"chunked" not in script else VIDEO
    assert await outcome_of(script, session, root) == fetched(body, extension)


BROKEN = {
    "W5 shorter than announced": (reply(VIDEO, length=len(VIDEO) + 9), "ClientPayloadError"),
    "W7 chunks without their end": (chunked(VIDEO, ended=False), "ClientPayloadError"),
    "W7 a bad chunk": (chunked(VIDEO, ended=False) + b"zz\r\n", ""),
    "W7 unproven length, cut in a box": (NO_HEAD + VIDEO[:-5], "cut in 'mdat'"),
    "W7 unproven length, cut between boxes": (NO_HEAD + VIDEO[: VIDEO.index(b"mdat") - 4], "no 'mdat'"),
    "W7 unproven length, mdat to the end": (NO_HEAD + OPEN_ENDED, "nobody announced"),
    "W7 unproven length, cut between fragments": (NO_HEAD + FRAGMENTED, "nobody announced"),
    "W8 empty": (reply(b""), "empty"),
    "W8 no content": (reply(b"", 204), "204"),
    "W9 announced and cut": (reply(VIDEO[:-5]), "cut in 'mdat'"),
    "W10 an HTML page": (reply(b"<!DOCTYPE html><title>Sorry"), "HTML page"),
    "W10 XML": (reply(b"<?xml version='1.0'?><Error/>"), "XML document"),
    "W10 JSON": (reply(b'{"error": "no"}'), "JSON document"),
    "W11 gzip": (reply(gzip.compress(VIDEO), headers={"Content-Encoding": "gzip"}), "compressed (gzip)"),
    "W4 503": (reply(b"busy", 503), "503"),
    "a 400 that is no expiry": (reply(b"bad", 400), "400"),
    "W22 a redirect without a target": (reply(b"", 302), "redirect (302) to nowhere"),
    "W22 a redirect to itself": (reply(b"", 302, {"Location": "/a.mp4"}), "more than 5 redirects"),
    "W22 a redirect to no URL": (reply(b"", 302, {"Location": "http://[::1"}), "not a URL"),
    "a part nobody asked for": (part(VIDEO, 0), "a part instead of the whole"),
    "W6 longer than announced": (reply(VIDEO) + b"more", "not an answer in HTTP"),
    "no HTTP at all": (b"hello\r\n\r\n", "not an answer in HTTP"),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "not an answer in HTTP",
    ),
    "an endless header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", "not an answer in HTTP"),
    "a hang-up": (b"", "ServerDisconnectedError"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_whole_video_is_tried_again(name, session, root):
    script, reason = BROKEN[name]
    outcome = await outcome_of(script, session, root)
    assert isinstance(outcome, Broken)
    assert reason in outcome.reason


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_url_that_is_gone_asks_for_a_fresh_one(status, session, root):
    assert await outcome_of(reply(b"<Error/>", status), session, root) == Expired(status)


async def test_a_400_that_tells_of_expiry_asks_for_a_fresh_url(session, root):
    script = reply(b"<Error><Code>ExpiredToken</Code></Error>", 400)
    assert await outcome_of(script, session, root) == Expired(400)


@pytest.mark.parametrize(("said", "after_s"), [("7", 7.0), ("99999999", 900.0), ("soon", None)])
async def test_a_throttled_download_says_how_long_to_wait(said, after_s, session, root):
    script = reply(b"", 429, {"Retry-After": said})
    assert await outcome_of(script, session, root) == Broken("the server answered 429", after_s)


@pytest.mark.parametrize("script", [reply(VIDEO), chunked(VIDEO), NO_HEAD + VIDEO])
async def test_a_file_over_the_cap_is_refused_and_leaves_nothing(script, session, root, tmp_path):
    outcome = await outcome_of(script, session, root, max_bytes=1000)
    assert (type(outcome), list((tmp_path / "out/.partial").iterdir())) == (Refused, [])


async def test_s25_ten_terabytes_are_refused_by_their_announcement(session, root):
    outcome = await outcome_of(reply(b"", length=10**13), session, root)
    assert outcome == Refused(f"{10**13} bytes announced, at most {2 * 1024**3} are taken")


async def test_s24_an_answer_whose_head_does_not_end_is_given_up(session, root):
    async with asyncio.timeout(10), serving(b"HTTP/1.1 200 OK\r\nX: ", hangs=True) as server:
        outcome = await fetch(session, root, server.request(), patience=Patience(head_s=0.01))
    assert outcome == Broken("the server kept silent for too long")


async def test_a_redirect_is_followed_with_its_query_untouched(session, root):
    signed = "/b%2Fc.mp4?X-Amz=a%2Bb+c~%7E&d=%E2%82%AC"
    async with serving(reply(b"", 307, {"Location": signed}), reply(VIDEO)) as server:
        outcome = await fetch(session, root, server.request())
        assert (outcome, server.requests[1].split(b" ")[1]) == (fetched(VIDEO), signed.encode())


REFUSED = {
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1/x",
    "data": "data:video/mp4;base64,AAAA",
    "credentials": "http://user:pass@127.0.0.1/x",
    "a name without password": "http://user@127.0.0.1/x",
    "link-local": "http://169.254.169.254/latest/meta-data",
    "private": "http://10.0.0.1/x",
    "no host": "http:///x",
    "gopher": "gopher://127.0.0.1/",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_url_outside_the_policy_is_refused(name, session, root):
    outcome = await fetch(session, root, FetchRequest(REFUSED[name], "job-1", LOOPBACK))
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"no host"}))
async def test_a_redirect_outside_the_policy_is_refused(name, session, root):
    outcome = await outcome_of(reply(b"", 302, {"Location": REFUSED[name]}), session, root)
    assert isinstance(outcome, Refused)


async def test_http_is_refused_where_the_api_is_https(root):
    policy = AddressPolicy(allow_loopback=True)
    async with serving(reply(VIDEO)) as server, open_session(policy) as session:
        outcome = await fetch(session, root, FetchRequest(server.url(), "job-1", policy))
        assert (outcome, server.requests) == (Refused("http instead of https, at 127.0.0.1"), [])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http://a:99999/",
        "http://[1::",
        "https://" + "a" * 70 + ".test/",
        "https://a..b/",
        "x" * 9000,
    ],
)
async def test_what_is_no_url_raises_nothing(url, session, root):
    outcome = await fetch(session, root, FetchRequest(url, "job-1", LOOPBACK))
    assert isinstance(outcome, Broken | Refused)


async def test_no_reason_holds_the_signature(session, root):
    async with serving(b"", hangs=True) as server:
        silent = await fetch(session, root, server.request(), patience=Patience(head_s=0.01))
    refused = await fetch(session, root, server.request())
    assert ("secret" in f"{silent}{refused}", type(silent), type(refused)) == (False, Broken, Broken)


async def test_the_request_carries_nothing_but_what_it_needs(session, root, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with serving(reply(VIDEO, headers={"Set-Cookie": "a=b; Path=/"})) as server:
        await fetch(session, root, server.request())
        await fetch(session, root, server.request())
        names = {line.split(b":")[0] for line in server.requests[1].split(b"\r\n")[1:] if line}
        assert names == {b"Host", b"User-Agent", b"Accept", b"Accept-Encoding"}
        assert server.header("Accept-Encoding") == ["identity", "identity"]


async def test_a_silent_server_is_given_up(root):
    impatient = aiohttp.ClientTimeout(sock_read=0.02)
    async with (
        serving(reply(VIDEO, length=10**6), hangs=True) as server,
        open_session(LOOPBACK, timeout=impatient) as session,
    ):
        assert await fetch(session, root, server.request()) == Broken("the server kept silent for too long")


@pytest.mark.parametrize(("seconds_a_chunk", "kind"), [(70.0, Broken), (0.01, Fetched)])
async def test_a_server_that_drips_is_given_up(seconds_a_chunk, kind, session, root):
    ticks = iter(range(10**6))
    slow = Patience(chunk_bytes=500)
    async with serving(reply(VIDEO)) as server:
        outcome = await fetch(
            session, root, server.request(), patience=slow, now=lambda: next(ticks) * seconds_a_chunk
        )
    assert type(outcome) is kind


async def test_a_connection_that_nobody_takes_is_tried_again(session, root):
    gone = Server([])
    async with serving(b"") as server:
        gone.port = server.port
    assert isinstance(await fetch(session, root, gone.request()), Broken)


async def test_a_cancelled_download_keeps_its_partial_file(session, root, tmp_path):
    written = asyncio.Event()
    partial = tmp_path / "out/.partial/job-1"

    looks = []

    def note_progress():
        looks.append(None)
        if len(looks) == 2:  # before the body, and after its first bytes
            written.set()
        return 0.0

    async with serving(reply(VIDEO[:1000], headers=ETAG, length=len(VIDEO)), hangs=True) as server:
        task = asyncio.create_task(fetch(session, root, server.request(), now=note_progress))
        await written.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (partial.read_bytes(), partial.with_name("job-1.json").exists()) == (VIDEO[:1000], True)


async def test_eight_downloads_at_once_do_not_disturb_each_other(session, root, tmp_path):
    bodies = {f"job-{n}": mp4(bytes([n]) * 300_000) for n in range(8)}
    async with serving(lambda asked: reply(bodies[asked.split(b" ")[1].decode()[1:]])) as server:
        requests = [FetchRequest(server.url(f"/{name}"), name, LOOPBACK) for name in bodies]
        outcomes = await asyncio.gather(*(fetch(session, root, each) for each in requests))
    assert outcomes == [fetched(body) for body in bodies.values()]
    assert {name: (tmp_path / "out/.partial" / name).read_bytes() for name in bodies} == bodies


async def test_what_comes_is_counted_while_it_comes(session, root):
    meter, seen = Meter(), []

    def script(_asked):
        seen.append(meter.active)
        return reply(VIDEO)

    async with serving(script) as server:
        await fetch(session, root, server.request(), meter=meter)
    assert (seen, meter.active, meter.received_bytes) == ([1], 0, len(VIDEO))


async def test_a_download_that_fails_is_on_its_way_no_more(session, root):
    meter = Meter()
    async with serving(reply(VIDEO, length=len(VIDEO) + 9)) as server:
        await fetch(session, root, server.request(), meter=meter)
    assert (meter.active, meter.received_bytes) == (0, len(VIDEO))
