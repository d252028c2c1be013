"""What of a run's end is worth a notification."""

from collections.abc import Collection

from runner.core.ending import Ending
from runner.core.model import Occasion


def occasion_of(ending: Ending, unknown: int, wanted: Collection[Occasion]) -> Occasion | None:
    """The weightiest occasion that is wanted and there: unknown outcomes need a person, then an early end, then any end.

    ``unknown`` is how many submissions of the batch have an unknown outcome. ``None`` where nothing wanted is there.
    """
    there = {
        Occasion.UNKNOWN: unknown > 0,
        Occasion.STOPPED: bool(causes_of(ending)),
        Occasion.DONE: not causes_of(ending),
    }
    return next((occasion for occasion, is_there in there.items() if is_there and occasion in wanted), None)


def causes_of(ending: Ending) -> tuple[str, ...]:
    """Why the run ended early, a word each; the reasons themselves may repeat what the service said, and a prompt in it."""
    causes = {
        "signal": ending.signal is not None,
        "state": ending.state is not None,
        "service": ending.service is not None,
        "disk": ending.disk is not None,
        "transfers": ending.transfers is not None,
        "canary": ending.canary is not None,
        "failures": ending.failures is not None,
        "edited": ending.edited is not None,
        "budget": ending.budget or ending.account is not None,
        "error": ending.bugs > 0,
    }
    return tuple(word for word, holds in causes.items() if holds)
