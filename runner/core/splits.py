"""Which split of a dataset a prompt belongs to.

The answer hangs on the text and the seed alone: takes, modes and ratios of one text never straddle two splits, and a
prompt stays in its split when the batch grows. In return the shares are met on average, not to the prompt.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from runner.core.errors import UsageError

_NAMES: dict[int, tuple[str, ...]] = {
    1: ("train",),
    2: ("train", "test"),
    3: ("train", "validation", "test"),
}
_PART = re.compile(r"(?:([a-z][a-z0-9_]{0,39})=)?(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})")
_DRAWS = 2**64


@dataclass(frozen=True, slots=True)
class Splits:
    """The names of the splits, with the upper end of the draws that fall into each, and the seed."""

    names: tuple[str, ...] = ("train",)
    ends: tuple[int, ...] = (_DRAWS,)
    seed: int = 0

    def of(self, prompt: str) -> str:
        """The split of the prompt with this text."""
        if len(self.names) == 1:
            return self.names[0]
        digest = hashlib.sha256(f"{self.seed}\0{prompt}".encode("utf-8", "surrogatepass")).digest()
        draw = int.from_bytes(digest[:8], "big")
        return next(name for name, end in zip(self.names, self.ends, strict=True) if draw < end)


def parse_splits(text: str | None, seed: int) -> Splits:
    """``0.9/0.1``, ``8/1/1`` or ``train=0.9/mine=0.1``: shares of the prompts, of which only the proportion counts.

    Two without names are train and test, three train, validation and test; ``None`` is one split, train. Raises
    ``UsageError`` for what is none of these.
    """
    if text is None:
        return Splits(seed=seed)
    found = [_PART.fullmatch(part.strip()) for part in text.split("/")]
    parts = [one for one in found if one is not None]
    shares = [Fraction(one[2]) for one in parts]
    if len(parts) < len(found) or not all(shares):
        raise UsageError(
            f"--split {text!r}: write shares above 0 with '/' between them, such as 0.9/0.1 or train=8/validation=1/test=1"
        )
    return Splits(_names(text, [one[1] for one in parts]), _ends(shares), seed)


def _names(text: str, given: Sequence[str | None]) -> tuple[str, ...]:
    named = tuple(name for name in given if name is not None)
    if not named and len(given) in _NAMES:
        return _NAMES[len(given)]
    if len(named) < len(given):
        raise UsageError(f"--split {text!r}: give every split a name, or none of up to three")
    if len(set(named)) < len(named):
        raise UsageError(f"--split {text!r}: two splits have one name")
    return named


def _ends(shares: Sequence[Fraction]) -> tuple[int, ...]:
    whole = sum(shares)
    return tuple(int(_DRAWS * sum(shares[: place + 1]) / whole) for place in range(len(shares)))
