"""What a person does next where a command has done its part: a row of words, and the commands, each in one piece."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap

from runner.core.advice import Invocation
from runner.core.counting import noun
from runner.core.model import JobState
from runner.core.plan import Plan

_COLUMNS = 79
INDENT = " " * 12


def row(label: str, text: str, *commands: str) -> list[str]:
    """A text behind its label, in 80 columns, and below it the commands, which are never cut: somebody copies them."""
    first = f"  {label:<9} "
    lines = wrap(text, _COLUMNS, initial_indent=first, subsequent_indent=INDENT, break_on_hyphens=False)
    return [*lines, *(INDENT + command for command in commands)]


def after_init(call: Invocation) -> list[str]:
    """A fresh manifest: to edit it, and to see what it would cost."""
    return row(
        "next", f"edit {call.manifest}, then see what it would make and cost:", call.of_manifest("plan")
    )


def after_plan(plan: Plan, call: Invocation, given: Sequence[str] = ()) -> list[str]:
    """The run that makes what was planned; ``given`` are the options of the plan that a run takes too."""
    states, books = plan.diff.by_state, plan.books
    if not plan.fits and "--fit" not in given:
        return _over_budget(plan, call, given)
    if plan.diff.new or states[JobState.PENDING] or plan.diff.in_flight:
        run = call.of_manifest("run", *given)
        if call.sandbox or books.spent or books.reserved:
            return row("next", "make it:", run)
        trial = replace(call, sandbox=True).of_manifest("run", *given)
        return [*row("next", "try it in the sandbox, free of charge:", trial), *row("then", "make it:", run)]
    stuck = {"failed": states[JobState.FAILED], "unknown": states[JobState.UNKNOWN]}
    if any(stuck.values()):
        named = " and ".join(f"{number} {word}" for word, number in stuck.items() if number)
        jobs = noun(sum(stuck.values()), "job")
        return row(
            "next",
            f"nothing is left to submit; what to do about the {named} {jobs}:",
            call.of_batch("status"),
        )
    return row("next", "nothing is left to make; the jobs and their files:", call.of_batch("jobs"))


def after_run(call: Invocation) -> list[str]:
    """All is made: to look at it, to add to it, and after a trial what the real thing would cost."""
    lines = row(
        "next",
        f"the batch, its jobs with their files, and, once {call.manifest} asks for more, what is new:",
        call.of_batch("status"),
        call.of_batch("jobs"),
        call.of_manifest("plan"),
    )
    if not call.sandbox:
        return lines
    real = replace(call, sandbox=False).of_manifest("plan")
    return [*lines, *row("for real", "the sandbox's videos are stand-ins; what the real ones cost:", real)]


def _over_budget(plan: Plan, call: Invocation, given: Sequence[str]) -> list[str]:
    lines = _raise_account(plan, call) if not plan.fits_account else _raise_budget(plan, call, given)
    if plan.fit_jobs:
        only = noun(plan.fit_jobs, "the one that fits", f"the {plan.fit_jobs} that fit")
        lines += row("or", f"make only {only}:", call.of_manifest("run", *given, "--fit"))
    return lines


def _raise_account(plan: Plan, call: Invocation) -> list[str]:
    account = plan.account
    if account is None or account.cap is None or account.left is None:
        raise RuntimeError("only a cap can be too small")
    whole = str(account.cap + plan.needed - account.left)
    command = call.of_manifest("account", "--limit", whole, "--per", account.per.value)
    return row("next", "raise the cap of the account:", command)


def _raise_budget(plan: Plan, call: Invocation, given: Sequence[str]) -> list[str]:
    books, words = plan.books, list(given)
    if "--budget" in words:
        at = words.index("--budget")
        del words[at : at + 2]
    whole = str(books.spent + books.reserved + plan.needed)
    return row(
        "next",
        f"raise `budget` in {call.manifest}, or, from this run on:",
        call.of_manifest("run", *words, "--budget", whole),
    )
