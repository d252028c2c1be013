"""How a batch goes on whose submission a guard has ended: the commands for it, as they can be typed."""

from runner.core.advice import Invocation
from runner.core.counting import noun
from runner.core.ending import Ending

_SHOWN = 3


def after_guards(ending: Ending, call: Invocation, pending: int) -> list[str]:
    """What a person can do, a line for each guard that held something back; ``pending`` jobs were not submitted."""
    lines = []
    if ending.canary is not None:
        lines.append(
            f"{_jobs(pending)} not submitted: correct {call.manifest}, or what it names, and run it again; "
            f"`{call.of_manifest('run', '--no-canary')}` submits them all the same"
        )
    if ending.failures is not None:
        lines.append(
            f"{_jobs(pending)} not submitted: `{call.of_batch('jobs', '--state', 'failed')}` says what is wrong; then "
            f"raise limits.max_failures, or put failed jobs back (`{call.of_batch('retry', '--failed')}`), and run it "
            "again"
        )
    if ending.held:
        ids = ending.paused
        shown = ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
        prompts = "a prompt" if len(ids) == 1 else f"{len(ids)} prompts"
        lines.append(
            f"{_jobs(ending.held)} not submitted, because moderation refused {prompts} ({shown}) in several modes or "
            f"ratios: change the text, or submit such jobs all the same with "
            f"`{call.of_manifest('run', '--only', f'prompt={ids[0]}')}`"
        )
    return lines


def _jobs(number: int) -> str:
    return f"{number} {noun(number, 'job was', 'jobs were')}"
