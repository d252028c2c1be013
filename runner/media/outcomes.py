"""What comes of looking into a video."""

from dataclasses import dataclass

from runner.core.processing import StepTrouble
from runner.core.records import Media

TURNS = (
    None,
    "ROTATE_90",
    "ROTATE_180",
    "ROTATE_270",
    "FLIP_LEFT_RIGHT",
    "FLIP_TOP_BOTTOM",
    "TRANSPOSE",
    "TRANSVERSE",
)
"""How a picture may have to be turned to be shown, as Pillow names it."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a video: ``pixels`` are rows of RGB, three bytes a pixel, as they are stored.

    ``turn`` is one of ``TURNS``.
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


@dataclass(frozen=True, slots=True)
class Output:
    """One file that a step made: ``suffix`` is what its name in the tree ends with, ``/00001.jpg`` or ``.mp4``.

    It lies, whole and synced, as ``name`` in the directory that was given.
    """

    suffix: str
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a step made of a file."""

    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class NotMade:
    """Why a step made nothing; ``reason`` is for people and may hold anything that the file holds."""

    trouble: StepTrouble
    reason: str


Making = Made | NotMade


class UnwantedError(Exception):
    """Nobody wants the answer any more."""
