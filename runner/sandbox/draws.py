"""Chance as a function of what is asked, not of when: the same request under the same seed meets the same fate."""

import hashlib
import math
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Draws:
    """All the randomness of a sandbox; no state, so the order of arrival cannot change what is drawn."""

    seed: int

    def unit(self, name: str, key: str, turn: int = 0) -> float:
        """A number above 0 and below 1 for the ``turn``-th time (from 0) that ``key`` is drawn for ``name``."""
        number = int.from_bytes(self._digest(name, key, turn)[:6], "big")
        return (number + 0.5) / 2**48

    def hits(self, share: float, name: str, key: str, turn: int = 0) -> bool:
        """Whether a fault of this ``share`` (0 to 1) strikes; a share of 0 costs nothing to ask."""
        return share > 0 and (share >= 1 or self.unit(name, key, turn) < share)

    def lognormal(self, median: float, spread: float, key: str) -> float:
        """A positive number around ``median``; ``spread`` is the deviation of its logarithm."""
        if median == 0 or spread == 0:
            return median
        return median * math.exp(spread * _NORMAL.inv_cdf(self.unit("latency", key)))

    def name(self, name: str, key: str, turn: int = 0) -> str:
        """24 lower-case hex digits that differ for every other name, key or turn."""
        return self._digest(name, key, turn).hex()

    def _digest(self, name: str, key: str, turn: int) -> bytes:
        return hashlib.blake2b(f"{self.seed}\0{name}\0{key}\0{turn}".encode(), digest_size=12).digest()
