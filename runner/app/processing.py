"""The processing steps of a batch: carried out for every placed file that they have not been, at the end of a run.

Whatever comes of them, no job's state and no credit changes. What is not made is told, and tried again at the next run.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.app import shelving
from runner.app.shelving import DiskError
from runner.core.errors import StateError, UsageError
from runner.core.events import EventName, RunEvent
from runner.core.processing import ProcessingStep, StepKind, StepTrouble, stem_of
from runner.files.folder import Folder
from runner.files.root import PARTIAL
from runner.media.carrying import carry_out
from runner.media.outcomes import Made, Making, NotMade, UnwantedError
from runner.media.task import Bench, Task
from runner.store import processing
from runner.store.processing import Due, StoredStep
from runner.store.writer import DirectWriter

PAGE = 100
AT_ONCE = min(4, os.cpu_count() or 1)
"""Files of which something is made side by side."""


@dataclass(slots=True)
class Processing:
    """One pass over the steps of a batch, with the locks of the batch and of its tree held.

    ``code_folder`` is where the modules of ``python`` are, ``None`` where no code of a manifest may run; ``hidden`` are the
    variables that it does not see. ``stopped`` says why the pass ended early.
    """

    writer: DirectWriter
    root: Folder
    batch_pk: int
    code_folder: str | None = None
    hidden: tuple[str, ...] = ()
    is_wanted: Callable[[], bool] = lambda: True
    tell: Callable[[RunEvent], None] = lambda _: None
    stopped: str | None = None
    _benches: asyncio.Queue[Bench] = field(default_factory=asyncio.Queue)

    async def carry_out(self) -> None:
        """Carry out the steps that are wanted; raises ``StateError`` only."""
        steps = self.writer.write_now(processing.wanted, self.batch_pk)
        if not steps:
            return
        with contextlib.ExitStack() as stack:
            for _ in range(AT_ONCE):
                self._benches.put_nowait(stack.enter_context(Bench(self._goes_on)))
            try:
                await self._tidy()
                for step in steps:
                    await self._carry(step)
            except (DiskError, OSError) as error:
                self._stop(error)

    def _goes_on(self) -> bool:
        return self.stopped is None and self.is_wanted()

    def _stop(self, error: Exception) -> None:
        self.stopped = self.stopped or getattr(error, "strerror", None) or str(error)

    async def _tidy(self) -> None:
        """Finish what a process that died had begun, and forget what somebody has deleted: it is made again."""
        for making in self.writer.write_now(processing.unfinished, self.batch_pk):
            if await shelving.place(self.writer, self.root, making) is not None:
                shelving.clear(self.writer, self.root, making)
        shelving.sweep(self.root)
        after = 0
        while page := self.writer.write_now(processing.made_page, self.batch_pk, after, PAGE):
            after = page[-1].making
            for making in {one.making: None for one in page if self.root.stat(one.path) is None}:
                shelving.clear(self.writer, self.root, making)

    async def _carry(self, step: StoredStep) -> None:
        if step.step.kind is StepKind.PYTHON and self.code_folder is None:
            return
        after = 0
        while self._goes_on() and (
            page := self.writer.write_now(processing.due_page, self.batch_pk, step.pk, after, PAGE)
        ):
            after = page[-1].file.pk
            await self._of_page(step, page)

    async def _of_page(self, step: StoredStep, page: list[Due]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for due in page:
                    group.create_task(self._one(step, due))
        except* StateError as errors:
            raise _first(errors) from None

    async def _one(self, step: StoredStep, due: Due) -> None:
        bench = await self._benches.get()
        try:
            if self._goes_on():
                if due.making is not None:
                    shelving.clear(self.writer, self.root, due.making)
                await self._keep(step, due, await asyncio.to_thread(carry_out, self._task(step, due), bench))
        except UnwantedError:
            return
        except StateError as error:  # the threads that make something just now hear of it too
            self._stop(error)
            raise
        except (
            OSError,
            UsageError,
            DiskError,
        ) as error:  # what keeps one file from being made keeps the others
            self._stop(error)
        finally:
            self._benches.put_nowait(bench)

    def _task(self, step: StoredStep, due: Due) -> Task:
        return Task(
            kind=step.step.kind,
            parameters=step.step.parameters,
            input_path=f"{self.root.path}/{due.file.path}",
            sha256=due.file.sha256 or "",
            output_dir=f"{self.root.path}/{PARTIAL}",
            stem=f"{shelving.STEM}{step.pk}-{due.file.pk}",
            code_folder=self.code_folder or "",
            hidden=self.hidden,
        )

    async def _keep(self, step: StoredStep, due: Due, found: Making) -> None:
        if isinstance(found, NotMade):
            self._lose(step, due, found)
            return
        making = self.writer.write_now(processing.verified, step.pk, due.file, _rows(step, due, found))
        reason = await shelving.place(self.writer, self.root, making)
        if reason is not None:
            shelving.clear(self.writer, self.root, making)
            self._lose(step, due, NotMade(StepTrouble.TAKEN, reason))
            return
        self._tell(step, due, files=len(found.outputs))

    def _lose(self, step: StoredStep, due: Due, found: NotMade) -> None:
        self.writer.write_now(processing.failed, step.pk, due.file, found.trouble, found.reason)
        self._tell(step, due, error=found.reason, error_class=found.trouble.value)

    def _tell(self, step: StoredStep, due: Due, **details: object) -> None:
        about = {"step": step.label, "path": due.file.path}
        self.tell(RunEvent(EventName.STEP, due.job_id, about | details))


def _first(errors: ExceptionGroup[StateError]) -> Exception:
    one = errors.exceptions[0]
    return _first(one) if isinstance(one, ExceptionGroup) else one


def _rows(step: StoredStep, due: Due, found: Made) -> list[tuple[str, str, int, str]]:
    stem = stem_of(step.label, due.job_id, due.file.position)
    return [(stem + one.suffix, one.name, one.size_bytes, one.sha256) for one in found.outputs]


def want(writer: DirectWriter, batch_pk: int, steps: tuple[ProcessingStep, ...]) -> bool:
    """These are the steps of the batch from now on; whether there is any that makes files."""
    wanted = [one.key for one in writer.write_now(processing.wanted, batch_pk)]
    if wanted != [one.key for one in steps if one.makes_files]:
        writer.write_now(processing.want, batch_pk, steps)
    return any(one.makes_files for one in steps)
