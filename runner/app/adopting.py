"""Taking over a tree whose state was lost: what its metadata claims, as far as the files prove it."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from runner.app import describing, enrolling, planning
from runner.app.comparison import Wishes, fingerprint
from runner.app.desk import Decision
from runner.app.regaining import Regaining
from runner.app.workplace import Workplace, load_manifest, stamp
from runner.core.bucket_url import is_url
from runner.core.errors import StateError, UsageError
from runner.core.model import JobId, JobState, Manifest
from runner.core.plan import Plan
from runner.core.records import Batch, Claim, StoredJob
from runner.files.depot import Depot
from runner.files.outcomes import Content, Damaged, Intact, Missing
from runner.report.claims import LONGEST_ROW_BYTES, Row, claims_in, row_in
from runner.report.metadata import NAME
from runner.store import batches, decisions, mending, reads
from runner.store.attempts import DuplicateTaskError
from runner.store.database import open_for_writing
from runner.store.holds import Hold
from runner.store.locks import holding
from runner.store.writer import DirectWriter

PAGE = 200
PROBLEMS_SHOWN = 20


@dataclass(slots=True)
class Adopted:
    """What came of an adoption.

    ``jobs`` are done now with so many ``files``, for ``credits`` that count as spent; ``missed`` were paid for but
    have lost a file; ``known`` had their result already; ``strangers`` are not in the manifest; ``problems`` is how
    many rows or jobs could not be used, ``shown`` the first of them. ``kept`` is a copy of the old list, if it had
    more than the new one.
    """

    batch: str
    jobs: int = 0
    files: int = 0
    credits: int = 0
    missed: int = 0
    known: int = 0
    strangers: int = 0
    problems: int = 0
    shown: list[str] = field(default_factory=list)
    kept: Path | None = None

    @property
    def exit_code(self) -> int:
        """1 where something could not be taken over, else 0."""
        return 1 if self.missed or self.problems else 0

    def problem(self, text: str) -> None:
        """Count one, and keep the first of them."""
        self.problems += 1
        if self.problems <= PROBLEMS_SHOWN:
            self.shown.append(text)


def adopt(workplace: Workplace, path: str, tell: Callable[[Decision], None]) -> Adopted:
    """Enrol the manifest, and take over the results that its tree's metadata names, after hashing; free of charge.

    A job whose files are not all there is failed, with its payment and its task remembered: ``retry`` asks for them.
    Nothing is written into the tree but ``metadata.jsonl``; it is done again safely. Raises ``UsageError`` (another
    state, a stranger's name or directory, nothing to adopt), ``ManifestError``, ``BusyError`` and ``StateError``.
    """
    manifest = load_manifest(path).manifest
    texts = fingerprint(manifest)
    workplace.refuse_if_elsewhere(path)
    output_dir = workplace.output_dir(manifest)
    with holding(workplace.state, manifest.name) as hold:
        with _tree(workplace, manifest, output_dir) as root:
            with workplace.reading() as connection:
                plan = planning.plan_with(connection, workplace, manifest, Wishes(examples=0))
            root.lock()
            adoption = _Adoption(workplace, manifest, root, tell, Adopted(manifest.name), hold)
            adoption.refuse_empty()
            adoption.enrol_and_take_over(plan, output_dir, texts)
        return adoption.result


@contextlib.contextmanager
def _tree(workplace: Workplace, manifest: Manifest, output_dir: str) -> Iterator[Depot]:
    """The tree of a manifest, if it has a list."""
    nothing = UsageError(
        f"there is no {output_dir}/{NAME}, so there is nothing to adopt; `output.dir` of {manifest.path} says where the tree is"
    )
    if not is_url(output_dir) and not (Path(output_dir) / NAME).is_file():
        raise nothing
    with workplace.depot(output_dir, manifest.name, create=False) as root:
        try:
            is_there = root.has(NAME)
        except OSError as error:
            raise UsageError(f"{output_dir}/{NAME} cannot be read: {error.strerror}") from error
        if not is_there:
            raise nothing
        yield root


@dataclass(slots=True)
class _Adoption:
    """One adoption, with the locks of the batch and of its output directory held."""

    workplace: Workplace
    manifest: Manifest
    root: Depot
    tell: Callable[[Decision], None]
    result: Adopted
    hold: Hold | None
    taken: set[int] = field(default_factory=set)
    """The paths of files that have a job, as hashes: a million of them have room in memory."""

    def refuse_empty(self) -> None:
        """Raise ``UsageError`` if no row can be used: then it is not a list of ours, and must not be replaced."""
        if not any(isinstance(row_in(line), Row) for line in self._lines()):
            raise UsageError(f"{self.root.path}/{NAME} holds no row of this program; nothing was changed")

    def enrol_and_take_over(self, plan: Plan, output_dir: str, texts: str) -> None:
        """Bring the manifest into the state, and then what its tree proves."""
        with contextlib.closing(DirectWriter(open_for_writing(self.workplace.state, self.hold))) as writer:
            batch = enrolling.open_batch(writer, self.manifest, plan, output_dir)
            for _ in enrolling.enrol(writer, self.manifest, batch, plan.diff.retakes, texts):
                pass
            enrolled = writer.write_now(batches.by_pk, batch.pk)
            Regaining(writer, enrolled, self.manifest, self._lines).takes(texts)
            self.take_over(writer, enrolled)

    def take_over(self, writer: DirectWriter, batch: Batch) -> None:
        """Go through the list, and bring it to what was taken over."""
        # Until the next run has looked, a file may stand elsewhere than the manifest wants it now.
        writer.write_now(batches.mark_tree, batch.pk, stale=True)
        self._note_placed(writer, batch)
        claims = claims_in(self._rows())
        while page := list(islice(claims, PAGE)):
            self._work(writer, batch, page)
        Regaining(writer, batch, self.manifest, self._lines).choices(stamp())
        if self.result.strangers or self.result.problems:
            self._keep_list()
        with self.workplace.reading() as connection:
            if connection is None:
                raise StateError(f"the state {self.workplace.state} is gone")
            try:
                describing.describe(self.workplace, connection, self.root, batch)
            except OSError as error:  # the tree stays marked, and the next run lists it
                self.result.problem(f"{self.root.path}/{NAME} cannot be written: {error.strerror}")

    def _note_placed(self, writer: DirectWriter, batch: Batch) -> None:
        after_pk = 0
        while page := writer.write_now(mending.recorded_page, batch.pk, after_pk, PAGE):
            self.taken.update(hash(one.file.path) for one in page)
            after_pk = page[-1].file.pk

    def _work(self, writer: DirectWriter, batch: Batch, page: Sequence[Claim | tuple[JobId, str]]) -> None:
        job_ids = [one.job_id if isinstance(one, Claim) else one[0] for one in page]
        jobs = {job.job_id: job for job in writer.write_now(reads.jobs_named, batch.pk, job_ids)}
        wanted: list[tuple[StoredJob, Claim]] = []
        for job_id, one in zip(job_ids, page, strict=True):
            job = jobs.get(job_id)
            if job is None or job.removed:
                self.result.strangers += 1
            elif job.state not in {JobState.PENDING, JobState.FAILED}:
                self.result.known += 1
            elif isinstance(one, Claim):
                wanted.append((job, one))
            else:
                self.result.problem(f"job {job_id}: {one[1]}")
        for (job, claim), trouble in zip(wanted, asyncio.run(self._check_all(wanted)), strict=True):
            self._decide(writer, job, claim, trouble)

    def _decide(self, writer: DirectWriter, job: StoredJob, claim: Claim, trouble: str | None) -> None:
        is_known = any(
            task.task_id == claim.task_id
            for task in writer.write_now(reads.failed_tasks, [job.pk]).get(job.pk, ())
        )
        try:
            if trouble is None:
                self._take(writer, job, claim)
            elif job.state is JobState.PENDING and not is_known:
                writer.write_now(decisions.miss, job.pk, claim, stamp())
                self.result.missed += 1
                self.tell(Decision(job.job_id, JobState.FAILED, trouble, is_left=True))
            else:
                self.result.problem(f"job {job.job_id}: {trouble}")
        except DuplicateTaskError as error:
            self.result.problem(f"job {job.job_id}: {error}")

    def _take(self, writer: DirectWriter, job: StoredJob, claim: Claim) -> None:
        paths = {hash(one.path) for one in claim.files}
        if paths & self.taken:
            self.result.problem(f"job {job.job_id}: its file is another job's as well")
            return
        writer.write_now(decisions.adopt, job.pk, claim, stamp())
        self.taken |= paths
        self.result.jobs += 1
        self.result.files += len(claim.files)
        self.result.credits += claim.credits
        self.tell(Decision(job.job_id, JobState.DONE, f"taken over with task {claim.task_id}"))

    async def _check_all(self, wanted: Sequence[tuple[StoredJob, Claim]]) -> list[str | None]:
        async with asyncio.TaskGroup() as group:
            checking = [group.create_task(self._trouble(job, claim)) for job, claim in wanted]
        return [task.result() for task in checking]

    async def _trouble(self, job: StoredJob, claim: Claim) -> str | None:
        """Why the claim is not proven by its files, ``None`` if it is."""
        numbers = [_number_of(job, one.path) for one in claim.files]
        if any(numbers) and (len(numbers) == 1 or numbers != list(range(1, len(numbers) + 1))):
            return "the list names only some of its files"
        for one in claim.files:
            match await asyncio.to_thread(self.root.check, one.path, Content(one.bytes, one.sha256)):
                case Damaged(reason=reason):
                    return f"{one.path}: {reason}"
                case Missing():
                    return f"{one.path} is gone"
                case Intact():
                    pass
        return None

    def _rows(self) -> Iterator[Row]:
        for number, line in enumerate(self._lines(), start=1):
            row = row_in(line)
            if isinstance(row, str):
                self.result.problem(f"{NAME}:{number}: {row}")
            else:
                yield row

    def _lines(self) -> Iterator[bytes | None]:
        try:
            yield from self.root.lines(NAME, LONGEST_ROW_BYTES)
        except OSError as error:
            raise UsageError(f"{self.root.path}/{NAME} cannot be read: {error.strerror}") from error

    def _keep_list(self) -> None:
        """Keep a copy beside the state: rows that are left out name tasks that were paid for."""
        kept = self.workplace.beside.with_name(f"{self.manifest.name}.{NAME}.before-adopt")
        try:
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with kept.open("wb") as file:
                file.writelines(self.root.blocks(NAME))
        except OSError as error:
            raise StateError(f"{kept} cannot be written: {error.strerror}") from error
        self.result.kept = kept


def _number_of(job: StoredJob, path: str) -> int | None:
    """Which of several files of the job's task has this path, ``None`` if it does not say so."""
    found = re.fullmatch(
        r"-([1-9][0-9]?)", PurePosixPath(path).with_suffix("").as_posix().removeprefix(job.path)
    )
    return int(found[1]) if found else None
