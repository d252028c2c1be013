"""A prompt that moderation refuses across modes and ratios is paused; the batch goes on."""

import pytest
from engine_support import DONE, FAST, Service, posted, run
from store_support import NOW, job_of, raw, shop_at

from runner.core.events import EventName
from runner.core.model import JobState, Limits, Retries
from runner.core.outcomes import ErrorClass, Failed
from runner.store import attempts, decisions

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
BLOCKED = Failed("Inappropriate content, please try another prompt.", ErrorClass.MODERATION, charged=0)
ONE = Limits(in_flight=1, requests_per_minute=6000.0, canary=False)
COMBINATIONS = [(mode, ratio) for mode in ("normal", "fun") for ratio in ("1:1", "2:3")]


def jobs_of(prompt, first, text=None):
    """Four jobs of one prompt, one of each mode and ratio, from that rank on."""
    return [
        job_of(first + place, prompt=text or f"a {prompt}", prompt_id=prompt, mode=mode, ratio=ratio)
        for place, (mode, ratio) in enumerate(COMBINATIONS)
    ]


@pytest.fixture
def shop(state):
    """Four jobs of a prompt that will be refused, and four of another."""
    with shop_at(state, *jobs_of("rose", 0), *jobs_of("fox", 4)) as opened:
        yield opened


def refused(shop, rank):
    shop.do(attempts.fail, shop.running(rank), 0, BLOCKED.message, ErrorClass.MODERATION, NOW)


def refusing(*numbers):
    return Service(tasks={f"task-{number}": [BLOCKED] for number in numbers})


def paused(story):
    return [event.details.get("prompt_id") for event in story.told(EventName.PAUSED)]


def test_after_two_refusals_in_different_ratios_the_prompt_is_paused_and_the_others_go_on(shop):
    story = run(shop, refusing(1, 2), limits=ONE)
    assert shop.states() == [FAILED] * 2 + [PENDING] * 2 + [FINISHED] * 4
    assert (story.ending.held, story.ending.paused, story.code, paused(story)) == (2, ("rose",), 1, ["rose"])


def test_one_refusal_pauses_nothing(shop):
    story = run(shop, refusing(1), limits=ONE)
    assert (shop.states(), story.ending.held, paused(story)) == ([FAILED] + [FINISHED] * 7, 0, [])


def test_other_failures_pause_nothing(shop):
    service = Service(tasks={f"task-{n}": [Failed("no luck", charged=0)] for n in range(1, 5)})
    story = run(shop, service, limits=ONE)
    assert (shop.states(), story.ending.held) == ([FAILED] * 4 + [FINISHED] * 4, 0)


def test_refusals_of_the_same_combination_pause_nothing(state):
    takes = [job_of(take, prompt="a rose", prompt_id="rose", take=take + 1) for take in range(4)]
    with shop_at(state, *takes) as shop:
        story = run(shop, refusing(1, 2), limits=ONE)
        assert (shop.states(), story.ending.held) == ([FAILED] * 2 + [FINISHED] * 2, 0)


def test_only_the_text_that_was_refused_is_paused_and_not_its_siblings_by_another_text(state):
    with shop_at(state, *jobs_of("rose", 0, "a red rose"), *jobs_of("rose", 4, "a white rose")) as shop:
        run(shop, refusing(1, 2), limits=ONE)
        assert shop.states() == [FAILED] * 2 + [PENDING] * 2 + [FINISHED] * 4


def test_what_was_refused_in_earlier_runs_counts(shop):
    refused(shop, 0)
    assert run(shop, refusing(1), limits=ONE).ending.held == 2
    assert shop.states() == [FAILED] * 2 + [PENDING] * 2 + [FINISHED] * 4


def test_a_prompt_that_is_paused_stays_so_in_the_next_run_which_does_not_end_well(shop):
    run(shop, refusing(1, 2), limits=ONE)
    again = run(shop)
    assert (again.service.posted, again.ending.held, again.code, paused(again)) == ([], 2, 1, ["rose"])


def test_a_refused_mode_keeps_the_exit_code_from_being_0_where_only_another_was_asked_for(shop):
    refused(shop, 0)
    refused(shop, 1)
    story = run(shop, limits=ONE, only={"mode": "fun"})
    assert (shop.states()[2:4], story.ending.incomplete, story.code) == ([PENDING] * 2, 0, 1)


def test_whoever_names_the_prompt_gets_it_all_the_same(shop):
    refused(shop, 0)
    refused(shop, 1)
    story = run(shop, limits=ONE, only={"prompt": "rose"})
    assert (shop.states()[2:4], story.ending.held) == ([FINISHED] * 2, 0)


def test_a_prompt_that_was_named_is_not_paused_by_what_is_refused_now(shop):
    story = run(shop, refusing(1, 2, 3, 4), limits=ONE, only={"prompt": "rose"})
    assert (shop.states()[:4], story.ending.held) == ([FAILED] * 4, 0)


def test_whoever_puts_its_jobs_back_gets_it_again(shop):
    refused(shop, 0)
    refused(shop, 1)
    shop.do(decisions.retry, shop.job(0).pk)
    story = run(shop, limits=ONE)
    assert (shop.states(), story.ending.held) == ([FINISHED, FAILED] + [FINISHED] * 6, 0)


def test_refusals_of_removed_jobs_do_not_count(shop):
    refused(shop, 0)
    refused(shop, 1)
    shop.do(raw("UPDATE job SET removed = 1 WHERE rank = 0"))
    assert run(shop, limits=ONE).ending.held == 0


def test_a_job_that_waits_for_its_turn_is_held_back_as_well(state):
    """All four are begun at once, and the gate lets them out one by one."""
    slow = Limits(in_flight=10, requests_per_minute=6.0, canary=False)
    refusal = posted(400, {"message": "inappropriate content"})
    with shop_at(state, *jobs_of("rose", 0)) as shop:
        story = run(shop, Service([refusal] * 4), limits=slow)
        assert (shop.states(), story.ending.held) == ([FAILED] * 2 + [PENDING] * 2, 2)
        assert (len(story.service.posted), shop.books()) == (2, (0, 0, 0))


def test_a_paused_prompt_is_no_canary(state):
    takes = [job_of(rank, prompt="a rose", prompt_id="rose", take=rank) for rank in range(4, 9)]
    with shop_at(state, *jobs_of("rose", 0), *takes, *map(job_of, range(9, 30))) as shop:
        refused(shop, 0)
        refused(shop, 2)
        story = run(shop, Service(usual=[DONE]), limits=FAST)
        assert (story.service.posted[0], story.ending.canary, story.ending.held) == (
            "a fox, number 9",
            None,
            7,
        )


def test_a_job_that_a_policy_pays_for_again_is_held_back_too(shop):
    refused(shop, 0)
    refused(shop, 1)
    shop.running(2)
    service = Service(tasks={"t2": [Failed("no luck", charged=0)]})
    story = run(shop, service, limits=ONE, retries=Retries(regenerate_failed=1))
    assert (shop.states()[:4], story.ending.held) == ([FAILED, FAILED, PENDING, PENDING], 2)


def test_the_refusals_of_earlier_runs_are_read_to_the_last_page(state):
    ratios = [
        job_of(1100 + place, prompt="a rose", prompt_id="rose", ratio=ratio)
        for place, ratio in enumerate(("1:1", "2:3", "3:2"))
    ]
    with shop_at(state, *map(job_of, range(1100)), *ratios) as shop:
        shop.do(raw("UPDATE job SET state = 'failed', error_class = 'moderation' WHERE rank < 1102"))
        story = run(shop)
        assert (story.service.posted, story.ending.held, story.ending.paused) == ([], 1, ("rose",))
