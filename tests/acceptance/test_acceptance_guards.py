"""Guards before the money is gone: canaries, too many failures, unknown outcomes, refused prompts."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest
from acceptance_support import LIMITS, PRICE, Desk, Done, Service

from tests.no_traceback import refuse_traceback

IMAGE = "https://example.com/wrong.bmp"
WITH_IMAGE = [{"id": "fox", "text": "a fox", "images": [IMAGE], "takes": 1000}]
BUDGET = {"credits": 1000 * PRICE}
QUICK = "latency=0,spread=0,two_files=0"


def summary(done: Done) -> str:
    """What was said on stderr, on one line."""
    return " ".join(done.err.split())


# the canary


@pytest.mark.parametrize(
    ("fault", "spent", "said"),
    [
        ("image_refused=1", 0, "was refused, free of charge (validation): the service refused the request"),
        (
            "image_unsupported=1,failed_charged=1",
            PRICE,
            "was accepted and then failed, at a cost of 40 credits (validation): File type not supported",
        ),
        (
            "image_unsupported=1",
            0,
            "was accepted and then failed, free of charge (validation): File type not supported",
        ),
    ],
)
def test_the_canary_stops_a_batch_of_1000_with_a_wrong_image_after_one_job(
    desk: Desk, serve: Callable[..., Service], fault: str, spent: int, said: str
) -> None:
    service = serve(f"{QUICK},{fault}")
    manifest = desk.manifest(prompts=WITH_IMAGE, budget=BUDGET, base_url=service.base_url)
    ended = desk.run("run", manifest)
    assert (ended.code, desk.states()) == (1, {"failed": 1, "pending": 999})
    assert (len(service.requests("generate")), desk.status()["credits"]["spent"]) == (1, spent)
    (failed,) = desk.jobs("--state", "failed")
    text = summary(ended)
    assert f"stopped: the canary {failed['job_id'][:12]} (normal, with images) {said}" in text
    assert f"999 jobs were not submitted: correct {manifest}, or what it names, and run it again" in text
    assert f"`runner run {manifest} --no-canary` submits them all the same" in text


def test_without_the_canary_a_wrong_image_costs_the_whole_batch(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve(f"{QUICK},image_refused=1")
    prompts = [WITH_IMAGE[0] | {"takes": 30}]
    manifest = desk.manifest(prompts=prompts, budget=BUDGET, base_url=service.base_url)
    assert (desk.make(manifest, "--no-canary").states, len(service.requests("generate"))) == (
        {"failed": 30},
        30,
    )


def test_the_canary_can_be_asked_for_where_the_manifest_says_no(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve(f"{QUICK},image_refused=1")
    prompts = [WITH_IMAGE[0] | {"takes": 5}]
    manifest = desk.manifest(
        prompts=prompts, budget=BUDGET, limits=LIMITS | {"canary": False}, base_url=service.base_url
    )
    assert desk.make(manifest, "--canary").states == {"failed": 1, "pending": 4}


def test_a_text_alone_is_proven_before_the_canary_with_the_image_stops_it(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve(f"{QUICK},image_refused=1")
    prompts = [{"id": "owl", "text": "an owl", "takes": 15}, WITH_IMAGE[0] | {"takes": 15}]
    manifest = desk.manifest(prompts=prompts, budget=BUDGET, base_url=service.base_url)
    ended = desk.make(manifest)
    assert (ended.code, ended.states) == (1, {"done": 1, "failed": 1, "pending": 28})
    (stopping,) = ended.events("stopping")
    assert (stopping["error_class"], "An image cannot be read" in stopping["reason"]) == ("validation", True)


def test_a_corrected_image_goes_on_by_itself(desk: Desk, serve: Callable[..., Service]) -> None:
    ledger = serve(f"{QUICK},image_refused=1")
    manifest = desk.manifest(prompts=[WITH_IMAGE[0] | {"takes": 25}], budget=BUDGET, base_url=ledger.base_url)
    assert desk.make(manifest).code == 1
    desk.manifest(
        prompts=[{"id": "fox", "text": "a fox", "takes": 25}], budget=BUDGET, base_url=ledger.base_url
    )
    again = desk.make(manifest)
    assert (again.code, again.states) == (0, {"done": 25, "removed": 25})


def test_an_account_without_credits_ends_it_at_the_canary(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve(f"{QUICK},balance_credits=0")
    manifest = desk.manifest(
        prompts=[WITH_IMAGE[0] | {"takes": 50}], budget=BUDGET, base_url=service.base_url
    )
    ended = desk.make(manifest)
    assert (ended.code, ended.states, service.tasks()) == (5, {"pending": 50}, ())
    assert len(service.requests("refused")) == 1


def test_a_canary_at_work_when_ctrl_c_comes_is_the_canary_of_the_next_run(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve("latency=3,spread=0,two_files=0,image_unsupported=1")
    manifest = desk.manifest(
        prompts=[WITH_IMAGE[0] | {"takes": 50}], budget=BUDGET, base_url=service.base_url
    )
    with desk.started("run", manifest, "--json") as process:
        process.wait_for("submitted")
        process.popen.send_signal(signal.SIGINT)
        assert process.end().code == 130
    ended = desk.make(manifest)
    assert (ended.code, ended.states) == (1, {"failed": 1, "pending": 49})
    assert len(service.tasks()) == 1, "nothing was paid beside it"


# failures, unknown outcomes


@pytest.mark.parametrize("in_flight", [1, 10])
def test_max_failures_of_5_percent_of_100_stops_at_five(
    desk: Desk, serve: Callable[..., Service], in_flight: int
) -> None:
    service = serve("latency=0.2,spread=0,task_fails=1")
    limits = LIMITS | {"canary": False, "max_failures": "5%", "in_flight": in_flight}
    manifest = desk.manifest(
        prompts=[{"id": "fox", "text": "a fox", "takes": 100}],
        budget=BUDGET,
        limits=limits,
        base_url=service.base_url,
    )
    ended = desk.run("run", manifest)
    assert (ended.code, desk.states(), len(service.tasks())) == (1, {"failed": 5, "pending": 95}, 5)
    text = summary(ended)
    assert "5 jobs have failed, and limits.max_failures ends submission at 5" in text
    assert "95 jobs were not submitted: `runner jobs demo --state failed` says what is wrong" in text


def test_three_unknown_outcomes_in_a_row_stop_submission(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve(f"{QUICK},post_500_after_accept=1")
    manifest = desk.manifest(
        prompts=[{"id": "fox", "text": "a fox", "takes": 30}],
        budget=BUDGET,
        limits=LIMITS | {"canary": False, "in_flight": 1},
        base_url=service.base_url,
    )
    ended = desk.make(manifest)
    assert (ended.code, ended.states, len(service.tasks())) == (5, {"unknown": 3, "pending": 27}, 3)
    assert "3 submissions in a row had an unknown outcome" in ended.err


# moderation


def test_a_prompt_that_moderation_refuses_everywhere_is_paused_and_named_with_the_way_on(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve(f"{QUICK},moderation=1")
    manifest = desk.manifest(
        prompts=[{"id": "rose", "text": "a rose", "takes": 3}],
        ratios=["1:1", "2:3"],
        budget=BUDGET,
        limits=LIMITS | {"canary": False, "in_flight": 1},
        order="breadth",
        base_url=service.base_url,
    )
    ended = desk.run("run", manifest)
    assert (ended.code, desk.states()) == (1, {"failed": 2, "pending": 4})
    text = summary(ended)
    assert "prompt rose is paused: moderation refused this prompt in several modes or ratios" in text
    assert (
        "4 jobs were not submitted, because moderation refused a prompt (rose) in several modes or ratios"
        in text
    )
    assert f"`runner run {manifest} --only prompt=rose`" in text

    assert desk.make(manifest, "--only", "prompt=rose").states == {"failed": 6}


# retry --class


@pytest.fixture
def failed(desk: Desk, serve: Callable[..., Service]) -> Service:
    """Jobs of two classes have failed."""
    service = serve(f"{QUICK},moderation=0.4,task_fails=1,seed=2")
    manifest = desk.manifest(
        prompts=[f"scene {number}" for number in range(12)],
        budget=BUDGET,
        limits=LIMITS | {"canary": False},
        base_url=service.base_url,
    )
    assert desk.make(manifest).code == 1
    return service


def classes(desk: Desk) -> Counter[str]:
    return Counter(job["error_class"] for job in desk.jobs("--state", "failed"))


def test_retry_by_class_puts_back_what_failed_so_and_never_spends(desk: Desk, failed: Service) -> None:
    before, sent = classes(desk), len(failed.requests("generate"))
    assert set(before) == {"moderation", "service", "validation"}
    done = desk.run("retry", "demo", "--class", "service", "--class", "validation")
    assert (done.code, classes(desk)) == (0, Counter({"moderation": before["moderation"]}))
    number = before["service"] + before["validation"]
    assert f"up to {number * PRICE} credits" in done.out
    assert len(failed.requests("generate")) == sent


def test_what_moderation_refused_may_be_left_out_and_is_counted_where_it_is_not(
    desk: Desk, failed: Service
) -> None:
    refused = classes(desk)["moderation"]
    others = [word for word in classes(desk) if word != "moderation"]
    assert desk.run("retry", "demo", *(each for word in others for each in ("--class", word))).code == 0
    assert classes(desk) == Counter({"moderation": refused})
    job = desk.jobs("--state", "failed")[0]["job_id"]
    assert desk.run("retry", "demo", "--job", job).code == 0
    assert classes(desk)["moderation"] == refused - 1
    done = desk.run("retry", "demo", "--failed")
    assert (done.code, classes(desk)) == (0, Counter())
    assert f"{refused - 1} of {refused - 1} were refused by moderation" in done.err


def at_a_terminal(desk: Desk, typed: str, *arguments: str) -> Done:
    """Run the program with a terminal for its input, at which somebody types this."""
    ours, theirs = os.openpty()
    try:
        os.write(ours, typed.encode())
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=desk.root,
            env=desk.environment(),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    refuse_traceback(done.stdout, done.stderr)
    return Done(done.returncode, done.stdout, done.stderr, 0.0)


def test_on_a_terminal_the_price_of_a_retry_is_shown_and_asked_about(desk: Desk, failed: Service) -> None:
    before = classes(desk)
    number = before["service"]
    cost = f"up to {number * PRICE} credits (about ${number * PRICE / 100:.2f}) at the next run. Continue?"
    refused = at_a_terminal(desk, "n\n", "retry", "demo", "--class", "service")
    assert f"This puts back {number} job{'s' * (number > 1)}, {cost}" in summary(refused)
    assert (refused.code, "not confirmed; nothing was changed" in refused.err, classes(desk)) == (
        2,
        True,
        before,
    )

    accepted = at_a_terminal(desk, "y\n", "retry", "demo", "--class", "service")
    assert (accepted.code, classes(desk)["service"]) == (0, 0)

    unasked = at_a_terminal(desk, "", "retry", "demo", "--class", "validation", "--yes")
    assert (unasked.code, "Continue?" in unasked.err, classes(desk)["validation"]) == (0, False, 0)
    assert "Continue?" not in at_a_terminal(desk, "", "retry", "demo", "--class", "disk").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--class", "servise"), "'servise' is no class of failure"),
        (("--class", "servise"), "did you mean 'service'?"),
        (("--class", "xyzzy"), "one of auth, credit, validation, moderation"),
        (("--class", "service", "--job", "ab"), "leave out --class"),
        ((), "--failed for all of them, --class CLASS, --rejected, or --job ID"),
    ],
)
def test_what_is_no_use_of_retry_says_the_way_out(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = desk.run("retry", "demo", *arguments)
    assert (done.code, said in summary(done)) == (2, True), done.err


def test_a_class_by_which_nothing_failed_is_said(desk: Desk, failed: Service) -> None:
    done = desk.run("retry", "demo", "--class", "lost")
    assert (done.code, "there is no failed job of class lost" in done.out) == (0, True)
