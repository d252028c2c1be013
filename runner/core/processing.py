"""The processing steps of a manifest: what is made of every video once it is there, and by which name it is kept.

What a step made is kept under a hash of all that it hangs on, so an edited step runs anew and an unchanged one never again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runner.core.errors import Place

Value = str | int | float


class StepKind(StrEnum):
    """What a step does; the words of the manifest, and stored as these."""

    PROBE = "probe"
    TRANSCODE = "transcode"
    FRAMES = "frames"
    THUMBNAIL = "thumbnail"
    PYTHON = "python"


class StepTrouble(StrEnum):
    """Why a step made nothing of a file; stored as these words. It never says anything of the job."""

    UNREADABLE = "unreadable"  # nothing in the file can be decoded here
    TIMEOUT = "timeout"  # it took longer than a step may
    ENDED = "ended"  # the process that did it ended, or answered nonsense
    TOO_LARGE = "too_large"  # more, or larger, than a step may make
    CODE = "code"  # the manifest's own function raised, or made what cannot be kept
    INPUT = "input"  # the video is gone, or not what was recorded
    TAKEN = "taken"  # a file of somebody else stands where the result belongs


TOP = "derived"
"""The directory of a tree that holds what steps made."""

_VERSIONS: Mapping[StepKind, int] = dict.fromkeys(StepKind, 1)
"""Raised where we make something else of the same parameters: then all of it is made anew."""


@dataclass(frozen=True, slots=True)
class ProcessingStep:
    """One entry of ``steps``, with its defaults filled in; ``place`` is where it stands."""

    kind: StepKind
    parameters: Mapping[str, Value] = field(default_factory=dict)
    place: Place = field(default=Place(""), compare=False)

    @property
    def makes_files(self) -> bool:
        """Whether it leaves anything in the tree; what ``probe`` finds stands in the state and the metadata."""
        return self.kind is not StepKind.PROBE

    @property
    def key(self) -> str:
        """64 hex digits of all that its results hang on, beside the video."""
        whole = {
            "kind": self.kind.value,
            "version": _VERSIONS[self.kind],
            "parameters": dict(self.parameters),
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

    @property
    def label(self) -> str:
        """What it is called, and its directory below ``TOP``: ``transcode-1a2b3c4d``."""
        return label_of(self.kind, self.key)


def label_of(kind: StepKind, key: str) -> str:
    """The label of a step of that kind and key."""
    return f"{kind.value}-{key[:8]}"


def stem_of(label: str, job_id: str, position: int) -> str:
    """Where in the tree the results of one video begin, without an extension.

    No word of a prompt or a layout is in it: it never moves, and no loader takes it for the name of a split.
    """
    return f"{TOP}/{label}/{job_id[:2]}/{job_id}-{position}"
