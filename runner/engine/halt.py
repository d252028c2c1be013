"""Why, and how far, a run stops.

Three depths: *quiet* (no new submission, everything paid for goes on), *no downloads* (a full disk) and *stopped*
(nothing but the POSTs that are already in the air, which are waited for so that none becomes unknown).
"""

import asyncio
from collections.abc import Callable

UNKNOWN_IN_A_ROW = 3
UNREACHABLE_S = 600.0


class Halt:
    """The reasons that were given so far; only the first of each kind counts."""

    def __init__(self, on_quiet: Callable[[], None] = lambda: None) -> None:
        self._on_quiet = on_quiet
        self.answers = 0
        """How often the service answered anything."""

        self.quiet = asyncio.Event()
        self.no_downloads = asyncio.Event()
        self.stopped = asyncio.Event()
        self.signal: int | None = None
        self.state: str | None = None
        self.service: str | None = None
        self.disk: str | None = None
        self.budget = False
        self._unknown_in_a_row = 0
        self._unreached_since: float | None = None

    def enough(self) -> None:
        """What was asked for is submitted (``--limit``, ``--deadline``)."""
        self._quieten()

    def budget_reached(self) -> None:
        """The cap has no room for another reservation."""
        self.budget = True
        self._quieten()

    def service_refuses(self, reason: str, *, all_calls: bool = False) -> None:
        """The account or the address is refused; with ``all_calls`` even asking is pointless."""
        self.service = self.service or reason
        self._quieten()
        if all_calls:
            self.stopped.set()

    def disk_refuses(self, reason: str) -> None:
        """The output cannot be written."""
        self.disk = self.disk or reason
        self._quieten()
        self.no_downloads.set()

    def state_failed(self, reason: str) -> None:
        """A commit is in doubt: nothing may be acted upon any more."""
        self.state = self.state or reason
        self._stop()

    def interrupted(self, signal: int) -> None:
        """A signal came."""
        self.signal = self.signal or signal
        self._stop()

    def post_answered(self, *, unknown: bool) -> None:
        """A POST had an outcome, in order of arrival; three unknown ones in a row end submission."""
        self._unknown_in_a_row = self._unknown_in_a_row + 1 if unknown else 0
        if self._unknown_in_a_row >= UNKNOWN_IN_A_ROW:
            self.service_refuses(f"{UNKNOWN_IN_A_ROW} submissions in a row had an unknown outcome")

    def reached(self) -> None:
        """The service answered something."""
        self.answers += 1
        self._unreached_since = None

    def unreached(self, now: float, reason: str) -> None:
        """A request got no answer at ``now`` (seconds of the loop's clock); after 10 minutes of it the run ends."""
        if self._unreached_since is None:
            self._unreached_since = now
        elif now - self._unreached_since >= UNREACHABLE_S:
            self.service_refuses(f"the service could not be reached for 10 minutes: {reason}", all_calls=True)

    def _quieten(self) -> None:
        if not self.quiet.is_set():
            self.quiet.set()
            self._on_quiet()

    def _stop(self) -> None:
        self._quieten()
        self.no_downloads.set()
        self.stopped.set()
