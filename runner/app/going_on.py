"""How a batch goes on whose submission a guard has ended: the commands for it, as they can be typed."""

import shlex

from runner.core.ending import Ending
from runner.core.model import Manifest

_SHOWN = 3


def after_guards(ending: Ending, manifest: Manifest, pending: int) -> list[str]:
    """What a person can do, a line for each guard that held something back; ``pending`` jobs were not submitted."""
    lines = []
    run = f"runner run {shlex.quote(manifest.path)}"
    if ending.canary is not None:
        lines.append(
            f"{_jobs(pending)} not submitted: correct {manifest.path}, or what it names, and run it again; "
            f"`{run} --no-canary` submits them all the same"
        )
    if ending.failures is not None:
        lines.append(
            f"{_jobs(pending)} not submitted: `runner jobs {manifest.name} --state failed` says what is wrong; then "
            f"raise limits.max_failures, or put failed jobs back (`runner retry {manifest.name} --failed`), and run it "
            "again"
        )
    if ending.held:
        ids = ending.paused
        shown = ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
        prompts = "a prompt" if len(ids) == 1 else f"{len(ids)} prompts"
        lines.append(
            f"{_jobs(ending.held)} not submitted, because moderation refused {prompts} ({shown}) in several modes or "
            f"ratios: change the text, or submit such jobs all the same with "
            f"`{run} --only {shlex.quote(f'prompt={ids[0]}')}`"
        )
    return lines


def _jobs(number: int) -> str:
    return "1 job was" if number == 1 else f"{number} jobs were"
