"""The budget, the account and outcomes that nobody knows."""

from collections.abc import Callable
from functools import partial

from tests.gallery.stage import Stage
from tests.security.support import answer, envelope


def it_does_not_fit(stage: Stage) -> None:
    stage.paid_at("http://127.0.0.1:9", prompts=["a", "b", "c"], budget={"credits": 90})
    stage.run("run", "m.yaml")
    stage.run("plan", "m.yaml", "--show", "0")


def no_budget_and_nobody_to_ask(stage: Stage) -> None:
    stage.write("m.yaml", "version: 1\nprompts: [a, b]\n")
    stage.run("run", "m.yaml")


def it_is_used_up_by_dearer_tasks(stage: Stage) -> None:
    service = stage.service()
    service.on_status = lambda asked: service.complete(asked, consumed_credits=80)
    limits = {"requests_per_minute": 100000, "in_flight": 1, "canary": False}
    stage.paid_at(service.url, prompts=["a", "b", "c"], budget={"credits": 120}, limits=limits)
    stage.run("run", "m.yaml")


def _refused(stage: Stage, reply: bytes) -> None:
    service = stage.service()
    service.on_post = lambda _: reply
    stage.paid_at(service.url)
    stage.run("run", "m.yaml")


PAGE = answer(403, b"<html>Attention Required!</html>", {"Content-Type": "text/html"})
REFUSALS = {
    "a token that is refused": envelope(401, message="invalid api key", status=401),
    "no credits left": envelope(402, message="insufficient credits", status=402),
    "an account that may not": envelope(403, message="account suspended", status=403),
    "a page of the edge network": PAGE,
    "a request that is refused": envelope(400, message="prompt violates the policy", status=400),
}


def a_task_that_fails(stage: Stage) -> None:
    service = stage.service()
    failed = {
        "status": "failed",
        "error_message": "Inappropriate content, credits refunded",
        "consumed_credits": 0,
    }
    service.on_status = lambda asked: service.complete(asked, **failed)
    stage.paid_at(service.url)
    stage.run("run", "m.yaml")
    stage.run("status", "b")


def an_answer_that_cannot_be_read(stage: Stage) -> None:
    service = stage.service()
    service.on_post = lambda _: answer(200, b"<html>OK</html>")
    stage.paid_at(service.url)
    stage.run("run", "m.yaml")
    stage.run("status", "b")


def three_in_a_row(stage: Stage) -> None:
    service = stage.service()
    service.on_post = lambda _: answer(500, b"Internal Server Error")
    limits = {"requests_per_minute": 100000, "in_flight": 1, "canary": False}
    stage.paid_at(service.url, prompts=list("abcde"), limits=limits)
    stage.run("run", "m.yaml")


def a_process_died_while_it_submitted(stage: Stage) -> None:
    stage.bench().submitting(0)
    stage.run("status", "demo")
    stage.run("retry", "demo", "--failed")


def _resolved(stage: Stage, words: tuple[str, ...]) -> None:
    bench = stage.bench()
    bench.unknown(0)
    bench.running(1, "task_of_another")
    first, second = bench.job(0).job_id, bench.job(1).job_id
    places = {"FIRST": first, "SECOND": second, "THIRD": bench.job(2).job_id}
    stage.run("resolve", "demo", *(_named(word, places) for word in words))


def _named(word: str, places: dict[str, str]) -> str:
    for name, job_id in places.items():
        word = word.replace(name, job_id)
    return word


RESOLVED: dict[str, tuple[str, ...]] = {
    "resolve with what is no pair": ("--task-id", "abc"),
    "resolve with the task of another job": ("--task-id", "FIRST=task_of_another"),
    "resolve a job that was never sent": ("--task-id", "THIRD=task_1"),
    "resolve a running job with another task": ("--task-id", "SECOND=task_2"),
    "resolve by paying again": ("--resubmit",),
    "resolve as a loss": ("--accept-loss",),
}


def nothing_to_resolve(stage: Stage) -> None:
    stage.bench()
    stage.run("resolve", "demo", "--resubmit")


def retry_that_the_budget_does_not_allow(stage: Stage) -> None:
    bench = stage.bench()
    bench.refused(0)
    stage.quietly("run", "demo.yaml", "--budget", "80", "--limit", "0")
    bench.running(1)
    bench.running(2)
    stage.run("retry", "demo", "--failed")


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    "the budget does not allow it": it_does_not_fit,
    "no budget, and nobody to ask": no_budget_and_nobody_to_ask,
    "a budget that dearer tasks use up": it_is_used_up_by_dearer_tasks,
    **{name: partial(_refused, reply=reply) for name, reply in REFUSALS.items()},
    "a task that fails": a_task_that_fails,
    "an answer that cannot be read": an_answer_that_cannot_be_read,
    "three unknown outcomes in a row": three_in_a_row,
    "a process died while it submitted": a_process_died_while_it_submitted,
    **{name: partial(_resolved, words=words) for name, words in RESOLVED.items()},
    "nothing to resolve": nothing_to_resolve,
    "a retry that the budget does not allow": retry_that_the_budget_does_not_allow,
}
