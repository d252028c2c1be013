"""Deleting the files of rejected jobs: the one command that takes a paid result away, because a person said so twice."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from runner.app import describing, shelving
from runner.app.verifying import Checked, check_all
from runner.app.workplace import Workplace, stamp
from runner.core.errors import StateError, UsageError
from runner.core.records import Batch
from runner.files.depot import Depot
from runner.files.outcomes import Damaged
from runner.report.metadata import NAME
from runner.store import batches, processing, pruning
from runner.store.mending import Recorded
from runner.store.processing import Derived
from runner.store.writer import Connection, DirectWriter

PAGE = 200


@dataclass(frozen=True, slots=True)
class Doomed:
    """What would be deleted: so many files of so many rejected jobs, with their bytes."""

    jobs: int
    files: int
    bytes: int


@dataclass(slots=True)
class Pruned:
    """What came of it. ``left`` are files that could not be deleted, or are not what was recorded.

    Those of jobs that somebody keeps after all are not among them.
    """

    batch: str
    jobs: int = 0
    files: int = 0
    bytes: int = 0
    left: int = 0
    unlisted: str | None = None
    """Why ``metadata.jsonl`` could not be brought up to date; the next run does it."""

    @property
    def exit_code(self) -> int:
        """1 where something was left, else 0."""
        return 1 if self.left or self.unlisted else 0


@dataclass(frozen=True, slots=True)
class Pruning:
    """One file: deleted, or left for a reason."""

    path: str
    job_id: str
    left_because: str | None = None


def prune(
    workplace: Workplace, named: str, confirm: Callable[[Doomed], bool], tell: Callable[[Pruning], None]
) -> Pruned:
    """Delete the files of the jobs that are rejected now; the jobs stay done and paid for.

    A file goes before its row: who is killed in between finds it gone, and is done with it the next time. Raises
    ``UsageError`` (no such batch, not confirmed, no tree) and ``BusyError`` before anything is deleted.
    """
    with workplace.deciding(named) as (writer, batch):
        doomed = Doomed(*writer.write_now(pruning.totals, batch.pk))
        result = Pruned(batch.name)
        if not doomed.files:
            return result
        with _root(workplace, batch) as root:
            if not confirm(doomed):
                raise UsageError("not confirmed; nothing was deleted")
            writer.write_now(batches.mark_tree, batch.pk, stale=True)
            _delete_all(writer, root, batch.pk, result, tell)
            if _is_listed(workplace, root, result) and not batch.tree_stale:
                # Where it was marked before, files are still to move: the next run does that, and lists it.
                writer.write_now(batches.mark_tree, batch.pk, stale=False)
        return result


def _is_listed(workplace: Workplace, root: Depot, result: Pruned) -> bool:
    """Bring the tree's list to what is left; whether that could be done."""
    with workplace.reading() as connection:
        batch = None if connection is None else batches.by_name(connection, result.batch)
        if connection is None or batch is None:
            raise StateError(f"the state {workplace.state} is gone")
        try:
            describing.describe(workplace, connection, root, batch)
        except OSError as error:  # the tree stays marked, and the next run lists it
            result.unlisted = f"{root.path}/{NAME} cannot be written: {error.strerror}"
            return False
    return True


@contextlib.contextmanager
def _root(workplace: Workplace, batch: Batch) -> Iterator[Depot]:
    """The tree, locked; raises ``UsageError`` and ``BusyError``."""
    with contextlib.ExitStack() as stack:
        try:
            root = stack.enter_context(workplace.depot(batch.output_dir, batch.name, create=False))
            root.lock()
            root.refuse_if_replaced()
        except UsageError as error:  # a disk that is not mounted just now has not lost its files
            raise UsageError(f"{error}; nothing was deleted") from error
        except OSError as error:
            why = f"{batch.output_dir} cannot be read: {error.strerror}; nothing was deleted"
            raise UsageError(why) from error
        yield root


def _delete_all(
    writer: DirectWriter, root: Depot, batch_pk: int, result: Pruned, tell: Callable[[Pruning], None]
) -> None:
    after_job = 0
    while page := writer.write_now(pruning.page, batch_pk, after_job, PAGE):
        after_job = page[-1].file.job
        for _, files in groupby(page, key=lambda one: one.file.job):
            of_job = list(files)
            # Job by job: a file that a person puts there while hundreds are hashed would be deleted unseen.
            reason = next(filter(None, map(_why_left, check_all(root, of_job))), None)
            if reason is None:
                reason = writer.write_now(_delete_if_doomed, root, of_job, result)
            else:
                result.left += len(of_job)
            for one in of_job:
                tell(Pruning(one.file.path or "?", one.job_id, reason))


def _delete_if_doomed(
    connection: Connection, root: Depot, of_job: list[Recorded], result: Pruned
) -> str | None:
    """Delete the files of one job and forget them; why they are left, ``None`` if they are deleted.

    In one transaction with the question whether it is rejected: choices need no lock of the batch, and who keeps a video
    after all finds it kept, or deleted before.
    """
    job_pk = of_job[0].file.job
    if not pruning.is_doomed(connection, job_pk):
        return f"{of_job[0].file.path} is not rejected any more"
    made = processing.files_of(connection, processing.makings_of_job(connection, job_pk))
    if reason := _delete_derived(root, made) or _delete(root, of_job):
        result.left += len(of_job)
        return reason
    pruning.forget(connection, job_pk, stamp())
    result.jobs += 1
    result.files += len(of_job)
    result.bytes += sum(one.file.bytes or 0 for one in of_job)
    return None


def _why_left(checked: Checked) -> str | None:
    file = checked.recorded.file
    if file.target is not None:
        return f"{file.path} was on its way to {file.target} when a run ended: run it again first"
    if isinstance(checked.outcome, Damaged):
        return f"{file.path} is not what was recorded ({checked.outcome.reason}): look at it, and delete it yourself"
    return None


def _delete_derived(root: Depot, made: list[Derived]) -> str | None:
    """The same for what steps made of them; one that somebody has changed is theirs, and stays."""
    for one in made:
        try:
            shelving.take_away(root, one)
        except OSError as error:
            return f"{one.path} cannot be deleted: {error.strerror}"
    return None


def _delete(root: Depot, files: list[Recorded]) -> str | None:
    """Delete the files of a job durably; why that was not possible, ``None`` if it was."""
    for one in files:
        path = one.file.path or ""
        try:
            root.remove(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{path} cannot be deleted: {error.strerror}"
    return None
