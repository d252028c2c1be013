"""How long to wait before the next try: exponential, with full jitter.

Full jitter (a uniform draw from 0 to the cap of the attempt) spreads clients that failed together best; see
"Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

BASE_S = 1.0
CAP_S = 60.0

_DOUBLINGS_MAX = 60  # beyond any cap; keeps 2**attempt from growing into a number that no float holds


def backoff_s(attempt: int, jitter: float, *, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Seconds to wait after the ``attempt``-th failure in a row (the first is 1; less counts as 1).

    ``jitter`` is a random number in [0, 1) that the caller draws. The wait is ``jitter`` times the attempt's cap,
    which is ``base_s`` for the first, doubles with each, and ends at ``cap_s``.
    """
    doublings = min(max(attempt, 1) - 1, _DOUBLINGS_MAX)
    return float(jitter * min(cap_s, base_s * 2.0**doublings))
