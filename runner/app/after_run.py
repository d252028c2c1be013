"""What a run does once nothing more is to be paid: the processing steps of its manifest."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from runner import media
from runner.core.errors import UsageError
from runner.core.events import EventName, RunEvent
from runner.core.model import Manifest
from runner.core.processing import StepKind
from runner.core.records import Batch
from runner.files.depot import Depot
from runner.report.steps import failure_note, stopped_note
from runner.store import processing as stored
from runner.store.writer import DirectWriter

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Processed:
    """What came of it: what a person should know, and how often a step is still to be done for a file."""

    notes: tuple[str, ...] = ()
    left: int = 0


def refuse_steps(manifest: Manifest, *, allow_code: bool) -> None:
    """Raise ``UsageError`` if the steps of the manifest could not be carried out here."""
    for step in manifest.steps:
        if step.kind is StepKind.PYTHON and not allow_code:
            raise UsageError(
                f"{step.place}: this step runs code, {step.parameters['function']}: look at it, and then say with "
                "--allow-code that it may; nothing was sent"
            )
        if not media.is_installed():
            raise UsageError(
                f"{step.place}: steps need the extra `media` (PyAV and Pillow), which is not installed: {media.INSTALL}; "
                "nothing was sent"
            )


async def process(
    writer: DirectWriter,
    root: Depot,
    batch: Batch,
    manifest: Manifest,
    is_wanted: Callable[[], bool],
    tell: Callable[[RunEvent], None],
) -> Processed:
    """Carry out the steps for every file that they have not been carried out for.

    Raises ``StateError`` only: what keeps a step from being done fails no run, and is told.
    """
    from runner.app import processing  # noqa: PLC0415 - most manifests have no steps
    from runner.files.folder import Folder  # noqa: PLC0415 - only where there are steps

    if not processing.want(writer, batch.pk, manifest.steps) or not isinstance(root, Folder):
        return Processed()
    waiting = sum(one.waiting + one.failed for one in writer.write_now(stored.counts, batch.pk))
    if waiting:
        tell(RunEvent(EventName.PROCESSING, details={"waiting": waiting}))
    folder = _folder_of(manifest)
    hidden = (manifest.provider.token_env, *([manifest.notify.url_env or ""] if manifest.notify else []))
    work = processing.Processing(writer, root, batch.pk, folder, hidden, is_wanted, tell)
    await work.carry_out()
    return told(writer, batch.pk, work.stopped, is_wanted=is_wanted())


def _folder_of(manifest: Manifest) -> str:
    return os.path.dirname(os.path.abspath(manifest.path))  # noqa: PTH100, PTH120 - resolve() would follow links


def told(writer: DirectWriter, batch_pk: int, stopped: str | None, *, is_wanted: bool = True) -> Processed:
    """What there is to tell of the steps of a batch as they stand."""
    notes: list[str] = []
    counts = writer.write_now(stored.counts, batch_pk)
    for step, count in zip(writer.write_now(stored.wanted, batch_pk), counts, strict=True):
        if count.failed:
            named = writer.write_now(stored.troubles, step.pk, _NAMED)
            notes.append(failure_note(count, named))
    waiting = sum(count.waiting for count in counts)
    if waiting:
        notes.append(stopped_note(waiting, stopped, is_wanted=is_wanted))
    return Processed(tuple(notes), waiting + sum(count.failed for count in counts))
