"""Fetching the files of a finished job again: asked for anew, put in their place by the engine's own hands."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from runner.core.errors import StateError
from runner.core.outcomes import Completed, Failed, NotFound, Running
from runner.core.records import StoredJob
from runner.core.steps import echo_agrees
from runner.engine.context import Context
from runner.engine.fetching import fetch
from runner.engine.inquiry import Inquiry
from runner.files.depot import Depot
from runner.store import mending, reads
from runner.store.mending import Recorded


@dataclass(frozen=True, slots=True)
class Refetched:
    """Whether a file stands in its place again, and what is to be said of that."""

    recorded: Recorded
    is_repaired: bool
    note: str


class Refetching:
    """Works on several jobs at once; after a ``StateError`` nothing more is begun."""

    def __init__(self, ctx: Context, inquiry: Inquiry, root: Depot) -> None:
        self._ctx = ctx
        self._inquiry = inquiry
        self._root = root
        self._doubt: StateError | None = None

    async def several(self, files: Iterable[Recorded]) -> list[Refetched]:
        """Fetch these files again; raises ``StateError``, after every job has come to rest."""
        by_job: dict[int, list[Recorded]] = {}
        for one in files:
            by_job.setdefault(one.file.job, []).append(one)
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(self._one_job(job, its)) for job, its in by_job.items()]
        if self._doubt is not None:
            raise self._doubt
        return [refetched for task in working for refetched in task.result()]

    async def _one_job(self, job_pk: int, files: list[Recorded]) -> list[Refetched]:
        if self._doubt is not None:
            return []
        try:
            return await self._fetched(await self._ctx.record(reads.stored_job, job_pk), files)
        except StateError as error:
            self._doubt = error  # not raised here, where it would cut off the downloads of other jobs
            return []

    async def _fetched(self, job: StoredJob, files: list[Recorded]) -> list[Refetched]:
        urls = await self._urls(job, files)
        if isinstance(urls, str):
            return [Refetched(one, is_repaired=False, note=urls) for one in files]
        try:
            aside = [await asyncio.to_thread(self._make_way, one) for one in files]
        except OSError as error:
            note = f"what stands in its place cannot be moved aside: {error.strerror}"
            return [Refetched(one, is_repaired=False, note=note) for one in files]
        pks = [one.file.pk for one in files]
        await self._ctx.record(mending.want_again, job.pk, pks, urls)
        await fetch(self._ctx, job)
        trouble = await self._ctx.record(mending.trouble_of, job.pk) or "it was not fetched in time"
        now = {one.file.pk: one for one in await self._ctx.record(mending.recorded, pks)}
        return [
            _compared(one, now.get(one.file.pk), moved, trouble)
            for one, moved in zip(files, aside, strict=True)
        ]

    async def _urls(self, job: StoredJob, files: list[Recorded]) -> tuple[str, ...] | str:
        """Where the task's files can be had now, or why they cannot."""
        if job.task_id is None or any(one.file.attempt != job.attempt for one in files):
            return "no task is known that made it"
        told = await self._inquiry.told(job.task_id)
        match told:
            case None:
                return "the service did not say where it can be had"
            case NotFound():
                return f"the service does not know task {job.task_id} any more"
            case _ if not (job.trusted or echo_agrees(told.echo, job.prompt, job.mode)):
                return f"task {job.task_id} shows another request than this job's"
            case Running() | Failed() | Completed(urls=()):
                return f"the service has no file of task {job.task_id} any more"
            case Completed(urls=urls):
                return urls

    def _make_way(self, one: Recorded) -> str | None:
        if one.file.path is None:
            return None
        return self._root.set_aside(one.file.path, f"removed/{one.job_id}")


def _compared(before: Recorded, now: Recorded | None, moved: str | None, trouble: str) -> Refetched:
    kept = "" if moved is None else f"; what stood there is now {moved}"
    if now is None or now.file.state != "placed":
        return Refetched(before, is_repaired=False, note=trouble + kept)
    if now.file.sha256 == before.file.sha256:
        return Refetched(now, is_repaired=True, note="fetched again" + kept)
    # The first bytes are nowhere to be had any more; another whole video of the same task is better than none.
    changed = f"fetched again, but the service serves other bytes now: SHA-256 is {now.file.sha256}"
    return Refetched(now, is_repaired=True, note=changed + kept)
