"""Texts for people: where a batch stands."""

from collections.abc import Iterable

from runner.core.counting import noun
from runner.core.model import JobState
from runner.core.safe_text import for_terminal
from runner.report.payload import Standing, dollars, status_json
from runner.report.steps import step_line

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
        f"{batch.name}: {standing.counts.total} {noun(standing.counts.total, 'job')}: {states or 'none yet'}{removed}",
        f"  credits   {batch.spent} spent ({dollars(batch.price, batch.spent)}), {held}, {cap}",
        f"  files     {standing.files} ({standing.bytes / 1e6:.1f} MB) in {for_terminal(batch.output_dir)}",
    ]
    lines.extend(f"  step      {step_line(one)}" for one in standing.steps)
    if standing.running_pid is not None:
        lines.append(f"  running   process {standing.running_pid}")
    lines.extend(f"  ! {job_id[:12]}  {for_terminal(error, _ERROR_CHARS)}" for job_id, error in errors)
    return "\n".join(lines)
