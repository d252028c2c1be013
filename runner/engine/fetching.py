"""Fetching what a finished task made: download and sync, commit size and hash, give it its name, commit that."""

from dataclasses import dataclass

from runner.core.events import EventName
from runner.core.outcomes import Completed, ErrorClass
from runner.core.records import StoredFile, StoredJob
from runner.core.steps import echo_agrees
from runner.engine.context import Context
from runner.files.outcomes import (
    Absent,
    AlreadyThere,
    Broken,
    Conflict,
    Content,
    DiskFailed,
    DiskFull,
    Expired,
    Fetched,
    GivenUp,
    Placed,
    Unavailable,
)
from runner.files.outcomes import Refused as UrlRefused
from runner.store import attempts, outputs, reads

_OTHER_WAYS = "what is paid for is kept: run it again, with this engine, another one (--engine) or none"

TRIES = 8
"""Downloads of one file in one run; then the job stays ``fetching``, and the next run begins again."""


async def fetch(ctx: Context, job: StoredJob) -> bool:
    """Get every file of the job under its final name; ``True`` if the job is done, else it stays ``fetching``."""
    if job.attempt is None:
        raise RuntimeError(f"job {job.job_id} is fetching without an attempt")
    while True:  # with a fresh URL the service may name files that it had not named before
        files = await ctx.record(reads.files_of, job.attempt)
        waiting = next((file for file in files if file.state != "placed"), None)
        if waiting is None:
            break
        if not await _Fetching(ctx, job, waiting, len(files)).to_its_place():
            return False
    await ctx.record(outputs.finish, job.pk, ctx.stamp())
    return True


@dataclass(slots=True)
class _Fetching:
    """One file on its way.

    ``siblings`` is how many files its task has, ``is_renewed`` whether the service named its URL in this run's tries.
    """

    ctx: Context
    job: StoredJob
    file: StoredFile
    siblings: int
    is_renewed: bool = False

    async def to_its_place(self) -> bool:
        """Whether the file is placed; if not, the job shows why."""
        if self.file.state == "verified":
            placed = await self._place(self.file)
            if placed is not None:
                return placed
        trouble = "nothing was tried"
        for tries in range(1, TRIES + 1):
            if self.ctx.halt.no_downloads.is_set():
                return False
            async with self.ctx.downloads:
                outcome = await self.ctx.ports.files.fetch(self.file.url, self._partial)
            match outcome:
                case Fetched(content=content, extension=extension):
                    placed = await self._place(await self._verified(content, extension))
                    if placed is not None:
                        return placed
                    trouble = "what was downloaded was gone before it had its name"
                case Broken(reason=reason):
                    trouble = reason
                    if not self.is_renewed:  # perhaps nobody is there any more (a sandbox that began again)
                        await self._has_fresh_url()
                    await self.ctx.back_off(tries)
                case Expired(status=status):
                    trouble = f"the URL is not valid any more (HTTP {status})"
                    await self._renew(tries)
                case UrlRefused(reason=reason):
                    trouble = reason
                    await self._renew(tries)
                case GivenUp() | Unavailable() | DiskFull() | DiskFailed():
                    await self._ends(outcome)
                    return False
        await self._show(f"{trouble}; tried {TRIES} times", ErrorClass.DOWNLOAD)
        return False

    @property
    def _partial(self) -> str:
        return self.file.partial_of(self.job.job_id)

    async def _verified(self, content: Content, extension: str) -> StoredFile:
        stem = self.job.path if self.siblings == 1 else f"{self.job.path}-{self.file.position}"
        path = stem + extension
        return await self.ctx.record(outputs.verified, self.file.pk, path, content.size_bytes, content.sha256)

    async def _place(self, file: StoredFile) -> bool | None:
        """``True``: placed. ``False``: it cannot be, and the job shows why. ``None``: fetch it (again)."""
        if file.path is None or file.bytes is None or file.sha256 is None:
            raise RuntimeError(f"file {file.pk} is verified without a path, a size and a hash")
        outcome = await self.ctx.ports.files.place(self._partial, file.path, Content(file.bytes, file.sha256))
        match outcome:
            case Placed() | AlreadyThere():
                await self.ctx.record(outputs.placed, file.pk)
                details = {"path": file.path, "bytes": file.bytes, "sha256": file.sha256}
                self.ctx.tell(EventName.FILE, self.job.job_id, **details)
                return True
            case Absent():
                await self.ctx.record(outputs.wanted_again, file.pk)
                return None
            case Conflict(reason=reason) | Broken(reason=reason):
                await self._show(reason, ErrorClass.DISK)
                return False
            case Unavailable() | DiskFull() | DiskFailed():
                await self._ends(outcome)
                return False

    async def _renew(self, tries: int) -> None:
        """Where nothing better than the URL that is gone comes, it is tried again later."""
        if not await self._has_fresh_url() or tries > 1:
            await self.ctx.back_off(tries)

    async def _has_fresh_url(self) -> bool:
        """Ask the status for fresh URLs, which is free; whether there is another one for this file."""
        if self.job.task_id is None:
            return False
        outcome = await self.ctx.ask_at_once(self.job.task_id)
        if not isinstance(outcome, Completed):
            return False
        if not (self.job.trusted or echo_agrees(outcome.echo, self.job.prompt, self.job.mode)):
            return False
        self.is_renewed = True
        await self.ctx.record(attempts.renew_urls, self.file.attempt, outcome.urls)
        files = await self.ctx.record(reads.files_of, self.file.attempt)
        self.siblings = len(files)
        known, self.file = self.file, next(one for one in files if one.pk == self.file.pk)
        return self.file.url != known.url

    async def _ends(self, outcome: GivenUp | Unavailable | DiskFull | DiskFailed) -> None:
        match outcome:
            case GivenUp(reason=reason):
                await self._show(reason, ErrorClass.DOWNLOAD)
            case Unavailable(reason=reason):
                self.ctx.halt.transfers_end(f"{reason}; {_OTHER_WAYS}")
            case DiskFull() | DiskFailed():
                await self._disk_refuses(outcome)

    async def _disk_refuses(self, outcome: DiskFull | DiskFailed) -> None:
        match outcome:
            case DiskFull(path=path, needed_bytes=needed):
                more = "" if needed is None else f" ({needed} bytes more are needed)"
                reason = f"the disk of {path} is full{more}; make room and run it again"
            case DiskFailed(reason=why):
                reason = f"the output cannot be written: {why}"
        self.ctx.halt.disk_refuses(reason)
        await self._show(reason, ErrorClass.DISK)

    async def _show(self, error: str, error_class: ErrorClass) -> None:
        await self.ctx.note_trouble(self.job, error, error_class)
