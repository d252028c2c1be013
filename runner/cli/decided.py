"""What ``retry`` and ``resolve`` say: a line a decision, and what follows from them."""

import click

from runner.app.desk import Decided, Decision
from runner.app.workplace import Workplace
from runner.cli.edge import say, show, show_json
from runner.core.advice import Invocation
from runner.core.counting import noun
from runner.core.model import JobState
from runner.report.next_steps import row
from runner.report.payload import dollars


def show_decision(decision: Decision, *, as_json: bool) -> None:
    """One decision on stdout."""
    if as_json:
        show_json({"job_id": decision.job_id, "state": decision.state.value, "note": decision.note})
    else:
        show(f"{decision.job_id}  {decision.state.value:<8}  {decision.note}")


def conclude(ctx: click.Context, place: Workplace, decided: Decided, nothing: str, *, as_json: bool) -> None:
    """The sum of the decisions; ends the command with their exit code. ``nothing`` is said where no job was told."""
    batch = decided.batch
    if as_json:
        moved = {state.value: number for state, number in decided.moved.items()}
        credits_ = {
            "spent": batch.spent,
            "reserved": batch.reserved,
            "unknown": batch.unknown,
            "left": batch.left,
        }
        show_json({"batch": batch.name, "moved": moved, "left": decided.left, "credits": credits_})
    call = place.call(decided.batch.name, decided.batch.manifest)
    for line in _lines(decided, nothing, call):
        (say if as_json else show)(line)
    ctx.exit(decided.exit_code)


def _lines(decided: Decided, nothing: str, call: Invocation) -> list[str]:
    name, died = decided.batch.name, decided.died
    parts = [f"{number} {state.value}" for state, number in decided.moved.items()]
    lines = [f"{name}: {', '.join(parts)}"] if parts else []
    if decided.left:
        lines.append(f"{decided.left} {noun(decided.left, 'stays as it is', 'stay as they are')}")
    if died:
        lines.append(
            f"a process had died: {died} of its submissions {noun(died, 'has', 'have')} an unknown outcome, "
            f"decide {noun(died, 'it', 'them')} with `{call.of_batch('resolve')} ...`"
        )
    if decided.stopped is not None:
        lines.append(f"stopped: {decided.stopped}")
    lines += _next(decided, call)
    return lines or ([] if decided.passed else [nothing])


def _next(decided: Decided, call: Invocation) -> list[str]:
    batch, pending = decided.batch, decided.moved.get(JobState.PENDING, 0)
    if not pending:
        goes_on = decided.moved.get(JobState.RUNNING, 0) + decided.moved.get(JobState.FETCHING, 0)
        to_its = f"a run follows {noun(goes_on, 'it to its', 'them to their')} files, free of charge:"
        return row("next", to_its, call.of_manifest("run")) if goes_on else []
    cost = pending * batch.reservation_price
    pays = f"a run pays up to {cost} credits ({dollars(batch.price, cost)}) for {noun(pending, 'it', 'them')}"
    if batch.budget is None or batch.left is None or batch.left >= cost:
        return row("next", f"{pays}:", call.of_manifest("run"))
    raised = str(batch.budget - batch.left + cost)
    short = f"{pays}; the budget leaves {batch.left}: raise it, or take what fits with --fit:"
    return row("next", short, call.of_manifest("run", "--budget", raised))
