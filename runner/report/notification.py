"""The message that a run's end sends to a chat, or to any program that takes JSON.

It holds numbers and words of our own, and the batch's name; no prompt, no URL, and nothing that the service said.
"""

import json

from runner.core.counting import noun
from runner.core.ending import Ending
from runner.core.model import JobState, Occasion
from runner.core.occasion import causes_of
from runner.report.payload import Json, Standing, dollars, status_json


def body_of(occasion: Occasion, ending: Ending, standing: Standing, *, sandbox: bool) -> bytes:
    """The JSON of a notification: ``text`` is read by Slack, ``content`` by Discord, ``runner`` by programs."""
    text = _text(occasion, ending, standing, sandbox=sandbox)
    status = status_json(standing)
    told: Json = {
        "batch": standing.batch.name,
        "event": occasion.value,
        "exit_code": ending.exit_code,
        "causes": list(causes_of(ending)),
        "sandbox": sandbox,
        "counts": status["jobs"],
        "credits": status["credits"],
        "usd": status["usd"],
    }
    return json.dumps({"text": text, "content": text, "runner": told}).encode()


def _text(occasion: Occasion, ending: Ending, standing: Standing, *, sandbox: bool) -> str:
    batch, counts = standing.batch, standing.counts
    unknown = counts.by_state[JobState.UNKNOWN] + standing.unknown_extra
    happened = {
        Occasion.DONE: "done",
        Occasion.STOPPED: f"stopped early ({', '.join(causes_of(ending))})",
        Occasion.UNKNOWN: f"{unknown} {noun(unknown, 'submission has', 'submissions have')} an unknown outcome and "
        f"{noun(unknown, 'waits', 'wait')} for `runner resolve`",
    }
    states = [f"{counts.by_state[state]} {state.value}" for state in JobState if counts.by_state[state]]
    left = "" if batch.left is None else f", {batch.left} left"
    return (
        f"{'[sandbox] ' if sandbox else ''}{batch.name}: {happened[occasion]}, exit code {ending.exit_code}. "
        f"{counts.total} {noun(counts.total, 'job')}: {', '.join(states) or 'none'}. "
        f"{batch.spent} credits spent ({dollars(batch.price, batch.spent)}), {batch.reserved} reserved{left}."
    )
