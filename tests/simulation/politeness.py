"""How often this program may ask: the configured rates, what the service announced, and what it refused in passing."""

from runner.core.outcomes import Throttled

_ROUNDING_S = 1e-6
_ROUNDED_S = (
    2.5  # a reset in whole seconds that counts from a ``Date`` of whole seconds, and the way of the answer
)


def wrongs_of_request(facts, mix, now, *, is_post):
    """A request leaves; what it breaks in view of those before it, and of what this process heard."""
    facts.requests.append(now)
    most = max(1, int(mix.limits.requests_per_minute))
    recent = sum(at > now - 60.0 for at in facts.requests)
    if recent > most:
        yield f"{recent} requests within a minute, and {most} may be"
    began, until = facts.paused
    # A submission is permitted before its reservation is written, and leaves after that.
    grace_s = 3 * (mix.fsync_s or 0.0) if is_post else 0.0
    if began + grace_s < now < until - _ROUNDING_S:
        yield f"a request leaves at {now:.3f} although everybody waits until {until:.3f}"
    until, left, heard_at = facts.window
    if now < until - _ROUNDING_S:
        facts.window = (until, left - 1, heard_at)
        if left < 1 and now > heard_at + grace_s:
            yield f"a request leaves at {now:.3f} although nothing is left until {until:.3f}"


def hear(facts, answer, now):
    """What an answer announces about the requests that are left, and how long a refusal in passing stops everybody."""
    limits = getattr(answer, "limits", None)
    if limits is not None and limits.remaining is not None:
        until, left, heard_at = facts.window
        ends_at = now + limits.reset_after_s  # late by as long as the answer travelled
        # More is left, and for longer than rounding explains: the next window, though an answer of the last one came late
        # and made that one seem to go on.
        is_refilled = limits.remaining > left and ends_at > until + _ROUNDED_S
        if now >= until - _ROUNDING_S or is_refilled:
            facts.window = (ends_at, limits.remaining, now)
        elif limits.remaining < left:
            facts.window = (min(until, ends_at), limits.remaining, now)
        else:
            facts.window = (min(until, ends_at), left, heard_at)
    if isinstance(answer, Throttled):
        began, until = facts.paused
        asked_s = answer.after_s or (None if answer.has_requests_left else answer.limits.reset_after_s)
        if asked_s is None:  # a wait of its own drawing, at least half a second, unless one is under way
            asked_s = 0.5 if now > until + 60.0 else 0.0
        facts.paused = (began if now < until else now, max(until, now + asked_s))


class Submissions:
    """Those of all processes: the service does not know one from the other."""

    def __init__(self):
        self._sent_at = []

    def wrongs(self, limits, now, *, is_clock_true):
        """A submission leaves that may reach the service.

        Where the wall clock jumped, a process cannot know how long ago those of an earlier one were.
        """
        self._sent_at.append(now)
        if not is_clock_true:
            return
        caps = [("hour", 3600.0, limits.submissions_per_hour), ("minute", 60.0, limits.requests_per_minute)]
        for name, seconds, most in caps:
            recent = sum(at > now - seconds for at in self._sent_at)
            if most is not None and recent > max(1, int(most)):
                yield f"{recent} submissions within one {name}, and {most} may be"
