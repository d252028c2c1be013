"""The main job: make what a manifest asks for and the state does not have yet."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from runner.app import planning, tree
from runner.app.inspecting import standing_of
from runner.app.preflight import Preflight, RunWishes, origin_of
from runner.app.workplace import Workplace, load_manifest
from runner.core.ending import Ending
from runner.core.errors import StateError
from runner.core.events import EventName, RunEvent
from runner.core.expansion import expand
from runner.core.model import Manifest
from runner.core.plan import Plan
from runner.core.records import Batch
from runner.engine.ports import Orders, Ports
from runner.engine.run import Run
from runner.files.root import OutputRoot
from runner.report.payload import Standing, status_json
from runner.store import batches, enrolment, locks, reads
from runner.store.batches import BatchTerms
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter, GroupWriter

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: its exit code, where the batch stands now, and what a person should be told."""

    ending: Ending
    exit_code: int
    standing: Standing
    notes: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the run ended before its time, for people."""
        ending = self.ending
        budget = "the budget has no room for another generation" if ending.budget else None
        bugs = f"{ending.bugs} jobs met an error of this program; run it again" if ending.bugs else None
        found = (ending.state, ending.service, ending.disk, budget, bugs)
        return tuple(f"stopped: {reason}" for reason in found if reason)


def run(workplace: Workplace, path: str, wanted: RunWishes, tell: Callable[[RunEvent], None]) -> Finished:
    """Work a batch; the same call resumes it.

    Raises before anything is sent: ``ManifestError``, ``UsageError`` (no token, another state, a stranger's name or
    directory, not confirmed), ``BudgetError``, ``BusyError``, ``StateError``.
    """
    loaded = load_manifest(path)
    workplace.refuse_if_elsewhere(path)
    name = loaded.manifest.name

    def tell_of_batch(event: RunEvent) -> None:
        tell(replace(event, details={"batch": name} | dict(event.details)))

    with (
        locks.holding(workplace.state, loaded.manifest.name),
        _service(workplace, loaded.manifest, wanted) as manifest,
    ):
        return _Batchwork(workplace, manifest, wanted, tell_of_batch).work()


@contextlib.contextmanager
def _service(workplace: Workplace, manifest: Manifest, wanted: RunWishes) -> Iterator[Manifest]:
    """The manifest, pointed at the embedded service where the sandbox was asked for."""
    if not workplace.sandbox:
        yield manifest
        return
    from runner.sandbox import parse_options, running_in_thread  # noqa: PLC0415 - only where it is asked for

    options = parse_options(wanted.sandbox_options)
    workplace.service_ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with running_in_thread(options, workplace.service_ledger) as base_url:
        yield replace(
            manifest, provider=replace(manifest.provider, base_url=base_url, proxy=None, ca_file=None)
        )


@dataclass(slots=True)
class _Batchwork:
    """One run, with the batch's lock held."""

    workplace: Workplace
    manifest: Manifest
    wanted: RunWishes
    tell: Callable[[RunEvent], None]
    stopped_by: int | None = None
    running: Run | None = None
    notes: list[str] = field(default_factory=list)

    def work(self) -> Finished:
        """Check everything, then spend."""
        output_dir = self.workplace.output_dir(self.manifest)
        preflight = Preflight(self.workplace, self.manifest, self.wanted)
        plan = preflight.checked_plan(output_dir)
        token = preflight.token(plan)
        tree.refuse_foreign_metadata(output_dir)
        with OutputRoot(str(output_dir)) as root:
            root.lock()
            writer = DirectWriter(open_for_writing(self.workplace.state))
            try:
                batch = self._opened(writer, plan, output_dir)
                ending = asyncio.run(self._run(writer, batch, plan, root, token))
                return self._finished(writer, batch, root, ending)
            finally:
                writer.close()

    def _opened(self, writer: DirectWriter, plan: Plan, output_dir: Path) -> Batch:
        manifest = self.manifest
        terms = BatchTerms(
            name=manifest.name,
            manifest=os.path.realpath(manifest.path),
            provider=manifest.provider.name,
            output_dir=str(output_dir),
            price=manifest.provider.price,
        )
        batch = writer.write_now(batches.open_batch, terms, _stamp())
        writer.write_now(batches.set_budget, batch.pk, plan.books.budget, planning.budget_words(manifest))
        return writer.write_now(batches.by_pk, batch.pk)

    async def _run(
        self, writer: DirectWriter, batch: Batch, plan: Plan, root: OutputRoot, token: str
    ) -> Ending:
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled, number)
        await self._enrol(writer, batch)
        if self.stopped_by is not None:
            return Ending(signal=self.stopped_by)
        if batch.tree_stale:
            self._tidy(writer, batch, root)
        self.tell(self._started(plan))
        if not plan.diff.unfinished:
            return self._as_it_stands(writer, batch)
        writer.write_now(batches.mark_tree, batch.pk, stale=True)
        async with self._ports(root, token) as ports:
            self.running = Run(self._orders(batch), ports)
            return await self.running.execute()

    async def _enrol(self, writer: DirectWriter, batch: Batch) -> None:
        print_now = planning.fingerprint(self.manifest)
        if batch.fingerprint == print_now:
            return
        writer.write_now(batches.mark_tree, batch.pk, stale=True)
        generation = writer.write_now(enrolment.begin, batch.pk)
        for page in planning.pages(expand(self.manifest)):
            await writer.write(enrolment.enrol, batch.pk, page, generation)
            await asyncio.sleep(0)  # a signal is seen between pages
            if self.stopped_by is not None:
                return
        writer.write_now(enrolment.finish, batch.pk, generation, print_now)

    def _tidy(self, writer: DirectWriter, batch: Batch, root: OutputRoot) -> None:
        """What the end of an earlier run left to do: files to their paths, and the list of what is there."""
        self.notes.extend(tree.relocate(writer, root, batch))
        with self.workplace.reading() as connection:
            if connection is not None:
                tree.write_metadata(connection, root, batch)

    @contextlib.asynccontextmanager
    async def _ports(self, root: OutputRoot, token: str) -> AsyncIterator[Ports]:
        from runner.files.tree import open_tree  # noqa: PLC0415 - the HTTP client, only where something is sent
        from runner.providers import connect  # noqa: PLC0415

        settings = self.manifest.provider
        state = GroupWriter(open_for_writing(self.workplace.state))
        provider = connect(settings, token)
        try:
            async with open_tree(root, settings.base_url, settings.ca_file, settings.proxy) as files:
                yield Ports(
                    state, provider, files, self.tell, lambda: datetime.now(UTC), random.SystemRandom()
                )
        finally:
            await provider.close()
            state.close()

    def _orders(self, batch: Batch) -> Orders:
        wishes = self.wanted.wishes
        return Orders(
            batch_pk=batch.pk,
            limits=self.manifest.limits,
            retries=self.manifest.retries,
            only=wishes.only,
            submissions=wishes.limit,
            stop_submitting_after_s=self.wanted.deadline_s,
            fit=self.wanted.fit,
            origin=None if self.workplace.sandbox else origin_of(self.manifest),
        )

    def _started(self, plan: Plan) -> RunEvent:
        details = {
            "name": plan.batch,
            "to_submit": plan.fit_jobs if self.wanted.fit else plan.diff.may_submit,
            "to_follow": plan.diff.in_flight,
            "pid": os.getpid(),
        }
        return RunEvent(EventName.STARTED, details=details)

    def _signalled(self, number: int) -> None:
        if self.stopped_by is not None:
            os._exit(128 + number)  # the second one: at once; what is in the air is unknown at the next start
        self.stopped_by = number
        if self.running is not None:
            self.running.interrupt(number)

    def _as_it_stands(self, writer: DirectWriter, batch: Batch) -> Ending:
        counts = writer.write_now(reads.counts, batch.pk, self.wanted.wishes.only)
        return Ending.of(counts)

    def _finished(self, writer: DirectWriter, batch: Batch, root: OutputRoot, ending: Ending) -> Finished:
        missing: tuple[str, ...] = ()
        if ending.state is None:
            writer.write_now(batches.touch, batch.pk, _stamp())
        with self.workplace.reading() as connection:
            if connection is None:
                raise StateError(f"the state {self.workplace.state} is gone")
            if ending.state is None and ending.disk is None:
                missing = tree.write_metadata(connection, root, batch).missing
                writer.write_now(batches.mark_tree, batch.pk, stale=False)
            fresh = batches.by_pk(connection, batch.pk)
            standing = replace(standing_of(self.workplace, connection, fresh), running_pid=None)
        ending = replace(ending, incomplete=ending.incomplete + len(missing))
        notes = [*self.notes, *self._missing_notes(missing)]
        details = status_json(standing) | {"exit_code": ending.exit_code}
        self.tell(RunEvent(EventName.FINISHED, details=details))
        return Finished(ending, ending.exit_code, standing, tuple(notes))

    def _missing_notes(self, missing: tuple[str, ...]) -> list[str]:
        if not missing:
            return []
        named = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
        repair = f"`runner verify {self.manifest.name} --repair` fetches them again, free of charge"
        return [f"{len(missing)} files are gone or changed ({named}): {repair}"]


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
