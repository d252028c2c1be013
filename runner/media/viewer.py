"""A process that looks into videos, seen from here."""

import os
from typing import Any

from runner.core.records import Media
from runner.media.outcomes import TURNS, Pictured, Probed, Still, Unreadable
from runner.media.process import Decoder

LONGEST_S = 20.0
"""What one file may take; a whole one takes some milliseconds."""

_STRANGE = "the decoder answers what it never should"


class Viewer(Decoder):
    """Looks into one file after the other; to be used by one thread at a time, and closed.

    Whatever a file holds, each answer comes within ``longest_s`` or is ``Unreadable``.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        super().__init__("runner.media.worker", longest_s)

    def probe(self, handle: int) -> Probed:
        """What the open file holds; its handle stays the caller's, and its position is moved.

        Raises ``UsageError`` where the extra ``media`` cannot be used at all.
        """
        answer = self._asked(handle, None)
        return answer if isinstance(answer, Unreadable) else _media(answer[0])

    def still(self, handle: int, edge: int) -> Pictured:
        """One picture that stands for the open file, at most ``edge`` pixels wide and high; as for ``probe``."""
        answer = self._asked(handle, edge)
        return answer if isinstance(answer, Unreadable) else _still(*answer)

    def _asked(self, handle: int, edge: int | None) -> tuple[dict[str, Any], bytes] | Unreadable:
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            found, pixels = self.ask({"edge": edge}, [handle])
        except TimeoutError:
            return Unreadable(f"it takes the decoder more than {self.longest_s:.0f} s")
        except (OSError, ValueError):
            return Unreadable("it ends the decoder")
        return Unreadable(str(found["unreadable"])) if "unreadable" in found else (found, pixels)


def _media(found: dict[str, Any]) -> Probed:
    """The answer field by field: a file that took the decoder over could send anything."""
    match found:
        case {
            "width": int(width),
            "height": int(height),
            "duration_s": (float() | None) as duration_s,
            "fps": (float() | None) as fps,
            "codec": str(codec),
        }:
            return Media(width, height, duration_s, fps, codec)
        case _:
            return Unreadable(_STRANGE)


def _still(found: dict[str, Any], pixels: bytes) -> Pictured:
    match found:
        case {"width": int(width), "height": int(height), "turn": turn} if (
            turn in TURNS and len(pixels) == width * height * 3 > 0
        ):
            return Still(width, height, pixels, turn)
        case _:
            return Unreadable(_STRANGE)
