"""The words in which a look at a run is told, on a panel and in a line alike."""

from runner.core.counting import noun
from runner.core.forecast import Span
from runner.core.glance import Cause, Glance, Transfers, Waiting
from runner.core.model import JobState
from runner.core.pacing import Requests
from runner.core.records import Counts

_MINUTE_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_SHOWN_STATES = (
    JobState.PENDING,
    JobState.SUBMITTING,
    JobState.RUNNING,
    JobState.FETCHING,
    JobState.FAILED,
    JobState.UNKNOWN,
)


def duration(seconds: float) -> str:
    """A time for people: ``40 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h" if seconds < 2 * _DAY_S else f"{seconds / _DAY_S:.1f} days"


def size(size_bytes: float) -> str:
    """A size for people: ``7.0 MB``."""
    for unit, of in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= of:
            return f"{size_bytes / of:.1f} {unit}"
    return f"{size_bytes / 1e3:.1f} kB"


def time_left(left: Span | None) -> str | None:
    """A range, with its unit once where both ends have the same; ``None`` where nothing is known."""
    if left is None:
        return None
    low, high = duration(left.low), duration(left.high)
    if low == high:
        return f"about {high} left"
    (low_number, low_unit), (_, high_unit) = low.split(" "), high.split(" ")
    return f"{low_number if low_unit == high_unit else low} to {high} left"


def rate(per_minute: float | None) -> str | None:
    """Jobs a minute, or an hour where that is less than one a minute."""
    if per_minute is None:
        return None
    return f"{per_minute:.1f} jobs a minute" if per_minute >= 1 else f"{per_minute * 60:.1f} jobs an hour"


def states(jobs: Counts) -> list[str]:
    """How many jobs stand where, but for those that are done: a piece each, without the zeros."""
    pieces = [f"{jobs.by_state[state]:,} {state.value}" for state in _SHOWN_STATES if jobs.by_state[state]]
    return [*pieces, f"{jobs.overdue:,} overdue"] if jobs.overdue else pieces


def done(jobs: Counts) -> str:
    """How many of all jobs are done."""
    return f"{jobs.by_state[JobState.DONE]:,} of {jobs.total:,} done"


def money(glance: Glance) -> str:
    """Spent, reserved, and what the budget leaves, in credits."""
    books = glance.books
    held = f"{books.spent:,} spent, {books.reserved:,} reserved"
    unknown = f" ({books.unknown:,} unknown)" if books.unknown else ""
    if books.budget is None or books.left is None:
        return f"{held}{unknown}, no budget"
    return f"{held}{unknown}, {books.left:,} left of {books.budget:,}"


def requests(at_hand: Requests) -> str:
    """What is left of the window."""
    more = f", more in {duration(max(1.0, at_hand.renews_in_s))}" if at_hand.renews_in_s > 0 else ""
    return f"{at_hand.left:,} left in this window{more}"


def transfers(now: Transfers) -> str:
    """Downloads on their way with their speed, and what this run has saved."""
    saved = f"{now.files:,} saved ({size(now.bytes)})"
    if not now.active:
        return saved
    speed = "" if now.bytes_per_s is None else f" at {size(now.bytes_per_s)}/s"
    return f"{saved}, {now.active} coming{speed}"


def waiting(reason: Waiting | None) -> str | None:
    """What the run waits for, and for how long as far as known."""
    if reason is None:
        return None
    seconds = "" if reason.seconds is None else f", {duration(max(1.0, reason.seconds))}"
    number = 0 if reason.number is None else reason.number
    match reason.cause:
        case Cause.STOPPING:
            return f"{number or 'no'} {noun(number, 'submission')} in the air, then it stops"
        case Cause.SERVICE:
            return f"the service, which has not answered{seconds.replace(',', ' for')}"
        case Cause.CANARY:
            return "the first job of each kind, before the rest goes"
        case Cause.RATE:
            return f"rate limit{seconds}"
        case Cause.HOURLY:
            return f"submissions an hour{seconds}"
        case Cause.BUDGET:
            return "the budget, which has no room now"
        case Cause.SLOTS:
            return "the only slot, which is taken" if number == 1 else f"slots, all {number} are taken"
        case Cause.TASKS:
            return f"{number:,} {noun(number, 'task')} at the service"
        case Cause.DOWNLOADS:
            return f"{number:,} {noun(number, 'download')}"
