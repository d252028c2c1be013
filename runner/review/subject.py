"""What is reviewed: a batch, and what the program around the server knows of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runner.core.advice import Invocation
from runner.core.model import JobState
from runner.core.records import JobRecord
from runner.report import catalogue
from runner.report.failures import failures
from runner.report.payload import Standing, status_json
from runner.review.feed import Figures
from runner.store import batches, locks, records, troubles
from runner.store.places import State
from runner.store.records import Selection
from runner.store.writer import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """A batch of a state. ``standing`` says where it stands in a view of the state.

    ``now`` is the time as it is stored, ``call`` how a person goes on with the batch on the command line.
    """

    state: State
    batch_pk: int
    name: str
    call: Invocation
    standing: Callable[[Connection], Standing]
    now: Callable[[], str]

    def tree(self, connection: Connection) -> str:
        """The output directory, absolute, or the URL of the tree; it may not be there."""
        return batches.by_pk(connection, self.batch_pk).output_dir

    def is_at_work(self) -> bool:
        """Whether a process runs the batch now."""
        return locks.holder(self.state, self.name) is not None

    def records(self, connection: Connection, pks: Sequence[int] | None = None) -> Iterator[JobRecord]:
        """The jobs of the batch (of these rows, a page), as they are shown.

        What a dead process left as being submitted is unknown: the next run finds it so.
        """
        is_dead = not self.is_at_work()
        selection = Selection(pks=None if pks is None else tuple(pks))
        for record in records.records(connection, self.batch_pk, selection):
            is_lost = is_dead and record.job.state is JobState.SUBMITTING
            yield record.as_unknown() if is_lost else record

    def figures(self, connection: Connection) -> Figures:
        """The figures of the batch, and its failures by class."""
        standing = self.standing(connection)
        known = failures(standing, troubles.by_class(connection, self.batch_pk), self.call)
        return Figures(catalogue.figures(status_json(standing)), tuple(known))
