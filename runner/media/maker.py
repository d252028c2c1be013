"""A process that makes pictures and videos, seen from here."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from runner.core.processing import StepTrouble
from runner.media.outcomes import NotMade
from runner.media.process import Decoder
from runner.media.workshop import MOST_BYTES

LONGEST_S = 600.0
"""What one step may take with one file."""

MOST_OUTPUTS = 10_000
_STRANGE = NotMade(StepTrouble.ENDED, "the process that makes it answers what it never should")


class Maker(Decoder):
    """Carries out the steps of this program; to be used by one thread at a time, and closed."""

    def __init__(self, is_wanted: Callable[[], bool] = lambda: True, longest_s: float = LONGEST_S) -> None:
        super().__init__("runner.media.workshop", longest_s, is_wanted)

    def make(
        self, kind: str, parameters: Mapping[str, Any], source: BinaryIO, target: BinaryIO
    ) -> list[int] | NotMade:
        """Write all that the step makes into ``target``, which is empty; how long each output is, in bytes.

        Raises ``OSError`` where the disk is full, ``UsageError`` where the extra ``media`` cannot be used, and
        ``UnwantedError``.
        """
        source.seek(0)
        try:
            found, _ = self.ask(
                {"kind": kind, "parameters": dict(parameters)}, [source.fileno(), target.fileno()]
            )
        except TimeoutError:
            return NotMade(StepTrouble.TIMEOUT, f"it takes more than {self.longest_s:.0f} s")
        except (OSError, ValueError):
            return NotMade(StepTrouble.ENDED, "it ends the process that makes it")
        return _lengths(found, target.seek(0, 2))


def _lengths(found: dict[str, Any], size_bytes: int) -> list[int] | NotMade:
    """The answer, looked at: a file that took the process over could send anything."""
    match found:
        case {"trouble": "disk", "reason": str(reason)}:
            raise OSError(28, reason)
        case {"trouble": str(trouble), "reason": str(reason)} if trouble in set(StepTrouble):
            return NotMade(StepTrouble(trouble), reason)
        case {"lengths": [_, *_] as lengths} if (
            len(lengths) <= MOST_OUTPUTS
            and all(type(each) is int and each > 0 for each in lengths)
            and sum(lengths) == size_bytes <= MOST_BYTES
        ):
            return list(lengths)
        case _:
            return _STRANGE
