"""The request rate of the service: a fixed window, and the headers that announce it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from runner.sandbox.options import ResetForm, SandboxOptions


@dataclass(slots=True)
class Window:
    """So many requests in so many seconds; a window begins with the first request after the last one ended.

    With the option ``clock_windows`` it begins at a multiple of its length, as where a counter is named by the time.
    It is kept in memory: a service that restarts forgets it, as real ones do.
    """

    options: SandboxOptions
    ends_at_s: float = 0.0
    remaining: int = 0

    def take(self, now_s: float) -> bool:
        """Counts one request at ``now_s`` (epoch seconds); False, and nothing counted, when it is over the rate."""
        if now_s >= self.ends_at_s:
            self.ends_at_s = self._begins_at_s(now_s) + self.options.window_s
            self.remaining = self.options.window_requests
        if self.remaining <= 0:
            return False
        self.remaining -= 1
        return True

    def headers(self, now_s: float) -> Mapping[str, str]:
        """``X-RateLimit-Remaining`` and ``-Reset``, which stand on every API answer (section "Oran Sınırları")."""
        ends_at_s = max(self.ends_at_s, now_s)
        match self.options.reset_form:
            case ResetForm.DELTA:
                reset = seconds_text(ends_at_s - now_s)
            case ResetForm.EPOCH:
                reset = str(math.ceil(ends_at_s))
            case ResetForm.EPOCH_MS:
                reset = str(math.ceil(ends_at_s * 1000))
        return {"X-RateLimit-Remaining": str(self.remaining), "X-RateLimit-Reset": reset}

    def retry_after(self, wait_s: float) -> Mapping[str, str]:
        """``Retry-After`` for a refusal that passes in ``wait_s`` seconds, where the options want one."""
        return {"Retry-After": seconds_text(wait_s)} if self.options.retry_after else {}

    def _begins_at_s(self, now_s: float) -> float:
        return now_s - now_s % self.options.window_s if self.options.clock_windows else now_s


def seconds_text(wait_s: float) -> str:
    """Whole seconds, rounded up; below one second with decimals, so that a test with tiny windows need not wait."""
    return str(math.ceil(wait_s)) if wait_s >= 1 else f"{max(wait_s, 0.001):.3f}"
