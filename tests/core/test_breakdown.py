"""What a plan holds by prompt and by mode and ratio."""

import tracemalloc

from runner.core.breakdown import PROMPTS_MAX, Share, Tally
from runner.core.errors import Place
from runner.core.model import Job, JobId, JobState

PLACE = Place("m.yaml")


def job_of(prompt_id, mode="fun", ratio="1:1", images=()):
    return Job(JobId("0"), prompt_id, "a fox", mode, ratio, 1, "p", 0, PLACE, images)


def tally_of(*jobs):
    tally = Tally()
    for job, state, may_submit in jobs:
        tally.add(job, state, may_submit=may_submit)
    return tally.breakdown()


def test_each_job_stands_in_one_row_of_either_table():
    breakdown = tally_of(
        (job_of("fox"), None, True),
        (job_of("fox", ratio="2:3"), JobState.PENDING, True),
        (job_of("owl"), JobState.PENDING, False),
        (job_of("owl", mode="normal"), JobState.DONE, False),
        (job_of("owl", mode="normal"), JobState.RUNNING, False),
    )
    assert breakdown.by_prompt == {"fox": Share(2, 0, 0), "owl": Share(0, 1, 2)}
    assert breakdown.by_mode_and_ratio == {
        ("fun", "1:1"): Share(1, 0, 1),
        ("fun", "2:3"): Share(1, 0, 0),
        ("normal", "1:1"): Share(0, 1, 1),
    }
    assert breakdown.behind == Share()


def test_what_may_be_submitted_is_counted_by_kind_of_task():
    jobs = [(job_of("fox", images=("https://x/1.png",)), None, True), (job_of("fox"), None, True)]
    assert tally_of(*jobs, *jobs[1:], (job_of("owl"), None, False)).by_kind == {
        ("fun", True): 1,
        ("fun", False): 2,
    }


def test_the_prompts_with_the_most_to_submit_come_first_and_the_rest_is_added_up():
    breakdown = tally_of(
        *[(job_of("done"), JobState.DONE, False)] * 4,
        *[(job_of("one"), None, True)] * 1,
        *[(job_of("three"), None, True)] * 3,
        *[(job_of("also one"), None, True)] * 1,
    )
    shown, rest = breakdown.largest_prompts(2)
    assert shown == [("three", Share(3, 0, 0)), ("one", Share(1, 0, 0))]
    assert rest == Share(1, 4, 0)
    assert breakdown.largest_prompts(9)[1] == Share()


def test_the_prompts_behind_the_first_thousands_are_counted_together():
    late = [(job_of(f"late {number}"), None, True) for number in range(5)]
    many = [(job_of(f"p{number}"), JobState.DONE, False) for number in range(PROMPTS_MAX)]
    breakdown = tally_of(*many, *late, (job_of("p7"), None, True))
    assert (len(breakdown.by_prompt), breakdown.behind) == (PROMPTS_MAX, Share(5, 0, 0))
    assert breakdown.by_prompt["p7"] == Share(1, 1, 0)


def test_memory_does_not_grow_with_the_prompts():
    def peak(prompts):
        tracemalloc.start()
        tally = Tally()
        for number in range(prompts):
            tally.add(job_of(f"p{number}"), None, may_submit=True)
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return used

    assert peak(4 * PROMPTS_MAX) < 1.1 * peak(PROMPTS_MAX)
