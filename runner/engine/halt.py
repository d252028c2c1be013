"""Why, and how far, a run stops.

Three depths: *quiet* (no new submission, everything paid for goes on), *no downloads* (a full disk, an engine that is gone) and *stopped*
(nothing but the POSTs that are already in the air, which are waited for so that none becomes unknown). A budget without
room is none of them: it may have room again once what is in the air, or at work, turned out to cost nothing.
"""

import asyncio
import math
from collections.abc import Callable

from runner.core.counting import noun

UNKNOWN_IN_A_ROW = 3
UNREACHABLE_S = 600.0


class Halt:
    """The reasons that were given so far; only the first of each kind counts."""

    def __init__(self, on_closed: Callable[[], None] = lambda: None) -> None:
        self._on_closed = on_closed
        self.answers = 0
        """How often the service answered anything."""

        self.quiet = asyncio.Event()
        self.no_downloads = asyncio.Event()
        self.stopped = asyncio.Event()
        self.signal: int | None = None
        self.state: str | None = None
        self.service: str | None = None
        self.disk: str | None = None
        self.transfers: str | None = None
        self.canary: str | None = None
        self.failures: str | None = None
        self.edited: str | None = None
        self.budget = False
        self._failed = 0
        self._proved = 0
        self._failures_most: int | None = None
        self._unknown_in_a_row = 0
        self._unreached_since: float | None = None

    def enough(self) -> None:
        """The time for submissions is over (``--deadline``)."""
        self._quieten()

    def budget_reached(self) -> None:
        """The cap has no room for another reservation: whoever waits for its turn to submit need not wait."""
        self.budget = True
        self._on_closed()

    def budget_has_room(self) -> None:
        """Credits that were held came back."""
        self.budget = False

    @property
    def is_closed(self) -> bool:
        """Whether no job may be begun now."""
        return self.budget or self.quiet.is_set()

    @property
    def at_once_max(self) -> float:
        """How many tasks may be under way, so that they cannot fail in larger numbers than ``limits.max_failures``.

        Each that the service completes lets one more go, so that only a batch that goes wrong is held up.
        """
        most = self._failures_most
        return math.inf if most is None else max(1, most - self._failed + self._proved)

    def allow_failures(self, most: int, failed: int, proved: int) -> None:
        """End submission when ``most`` jobs have failed (``limits.max_failures``).

        ``failed`` already have, and the service has completed ``proved``.
        """
        self._failures_most, self._proved = most, proved
        self._count_failures(failed)

    def job_failed(self) -> bool:
        """A job came to rest as failed; ``True`` if that ends submission."""
        was_open = self.failures is None
        self._count_failures(1)
        return was_open and self.failures is not None

    def job_proved(self) -> None:
        """The service completed a task."""
        self._proved += 1

    def canary_lost(self, reason: str) -> None:
        """The first jobs of a kind came to nothing: the others stay at home."""
        self.canary = self.canary or reason
        self._quieten()

    def not_as_priced(self, reason: str) -> None:
        """The jobs that have just come are not those that were priced."""
        self.edited = self.edited or reason
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

    def transfers_end(self, reason: str) -> None:
        """Whoever fetches files for this run is gone."""
        self.transfers = self.transfers or reason
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
            self.service_refuses(
                f"{UNKNOWN_IN_A_ROW} submissions in a row had an unknown outcome: decide them first"
            )

    def reached(self) -> None:
        """The service answered something."""
        self.answers += 1
        self._unreached_since = None

    def unreached(self, now: float, reason: str) -> None:
        """A request got no answer at ``now`` (seconds of the loop's clock); after 10 minutes of it the run ends."""
        if self._unreached_since is None:
            self._unreached_since = now
        elif now - self._unreached_since >= UNREACHABLE_S:
            why = f"the service could not be reached for 10 minutes: {reason}; check the network, and run it again"
            self.service_refuses(why, all_calls=True)

    def unreached_for_s(self, now: float) -> float:
        """For how long nothing has been answered; 0 where the last request was."""
        return 0.0 if self._unreached_since is None else now - self._unreached_since

    def _count_failures(self, more: int) -> None:
        self._failed += more
        most = self._failures_most
        if most is not None and self._failed >= most and self.failures is None:
            self.failures = f"{self._failed} {noun(self._failed, 'job has', 'jobs have')} failed, and limits.max_failures ends submission at {most}"
            self._quieten()

    def _quieten(self) -> None:
        if not self.quiet.is_set():
            self.quiet.set()
            self._on_closed()

    def _stop(self) -> None:
        self._quieten()
        self.no_downloads.set()
        self.stopped.set()
