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
            f"{pending} jobs were not submitted: correct {manifest.path}, or what it names, and run it again; "
            f"`{run} --no-canary` submits them all the same"
        )
    if ending.failures is not None:
        lines.append(
            f"{pending} jobs were not submitted: `runner jobs {manifest.name} --state failed` says what is wrong; then "
            f"raise limits.max_failures, or put failed jobs back (`runner retry {manifest.name} --failed`), and run it "
            "again"
        )
    if ending.held:
        ids = ending.paused
        shown = ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
        lines.append(
            f"{ending.held} jobs of {len(ids)} prompts ({shown}) were not submitted, because moderation refused the "
            f"prompt in several modes or ratios: change its text, or submit them all the same with "
            f"`{run} --only {shlex.quote(f'prompt={ids[0]}')}`"
        )
    return lines
