"""Repairing a tree: what is gone or changed is fetched again, free of charge, and ``metadata.jsonl`` brought up to it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.app import derived_checks, describing, probing, service, tree
from runner.app.file_findings import Finding, State
from runner.app.refetching import Refetching
from runner.app.verifying import Verified, check_all
from runner.app.workplace import Workplace, manifest_of, stamp
from runner.core.errors import StateError
from runner.core.model import Manifest
from runner.core.records import Batch
from runner.engine.context import Context
from runner.engine.inquiry import Inquiry
from runner.engine.ports import Orders
from runner.files.depot import Depot
from runner.files.folder import Folder
from runner.files.outcomes import Intact
from runner.store import batches, mending
from runner.store.writer import DirectWriter

PAGE = 500
AT_ONCE = 20
"""Files that are repaired side by side; how many are downloaded at once is the manifest's ``limits.downloads``."""


def repair(
    workplace: Workplace, named: str, sandbox_options: str, tell: Callable[[Finding], None]
) -> Verified:
    """Check every file of a batch, and fetch again what is gone or damaged; never pays.

    What stands in the place of a file goes to ``removed/<job_id>/`` first, nothing is overwritten or deleted. A job
    that is interrupted here is fetching, and the next ``run`` finishes it. Raises ``UsageError`` (no such batch, no
    token though something is damaged), ``ManifestError``, ``BusyError`` and ``StateError``.
    """
    with (
        workplace.deciding(named) as (writer, batch),
        workplace.depot(batch.output_dir, batch.name) as root,
    ):
        tree.refuse_foreign_metadata(root)
        root.lock()
        root.prove_writable()
        mender = _Mender(writer, batch, root, tell)
        mender.tidy()
        damaged = mender.check()
        if damaged:
            _fetch_again(workplace, manifest_of(named, batch), sandbox_options, mender, damaged)
        made_again = mender.mend_derived()
        mender.list_files(workplace)
        mender.notes.extend(writer.write_now(probing.ratio_notes, batch.pk))
        return mender.verified(len(damaged) + made_again)


def _fetch_again(
    workplace: Workplace, manifest: Manifest, sandbox_options: str, mender: "_Mender", damaged: list[int]
) -> None:
    way_out = "Name the manifest that it was paid with"
    service.refuse_other_origin(workplace, manifest, mender.batch, way_out)
    with service.pointed(workplace, manifest, sandbox_options) as pointed:
        asyncio.run(mender.mend(damaged, pointed, service.token_of(workplace, pointed)))


@dataclass(slots=True)
class _Mender:
    """One repair, with the locks of the batch and of its output directory held."""

    writer: DirectWriter
    batch: Batch
    root: Depot
    tell: Callable[[Finding], None]
    files: int = 0
    bytes: int = 0
    repaired: int = 0
    notes: list[str] = field(default_factory=list)
    stopped: str | None = None
    is_unlisted: bool = False

    def tidy(self) -> None:
        """Finish the moves of a run that died, so that every file stands where it is recorded."""
        if self.batch.tree_stale:
            self.notes.extend(tree.relocate(self.writer, self.root, self.batch))

    def check(self) -> list[int]:
        """The rows of the files that are gone or damaged."""
        damaged: list[int] = []
        after_pk = 0
        while page := self.writer.write_now(mending.recorded_page, self.batch.pk, after_pk, PAGE):
            after_pk = page[-1].file.pk
            self.files += len(page)
            self.bytes += sum(one.file.bytes or 0 for one in page)
            for checked in check_all(self.root, page):
                row = checked.recorded.file
                if not isinstance(checked.outcome, Intact):
                    damaged.append(row.pk)
                    self.tell(checked.finding)
                elif row.state != "placed":  # a repair failed, and then a person put the file back
                    self.writer.write_now(mending.found_again, row.pk, stamp())
        return damaged

    async def mend(self, damaged: list[int], manifest: Manifest, token: str) -> None:
        """Fetch these files again, as far as the service still has them."""
        self.writer.write_now(batches.mark_tree, self.batch.pk, stale=True)
        async with service.ports(manifest, token, self.root, self.writer, lambda _: None) as ports:
            ctx = Context.of(Orders(self.batch.pk, manifest.limits, manifest.retries), ports)
            inquiry = Inquiry(ports.provider, ctx.gate, random.SystemRandom())
            refetching = Refetching(ctx, inquiry, self.root)
            for start in range(0, len(damaged), AT_ONCE):
                page = self.writer.write_now(mending.recorded, damaged[start : start + AT_ONCE])
                for one in await refetching.several(page):
                    self.repaired += one.is_repaired
                    state = State.REPAIRED if one.is_repaired else State.UNREPAIRED
                    path = one.recorded.file.path or "?"
                    self.tell(Finding(path, one.recorded.job_id, state, one.note))
            self.stopped = inquiry.stopped or ctx.halt.service
            if ctx.halt.disk is not None:
                self.notes.append(ctx.halt.disk)

    def mend_derived(self) -> int:
        """Make again what steps made and is gone or damaged; how many files that were."""
        if not isinstance(self.root, Folder):
            return 0
        checks = derived_checks.repair(self.writer, self.root, self.batch.pk, self.tell)
        self.files += checks.files
        self.bytes += checks.bytes
        self.repaired += checks.repaired
        if checks.stopped is not None:
            self.notes.append(f"the steps stopped: {checks.stopped}")
        return checks.damaged

    def list_files(self, workplace: Workplace) -> None:
        """Bring ``metadata.jsonl`` to what the tree holds."""
        with workplace.reading() as connection:
            if connection is None:
                raise StateError(f"the state {workplace.state} is gone")
            try:
                described = describing.describe(workplace, connection, self.root, self.batch)
            except OSError as error:  # the tree stays marked, and the next start lists it
                self.is_unlisted = True
                self.notes.append(f"the tree in {self.root.path} cannot be listed: {error.strerror}")
                return
        self.notes.extend(described.notes)
        self.writer.write_now(batches.mark_tree, self.batch.pk, stale=False)

    def verified(self, damaged: int) -> Verified:
        """The whole, of which so many files were damaged."""
        return Verified(
            batch=self.batch.name,
            files=self.files,
            bytes=self.bytes,
            damaged=damaged,
            remaining=damaged - self.repaired,
            notes=tuple(self.notes),
            stopped=self.stopped,
            is_unlisted=self.is_unlisted,
        )
