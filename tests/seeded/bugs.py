"""The list of deliberate bugs: what is changed where, and which tests are asked."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """One replacement in one file; ``old`` must stand there, or the list is out of date."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Bug:
    """A bug, and the tests (paths for pytest) of which one must fail."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]

    def apply(self, tree: Path) -> None:
        """Make the edits in a copy of the tree; raises ``LookupError`` where the code has changed."""
        for edit in self.edits:
            path = tree / edit.file
            text = path.read_text(encoding="utf-8")
            if edit.old not in text:
                raise LookupError(f"{self.name}: {edit.file} does not hold {edit.old!r} any more")
            path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def bug(name: str, file: str, old: str, new: str, *tests: str) -> Bug:
    """A bug of one edit."""
    return Bug(name, (Edit(file, old, new),), tests)


ATTEMPTS = "runner/store/attempts.py"
DATABASE = "runner/store/database.py"
WRITER = "runner/store/writer.py"
LOCKS = "runner/store/locks.py"
SUBMISSION = "runner/engine/submission.py"
FOLLOWING = "runner/engine/following.py"
WIRE = "runner/providers/grokimagine/wire.py"
EXCHANGE = "runner/providers/grokimagine/exchange.py"
STORE, ENGINE, PROVIDERS, FILES = "tests/store", "tests/engine", "tests/providers", "tests/files"
SIMULATION = "tests/simulation"

BUGS: tuple[Bug, ...] = (
    # -- the books ---------------------------------------------------------------------------------------------------
    bug(
        "the-budget-guard-forgets-what-is-reserved",
        ATTEMPTS,
        "batch.c.spent + batch.c.reserved + _PRICE <= batch.c.budget",
        "batch.c.spent + _PRICE <= batch.c.budget",
        STORE,
    ),
    bug(
        "the-budget-guard-lets-one-job-too-many-through",
        ATTEMPTS,
        "batch.c.spent + batch.c.reserved + _PRICE <= batch.c.budget",
        "batch.c.spent + batch.c.reserved < batch.c.budget",
        STORE,
    ),
    bug(
        "an-unknown-outcome-releases-its-credits",
        ATTEMPTS,
        "AttemptOutcome.UNKNOWN, note=reason, candidate",
        "AttemptOutcome.UNKNOWN, credits=0, note=reason, candidate",
        STORE,
    ),
    bug(
        "an-unknown-outcome-is-pending-again",
        ATTEMPTS,
        "move(connection, job_pk, Event.LOST_SIGHT, error=reason",
        "move(connection, job_pk, Event.RETURNED, error=reason",
        STORE,
    ),
    Bug(
        "recovery-takes-a-dead-submission-for-unsent",
        (
            Edit(
                ATTEMPTS,
                "state=after(JobState.SUBMITTING, Event.LOST_SIGHT)",
                "state=after(JobState.SUBMITTING, Event.RETURNED)",
            ),
            Edit(
                ATTEMPTS,
                "values(outcome=AttemptOutcome.UNKNOWN, note=reason)",
                "values(outcome=AttemptOutcome.NOT_SENT, credits=0, note=reason)",
            ),
        ),
        (STORE,),
    ),
    bug(
        "a-failure-is-taken-for-refunded",
        ATTEMPTS,
        "Credits(int(held) if charged is None else charged)",
        "Credits(0 if charged is None else charged)",
        STORE,
    ),
    bug(
        "a-success-for-0-credits-frees-the-budget",
        ATTEMPTS,
        "charged or None, None, now)",
        "charged, None, now)",
        STORE,
    ),
    bug(
        "an-overcharge-does-not-raise-the-price",
        ATTEMPTS,
        "_PRICE = func.max(batch.c.price_credits, batch.c.highest_charge)",
        "_PRICE = batch.c.price_credits",
        STORE,
    ),
    bug(
        "a-task-may-belong-to-two-attempts",
        ATTEMPTS,
        "if known is not None:",
        "if known is not None and False:",
        STORE,
    ),
    bug(
        "two-live-attempts-are-allowed",
        "runner/store/schema.py",
        "CREATE UNIQUE INDEX attempt_live ON",
        "CREATE INDEX attempt_live ON",
        STORE,
    ),
    # -- the database ------------------------------------------------------------------------------------------------
    bug("a-transaction-begins-with-plain-begin", DATABASE, 'begin="BEGIN IMMEDIATE"', 'begin="BEGIN"', STORE),
    Bug(
        "commits-are-not-synced",
        (
            Edit(DATABASE, '"PRAGMA synchronous = FULL"', '"PRAGMA synchronous = NORMAL"'),
            Edit(DATABASE, "synchronous != 2", "synchronous != 1"),
        ),
        (STORE,),
    ),
    bug(
        "the-writer-goes-on-after-a-failed-commit",
        WRITER,
        "            self._doubt = error\n            _tell_all",
        "            _tell_all",
        STORE,
    ),
    bug(
        "an-answer-is-handed-out-before-its-commit",
        WRITER,
        "answers = run_in_one_transaction(connection, [asked.change for asked in group])",
        "answers = run_in_one_transaction(connection, [_early(asked) for asked in group])",
        STORE,
    ),
    bug(
        "the-lock-is-never-taken",
        LOCKS,
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        STORE,
    ),
    bug("a-lock-on-a-deleted-file-counts", LOCKS, "if _is_still(path, descriptor):", "if descriptor:", STORE),
    # -- the engine --------------------------------------------------------------------------------------------------
    bug(
        "the-post-leaves-without-a-reservation",
        SUBMISSION,
        "    if reservation is None:\n",
        "    if reservation is None and False:\n",
        ENGINE,
    ),
    bug(
        "a-run-does-not-stop-after-three-unknown-outcomes",
        "runner/engine/halt.py",
        "if self._unknown_in_a_row >= UNKNOWN_IN_A_ROW:",
        "if self._unknown_in_a_row >= 1000:",
        ENGINE,
    ),
    bug(
        "recovery-is-left-out",
        "runner/engine/run.py",
        "            await ctx.record(attempts.recover, ctx.orders.batch_pk)\n",
        "",
        ENGINE,
    ),
    bug(
        "an-unknown-word-fails-a-paid-task",
        FOLLOWING,
        "            case Running():\n",
        '            case Running(word=str()):\n                return await self._failed(Failed("unknown word"))\n            case Running():\n',
        ENGINE,
    ),
    bug(
        "more-tasks-run-at-once-than-allowed",
        "runner/engine/slots.py",
        "if self.taken < self.capacity and not self._waiting:",
        "if self.taken <= self.capacity and not self._waiting:",
        ENGINE,
    ),
    bug(
        "exit-0-although-outcomes-are-unknown",
        "runner/core/ending.py",
        "(self.undecided > 0, EXIT_UNDECIDED)",
        "(False, EXIT_UNDECIDED)",
        ENGINE,
    ),
    bug(
        "an-echo-of-another-request-is-accepted",
        "runner/core/steps.py",
        "return (echo.prompt is None or",
        "return (True or",
        ENGINE,
    ),
    # -- the provider ------------------------------------------------------------------------------------------------
    bug(
        "a-500-is-taken-for-a-refusal",
        WIRE,
        "dict.fromkeys((400, 413, 415, 422), RefusalKind.REQUEST)",
        "dict.fromkeys((400, 413, 415, 422, 500), RefusalKind.REQUEST)",
        PROVIDERS,
    ),
    bug(
        "a-redirected-post-is-followed", EXCHANGE, "allow_redirects=False", "allow_redirects=True", PROVIDERS
    ),
    bug(
        "an-exception-is-taken-for-unsent",
        EXCHANGE,
        "return Unanswered(departure.left,",
        "return Unanswered(False,",
        PROVIDERS,
    ),
    bug(
        "an-edge-503-is-taken-for-a-refusal",
        WIRE,
        "_PASSING_BARE = frozenset({429})",
        "_PASSING_BARE = frozenset({429, 503})",
        PROVIDERS,
    ),
    # -- the files ---------------------------------------------------------------------------------------------------
    bug("a-partial-file-is-not-synced", "runner/files/disk.py", "os.fsync(handle)", "pass", FILES),
    bug(
        "a-placed-name-is-not-synced",
        "runner/files/place.py",
        "        root.disk.sync(target.directory)\n    return Placed()",
        "    return Placed()",
        FILES,
    ),
    bug(
        "a-file-is-named-without-being-checked",
        "runner/files/place.py",
        "    if root.digest(source) != content:\n        return _without_source(root, path, content)\n",
        "",
        FILES,
    ),
    bug(
        "a-foreign-file-is-taken-for-ours",
        "runner/files/place.py",
        '    if root.digest(target) != content:\n        return Conflict(f"{path} is taken by another file")\n',
        "",
        FILES,
    ),
    bug(
        "a-part-from-elsewhere-is-appended",
        "runner/files/replies.py",
        "def continues(",
        "def continues(*_: object) -> bool:\n    return True\n\n\ndef _continues(",
        FILES,
    ),
    bug(
        "a-private-address-is-connected-to",
        "runner/files/addresses.py",
        "if not policy.allows(",
        "if False and not policy.allows(",
        FILES,
    ),
    # -- manifests and paths -----------------------------------------------------------------------------------------
    bug(
        "two-jobs-may-have-one-path",
        "runner/core/expansion.py",
        "paths.add(collision_key(job.path))",
        "paths.add(job.job_id)",
        "tests/core",
    ),
    bug(
        "renaming-an-id-makes-a-new-job",
        "runner/core/variation.py",
        "PLACEHOLDER",
        "PLACEHOLDER",
        "tests/core",
    ),
)
