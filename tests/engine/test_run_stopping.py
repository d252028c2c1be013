"""What ends a run before its time, and what it has saved by then."""

import asyncio
import logging
from random import Random

import pytest
from engine_support import DONE, FAST, START, Files, Service, posted, run
from store_support import job_of, raw, shop_at

from runner.core.errors import StateError
from runner.core.events import EventName
from runner.core.model import JobState, Limits, Retries
from runner.core.outcomes import Accepted, NotSent, Running, TaskId, Throttled, Unknown
from runner.engine.ports import Orders, Ports
from runner.engine.run import Run
from runner.files.outcomes import Broken, DiskFailed
from runner.store.database import open_for_writing
from runner.store.writer import GroupWriter

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
TERM = 15
TWO = Limits(in_flight=2, requests_per_minute=6000.0)


def signal(run_):
    run_.interrupt(TERM)


# a signal


def test_a_signal_waits_for_the_submissions_in_the_air_so_that_none_becomes_unknown(shop):
    story = run(shop, Service(post_s=20.0), limits=TWO, at={5.0: signal})
    assert (shop.states(), shop.books(), story.code) == ([RUNNING, RUNNING, PENDING], (0, 80, 0), 128 + TERM)
    assert (story.seconds, [event.details for event in story.told(EventName.STOPPING)]) == (
        20.0,
        [{"signal": TERM, "in_the_air": 2}],
    )


def test_a_signal_waits_no_longer_than_a_minute(shop):
    story = run(shop, Service(post_s=500.0), limits=TWO, at={5.0: signal})
    assert (shop.states(), shop.books(), story.code) == ([UNKNOWN, UNKNOWN, PENDING], (0, 80, 80), 128 + TERM)
    assert story.seconds == 65.0
    assert shop.rows("SELECT DISTINCT error FROM job WHERE state = 'unknown'") == [
        ("the run ended before the answer came",)
    ]


def test_a_signal_ends_questions_and_downloads_at_once(shop):
    service = Service(tasks={"task-1": [DONE]}, usual=[Running()])
    story = run(shop, service, Files(fetch_s=900.0), at={30.0: signal})
    assert (shop.states(), story.seconds, story.code) == ([FETCHING, RUNNING, RUNNING], 30.0, 128 + TERM)


def test_the_next_run_goes_on_where_a_signal_stopped(shop):
    run(shop, Service(usual=[Running()]), limits=TWO, at={30.0: signal})
    story = run(shop)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FINISHED] * 3,
        (120, 0, 0),
        1,
        0,
    )


def test_a_signal_while_a_passing_refusal_is_waited_out_ends_at_once(shop):
    story = run(shop, Service([Throttled("wait", 900.0)] * 3), at={5.0: signal})
    assert (shop.states(), shop.books(), story.seconds, story.code) == (
        [PENDING] * 3,
        (0, 0, 0),
        5.0,
        128 + TERM,
    )


@pytest.mark.parametrize("answer", [Throttled("wait", 900.0), NotSent("no route"), posted(200, b"{}")])
def test_a_submission_that_is_refused_after_a_signal_is_not_tried_again(shop, answer):
    story = run(shop, Service([answer] * 9, post_s=10.0), limits=Limits(in_flight=1), at={5.0: signal})
    assert (len(story.service.posted), story.seconds < 12.0, story.code) == (1, True, 128 + TERM)


def test_a_candidate_is_not_asked_about_after_a_signal(shop):
    unclear = Unknown("cut off", TaskId("maybe"))
    story = run(shop, Service([unclear], post_s=10.0), limits=Limits(in_flight=1), at={5.0: signal})
    assert (story.service.polled, shop.states()[0], story.seconds) == ([], UNKNOWN, 10.0)


def test_a_second_signal_changes_nothing_more_here(shop):
    story = run(shop, Service(post_s=20.0), at={5.0: signal, 6.0: signal})
    assert (len(story.told(EventName.STOPPING)), story.code, story.seconds) == (1, 128 + TERM, 20.0)


def test_a_signal_before_anything_was_done_sends_nothing(shop):
    story = run(shop, limits=Limits(requests_per_minute=0.001), at={0.0: signal})
    assert (story.code, shop.states(), shop.books()) == (128 + TERM, [PENDING] * 3, (0, 0, 0))


@pytest.mark.parametrize("second", [0.0, 0.05, 0.1, 1.0, 1.1, 1.12, 1.15, 1.2, 1.25, 1.3])
def test_whenever_a_signal_comes_the_next_run_finishes_without_paying_twice(shop, second):
    first = run(shop, limits=TWO, at={second: signal})
    again = run(shop)
    assert (shop.states(), shop.books(), again.code) == ([FINISHED] * 3, (120, 0, 0), 0)
    assert len(first.service.posted) + len(again.service.posted) == 3


def test_a_signal_while_a_reservation_is_being_written_gives_it_back_unsent(shop):
    story = run(shop, at={1.0: signal}, state=Slow(shop, reserve=[2.0] * 3))
    assert (shop.states(), shop.books(), story.service.calls, story.code) == (
        [PENDING] * 3,
        (0, 0, 0),
        [],
        128 + TERM,
    )
    assert shop.rows("SELECT DISTINCT outcome, note FROM attempt") == [("not_sent", "stopped")]


class Slow:
    """A state on a slow disk: the seconds that each change takes, kind by kind, in the order of asking."""

    def __init__(self, shop, **seconds):
        self.shop, self.seconds = shop, seconds

    async def write(self, change, *args, **kwargs):
        times = self.seconds.get(change.__name__)
        await asyncio.sleep(times.pop(0) if times else 0.0)
        return self.shop.writer.write_now(change, *args, **kwargs)


# an end of submission


NOBODY_SUBMITS = [
    posted(401, b""),
    posted(302, b""),
    NotSent("not the certificate of this name", stops_run=True),
]


@pytest.mark.parametrize("answer", NOBODY_SUBMITS)
@pytest.mark.parametrize("recorded_after_s", [0.0, 9.0])
def test_what_was_being_reserved_when_submission_ended_is_given_back_unsent(shop, answer, recorded_after_s):
    slow = Slow(shop, reserve=[0.0, 1.0, 2.0], give_back=[recorded_after_s], lose_sight=[recorded_after_s])
    story = run(shop, Service([answer]), state=slow)
    assert (len(story.service.posted), shop.states()[1:], story.code) == (1, [PENDING] * 2, 5)
    assert (
        shop.rows("SELECT outcome, credits, note FROM attempt WHERE id > 1")
        == [("not_sent", 0, "stopped")] * 2
    )


def test_what_was_being_reserved_when_the_time_for_submissions_ended_is_given_back_unsent(shop):
    story = run(shop, stop_submitting_after_s=1.5, state=Slow(shop, reserve=[0.0, 1.0, 2.0]))
    assert (len(story.service.posted), shop.states(), shop.books(), story.code) == (
        2,
        [FINISHED, FINISHED, PENDING],
        (80, 0, 0),
        0,
    )


def test_no_submission_follows_a_failed_sync_of_a_file(shop):
    """A disk that lost what it was given may be the one that the state stands on."""
    slow = Slow(shop, reserve=[0.0, 0.0, 9.0])
    story = run(shop, files=Files([DiskFailed("EIO")] * 2), state=slow)
    assert (len(story.service.posted), shop.states(), story.code) == (2, [FETCHING, FETCHING, PENDING], 1)


def test_no_submission_follows_a_task_that_is_another_jobs(shop):
    """What was reserved after the answer was read, and before the state knew it, is given back."""
    slow = Slow(shop, reserve=[0.0, 0.15, 0.4], lose_sight=[9.0])
    story = run(shop, Service([Accepted(TaskId("task-9")), Accepted(TaskId("task-9"))]), state=slow)
    assert (len(story.service.posted), shop.states()[1:], story.code) == (2, [UNKNOWN, PENDING], 5)


# a state that cannot be written


class Failing:
    """A writer that fails from the n-th change of a kind on, and for good."""

    def __init__(self, shop, name, at=1):
        self.writer, self.name, self.left, self.failed = shop.writer, name, at, False

    async def write(self, change, *args, **kwargs):
        await asyncio.sleep(0)
        self.left -= change.__name__ == self.name
        self.failed = self.failed or self.left == 0
        if self.failed:
            raise StateError("the state cannot be written: disk I/O error")
        return self.writer.write_now(change, *args, **kwargs)

    def close(self):
        """Nothing of its own."""


@pytest.mark.parametrize(
    ("change", "posts"),
    [
        ("recover", 0),
        ("newest_submissions", 0),
        ("claimable", 0),
        ("reserve", 0),
        ("accept", 3),
        ("complete", 3),
    ],
)
def test_after_a_failed_commit_nothing_more_is_sent_and_the_run_ends(shop, change, posts):
    story = run(shop, state=Failing(shop, change))
    assert (len(story.service.posted), story.code) == (posts, 74)
    assert story.ending.state == "the state cannot be written: disk I/O error"


def test_the_task_ids_in_hand_are_told_when_they_cannot_be_recorded(shop):
    story = run(shop, state=Failing(shop, "accept", at=2))
    told = [(event.job_id, event.details["task_id"]) for event in story.told(EventName.STOPPING)]
    ids = {job_of(rank).job_id: f"task-{rank + 1}" for rank in range(3)}
    assert (len(told), set(told) <= set(ids.items())) == (2, True)
    assert shop.states().count(SUBMITTING) == 2  # they become unknown at the next start
    assert (run(shop).code, shop.books()) == (4, (40, 80, 80))


def test_no_submission_follows_a_commit_that_failed_beside_it(state):
    with shop_at(state, *map(job_of, range(12))) as shop:
        service = Service(usual=[Running(), DONE])
        story = run(shop, service, limits=TWO, state=Failing(shop, "complete"))
        assert (len(service.posted), shop.states().count(RUNNING), story.code) == (2, 2, 74)


def test_a_full_state_ends_the_run_on_a_real_database(shop):
    def fill_up(_run):
        (pages,) = shop.do(raw("PRAGMA page_count"))[0]
        shop.do(raw(f"PRAGMA max_page_count = {pages}"))

    story = run(shop, Service([Unknown("x" * 20_000)]), at={0.05: fill_up})
    told = {event.details["task_id"] for event in story.told(EventName.STOPPING)}
    kept = {task for (task,) in shop.rows("SELECT task_id FROM attempt WHERE task_id IS NOT NULL")}
    assert (told | kept, told & kept, len(told) > 0) == ({"task-2", "task-3"}, set(), True)
    assert (story.code, story.ending.state) == (
        74,
        "the state cannot be written: database or disk is full; make room on its disk, and run it again",
    )
    assert (len(story.service.posted), shop.states()[0]) == (3, SUBMITTING)


# a bug


def test_a_bug_in_one_job_does_not_end_the_others(shop, caplog):
    with caplog.at_level(logging.ERROR):
        story = run(shop, Service([ZeroDivisionError("a bug")]))
    assert (shop.states(), shop.books(), story.code) == ([SUBMITTING, FINISHED, FINISHED], (80, 40, 0), 70)
    assert [record.getMessage() for record in caplog.records] == [
        f"job {job_of(0).job_id} met an error of this program"
    ]
    assert (run(shop).code, shop.states()[0]) == (4, UNKNOWN)


def test_a_bug_in_a_download_leaves_a_job_that_the_next_run_finishes(shop):
    class Buggy(Files):
        async def fetch(self, url, partial):
            raise ZeroDivisionError

    story = run(shop, files=Buggy())
    assert (shop.states(), story.ending.bugs, story.code) == ([FETCHING] * 3, 3, 70)
    assert (run(shop).code, shop.states()) == (0, [FINISHED] * 3)


# several at once


def test_of_several_reasons_the_gravest_gives_the_exit_code(shop):
    bad = [Unknown("cut off"), posted(401, b"")]
    story = run(shop, Service(bad), Files([Broken("x")] * 99), limits=FAST)
    assert (shop.states(), story.code) == ([UNKNOWN, PENDING, FETCHING], 5)


def test_a_run_with_the_writer_of_every_day(shop):
    """In real time, with a thread of its own for the state."""

    async def main():
        service, files = Service(post_s=0.01), Files(fetch_s=0.01)
        writer = GroupWriter(open_for_writing(shop.path))
        ports = Ports(writer, service, files, lambda _: None, lambda: START, Random(7))
        try:
            return await Run(Orders(shop.pk, FAST, Retries()), ports).execute()
        finally:
            await asyncio.to_thread(writer.close)

    assert (asyncio.run(main()).exit_code, shop.states(), shop.books()) == (0, [FINISHED] * 3, (120, 0, 0))
