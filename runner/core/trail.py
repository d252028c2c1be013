"""How fast a total has grown of late, from looks at it at any moments."""

from collections import deque

_SAMPLES = 64


class Trail:
    """What a total was, over the last ``over_s`` seconds; the number of samples is bounded, however often it is looked at."""

    def __init__(self, over_s: float) -> None:
        self._over_s = over_s
        self._samples: deque[tuple[float, int]] = deque()

    def growth(self, now: float, total: int) -> tuple[int, float]:
        """Note the total, and say by how much it has grown within how many seconds; (0, 0.0) at the first look."""
        samples = self._samples
        if not samples or now - samples[-1][0] >= self._over_s / _SAMPLES:
            samples.append((now, total))
        while len(samples) > 1 and samples[1][0] <= now - self._over_s:
            samples.popleft()
        since, was = samples[0]
        return total - was, now - since
