"""Answers about batches, while a run may be going on; nothing is changed and no lock is taken."""

from collections.abc import Iterator
from dataclasses import dataclass

from runner.app.workplace import Workplace, find_batch
from runner.core.model import JobState
from runner.core.records import Batch, JobRecord, Trouble
from runner.report.payload import Standing
from runner.store import batches, locks, processing, reads, records, troubles
from runner.store.records import Selection
from runner.store.writer import Connection

LAST_ERRORS = 5
EVERY_JOB = Selection()


@dataclass(frozen=True, slots=True)
class Look:
    """Where a batch stands, with its newest errors (job id, message), and its troubles by class."""

    standing: Standing
    errors: tuple[tuple[str, str], ...]
    troubles: tuple[Trouble, ...]


def standings(workplace: Workplace, named: str | None) -> list[Look]:
    """A look at one batch, or at all of them."""
    with workplace.reading() as connection:
        if named is None and connection is None:
            return []
        if named is not None or connection is None:
            chosen = [find_batch(connection, named or "", workplace.state)]
        else:
            chosen = batches.every(connection)
        if connection is None:
            return []
        return [_look(workplace, connection, batch) for batch in chosen]


def standing_of(workplace: Workplace, connection: Connection, batch: Batch) -> Standing:
    """Where a batch stands in this view of the state.

    Where a process died and nobody holds the lock, its ``submitting`` jobs count as unknown, which they will become.
    """
    counts = reads.counts(connection, batch.pk)
    files, size_bytes = reads.file_totals(connection, batch.pk)
    pid = locks.holder(workplace.state, batch.name)
    stale = counts.by_state[JobState.SUBMITTING] if pid is None else 0
    held = reads.submitting_credits(connection, batch.pk) if stale else 0
    steps = processing.counts(connection, batch.pk)
    return Standing(batch, counts, files, size_bytes, pid, stale, held, steps)


def jobs(workplace: Workplace, named: str, selection: Selection) -> Iterator[JobRecord]:
    """The chosen jobs of a batch in the order of submission, a page at a time."""
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
        if connection is None:
            return
        yield from shown_records(workplace, connection, batch, selection)


def shown_records(
    workplace: Workplace, connection: Connection, batch: Batch, selection: Selection = EVERY_JOB
) -> Iterator[JobRecord]:
    """The same in this view of the state: what a process that died was submitting is unknown."""
    is_dead = locks.holder(workplace.state, batch.name) is None
    for record in records.records(connection, batch.pk, _widened(selection, is_dead=is_dead)):
        yield record.as_unknown() if is_dead and record.job.state is JobState.SUBMITTING else record


def _look(workplace: Workplace, connection: Connection, batch: Batch) -> Look:
    errors = tuple(reads.last_errors(connection, batch.pk, LAST_ERRORS))
    return Look(standing_of(workplace, connection, batch), errors, troubles.by_class(connection, batch.pk))


def _widened(selection: Selection, *, is_dead: bool) -> Selection:
    states = selection.states
    if not is_dead or not states:
        return selection
    wanted: tuple[JobState, ...] = tuple(state for state in states if state is not JobState.SUBMITTING)
    if JobState.UNKNOWN in states:
        wanted = (*wanted, JobState.SUBMITTING)
    return Selection(wanted, selection.only, selection.job_ids, selection.removed)
