"""Uniqueness of millions of texts in 8 bytes each."""

from array import array
from itertools import pairwise

_PARTS = 64  # so that looking for repetitions builds a set of one part only


class Fingerprints:
    """The hashes of texts, kept to find out afterwards which of them came more than once.

    Two texts may share a hash (about 1 in 30 million for a million texts), so a repeated one is a suspicion; and
    the hashes hold for this process only.
    """

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]

    def add(self, text: str) -> None:
        """Keep the hash of ``text``."""
        number = hash(text)
        self._parts[number % _PARTS].append(number)

    def repeated(self, limit: int) -> frozenset[int]:
        """The hashes that were added more than once, at most ``limit`` of them: compare ``hash(text)`` with these."""
        found: set[int] = set()
        for part in self._parts:
            if len(found) >= limit:
                break
            if len(set(part)) < len(part):
                ordered = sorted(part)
                found.update(low for low, high in pairwise(ordered) if low == high)
        return frozenset(sorted(found)[:limit])
