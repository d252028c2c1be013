"""What ``retry`` and ``resolve`` say: a line a decision, and what follows from them."""

import click

from runner.app.desk import Decided, Decision
from runner.cli.edge import say, show, show_json
from runner.core.model import JobState
from runner.report.payload import dollars


def show_decision(decision: Decision, *, as_json: bool) -> None:
    """One decision on stdout."""
    if as_json:
        show_json({"job_id": decision.job_id, "state": decision.state.value, "note": decision.note})
    else:
        show(f"{decision.job_id}  {decision.state.value:<8}  {decision.note}")


def conclude(ctx: click.Context, decided: Decided, nothing: str, *, as_json: bool) -> None:
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
    for line in _lines(decided, nothing):
        (say if as_json else show)(line)
    ctx.exit(decided.exit_code)


def _lines(decided: Decided, nothing: str) -> list[str]:
    name = decided.batch.name
    parts = [f"{number} {state.value}" for state, number in decided.moved.items()]
    lines = [f"{name}: {', '.join(parts)}"] if parts else []
    if pending := decided.moved.get(JobState.PENDING, 0):
        lines.append(_price(decided, pending))
    if decided.left:
        lines.append(f"{decided.left} stay as they are")
    if decided.died:
        lines.append(
            f"a process had died: {decided.died} of its submissions have an unknown outcome, "
            f"decide them with `runner resolve {name} ...`"
        )
    if decided.stopped is not None:
        lines.append(f"stopped: {decided.stopped}")
    return lines or ([] if decided.passed else [nothing])


def _price(decided: Decided, pending: int) -> str:
    batch = decided.batch
    cost = pending * batch.reservation_price
    left = batch.left
    room = (
        ""
        if left is None or left >= cost
        else f"; the budget leaves {left}: raise it, or take what fits with --fit"
    )
    return f"the next `runner run` pays up to {cost} credits ({dollars(batch.price, cost)}) for them{room}"
