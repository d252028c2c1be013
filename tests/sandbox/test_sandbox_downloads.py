import aiohttp
import pytest


async def got(caller, url, **headers):
    async with caller.session.get(
        url, headers={name.replace("_", "-"): text for name, text in headers.items()}
    ) as response:
        return response, await response.read()


@pytest.fixture
async def bare(call):
    """A caller whose downloads carry no token, as they should."""

    async def build(**options):
        caller = await call(**options)
        url = await caller.file_url()
        caller.session.headers.popall("Authorization", None)
        return caller, url

    return build


async def test_a_file_comes_with_its_length_a_strong_etag_and_its_age(bare):
    caller, url = await bare()
    response, body = await got(caller, url)
    headers = response.headers
    assert (response.status, response.content_type, headers["Accept-Ranges"]) == (200, "video/mp4", "bytes")
    assert int(headers["Content-Length"]) == len(body) == response.content_length
    assert headers["ETag"].startswith('"')
    assert headers["Last-Modified"].endswith("GMT")


async def test_head_tells_the_same_without_a_body(bare):
    caller, url = await bare()
    whole, body = await got(caller, url)
    async with caller.session.head(url) as response:
        assert await response.read() == b""
    assert (response.status, response.headers["ETag"]) == (200, whole.headers["ETag"])
    assert int(response.headers["Content-Length"]) == len(body)


async def test_the_same_file_has_the_same_bytes_each_time_and_another_task_has_others(call):
    caller = await call()
    url = await caller.file_url()
    _, first = await got(caller, url)
    _, again = await got(caller, url)
    _, other = await got(caller, await caller.file_url())
    assert first == again != other


@pytest.mark.parametrize("size_bytes", [None, 1_000_000])
@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=5000-", slice(5000, None)),
        ("bytes=-300", slice(-300, None)),
        ("bytes=9000-99999999", slice(9000, None)),
    ],
)
async def test_a_range_is_answered_with_that_part(bare, size_bytes, wanted, part):
    caller, url = await bare(file_size_bytes=size_bytes)
    _, body = await got(caller, url)
    response, answer = await got(caller, url, Range=wanted)
    start = len(body[: part.start]) if part.start >= 0 else len(body) + part.start
    shown = f"bytes {start}-{start + len(body[part]) - 1}/{len(body)}"
    assert (response.status, answer, response.headers["Content-Range"]) == (206, body[part], shown)


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=10-5", "bytes=-0"])
async def test_a_range_outside_the_file_is_416(bare, wanted):
    caller, url = await bare()
    _, body = await got(caller, url)
    response, _ = await got(caller, url, Range=wanted)
    assert (response.status, response.headers["Content-Range"]) == (416, f"bytes */{len(body)}")


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "lines=1-2", "bytes=-"])
async def test_a_range_of_another_form_is_ignored(bare, wanted):
    caller, url = await bare()
    assert (await got(caller, url, Range=wanted))[0].status == 200


async def test_if_range_gives_the_part_only_while_the_file_is_the_same(bare):
    caller, url = await bare()
    whole, body = await got(caller, url)
    same, part = await got(caller, url, Range="bytes=10-", If_Range=whole.headers["ETag"])
    dated, _ = await got(caller, url, Range="bytes=10-", If_Range=whole.headers["Last-Modified"])
    changed, all_of_it = await got(caller, url, Range="bytes=10-", If_Range='"other"')
    assert (same.status, dated.status, changed.status) == (206, 206, 200)
    assert (part, all_of_it) == (body[10:], body)


async def test_an_expired_url_is_refused_and_a_fresh_one_opens(call, clock):
    caller = await call(url_life_s=60, clock=clock)
    task_id = await caller.accepted()
    old = (await caller.standing(task_id))["response"][0]
    clock.now_s += 60
    fresh = (await caller.standing(task_id))["response"][0]
    assert ((await got(caller, old))[0].status, (await got(caller, fresh))[0].status) == (403, 200)


async def test_a_url_may_expire_before_it_is_used(bare):
    caller, url = await bare(url_expires_early=1)
    assert (await got(caller, url))[0].status == 403


async def test_a_forged_url_is_refused_and_an_unknown_file_not_found(bare):
    caller, url = await bare()
    later = url.replace("expires=", "expires=9")
    beyond = url.replace("/1.mp4", "/2.mp4")
    statuses = [(await got(caller, address))[0].status for address in (later, beyond, url.partition("?")[0])]
    assert statuses == [403, 404, 403]


async def test_a_download_may_be_a_server_error(bare):
    caller, url = await bare(download_500=1)
    assert (await got(caller, url))[0].status == 500


async def test_a_download_may_be_a_page(bare):
    caller, url = await bare(download_html=1)
    response, body = await got(caller, url)
    assert (response.status, response.content_type, body[:9]) == (200, "text/html", b"<!DOCTYPE")


@pytest.mark.parametrize("fault", ["download_dropped", "download_short"])
@pytest.mark.parametrize("size_bytes", [None, 1_000_000])
async def test_a_download_may_end_in_the_middle(bare, fault, size_bytes):
    caller, url = await bare(**{fault: 1}, file_size_bytes=size_bytes)
    async with caller.session.get(url) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert response.status == 200


async def test_a_range_may_be_answered_with_another_one(bare):
    caller, url = await bare(wrong_range=1)
    response, part = await got(caller, url, Range="bytes=1000-1999")
    assert (response.status, response.headers["Content-Range"].split("/")[0]) == (206, "bytes 500-1999")
    assert len(part) == 1500


async def test_faults_of_a_download_are_drawn_anew_each_time(bare):
    caller, url = await bare(download_500=0.5)
    statuses = {(await got(caller, url))[0].status for _ in range(20)}
    assert statuses == {200, 500}


async def test_a_token_that_reaches_the_files_is_noted(call):
    caller = await call()
    await got(caller, await caller.file_url())
    assert [request.decision for request in caller.sandbox.ledger.requests("download")] == ["token_leaked"]


async def test_downloads_do_not_count_towards_the_rate(bare):
    caller, url = await bare(window_requests=2)
    responses = [(await got(caller, url))[0] for _ in range(3)]
    assert [(response.status, "X-RateLimit-Remaining" in response.headers) for response in responses] == [
        (200, False)
    ] * 3
