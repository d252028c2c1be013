"""Files against the record: what is gone or changed."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.app import derived_checks, probing
from runner.app.file_findings import Finding, State
from runner.app.workplace import Workplace, find_batch
from runner.core.bucket_url import is_url
from runner.core.errors import UsageError
from runner.core.records import Batch, StoredFile
from runner.files.depot import Depot
from runner.files.outcomes import CheckOutcome, Content, Damaged, Intact, Missing
from runner.store import mending
from runner.store.mending import Recorded

PAGE = 500


@dataclass(frozen=True, slots=True)
class Verified:
    """The whole: files checked and their bytes as recorded, how many were damaged or gone, how many still are.

    ``notes`` is what a person should know beside that; ``stopped`` says why the service ended a repair, and
    ``is_unlisted`` that ``metadata.jsonl`` could not be written.
    """

    batch: str
    files: int
    bytes: int
    damaged: int
    remaining: int
    notes: tuple[str, ...] = ()
    stopped: str | None = None
    is_unlisted: bool = False

    @property
    def exit_code(self) -> int:
        """5 where the service ended a repair, 1 where damage or an old list remains, else 0."""
        if self.stopped is not None:
            return 5
        return 1 if self.remaining or self.is_unlisted else 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, and what stands in its place."""

    recorded: Recorded
    outcome: CheckOutcome

    @property
    def finding(self) -> Finding:
        """What is said of it, if it is not intact."""
        path, job_id = self.recorded.file.path or "?", self.recorded.job_id
        if isinstance(self.outcome, Damaged):
            return Finding(path, job_id, State.DAMAGED, self.outcome.reason)
        return Finding(path, job_id, State.MISSING, "there is no such file")


def verify(workplace: Workplace, named: str, tell: Callable[[Finding], None]) -> Verified:
    """Check every file of a batch; nothing is changed, and a run may go on meanwhile.

    Raises ``UsageError`` where there is no such batch, or its output directory cannot be read.
    """
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
    files = size_bytes = damaged = 0
    with existing_root(workplace, batch) as root:
        for page in workplace.pages(mending.recorded_page, batch.pk, lambda one: one.file.pk, PAGE):
            files += len(page)
            size_bytes += sum(one.file.bytes or 0 for one in page)
            for checked in _damage(workplace, root, page):
                damaged += 1
                tell(checked.finding)
        made = derived_checks.verify(workplace, root, batch, tell)
    files, size_bytes, damaged = files + made.files, size_bytes + made.bytes, damaged + made.damaged
    with workplace.reading() as connection:
        notes = () if connection is None else probing.ratio_notes(connection, batch.pk)
    return Verified(batch.name, files, size_bytes, damaged, remaining=damaged, notes=notes)


def check_all(root: Depot | None, page: Iterable[Recorded]) -> list[Checked]:
    """Check the files of a page, several at once."""
    return asyncio.run(_check_all(root, page))


@contextlib.contextmanager
def existing_root(workplace: Workplace, batch: Batch) -> Iterator[Depot | None]:
    """The output tree, ``None`` where there is none; raises ``UsageError`` where it cannot be used."""
    if not is_url(batch.output_dir) and not Path(batch.output_dir).exists():
        yield None
        return
    with workplace.depot(batch.output_dir, batch.name, create=False) as root:
        try:  # a store that cannot be reached has no damaged files
            root.refuse_if_replaced()
        except OSError as error:
            raise UsageError(f"{batch.output_dir}: cannot be read: {error.strerror}") from error
        yield root


def _damage(workplace: Workplace, root: Depot | None, page: list[Recorded]) -> list[Checked]:
    """What is not intact; a file that a run moved or replaced while it was checked is looked at once more."""
    found = [checked for checked in check_all(root, page) if not isinstance(checked.outcome, Intact)]
    if not found:
        return []
    with workplace.reading() as connection:
        pks = [checked.recorded.file.pk for checked in found]
        now = [] if connection is None else mending.recorded(connection, pks)
    known = {checked.recorded: checked for checked in found}
    again = check_all(root, [one for one in now if one not in known])
    still = [known[one] for one in now if one in known]
    return still + [checked for checked in again if not isinstance(checked.outcome, Intact)]


async def _check_all(root: Depot | None, page: Iterable[Recorded]) -> list[Checked]:
    async with asyncio.TaskGroup() as group:
        checking = [(one, group.create_task(_check(root, one.file))) for one in page]
    return [Checked(one, task.result()) for one, task in checking]


async def _check(root: Depot | None, file: StoredFile) -> CheckOutcome:
    if root is None or file.path is None or file.bytes is None or file.sha256 is None:
        return Missing()
    content = Content(file.bytes, file.sha256)
    outcome = await asyncio.to_thread(root.check, file.path, content)
    if isinstance(outcome, Intact) or file.target is None:
        return outcome
    # It was about to move when its process died, or is moving just now.
    moved = await asyncio.to_thread(root.check, file.target, content)
    return moved if isinstance(moved, Intact) else outcome
