"""Texts for people: a plan, and where a batch stands."""

from collections.abc import Iterable

from runner.core.model import Job, JobState
from runner.core.plan import Plan
from runner.core.safe_text import for_terminal
from runner.report.payload import Standing, dollars, status_json

_PROMPT_CHARS = 60
_ERROR_CHARS = 160


def plan_text(plan: Plan) -> str:
    """The dry run, a few lines."""
    diff, books, price = plan.diff, plan.books, plan.quoted
    lines = [
        f"batch {plan.batch} ({for_terminal(plan.manifest)})",
        f"  jobs      {diff.total} in all: {_parts(plan)}",
        f"  price     {plan.price} credits ({dollars(price, plan.price)}) a generation",
        f"  needed    {plan.needed} credits ({dollars(price, plan.needed)}) for {diff.may_submit} jobs",
        f"  spent     {books.spent} credits, reserved {books.reserved} (of which unknown {books.unknown})",
    ]
    if books.budget is None:
        lines.append("  budget    none: `run` will ask, or needs --yes")
    else:
        verdict = "fits" if plan.fits else f"DOES NOT FIT: {plan.fit_jobs} jobs do"
        lines.append(
            f"  budget    {books.budget} credits ({dollars(price, books.budget)}), {books.left} left: {verdict}"
        )
    lines.append(
        f"  requests  {plan.requests} at least, {_duration(plan.seconds_at_least)} at the configured rate"
    )
    lines.extend(_examples(diff.examples, diff.may_submit))
    return "\n".join(lines)


def status_text(standing: Standing, errors: Iterable[tuple[str, str]] = ()) -> str:
    """Where a batch stands, a few lines."""
    batch, shown = standing.batch, status_json(standing)
    jobs = shown["jobs"]
    if not isinstance(jobs, dict):
        raise TypeError("the jobs of a status are a mapping")
    states = ", ".join(f"{jobs[state.value]} {state.value}" for state in JobState if jobs[state.value])
    removed = f" ({jobs['removed']} more were removed from the manifest)" if jobs["removed"] else ""
    cap = "no budget" if batch.budget is None else f"of {batch.budget}, {batch.left} left"
    unknown = batch.unknown + standing.unknown_extra_credits
    held = f"{batch.reserved} reserved (of which {unknown} unknown)"
    lines = [
        f"{batch.name}: {jobs['total']} jobs: {states or 'none yet'}{removed}",
        f"  credits   {batch.spent} spent ({dollars(batch.price, batch.spent)}), {held}, {cap}",
        f"  files     {standing.files} ({standing.bytes / 1e6:.1f} MB) in {for_terminal(batch.output_dir)}",
    ]
    if standing.running_pid is not None:
        lines.append(f"  running   process {standing.running_pid}")
    lines.extend(f"  ! {job_id[:12]}  {for_terminal(error, _ERROR_CHARS)}" for job_id, error in errors)
    return "\n".join(lines)


def _parts(plan: Plan) -> str:
    diff, states = plan.diff, plan.diff.by_state
    parts = {
        "new": diff.new,
        "pending": states[JobState.PENDING],
        "in flight": diff.in_flight,
        "unknown": states[JobState.UNKNOWN],
        "failed": states[JobState.FAILED],
        "done": states[JobState.DONE],
        "removed": diff.removed,
    }
    return ", ".join(f"{number} {word}" for word, number in parts.items() if number) or "none"


def _examples(examples: tuple[Job, ...], among: int) -> list[str]:
    lines = [
        f"    {job.path}  {job.mode} {job.ratio}  {for_terminal(job.prompt, _PROMPT_CHARS)}"
        for job in examples
    ]
    return [f"  first {len(examples)} of {among}:", *lines] if lines else []


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
