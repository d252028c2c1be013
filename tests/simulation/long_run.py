"""Pieces of a long run, to be shared out among processes; what they give back can be sent between them."""

import math
import time
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor

from . import points
from .mix import mix_of
from .state import temporary_state
from .world import ViolationError, simulate

PIECE = 20
"""Seeds in one piece: enough to make the opening of a state worth it."""


def explore(first, last):
    """Run these seeds; gives how often each situation came up, and a line with its replay for each failure."""
    seen, failures = Counter(), []
    with temporary_state() as file:
        for seed in range(first, last):
            try:
                seen += simulate(mix_of(seed), file).situations
            except ViolationError as error:
                failures.append(f"python -m tests.simulation {seed}    # {error}")
    return seen, failures


def enumerate_points(number, point, pairs):
    """Crash at this point of a schedule, as a process and with the power, or as pairs with every point after it.

    Gives how many runs that were, and a line with its replay for each failure.
    """
    mix, runs, failures = points.schedule(number), 0, []
    with temporary_state() as file:
        first = points.crash(point, power=True)
        seconds = range(1, points.count_points(mix, file, first) + 1) if pairs else (None,)
        for second in seconds:
            for power in (True,) if pairs else (False, True):
                crashes = [points.crash(each, power=power) for each in (point, second) if each is not None]
                runs += 1
                failures += failure_of(number, mix, file, crashes)
    return runs, failures


def failure_of(number, mix, file, crashes):
    """A line with the replay if that run breaks a promise, else nothing."""
    try:
        points.crashed_at(mix, file, *crashes)
    except ViolationError as error:
        named = ",".join(str(each.at_point) for each in crashes) + (" --power" if crashes[0].power else "")
        return [f"python -m tests.simulation --points {number} --crash {named}    # {error}"]
    return []


def spread(work, pieces, workers, until=math.inf):
    """Share ``pieces`` (tuples of arguments) out among processes; gives each with its result, in order.

    Stops before the first piece that would begin after ``until`` (seconds of the monotonic clock).
    """
    under_way = deque()
    with ProcessPoolExecutor(workers) as pool:
        for piece in pieces:
            if len(under_way) >= 2 * workers:
                asked, result = under_way.popleft()
                yield asked, result.result()
            if time.monotonic() >= until:
                break
            under_way.append((piece, pool.submit(work, *piece)))
        for asked, result in under_way:
            yield asked, result.result()
