"""Who is let in: S43 to S45 of the table of security."""

import asyncio
import json

import pytest

from tests.review.review_support import job_of

WISH = {"jobs": [job_of(0).job_id], "set": {"flag": "keep"}}
VIDEO_PATH = "p0/take-01.mp4"


async def test_the_page_a_video_and_a_choice_are_had_with_the_token(stage):
    async with stage.review() as visitor:
        answers = [await visitor.ask(), await visitor.ask(VIDEO_PATH), await visitor.choose(WISH)]
    assert [one.status for one in answers] == [200, 200, 200]


@pytest.mark.parametrize("path", ["", "events", "choices", VIDEO_PATH, "x"])
@pytest.mark.parametrize("form", ["none", "other", "shorter", "longer", "in the query", "above"])
async def test_without_the_token_everything_is_as_if_it_were_not_there(stage, path, form):
    async with stage.review() as visitor:
        token = visitor.root.strip("/")
        target = {
            "none": f"/{path}",
            "other": f"/{'x' * len(token)}/{path}",
            "shorter": f"/{token[:-1]}/{path}",
            "longer": f"/{token}x/{path}",
            "in the query": f"/{path}?token={token}",
            "above": f"/x/../{token}/{path}",
        }[form]
        answer = await visitor.send(target)
        sent = await visitor.send(
            target, {"Content-Type": "application/json"}, method="POST", body=json.dumps(WISH).encode()
        )
    assert [(one.status, one.json) for one in (answer, sent)] == [
        (404, {"error": "there is nothing here"})
    ] * 2


async def test_the_token_is_another_each_time_and_long(stage):
    roots = []
    for _ in range(2):
        async with stage.review() as visitor:
            roots.append(visitor.root)
    assert ([len(root.strip("/")) >= 43 for root in roots], roots[0] == roots[1]) == ([True, True], False)


async def test_the_address_without_the_last_slash_leads_to_the_page(stage):
    async with stage.review() as visitor:
        answer = await visitor.send(visitor.root.rstrip("/"))
        assert (answer.status, answer.headers["Location"]) == (308, visitor.root)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:9", 200),
        ("LOCALHOST:65535", 200),
        ("[::1]:80", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:80", 403),
        ("localhost.", 403),
        ("127.0.0.1:80@evil.example", 403),
        ("127.0.0.2", 403),
        ("0.0.0.0", 403),
        ("2130706433", 403),
        ("", 403),
        (None, 403),
    ],
)
async def test_the_host_must_be_this_machine(stage, host, status):
    async with stage.review() as visitor:
        answer = await visitor.ask("", {"Host": host})
    assert answer.status in ({status} if host is not None else {400, status})


async def test_two_hosts_are_none(stage):
    async with stage.review() as visitor:
        answer = await visitor.ask("", {"Host": "localhost", "host": "evil.example"})
    assert answer.status in {400, 403}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "http://localhost", ""],
)
async def test_another_origin_is_refused_and_nothing_is_chosen(stage, method, origin):
    async with stage.review() as visitor:
        headers = {"Origin": origin, "Content-Type": "application/json"}
        body = json.dumps(WISH).encode() if method == "POST" else b""
        path = "choices" if method == "POST" else ""
        answer = await visitor.ask(path, headers, method=method, body=body)
        names = {name.lower() for name in answer.headers}
    assert (answer.status, {name for name in names if name.startswith("access-control")}) == (403, set())
    assert stage.chosen() == {}


@pytest.mark.parametrize(
    ("origin", "host"), [("http://127.0.0.1:{port}", None), ("http://localhost:8000", "localhost:8000")]
)
async def test_the_page_itself_may_choose_also_through_a_tunnel(stage, origin, host):
    async with stage.review() as visitor:
        headers = {"Origin": origin.format(port=visitor.port)} | ({"Host": host} if host else {})
        assert (await visitor.choose(WISH, headers)).status == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
async def test_a_page_of_another_site_may_not_write_though_its_browser_hides_its_origin(stage, site, status):
    async with stage.review() as visitor:
        answer = await visitor.choose(WISH, {"Sec-Fetch-Site": site, "Origin": None})
    assert answer.status == status


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "",
        None,
    ],
)
async def test_what_a_form_can_send_is_no_choice(stage, kind):
    async with stage.review() as visitor:
        answer = await visitor.choose(WISH, {"Content-Type": kind})
    assert (answer.status, stage.chosen()) == (415, {})


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_other_methods_are_refused_and_nobody_is_told_that_he_may_ask(stage, method):
    async with stage.review() as visitor:
        answer = await visitor.ask("choices", {"Origin": f"http://127.0.0.1:{visitor.port}"}, method=method)
        names = [name for name in answer.headers if name.lower().startswith("access-control")]
    assert (answer.status, names) == (405, [])


@pytest.mark.parametrize(
    ("path", "method"), [("", "POST"), ("events", "POST"), ("choices", "GET"), ("choices", "HEAD")]
)
async def test_only_choices_are_sent(stage, path, method):
    async with stage.review() as visitor:
        assert (await visitor.ask(path, {"Content-Type": "application/json"}, method=method)).status == 405


@pytest.mark.parametrize("path", ["", VIDEO_PATH, "nothing", "events"])
async def test_every_answer_keeps_other_sites_and_the_token_apart(stage, path):
    async with stage.review() as visitor, visitor.session.get(visitor.url + path) as answer:
        headers = answer.headers
    assert (
        "frame-ancestors 'none'" in headers["Content-Security-Policy"],
        headers["X-Content-Type-Options"],
        headers["Referrer-Policy"],
        headers["Cross-Origin-Resource-Policy"],
        headers["Cache-Control"] in ("no-store", "private, no-cache"),
        headers["Server"],
    ) == (True, "nosniff", "no-referrer", "same-origin", True, "runner")


@pytest.mark.parametrize("address", ["127.0.0.2", "::1"])
async def test_it_listens_on_one_address_and_no_other(stage, address):
    async with stage.review() as visitor:
        with pytest.raises(OSError):
            await asyncio.open_connection(address, visitor.port)


@pytest.mark.parametrize("spoilt", ["\xe9", "\x00", "%", "x HTTP/9.9"])
async def test_a_request_that_is_no_http_puts_no_token_into_the_log(stage, caplog, spoilt):
    async with stage.review() as visitor:
        caplog.set_level("DEBUG")
        answer = await visitor.send(visitor.root + spoilt)
        token = visitor.root.strip("/")
    logged = [f"{record.getMessage()} {record.exc_info}" for record in caplog.records]
    assert (answer.status in (400, 404), [line for line in logged if token in line]) == (True, [])
