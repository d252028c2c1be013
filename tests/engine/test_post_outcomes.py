"""Every row of the contract's table of POST outcomes: the exact state, books, number of requests, and exit code."""

import pytest
from engine_support import DONE, FAST, Service, asked, posted, run
from store_support import job_of, shop_at

from runner.core.model import JobState, Limits
from runner.core.outcomes import Accepted, Completed, Echo, NotSent, TaskId, Throttled, Unknown

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
ENVELOPE = {"code": 200, "message": "success", "data": {"task_id": "abc"}}
ONE_BY_ONE = Limits(in_flight=1, requests_per_minute=6000.0)


def envelope(code, message="so it is", **more):
    return {"code": code, "message": message, "data": None, **more}


@pytest.fixture
def one(state):
    """A batch of a single job."""
    with shop_at(state, job_of(0), budget=40) as opened:
        yield opened


def attempts_of(shop):
    return shop.rows("SELECT outcome, credits FROM attempt ORDER BY id")


def trouble_of(shop):
    return shop.rows("SELECT error_class, error FROM job WHERE state <> 'done'")


# accepted


@pytest.mark.parametrize(
    "answer",
    [
        posted(200, ENVELOPE),
        posted(201, ENVELOPE),
        posted(202, ENVELOPE),
        posted(200, {"code": 200, "message": "ok", "task_id": "abc"}),
    ],
    ids=["200", "201", "202", "top level"],
)
def test_an_accepted_job_is_followed_and_fetched(one, answer):
    story = run(one, Service([answer]))
    assert (one.states(), one.books(), story.code) == ([FINISHED], (40, 0, 0), 0)
    assert (story.service.posted, story.service.polled) == (["a fox, number 0"], ["abc"])


# surely not sent


def test_what_was_not_sent_is_sent_again(one):
    story = run(one, Service([NotSent("no route"), NotSent("refused")]))
    assert (one.states(), attempts_of(one), story.code) == (
        [FINISHED],
        [("not_sent", 0), ("not_sent", 0), ("completed", 40)],
        0,
    )


def test_a_bad_certificate_stops_the_run(shop):
    bad = NotSent("the certificate of the service is not trusted", stops_run=True)
    story = run(shop, Service([bad] * 3), limits=ONE_BY_ONE)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [PENDING] * 3,
        (0, 0, 0),
        1,
        5,
    )
    assert story.ending.service == "the certificate of the service is not trusted"


# refused for good


REFUSED = [(status, {}) for status in (400, 413, 415, 422)] + [
    (200, envelope(code)) for code in (400, 413, 415, 422)
]


@pytest.mark.parametrize(("status", "body"), REFUSED)
def test_a_request_that_is_refused_for_good_failed_and_the_others_go_on(shop, status, body):
    story = run(shop, Service([posted(status, body or envelope(status))]), limits=ONE_BY_ONE)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FAILED, FINISHED, FINISHED],
        (80, 0, 0),
        3,
        1,
    )
    ((error_class, error),) = trouble_of(shop)
    assert (error_class, "so it is" in error) == ("validation", True)


def test_a_refusal_for_what_the_prompt_shows_is_moderation(one):
    run(one, Service([posted(400, envelope(400, "inappropriate content"))]))
    assert trouble_of(one)[0][0] == "moderation"


# refused, and nobody goes on


STOPPING = [(status, envelope(status)) for status in (401, 402, 403, 404, 405)]
STOPPING += [(200, envelope(code)) for code in (401, 402, 403, 404, 405)]
STOPPING += [(403, b"error code: 1010"), (401, b""), (404, b"<html>nothing here</html>")]


@pytest.mark.parametrize(("status", "body"), STOPPING)
def test_a_refusal_of_the_account_leaves_every_job_pending_and_the_books_empty(shop, status, body):
    story = run(shop, Service([posted(status, body)] * 3), limits=ONE_BY_ONE)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [PENDING] * 3,
        (0, 0, 0),
        1,
        5,
    )
    assert attempts_of(shop) == [("refused", 0)]


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_is_paid_for_is_finished_when_the_account_is_refused(shop, status):
    story = run(shop, Service([posted(200, ENVELOPE), posted(status, envelope(status))]))
    assert (shop.states(), shop.books(), story.code) == ([FINISHED, PENDING, FINISHED], (80, 0, 0), 5)


def test_a_403_of_the_edge_network_names_it_and_the_user_agent(shop):
    story = run(shop, Service([posted(403, b"error code: 1010")]), limits=ONE_BY_ONE)
    reason = story.ending.service or ""
    assert ("edge network" in reason, "User-Agent" in reason) == (True, True)


# refused for a passing reason


@pytest.mark.parametrize(
    "answer",
    [posted(429, b""), posted(429, envelope(429)), posted(503, envelope(503)), posted(455, envelope(455))]
    + [posted(200, envelope(code)) for code in (429, 455, 503)],
)
def test_a_passing_refusal_is_waited_out_and_uses_up_no_tries(one, answer):
    story = run(one, Service([answer] * 5))
    assert (one.states(), one.books(), story.code) == ([FINISHED], (40, 0, 0), 0)
    assert attempts_of(one) == [("refused", 0)] * 5 + [("completed", 40)]


@pytest.mark.parametrize(
    ("headers", "least"),
    [({"Retry-After": "30"}, 30.0), ({"X-RateLimit-Reset": "20"}, 20.0), ({}, 0.5)],
)
def test_everybody_waits_as_long_as_a_passing_refusal_says(shop, headers, least):
    story = run(shop, Service([posted(429, envelope(429), headers)], post_s=0.0), limits=ONE_BY_ONE)
    first, *others = story.service.times("POST")
    assert (min(others) - first >= least, min(others) - first < least + 2.0) == (True, True)


def test_a_passing_refusal_holds_up_the_questions_too(shop):
    shop.running(0)
    throttled = Service([Throttled("wait", 30.0)], {"t0": [asked(200, {}), DONE]}, post_s=0.0)
    story = run(shop, throttled, limits=ONE_BY_ONE)
    at = story.service.times("POST")[0]
    assert [second for second in story.service.times("GET") if at < second < at + 30.0] == []


# unknown


UNREADABLE = {
    "malformed": posted(200, b"{"),
    "a page": posted(200, b"<html>welcome</html>"),
    "empty": posted(200, b""),
    "no content": posted(204, b""),
    "cut off": posted(200, ENVELOPE | {"data": {}}, cut=True),
    "no id": posted(200, envelope(200)),
    "an id that is none": posted(200, envelope(200, task_id="a b")),
    "an unlisted code": posted(200, envelope(777)),
    "no code": posted(200, {"message": "hello"}),
    "500": posted(500, envelope(500)),
    "502": posted(502, b"bad gateway"),
    "503 of the edge": posted(503, b"unavailable"),
    "504": posted(504, b""),
    "520": posted(520, b""),
    "524": posted(524, b""),
    "408": posted(408, envelope(408)),
    "409": posted(409, envelope(409)),
    "425": posted(425, b""),
    "a timeout after sending": Unknown("no answer in time"),
    "a reset after sending": Unknown("Connection reset by peer"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_proves_nothing_is_held_and_not_repeated(one, what):
    story = run(one, Service([UNREADABLE[what]]))
    assert (one.states(), one.books(), len(story.service.posted), story.code) == (
        [UNKNOWN],
        (0, 40, 40),
        1,
        4,
    )
    assert (trouble_of(one)[0][0], story.service.polled) == ("unknown", [])


@pytest.mark.parametrize("what", ["malformed", "500", "a timeout after sending"])
def test_an_unknown_outcome_is_not_repeated_by_the_next_run_either(one, what):
    run(one, Service([UNREADABLE[what]]))
    story = run(one)
    assert (one.states(), one.books(), story.service.calls, story.code) == ([UNKNOWN], (0, 40, 40), [], 4)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_unknown_and_nobody_submits_any_more(shop, status):
    story = run(shop, Service([posted(status, b"", {"Location": "https://x"})]), limits=ONE_BY_ONE)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [UNKNOWN, PENDING, PENDING],
        (0, 40, 40),
        1,
        5,
    )
    assert "check base_url" in (story.ending.service or "")


OURS = Completed(("https://cdn/1.mp4",), 40, Echo(prompt="a  fox, number 0", mode="normal"))
SOMEBODY_ELSES = Completed(("https://cdn/1.mp4",), 40, Echo(prompt="a cow", mode="normal"))
CUT = posted(200, b'{"code": 200, "data": {"task_id": "abc"', cut=True)


@pytest.mark.parametrize(
    "answer", [CUT, posted(500, ENVELOPE), posted(400, ENVELOPE), posted(200, envelope(777, task_id="abc"))]
)
def test_a_task_id_in_an_unclear_answer_that_the_service_knows_is_an_acceptance(one, answer):
    story = run(one, Service([answer], {"abc": [OURS]}))
    assert (one.states(), one.books(), len(story.service.posted), story.code) == (
        [FINISHED],
        (40, 0, 0),
        1,
        0,
    )


@pytest.mark.parametrize(
    "answers",
    [[asked(404, envelope(404))], [asked(500, b"")], [SOMEBODY_ELSES], [DONE]],
    ids=["not known", "no answer", "another's", "whose it is, is not said"],
)
def test_a_task_id_that_is_not_shown_to_be_ours_leaves_the_job_unknown(one, answers):
    story = run(one, Service([CUT], {"abc": answers}))
    assert (one.states(), one.books(), len(story.service.posted), story.code) == (
        [UNKNOWN],
        (0, 40, 40),
        1,
        4,
    )
    assert set(story.service.polled) == {"abc"}


def test_a_candidate_that_was_not_known_is_asked_about_again_by_the_next_run(one):
    run(one, Service([CUT], {"abc": [asked(404, envelope(404))]}))
    story = run(one, Service(tasks={"abc": [OURS]}))
    assert (one.states(), story.service.posted, story.code) == ([FINISHED], [], 0)


def test_a_candidate_that_is_another_takes_task_leaves_the_job_unknown(state):
    """Two takes ask for the same, so the service's echo shows no difference."""
    with shop_at(state, job_of(0), job_of(1, prompt=job_of(0).prompt, take=2)) as shop:
        shop.running(0)
        service = Service([posted(500, ENVELOPE | {"data": {"task_id": "t0"}})], {"t0": [OURS]})
        story = run(shop, service)
        assert (shop.states(), story.ending.bugs, story.code) == ([FINISHED, UNKNOWN], 0, 4)


def test_a_question_about_a_candidate_that_is_refused_stops_everything(one):
    story = run(one, Service([CUT], {"abc": [asked(401, envelope(401))]}))
    assert (one.states(), story.code) == ([UNKNOWN], 5)


def test_a_task_that_belongs_to_another_job_makes_the_submission_unknown_and_stops(shop):
    same = Accepted(TaskId("twice"))
    story = run(shop, Service([same, same, same]), limits=ONE_BY_ONE)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FINISHED, UNKNOWN, PENDING],
        (40, 40, 40),
        2,
        5,
    )
    assert "belongs to an earlier submission" in (story.ending.service or "")


# three in a row


def test_three_unknown_outcomes_in_a_row_end_submission(state):
    with shop_at(state, *map(job_of, range(6))) as shop:
        story = run(shop, Service([UNREADABLE["500"]] * 6), limits=ONE_BY_ONE)
        assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
            [UNKNOWN] * 3 + [PENDING] * 3,
            (0, 120, 120),
            3,
            5,
        )
    assert story.ending.service == "3 submissions in a row had an unknown outcome: decide them first"


@pytest.mark.parametrize("between", [posted(200, ENVELOPE), posted(400, envelope(400)), posted(429, b"")])
def test_any_other_answer_between_them_begins_the_count_anew(state, between):
    bad = UNREADABLE["502"]
    with shop_at(state, *map(job_of, range(6))) as shop:
        story = run(shop, Service([bad, bad, between, bad, bad]), limits=ONE_BY_ONE)
        assert (shop.states().count(UNKNOWN), story.ending.service, story.code) == (4, None, 4)


def test_unknown_outcomes_found_at_the_start_do_not_count(shop):
    for rank in (0, 1):
        shop.reserve(rank)
    story = run(shop, Service([UNREADABLE["500"]]))
    assert (shop.states(), story.ending.service, story.code) == ([UNKNOWN] * 3, None, 4)


def test_what_was_not_sent_is_no_answer_and_breaks_no_row(state):
    bad, lost = UNREADABLE["500"], NotSent("no route")
    with shop_at(state, *map(job_of, range(6))) as shop:
        story = run(shop, Service([bad, lost, bad, lost, bad]), limits=ONE_BY_ONE)
        assert (shop.states().count(UNKNOWN), story.code) == (3, 5)


def test_the_limits_of_a_run_are_not_in_its_way_here(one):
    assert run(one, limits=FAST).code == 0
