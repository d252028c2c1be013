"""What each end of a download, and of giving a file its name, does to the job and to the run."""

import asyncio
from itertools import pairwise

import pytest
from engine_support import DONE, FAST, FILE, Files, Service, asked, run
from store_support import job_of, shop_at

from runner.core.events import EventName
from runner.core.model import JobState, Limits
from runner.core.outcomes import Completed, Echo, Running, TaskId
from runner.files.outcomes import (
    Absent,
    AlreadyThere,
    Broken,
    Conflict,
    Content,
    DiskFailed,
    DiskFull,
    Expired,
    Refused,
)
from runner.store import decisions, outputs

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
OLD, NEW = "https://cdn/old.mp4", "https://cdn/new.mp4"
FRESH = [Completed((OLD,), 40), Completed((NEW,), 40)]
HASH = "ab" * 32


@pytest.fixture
def one(state):
    """A batch of a single job."""
    with shop_at(state, job_of(0), budget=40) as opened:
        yield opened


def trouble_of(shop):
    return shop.rows("SELECT error_class, error FROM job ORDER BY rank")


def files_of(shop):
    return shop.rows("SELECT state, path, bytes, sha256 FROM file ORDER BY attempt, position")


def test_a_file_is_verified_before_it_is_placed_and_the_job_done_after(one):
    seen = []

    class Watched(Files):
        async def place(self, partial, path, content):
            seen.append((partial, path, content, files_of(one), one.states()))
            return await super().place(partial, path, content)

    story = run(one, files=Watched())
    row = ("p0/take-01.mp4", 7, HASH)
    name = f"{job_of(0).job_id}-1-1"
    assert seen == [(name, "p0/take-01.mp4", Content(7, HASH), [("verified", *row)], [FETCHING])]
    assert (files_of(one), one.states(), story.code) == ([("placed", *row)], [FINISHED], 0)
    (event,) = story.told(EventName.FILE)
    assert event.details == {"path": "p0/take-01.mp4", "bytes": 7, "sha256": HASH}


@pytest.mark.parametrize("gone", [Expired(403), Expired(404), Expired(410), Refused("a private address")])
def test_a_url_that_is_not_valid_any_more_is_replaced_by_a_fresh_one(one, gone):
    story = run(one, Service(usual=FRESH), Files([gone]))
    assert (story.files.fetched, len(story.service.polled), one.states(), story.code) == (
        [OLD, NEW],
        2,
        [FINISHED],
        0,
    )


def test_the_same_url_again_is_tried_later(one):
    story = run(one, Service(usual=[Completed((OLD,), 40)]), Files([Expired(403)] * 3))
    assert (story.files.fetched, one.states(), story.code) == ([OLD] * 4, [FINISHED], 0)


def test_a_url_that_expires_again_and_again_leaves_the_job_fetching(one):
    story = run(one, files=Files([Expired(403)] * 99))
    assert (len(story.files.fetched), one.states(), one.books(), story.code) == (8, [FETCHING], (40, 0, 0), 1)
    assert trouble_of(one) == [("download", "the URL is not valid any more (HTTP 403); tried 8 times")]


def test_what_breaks_is_tried_eight_times_further_and_further_apart(one):
    story = run(one, files=Files([Broken("connection reset")] * 99, fetch_s=0.0))
    times = [at for at, kind, _ in story.files.calls if kind == "fetch"]
    gaps = [after - before for before, after in pairwise(times)]
    assert (len(times), one.states(), one.books(), story.code) == (8, [FETCHING], (40, 0, 0), 1)
    assert trouble_of(one) == [("download", "connection reset; tried 8 times")]
    assert [gap <= 2.0**at + 1.0 for at, gap in enumerate(gaps)] == [True] * 7
    assert sum(gaps) > 10.0


def test_a_download_that_failed_begins_again_at_the_next_run_without_paying_again(one):
    run(one, files=Files([Broken("connection reset")] * 99))
    story = run(one)
    assert (one.states(), one.books(), story.service.posted, story.code) == ([FINISHED], (40, 0, 0), [], 0)
    assert trouble_of(one) == [(None, None)]


def test_what_broke_a_few_times_and_then_came_leaves_no_trouble(one):
    story = run(one, files=Files([Broken("short body")] * 7))
    assert (one.states(), trouble_of(one), story.code) == ([FINISHED], [(None, None)], 0)


@pytest.mark.parametrize("answer", [asked(404, {"code": 404}), asked(500, b""), Running()])
def test_without_a_fresh_url_the_old_one_is_tried_again(one, answer):
    story = run(one, Service(usual=[DONE, answer]), Files([Expired(403)]))
    assert (len(story.files.fetched), one.states(), story.code) == (2, [FINISHED], 0)


def test_the_urls_of_another_request_are_not_taken(one):
    other = Completed((NEW,), 40, Echo("a cow", "normal"))
    story = run(one, Service(usual=[Completed((OLD,), 40), other]), Files([Expired(403)]))
    assert story.files.fetched == [OLD, OLD]


def test_the_urls_of_a_task_that_a_person_accepted_are_taken_whatever_it_shows(one):
    one.running(0)
    one.do(decisions.attach, [(one.job(0).pk, TaskId("t0"))])
    answers = [Completed((url,), 40, Echo("a cow", "normal")) for url in (OLD, NEW)]
    story = run(one, Service(usual=answers), Files([Expired(403)]))
    assert (story.files.fetched, one.states()) == ([OLD, NEW], [FINISHED])


def test_a_refused_question_for_a_fresh_url_stops_everything(one):
    refused = asked(401, {"code": 401, "message": "no"})
    story = run(one, Service(usual=[DONE, refused]), Files([Expired(403)]))
    assert (one.states(), one.books(), story.code) == ([FETCHING], (40, 0, 0), 5)


def test_a_file_that_the_service_names_only_later_is_fetched_too(one):
    more = [Completed((OLD,), 40), Completed((NEW, "https://cdn/second.mp4"), 40)]
    story = run(one, Service(usual=more), Files([Expired(403)]))
    assert (story.files.fetched, one.states()) == ([OLD, NEW, "https://cdn/second.mp4"], [FINISHED])
    assert [state for state, *_ in files_of(one)] == ["placed", "placed"]


# the disk


@pytest.mark.parametrize("where", ["fetches", "places"])
@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (
            DiskFull("out", 500),
            "the disk of out is full (500 bytes more are needed); make room and run it again",
        ),
        (DiskFull("out", None), "the disk of out is full; make room and run it again"),
        (DiskFailed("out: Input/output error"), "the output cannot be written: out: Input/output error"),
    ],
)
def test_a_disk_that_takes_nothing_stops_downloads_and_submissions_and_keeps_everything(
    state, where, trouble, says
):
    limits = Limits(in_flight=2, requests_per_minute=6000.0)
    with shop_at(state, *map(job_of, range(9))) as shop:
        story = run(shop, files=Files(**{where: [trouble] * 99}), limits=limits)
        paid = len(story.service.posted)
        assert (shop.states(), shop.books()) == (
            [FETCHING] * paid + [PENDING] * (9 - paid),
            (40 * paid, 0, 0),
        )
        assert (paid < 9, story.ending.disk, story.code) == (True, says, 1)
        assert ("disk", says) in trouble_of(shop)


def test_after_room_was_made_the_next_run_goes_on(shop):
    run(shop, files=Files([DiskFull("out", 500)]))
    story = run(shop)
    assert (shop.states(), shop.books(), story.code) == ([FINISHED] * 3, (120, 0, 0), 0)


@pytest.mark.parametrize("trouble", [Conflict("something else has the name"), Broken("too many open files")])
def test_a_name_that_cannot_be_had_leaves_the_job_fetching_and_the_others_go_on(shop, trouble):
    story = run(shop, files=Files(places=[trouble]))
    assert (shop.states(), shop.books(), story.code) == ([FETCHING, FINISHED, FINISHED], (120, 0, 0), 1)
    assert trouble_of(shop)[0] == ("disk", trouble.reason)


def test_a_file_that_is_there_already_is_taken_as_placed(one):
    story = run(one, files=Files(places=[AlreadyThere()]))
    assert (one.states(), story.code) == ([FINISHED], 0)


def test_a_file_that_vanished_before_it_had_its_name_is_fetched_again(one):
    story = run(one, files=Files(places=[Absent("gone")]))
    assert (len(story.files.fetched), one.states(), story.code) == (2, [FINISHED], 0)


def test_a_file_that_vanishes_each_time_is_given_up_for_this_run(one):
    story = run(one, files=Files(places=[Absent("gone")] * 99))
    assert (len(story.files.fetched), one.states(), story.code) == (8, [FETCHING], 1)
    assert files_of(one) == [("wanted", None, None, None)]
    assert trouble_of(one)[0][1] == "what was downloaded was gone before it had its name; tried 8 times"


# where an earlier run stopped


def verified(shop):
    attempt = shop.fetching(0, OLD)
    shop.do(outputs.verified, attempt, "p0/take-01.mp4", 7, HASH)


def test_a_verified_file_is_only_placed(one):
    verified(one)
    story = run(one)
    assert (story.files.calls[0][1:], story.files.fetched, one.states()) == (
        ("place", "p0/take-01.mp4"),
        [],
        [FINISHED],
    )
    assert (story.service.calls, story.code) == ([], 0)


def test_a_verified_file_that_is_gone_is_fetched_again(one):
    verified(one)
    story = run(one, files=Files(places=[Absent("gone")]))
    assert (story.files.fetched, one.states(), story.code) == ([OLD], [FINISHED], 0)


def test_a_verified_file_that_cannot_be_placed_is_not_fetched_again(one):
    verified(one)
    story = run(one, files=Files(places=[Conflict("taken")]))
    assert (story.files.fetched, one.states(), story.code) == ([], [FETCHING], 1)


def test_only_the_files_that_are_missing_are_fetched(one):
    attempt = one.fetching(0, OLD, NEW)
    one.do(outputs.verified, attempt, "p0/take-01-1.mp4", 7, HASH)
    one.do(outputs.placed, attempt)
    story = run(one)
    assert (story.files.fetched, story.files.placed, one.states()) == (
        [NEW],
        ["p0/take-01-2.mp4"],
        [FINISHED],
    )


# many at once


def test_no_more_files_are_fetched_at_once_than_allowed(state):
    limits = Limits(in_flight=9, requests_per_minute=60000.0, downloads=3)
    with shop_at(state, *map(job_of, range(9))) as shop:
        story = run(shop, files=Files(fetch_s=30.0), limits=limits)
        assert (story.files.at_once_max, shop.states()) == (3, [FINISHED] * 9)


def test_slow_downloads_hold_up_submissions_before_too_many_results_wait(state):
    """A URL lives for a while only, and each result that waits takes memory."""
    limits = Limits(in_flight=1, requests_per_minute=60000.0, downloads=1, canary=False)
    with shop_at(state, *map(job_of, range(15))) as shop:
        service = Service()
        seen = []

        class Slow(Files):
            async def fetch(self, url, partial):
                seen.append(len(service.posted))
                await asyncio.sleep(600.0)
                return FILE

        story = run(shop, service, Slow(), limits=limits)
    # Wherever the first download stood, no more than its own, four in line behind it, and one under way.
    assert (story.code, max(paid - done for done, paid in enumerate(seen)) <= 6) == (0, True)


def test_downloads_do_not_hold_a_slot(shop):
    limits = Limits(in_flight=1, requests_per_minute=6000.0)
    story = run(shop, files=Files(fetch_s=1000.0), limits=limits)
    assert (story.service.times("POST")[-1] < 20.0, story.code) == (True, 0)


def test_the_limits_are_not_in_the_way_of_a_single_file(one):
    assert run(one, limits=FAST).seconds < 3.0
