"""The main job: make what a manifest asks for and the state does not have yet."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from runner import media
from runner.app import (
    accounting,
    after_run,
    describing,
    enrolling,
    going_on,
    notifying,
    probing,
    service,
    transferring,
    tree,
    writing,
)
from runner.app.comparison import fingerprint
from runner.app.describing import Described
from runner.app.enrolling import Enrolment
from runner.app.finished import Finished
from runner.app.inspecting import standing_of
from runner.app.preflight import Preflight, RunWishes
from runner.app.stopping import Interruption
from runner.app.workplace import Workplace, load_manifest, stamp
from runner.core.account import Account
from runner.core.advice import Invocation
from runner.core.ending import Ending
from runner.core.errors import StateError, UsageError
from runner.core.events import EventName, RunEvent
from runner.core.model import JobState, Manifest
from runner.core.plan import Plan
from runner.core.records import Batch
from runner.engine.ports import Arrivals, Orders, Ports, Watcher
from runner.engine.run import Run
from runner.files.depot import Depot
from runner.report.closing import MadeSoFar
from runner.report.metadata import NAME as METADATA_NAME
from runner.report.payload import status_json
from runner.store import batches, locks, reads, troubles
from runner.store.database import open_for_writing
from runner.store.holds import Hold
from runner.store.writer import Connection, DirectWriter


def run(
    workplace: Workplace,
    path: str,
    wanted: RunWishes,
    tell: Callable[[RunEvent], None],
    interruption: Interruption,
    watcher: Watcher | None = None,
) -> Finished:
    """Work a batch; the same call resumes it. It has a loop of its own: no other may run in this thread.

    ``watcher`` looks at it while it goes on.

    Raises before anything is sent: ``ManifestError``, ``UsageError`` (no token, another state, a stranger's name or
    directory, not confirmed), ``BudgetError``, ``BusyError``, ``StateError``.
    """
    loaded = load_manifest(path)
    checked = fingerprint(loaded.manifest)
    wished = transferring.with_engine(loaded.manifest, wanted.engine)
    workplace.refuse_if_elsewhere(path)
    notifying.warn_if_nobody_hears(loaded.manifest, workplace.environment)
    name = loaded.manifest.name

    made = MadeSoFar()

    def tell_of_batch(event: RunEvent) -> None:
        made.happened(event)
        tell(replace(event, details={"batch": name} | dict(event.details)))

    with (
        locks.holding(workplace.state, loaded.manifest.name) as hold,
        service.pointed(workplace, wished, wanted.sandbox_options) as manifest,
    ):
        work = _Batchwork(
            workplace, manifest, wanted, tell_of_batch, interruption, watcher, made, checked, hold
        )
        finished = work.work()
    if not work.had_work:
        return finished
    notes = notifying.told(manifest, finished, workplace.environment, sandbox=workplace.sandbox)
    return replace(finished, notes=(*finished.notes, *notes))


@dataclass(slots=True)
class _Batchwork:
    """One run, with the batch's lock held."""

    workplace: Workplace
    manifest: Manifest
    wanted: RunWishes
    tell: Callable[[RunEvent], None]
    interruption: Interruption
    watcher: Watcher | None
    made: MadeSoFar
    checked: str
    """The fingerprint of the manifest's files when they were read."""

    hold: Hold | None
    """The batch's lock; a state on a server moves no job for a process that has lost it."""

    had_work: bool = False
    manifest_sha256: str | None = None
    """The hash of the manifest's own file just before it was checked."""

    notes: list[str] = field(default_factory=list)

    def work(self) -> Finished:
        """Check everything, then spend."""
        output_dir = self.workplace.output_dir(self.manifest)
        if self.workplace.has_state():  # an older schema is brought up to date before anything reads it
            self._writer().close()
        preflight = Preflight(self.workplace, self.manifest, self.wanted)
        self.manifest_sha256 = describing.sha256_of(self.manifest.path)
        plan = preflight.checked_plan(output_dir)
        self.had_work = plan.diff.unfinished
        token = preflight.token(plan)
        with self.workplace.depot(output_dir, self.manifest.name) as root:
            tree.refuse_foreign_metadata(root)
            root.lock()
            if self.had_work:
                transferring.refuse_unusable(self.manifest, root)
                root.prove_writable()
            writer = self._writer()
            try:
                batch = enrolling.open_batch(writer, self.manifest, plan, output_dir)
                ending = asyncio.run(self._run(writer, batch, plan, root, token))
                return self._finished(writer, batch, root, ending)
            finally:
                writer.close()

    def _writer(self) -> DirectWriter:
        return DirectWriter(open_for_writing(self.workplace.state, self.hold))

    async def _run(self, writer: DirectWriter, batch: Batch, plan: Plan, root: Depot, token: str) -> Ending:
        ending = await self._worked(writer, batch, plan, root, token)
        if ending.signal is not None or ending.state is not None or ending.disk is not None:
            return ending
        ending = await self._looked(writer, batch, root, ending)
        return await self._processed(writer, batch, root, ending)

    async def _worked(
        self, writer: DirectWriter, batch: Batch, plan: Plan, root: Depot, token: str
    ) -> Ending:
        self.interruption.listen()
        arrivals = await self._enrolled(writer, batch, plan)
        if self.interruption.signal is not None:
            return Ending(signal=self.interruption.signal)
        reviewed = None if self.wanted.reviewed is None else self.wanted.reviewed.file
        enrolling.refuse_if_edited(self.manifest, self.checked, reviewed)
        if writer.write_now(
            batches.by_pk, batch.pk
        ).tree_stale:  # by an earlier run, or by the edited manifest
            self._tidy(writer, batch, root)
        self.tell(self._started(plan))
        if not plan.diff.unfinished:
            return self._as_it_stands(writer, batch)
        writer.write_now(batches.mark_tree, batch.pk, stale=True)
        async with self._ports(root, token) as ports:
            # It came since the enrolment, and there was no run yet to be told.
            if self.interruption.signal is not None:
                return Ending(signal=self.interruption.signal)
            engine = Run(
                self._orders(batch, accounting.opened(writer, token)), replace(ports, arrivals=arrivals)
            )
            self.interruption.pass_to(engine.interrupt)
            return await engine.execute()

    async def _looked(self, writer: DirectWriter, batch: Batch, root: Depot, ending: Ending) -> Ending:
        """Look into what is new in the tree, where the extra ``media`` is there; that it cannot be done fails no run."""
        if not media.is_installed():
            return ending
        try:
            looked = await probing.look(writer, root, batch.pk, lambda: self.interruption.signal is None)
        except (OSError, UsageError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            self.notes.append(f"the videos were not looked into: {why or error}")
            return ending
        self.notes.extend(looked.notes())
        if self.interruption.signal is not None:
            self.notes.append("not all videos were looked into; the next run goes on with it")
        return replace(ending, signal=self.interruption.signal)

    async def _processed(self, writer: DirectWriter, batch: Batch, root: Depot, ending: Ending) -> Ending:
        """Carry out the steps of the manifest; only now, so that nothing that is paid for waits for them."""
        if ending.signal is not None:
            return ending
        found = await after_run.process(
            writer, root, batch, self.manifest, lambda: self.interruption.signal is None, self.tell
        )
        self.notes.extend(found.notes)
        return replace(ending, signal=self.interruption.signal, incomplete=ending.incomplete + found.left)

    async def _enrolled(self, writer: DirectWriter, batch: Batch, plan: Plan) -> Arrivals | None:
        """Take the manifest's jobs in: all of them, or the first ones of a large batch, with how the others come."""
        total, overtakes = plan.diff.total, plan.diff.unfinished and not self.wanted.wishes.only
        enrolment = Enrolment(self.manifest, batch, plan.diff.retakes, self.checked, total)
        for _ in enrolment.pages(writer):
            await asyncio.sleep(0)  # a signal is seen between pages
            if self.interruption.signal is not None:
                break
            if overtakes and enrolment.may_be_overtaken:
                writer.write_now(enrolment.make_way)
                there = writer.write_now(reads.counts, batch.pk).total
                return Arrivals(enrolment.last_rank, max(0, total - there), enrolment.take_in_rest)
        return None

    def _tidy(self, writer: DirectWriter, batch: Batch, root: Depot) -> None:
        """What the end of an earlier run left to do: files to their paths, and the list of what is there."""
        try:
            self.notes.extend(tree.relocate(writer, root, batch))
            with self.workplace.reading() as connection:
                if connection is not None:
                    self._describe(connection, root, batch, with_gallery=False)  # the end of the run makes it
        except OSError as error:
            raise UsageError(f"{_unwritable(root, error)}; nothing was sent") from error

    @contextlib.asynccontextmanager
    async def _ports(self, root: Depot, token: str) -> AsyncIterator[Ports]:
        with writing.opened(self.workplace, self.hold) as (state, apart):
            async with service.ports(self.manifest, token, root, state, self.tell, self.watcher) as ports:
                yield replace(ports, apart=apart)

    def _orders(self, batch: Batch, account: Account) -> Orders:
        wishes = self.wanted.wishes
        return Orders(
            batch_pk=batch.pk,
            limits=self.manifest.limits,
            retries=self.manifest.retries,
            only=wishes.only,
            submissions=wishes.limit,
            stop_submitting_after_s=self.wanted.deadline_s,
            fit=self.wanted.fit,
            origin=None if self.workplace.sandbox else service.origin_of(self.manifest),
            canary=self.wanted.canary,
            account_pk=account.pk,
        )

    def _started(self, plan: Plan) -> RunEvent:
        details = {
            "name": plan.batch,
            "to_submit": plan.fit_jobs if self.wanted.fit else plan.diff.may_submit,
            "to_follow": plan.diff.in_flight,
            "pid": os.getpid(),
        }
        return RunEvent(EventName.STARTED, details=details)

    def _as_it_stands(self, writer: DirectWriter, batch: Batch) -> Ending:
        counts = writer.write_now(reads.counts, batch.pk, self.wanted.wishes.only)
        return Ending.of(counts)

    def _finished(self, writer: DirectWriter, batch: Batch, root: Depot, ending: Ending) -> Finished:
        described = Described(())
        if ending.state is None:
            writer.write_now(batches.touch, batch.pk, stamp())
        with self.workplace.reading() as connection:
            if connection is None:
                raise StateError(f"the state {self.workplace.state} is gone")
            if ending.state is None and ending.disk is None:
                try:
                    described = self._describe(connection, root, batch)
                    writer.write_now(batches.mark_tree, batch.pk, stale=False)
                except OSError as error:  # the tree stays marked, and the next start lists it
                    ending = replace(ending, disk=_unwritable(root, error))
            fresh = batches.by_pk(connection, batch.pk)
            standing = replace(standing_of(self.workplace, connection, fresh), running_pid=None)
            found = troubles.by_class(connection, batch.pk)
        ending = replace(ending, incomplete=ending.incomplete + len(described.missing))
        pending = standing.counts.by_state[JobState.PENDING]
        ways_out = going_on.after_guards(ending, self._call, pending)
        notes = [*self.notes, *described.told(self._call), *ways_out]
        details = status_json(standing) | {"exit_code": ending.exit_code}
        self.tell(RunEvent(EventName.FINISHED, details=details))
        made = self.made.in_all(fresh.spent - batch.spent)
        return Finished(ending, ending.exit_code, standing, made, found, tuple(notes))

    def _describe(
        self, connection: Connection, root: Depot, batch: Batch, *, with_gallery: bool = True
    ) -> Described:
        known = self.manifest_sha256
        return describing.describe(self.workplace, connection, root, batch, known, with_gallery=with_gallery)

    @property
    def _call(self) -> Invocation:
        return self.workplace.call(self.manifest.name, self.manifest.path)


def _unwritable(root: Depot, error: OSError) -> str:
    return f"the tree in {root.path} cannot be listed in {METADATA_NAME}: {error.strerror}"
