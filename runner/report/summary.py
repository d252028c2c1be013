"""Texts for people: where a batch stands."""

from collections.abc import Iterable

from runner.core.model import JobState
from runner.core.safe_text import for_terminal
from runner.report.payload import Standing, dollars, status_json

_ERROR_CHARS = 160


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


def advice(standing: Standing) -> list[str]:
    """What a person can do about what is left, a line each."""
    name, jobs = standing.batch.name, standing.counts.by_state
    lines = []
    if unknown := jobs[JobState.UNKNOWN] + standing.unknown_extra:
        lines.append(
            f"{unknown} submissions have an unknown outcome: look at the service, then `runner resolve {name} ...`"
        )
    if jobs[JobState.FAILED]:
        lines.append(
            f"{jobs[JobState.FAILED]} jobs failed: `runner jobs {name} --state failed`, then `runner retry {name} --failed`"
        )
    if standing.counts.overdue:
        lines.append(
            f"{standing.counts.overdue} tasks are overdue; run it again later to follow them, free of charge"
        )
    return lines
