"""What has moved between a reviewed plan and now."""

from dataclasses import replace

import pytest
from manifest_builder import manifest_of
from test_plan import diff_of, plan_of

from runner.core.errors import Place
from runner.core.jobs_seen import LISTED_MAX, JobsSeen, Watch
from runner.core.model import Job, JobId, JobState, Order, Retries
from runner.core.money import Credits
from runner.core.plan import Books
from runner.core.snapshot import Drift, drift_between, snapshot_of

PLACE = Place("m.yaml")
NOTHING = Drift((), ())
SUBMITTED = (None, True)


def seen_of(*jobs):
    """Of jobs as (name, (state, whether the call may submit it))."""
    watch = Watch()
    for name, (state, may_submit) in jobs:
        job = Job(JobId(f"{name:0<24}"), "p", "a fox", "fun", "1:1", 1, f"{name}/take-01", 0, PLACE)
        watch.add(job, state, may_submit=may_submit)
    return watch.seen()


def snapshot_with(seen, manifest=None, service="https://api", books=Books(), **diff):  # noqa: B008 - frozen
    plan = plan_of(replace(diff_of(**diff), seen=seen), books)
    return snapshot_of(plan, manifest or manifest_of(), service)


def unlisted(seen):
    return JobsSeen(seen.asked, seen.standing, None)


def moved(*jobs, **more):
    """The drift from two jobs that would be submitted to these."""
    then = snapshot_with(seen_of(("a", SUBMITTED), ("b", SUBMITTED)), new=2)
    return drift_between(then, snapshot_with(seen_of(*jobs), **({"new": 2} | more)))


def test_where_nothing_moved_there_is_no_drift():
    assert moved(("a", SUBMITTED), ("b", SUBMITTED)) == NOTHING


def test_a_new_job_that_became_pending_has_not_moved():
    pending = (JobState.PENDING, True)
    assert moved(("a", pending), ("b", SUBMITTED), new=1, pending=1) == NOTHING


@pytest.mark.parametrize(
    ("jobs", "sentences"),
    [
        (["a", "b", "c"], ("1 job is new: c/take-01",)),
        (["a"], ("1 job is no longer in it: b/take-01",)),
        (
            ["c", "d", "e", "f"],
            (
                "4 jobs are new: c/take-01, d/take-01, e/take-01 and 1 more",
                "2 jobs are no longer in it: a/take-01, b/take-01",
            ),
        ),
        (["b", "a"], ("its jobs come in another order",)),
    ],
)
def test_jobs_that_the_manifest_no_longer_asks_for_so_are_named(jobs, sentences):
    assert moved(*[(name, SUBMITTED) for name in jobs], new=len(jobs)).manifest == sentences


@pytest.mark.parametrize(
    ("then", "now", "sentence"),
    [
        (SUBMITTED, (JobState.DONE, False), "1 job that the plan would submit is done now: a/take-01"),
        (SUBMITTED, (None, False), "1 job that the plan would submit is left out by --only now: a/take-01"),
        ((None, False), SUBMITTED, "1 job is to be submitted now, and not by the plan: a/take-01"),
        (
            (JobState.FAILED, False),
            (JobState.PENDING, True),
            "1 job is to be submitted now, and not by the plan: a/take-01",
        ),
        ((JobState.RUNNING, False), (JobState.DONE, False), "1 job is done now, was running: a/take-01"),
    ],
)
def test_a_job_that_stands_elsewhere_is_named(then, now, sentence):
    before, after = (snapshot_with(seen_of(("a", one))) for one in (then, now))
    assert drift_between(before, after) == Drift((), (sentence,))


def test_several_jobs_that_moved_alike_are_one_sentence():
    done, gone = (JobState.DONE, False), (JobState.RUNNING, False)
    assert moved(("a", done), ("b", done), new=0, done=2).state == (
        "2 jobs that the plan would submit are done now: a/take-01, b/take-01",
    )
    before = snapshot_with(seen_of(("a", gone), ("b", gone)))
    assert drift_between(before, snapshot_with(seen_of(("a", done), ("b", done)))).state == (
        "2 jobs are done now, were running: a/take-01, b/take-01",
    )


def test_jobs_that_were_removed_meanwhile_are_counted():
    assert moved(("a", SUBMITTED), ("b", SUBMITTED), removed=3).state == ("0 jobs were removed, 3 are now",)


@pytest.mark.parametrize(
    ("jobs", "counts", "drift"),
    [
        ("ab", {"new": 2}, NOTHING),
        (
            "ba",
            {"new": 2},
            Drift(
                (
                    "2 jobs as before, which are others or in another order (more than 10000 are not told apart)",
                ),
                (),
            ),
        ),
        (
            "abc",
            {"new": 3},
            Drift(
                (
                    "it asked for 2 jobs and asks for 3, which are others or in another order (more than 10000 are not told apart)",
                ),
                ("2 jobs were unsent, 3 are now",),
            ),
        ),
    ],
)
def test_of_very_many_jobs_the_digests_and_the_counts_are_held_against_each_other(jobs, counts, drift):
    then, now = (unlisted(seen_of(*[(name, SUBMITTED) for name in names])) for names in ("ab", jobs))
    assert drift_between(snapshot_with(then, new=2), snapshot_with(now, **counts)) == drift


def test_of_very_many_jobs_two_that_changed_places_are_seen():
    done = (JobState.DONE, False)
    then = unlisted(seen_of(("a", SUBMITTED), ("b", done)))
    now = unlisted(seen_of(("a", done), ("b", SUBMITTED)))
    assert drift_between(snapshot_with(then, new=1, done=1), snapshot_with(now, new=1, done=1)).state == (
        "jobs stand elsewhere than they stood, as many in each state as before",
    )


def test_up_to_some_thousand_jobs_are_listed():
    jobs = [(f"{number:024}", SUBMITTED) for number in range(LISTED_MAX)]
    assert len(seen_of(*jobs).listed) == LISTED_MAX
    assert seen_of(*jobs, ("more", SUBMITTED), ("yet", SUBMITTED)).listed is None


def test_terms_and_books_that_changed_are_named_with_both_values():
    seen, manifest = seen_of(("a", SUBMITTED)), manifest_of()
    then = snapshot_with(seen, manifest)
    edited = replace(manifest, order=Order.SHUFFLE, retries=Retries(regenerate_failed=2))
    spent = Books(Credits(40), Credits(0), Credits(0), Credits(400))
    assert drift_between(then, snapshot_with(seen, edited, "https://other", spent)) == Drift(
        (
            "the service was https://api and is https://other",
            "order was manifest and is shuffle",
            "retries.regenerate_failed was 0 and is 2",
        ),
        ("spent was 0 and is 40", "the budget was none and is 400"),
    )


def test_what_only_one_of_them_knows_is_a_difference():
    then = snapshot_with(seen_of(("a", SUBMITTED)))
    now = replace(then, books={**then.books, "the weather": "fine"})
    assert drift_between(then, now).state == ("the weather was none and is fine",)
    assert drift_between(now, then).state == ("the weather was fine and is none",)


def test_a_plan_without_its_jobs_has_no_snapshot():
    with pytest.raises(RuntimeError):
        snapshot_of(plan_of(diff_of(new=1)), manifest_of(), "https://api")
