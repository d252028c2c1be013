"""What steps made against the record: what is gone or changed, and made again, free of charge."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runner.app import shelving
from runner.app.file_findings import Finding, State
from runner.app.processing import Processing
from runner.app.workplace import Workplace
from runner.core.records import Batch
from runner.files.depot import Depot
from runner.files.folder import Folder
from runner.files.outcomes import CheckOutcome, Content, Damaged, Intact, Missing
from runner.store import processing
from runner.store.processing import Derived
from runner.store.writer import DirectWriter

PAGE = 200


@dataclass(slots=True)
class Checks:
    """How many files were checked, their bytes as recorded, and how many of them were damaged or gone, and still are."""

    files: int = 0
    bytes: int = 0
    damaged: int = 0
    repaired: int = 0
    stopped: str | None = None


def verify(workplace: Workplace, root: Depot | None, batch: Batch, tell: Callable[[Finding], None]) -> Checks:
    """Check every file that the steps of the batch made; nothing is changed, and a run may go on meanwhile."""
    checks = Checks()
    for page in workplace.pages(processing.made_page, batch.pk, lambda one: one.making, PAGE):
        checks.files += len(page)
        checks.bytes += sum(one.bytes for one in page)
        found = _damage(root, page)
        still = _recorded(workplace, {one.making for one, _ in found}) if found else set()
        for one, outcome in found:
            if one in still:  # else a run has made it again while it was checked
                checks.damaged += 1
                tell(_finding(one, outcome))
    return checks


def repair(writer: DirectWriter, root: Folder, batch_pk: int, tell: Callable[[Finding], None]) -> Checks:
    """The same, and make again what is damaged or gone; what stands in its place goes to ``removed/<job_id>/`` first.

    What an earlier repair, or run, left undone is made as well. Functions that a manifest names are not called: what they made is left to a run that may.
    """
    checks, after = Checks(), 0
    gone: list[Derived] = []
    while page := writer.write_now(processing.made_page, batch_pk, after, PAGE):
        after = page[-1].making
        checks.files += len(page)
        checks.bytes += sum(one.bytes for one in page)
        found = _damage(root, page)
        gone += [one for one, _ in found]
        for one, outcome in found:
            tell(_finding(one, outcome))
        try:
            _make_way(writer, root, found)
        except OSError as error:  # what stands there cannot be moved: it is told, and tried again
            checks.stopped = error.strerror
    checks.damaged = len(gone)
    work = Processing(writer, root, batch_pk)
    asyncio.run(work.carry_out())
    checks.stopped = work.stopped or checks.stopped
    for start in range(0, len(gone), PAGE):
        few = gone[start : start + PAGE]
        made = writer.write_now(processing.made_among, batch_pk, [one.path for one in few])
        for one in few:
            checks.repaired += one.path in made
            tell(_again(one, is_made=one.path in made))
    return checks


def _make_way(writer: DirectWriter, root: Folder, found: list[tuple[Derived, CheckOutcome]]) -> None:
    for one, outcome in found:
        if isinstance(outcome, Damaged):
            root.set_aside(one.path, f"removed/{one.job_id}")
    for making in {one.making: None for one, _ in found}:
        shelving.clear(writer, root, making)


def _finding(one: Derived, outcome: CheckOutcome) -> Finding:
    if isinstance(outcome, Damaged):
        return Finding(one.path, one.job_id, State.DAMAGED, outcome.reason)
    return Finding(one.path, one.job_id, State.MISSING, "there is no such file")


def _again(one: Derived, *, is_made: bool) -> Finding:
    if is_made:
        return Finding(one.path, one.job_id, State.REPAIRED, "made again")
    return Finding(one.path, one.job_id, State.UNREPAIRED, "not made again; the next run tries it")


def _recorded(workplace: Workplace, makings: Iterable[int]) -> set[Derived]:
    with workplace.reading() as connection:
        return set() if connection is None else set(processing.files_of(connection, list(makings)))


def _damage(root: Depot | None, page: list[Derived]) -> list[tuple[Derived, CheckOutcome]]:
    checked = asyncio.run(_checked(root, page))
    return [(one, found) for one, found in zip(page, checked, strict=True) if not isinstance(found, Intact)]


async def _checked(root: Depot | None, page: list[Derived]) -> list[CheckOutcome]:
    if root is None:
        return [Missing() for _ in page]
    async with asyncio.TaskGroup() as group:
        checking = [
            group.create_task(asyncio.to_thread(root.check, one.path, Content(one.bytes, one.sha256)))
            for one in page
        ]
    return [each.result() for each in checking]
