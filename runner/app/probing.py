"""Looking into placed files that nobody has looked into yet: what is found stands in the state, and wherever jobs are shown.

No lock of the batch is needed: a row of the state says for which bytes of a file it holds.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from runner.core.errors import UsageError
from runner.core.picture import OtherRatio, agrees
from runner.core.records import Media, StoredFile
from runner.files.depot import Depot
from runner.media.outcomes import Probed, Unreadable
from runner.media.viewer import Viewer
from runner.report.pictures import NAMED, other_ratio_note, unreadable_note
from runner.store import media
from runner.store.media import Unseen
from runner.store.writer import Connection, DirectWriter

PAGE = 100
AT_ONCE = 2
"""Files that are looked into side by side."""


@dataclass(slots=True)
class Looked:
    """What one look came to: how many files were looked into, and what a person should know about some of them."""

    seen: int = 0
    unreadable: int = 0
    other_ratios: int = 0
    _unreadable: list[tuple[str, str]] = field(default_factory=list)
    _other_ratios: list[OtherRatio] = field(default_factory=list)

    def saw(self, one: Unseen, found: Probed) -> None:
        """Count a file."""
        self.seen += 1
        path = one.file.path or "?"
        if isinstance(found, Unreadable):
            self.unreadable += 1
            if len(self._unreadable) < NAMED:
                self._unreadable.append((path, found.reason))
        elif found.width and found.height and not agrees(found.width, found.height, one.ratio):
            self.other_ratios += 1
            if len(self._other_ratios) < NAMED:
                self._other_ratios.append(OtherRatio(path, found.width, found.height, one.ratio))

    def notes(self) -> tuple[str, ...]:
        """The same for people."""
        notes = []
        if self.unreadable:
            notes.append(unreadable_note(self._unreadable, self.unreadable))
        if self.other_ratios:
            notes.append(other_ratio_note(self._other_ratios, self.other_ratios))
        return tuple(notes)


async def look(
    writer: DirectWriter,
    root: Depot,
    batch_pk: int,
    is_wanted: Callable[[], bool] = lambda: True,
    progress: Callable[[int], None] = lambda _: None,
) -> Looked:
    """Look into every placed file of the batch that nobody has looked into as it is now, a page a transaction.

    It ends early, with what it has, once ``is_wanted`` says no; ``progress`` hears how many files it has. Files that are
    gone or not as long as they are recorded are left for `verify`. Where there is nothing to look into, no process is
    started. Raises ``UsageError`` where the extra ``media`` cannot be used, and ``StateError``.
    """
    looked, after_pk = Looked(), 0
    with contextlib.ExitStack() as stack:
        viewers: asyncio.Queue[Viewer] = asyncio.Queue()
        for _ in range(AT_ONCE):
            viewers.put_nowait(stack.enter_context(Viewer()))
        while is_wanted() and (page := writer.write_now(media.unseen_page, batch_pk, after_pk, PAGE)):
            after_pk = page[-1].file.pk
            found = await _all_seen(root, page, viewers, is_wanted)
            writer.write_now(media.keep, [(one.file, _kept(seen)) for one, seen in found])
            for one, seen in found:
                looked.saw(one, seen)
            progress(looked.seen)
    return looked


def ratio_notes(connection: Connection, batch_pk: int) -> tuple[str, ...]:
    """What there is to say about the ratios of all videos of a batch that somebody has looked into."""
    others = [
        shape
        for shape in media.shapes(connection, batch_pk)
        if not agrees(shape.width, shape.height, shape.ratio)
    ]
    named: list[OtherRatio] = []
    for shape in others:
        if len(named) < NAMED:
            paths = media.paths_of(connection, batch_pk, shape, NAMED - len(named))
            named.extend(OtherRatio(path, shape.width, shape.height, shape.ratio) for path in paths)
    files = sum(shape.files for shape in others)
    return (other_ratio_note(named, files),) if others else ()


@contextlib.contextmanager
def opened(root: Depot, file: StoredFile) -> Iterator[int | None]:
    """The handle of a file that is there and as long as it is recorded, else ``None``.

    Raises ``OSError`` where a store cannot say that; a file that cannot be read here is as good as gone.
    """
    with contextlib.ExitStack() as stack:
        try:
            if file.path is None or file.bytes is None:
                handle = None
            else:
                handle = stack.enter_context(root.opened(file.path, file.bytes))
        except OSError as error:
            if not root.is_local and not isinstance(error, FileNotFoundError):
                raise
            handle = None
        yield handle


async def _all_seen(
    root: Depot, page: list[Unseen], viewers: asyncio.Queue[Viewer], is_wanted: Callable[[], bool]
) -> list[tuple[Unseen, Probed]]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_seen(root, one.file, viewers, is_wanted)) for one in page]
    except* (OSError, UsageError) as errors:
        raise _first(errors) from None
    answers = [(one, task.result()) for one, task in zip(page, tasks, strict=True)]
    return [(one, found) for one, found in answers if found is not None]


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """One of them: whatever keeps one file from being looked into keeps the others."""
    one = errors.exceptions[0]
    return _first(one) if isinstance(one, ExceptionGroup) else one


async def _seen(
    root: Depot, file: StoredFile, viewers: asyncio.Queue[Viewer], is_wanted: Callable[[], bool]
) -> Probed | None:
    viewer = await viewers.get()
    try:
        return await asyncio.to_thread(_probed, root, file, viewer) if is_wanted() else None
    finally:
        viewers.put_nowait(viewer)


def _probed(root: Depot, file: StoredFile, viewer: Viewer) -> Probed | None:
    with opened(root, file) as handle:
        return None if handle is None else viewer.probe(handle)


def _kept(found: Probed) -> Media:
    return Media() if isinstance(found, Unreadable) else found
