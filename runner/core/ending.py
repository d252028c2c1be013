"""How a run ended, and the exit code that follows."""

from dataclasses import dataclass, replace

from runner.core.model import JobState
from runner.core.records import Counts

EXIT_OK = 0
EXIT_INCOMPLETE = 1
EXIT_USAGE = 2
EXIT_BUDGET = 3
EXIT_UNDECIDED = 4
EXIT_SERVICE = 5
EXIT_INTERNAL = 70
EXIT_STATE = 74


@dataclass(frozen=True, slots=True)
class Ending:
    """What holds at the end of a run.

    ``signal`` is the number of the signal that stopped it. ``service`` and ``state`` say why the service or the state
    ended it, ``disk``, ``transfers``, ``canary`` and ``failures`` why submission ended early, ``edited`` that the manifest
    was changed while its jobs were taken in, ``budget`` that the cap ended it, ``account`` that of the account did and why,
    ``bugs`` how many jobs met an error of this program. The counts are of the jobs that were asked for: ``incomplete``
    failed, could not be fetched, or were left pending because they never reached the service; ``undecided`` wait for
    ``resolve`` or are overdue; ``held`` were left pending because their prompts, ``paused``, are.
    """

    signal: int | None = None
    state: str | None = None
    service: str | None = None
    disk: str | None = None
    transfers: str | None = None
    canary: str | None = None
    failures: str | None = None
    edited: str | None = None
    budget: bool = False
    account: str | None = None
    bugs: int = 0
    incomplete: int = 0
    undecided: int = 0
    held: int = 0
    paused: tuple[str, ...] = ()

    @classmethod
    def of(cls, counts: Counts) -> "Ending":
        """The end of a run that found nothing to do."""
        return cls().with_counts(counts)

    def with_counts(self, counts: Counts) -> "Ending":
        """The same with what the jobs that were asked for came to."""
        states = counts.by_state
        incomplete = self.incomplete + states[JobState.FAILED] + states[JobState.FETCHING]
        undecided = self.undecided + states[JobState.UNKNOWN] + counts.overdue
        return replace(self, incomplete=incomplete, undecided=undecided)

    @property
    def exit_code(self) -> int:
        """The first that holds of: a signal, the state, an internal error, the service, an edit, the cap, undecided, incomplete."""
        causes = (
            (self.signal is not None, 128 + (self.signal or 0)),
            (self.state is not None, EXIT_STATE),
            (self.bugs > 0, EXIT_INTERNAL),
            (self.service is not None, EXIT_SERVICE),
            (self.edited is not None, EXIT_USAGE),
            (self.budget or self.account is not None, EXIT_BUDGET),
            (self.undecided > 0, EXIT_UNDECIDED),
            (self._is_incomplete, EXIT_INCOMPLETE),
        )
        return next((code for holds, code in causes if holds), EXIT_OK)

    @property
    def _is_incomplete(self) -> bool:
        ended_early = self.disk, self.transfers, self.canary, self.failures
        return self.incomplete > 0 or self.held > 0 or any(reason is not None for reason in ended_early)
