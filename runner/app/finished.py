"""How a run ended, as its callers get it."""

from dataclasses import dataclass

from runner.core.counting import noun
from runner.core.ending import Ending
from runner.core.records import Trouble
from runner.report.closing import Made
from runner.report.payload import Standing


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: its exit code, where the batch stands now, and what a person should be told."""

    ending: Ending
    exit_code: int
    standing: Standing
    made: Made
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the run ended before its time, for people."""
        ending = self.ending
        budget = (
            "the budget has no room for another generation; raise it with --budget" if ending.budget else None
        )
        jobs = f"{ending.bugs} {noun(ending.bugs, 'job')}"
        bugs = f"{jobs} met an error of this program; run it again" if ending.bugs else None
        guards = ending.transfers, ending.canary, ending.failures, ending.edited, ending.account
        found = (ending.state, ending.service, ending.disk, *guards, budget, bugs)
        return tuple(f"stopped: {reason}" for reason in found if reason)
