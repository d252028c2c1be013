"""Rejected jobs of which another take is made: a new job each, pending, beside the old one whose files stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from runner.app.comparison import fingerprint, with_retakes
from runner.app.desk import PAGE, Decided, Decision, Desk
from runner.app.retrying import Offer
from runner.app.workplace import Workplace, manifest_of
from runner.core.errors import UsageError
from runner.core.expansion import expand
from runner.core.model import Job, JobState, Manifest
from runner.core.records import Batch, StoredJob
from runner.store import batches, enrolment, retakes
from runner.store.writer import Connection


@dataclass(frozen=True, slots=True)
class RemakeWishes:
    """Which rejected jobs are meant: those whose ids begin with one of ``beginnings``; without any, all of them.

    ``confirm`` is called with what that may cost, where there is something; it returns whether to go on.
    """

    beginnings: tuple[str, ...] = ()
    confirm: Callable[[Offer], bool] = lambda _: True


def make_again(
    workplace: Workplace, named: str, wishes: RemakeWishes, tell: Callable[[Decision], None]
) -> Decided:
    """Add another take of each rejected job that has none yet, to be paid for at the next run.

    Never spends, and asks nobody. Raises ``UsageError`` (no such batch or job, not confirmed), ``ManifestError`` (also
    where the layout gives two takes one path) and ``BusyError`` before anything is decided.
    """
    with workplace.deciding(named) as (writer, batch):
        desk = Desk(writer, batch, tell)
        originals = _chosen(desk, wishes.beginnings)
        if originals:
            number = len(originals)
            if not wishes.confirm(Offer(number, 0, number * batch.reservation_price, batch.price)):
                raise UsageError("not confirmed; nothing was changed")
            _make(desk, manifest_of(named, batch), originals)
        return desk.decided()


def _chosen(desk: Desk, beginnings: Sequence[str]) -> list[StoredJob]:
    """The rejected jobs that are meant; of those that were named, the others are told."""
    rejected = {one.pk: one for one in desk.writer.write_now(retakes.rejected, desk.batch.pk)}
    if not beginnings:
        return list(rejected.values())
    chosen: list[StoredJob] = []
    for page in desk.named(beginnings):
        for job in page:
            if job.pk in rejected:
                chosen.append(rejected[job.pk])
            else:
                desk.pass_by(job, "not rejected, or made again already: nothing to do")
    return chosen


def _make(desk: Desk, manifest: Manifest, originals: Sequence[StoredJob]) -> None:
    """Expand the manifest with the new takes in it, and take these into the state, all other jobs being left alone."""
    texts = fingerprint(manifest)
    wanted = desk.writer.write_now(retakes.instead_of, desk.batch, originals)
    by_row = {one.pk: one for one in originals}
    # To the end, before anything is written: only then it is known that two jobs have not one path.
    new = [job for job in expand(manifest, None, wanted) if job.instead_of is not None]
    is_enrolled = desk.batch.fingerprint == with_retakes(
        texts, desk.writer.write_now(retakes.made, desk.batch)
    )
    rest = iter(new)
    while page := list(islice(rest, PAGE)):
        desk.writer.write_now(_take_in, desk.batch, page, texts if is_enrolled else None)
        for job in page:
            original = by_row.pop(job.instead_of or 0)
            desk.moved_to(job, JobState.PENDING, f"take {job.take}, instead of the rejected {original.path}")
    for left in by_row.values():
        desk.leave(left, "the manifest does not name it any more, or it has as many takes as there may be")


def _take_in(connection: Connection, batch: Batch, jobs: Sequence[Job], texts: str | None) -> None:
    """New takes as pending jobs; with ``texts``, the state has all jobs of a manifest of these texts afterwards too."""
    # A removed job may have the path of one of them: it gives way at the next run.
    batches.mark_tree(connection, batch.pk, stale=True)
    enrolment.enrol(connection, batch.pk, jobs, batch.generation)
    if texts is not None:
        enrolment.reprint(connection, batch.pk, with_retakes(texts, retakes.made(connection, batch)))
