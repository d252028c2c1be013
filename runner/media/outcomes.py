"""What comes of looking into a video."""

from dataclasses import dataclass

from runner.core.records import Media


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a video: ``pixels`` are rows of RGB, three bytes a pixel, as they are stored.

    ``turn`` is how they are turned to be shown, as Pillow names it (``ROTATE_90``), or ``None``.
    """

    width: int
    height: int
    pixels: bytes
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing can be seen in the file; ``reason`` is for people and may hold anything that the file holds."""

    reason: str


Probed = Media | Unreadable
Pictured = Still | Unreadable
