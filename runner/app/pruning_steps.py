"""Deleting what steps made that the manifest does not name any more; it can be made again at any time, for free."""

from collections.abc import Callable
from dataclasses import dataclass

from runner.app import shelving
from runner.app.workplace import Workplace
from runner.core.bucket_url import is_url
from runner.core.errors import UsageError
from runner.files.folder import Folder
from runner.store import processing
from runner.store.writer import DirectWriter

PAGE = 200


@dataclass(frozen=True, slots=True)
class Unwanted:
    """So many files of such steps, with their bytes."""

    batch: str
    files: int
    bytes: int


def prune_steps(workplace: Workplace, named: str, confirm: Callable[[Unwanted], bool]) -> Unwanted:
    """Delete them; what somebody has changed stays. Returns what was recorded of them.

    Raises ``UsageError`` (no such batch, not confirmed, no tree, or one that cannot be written) and ``BusyError``.
    """
    with workplace.deciding(named) as (writer, batch):
        unwanted = Unwanted(batch.name, *writer.write_now(processing.unwanted_totals, batch.pk))
        if not unwanted.files:
            return unwanted
        if is_url(batch.output_dir):
            raise UsageError(f"steps are not carried out on a tree in object storage: {batch.output_dir}")
        with Folder(batch.output_dir, create=False) as root:
            root.lock()
            if not confirm(unwanted):
                raise UsageError("not confirmed; nothing was deleted")
            _clear_all(writer, root, batch.pk)
        return unwanted


def _clear_all(writer: DirectWriter, root: Folder, batch_pk: int) -> None:
    after = 0
    while page := writer.write_now(processing.unwanted_page, batch_pk, after, PAGE):
        after = page[-1]
        for making in page:
            try:
                shelving.clear(writer, root, making)
            except OSError as error:
                raise UsageError(f"{root.path}: cannot be written: {error.strerror}") from error
