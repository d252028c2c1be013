"""What is shown, as values, with only what a test is about."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from runner.core.forecast import Span
from runner.core.glance import Cause, Failure, Glance, Transfers, Waiting
from runner.core.model import AttemptOutcome, JobId, JobState, Limits
from runner.core.money import Credits, Price
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.pacing import Requests
from runner.core.plan import Books, Diff, Plan
from runner.core.records import Batch, Counts, JobRecord, StoredAttempt, StoredFile, StoredJob
from runner.report.payload import Standing

PRICE = Price(Credits(40), Decimal("0.40"))
ESCAPES = "\x1b[31mred\x1b]0;title\x07 \u202eback\u2069 \x9b2J \r\nforged line\x7f"
"""What would act on a terminal."""

ACTING = {char for char in map(chr, range(0x20)) if char != "\n"} | {
    "\x7f",
    "\u202e",
    "\u2069",
    *map(chr, range(0x80, 0xA0)),
}


def acts(text: str) -> bool:
    """Whether a text holds anything that a terminal would act upon."""
    return not ACTING.isdisjoint(text)


BATCH = Batch(
    pk=1,
    name="spring",
    manifest="/m/spring.yaml",
    provider="grokimagine",
    output_dir="/o/spring",
    api_origin=None,
    price=PRICE,
    highest_charge=Credits(0),
    budget=Credits(1000),
    manifest_budget=None,
    spent=Credits(120),
    reserved=Credits(80),
    unknown=Credits(40),
    generation=1,
    fingerprint=None,
    tree_stale=False,
    updated_at="2026-01-02T03:04:05.000+00:00",
)
JOB = StoredJob(
    pk=1,
    job_id=JobId("0123456789abcdef01234567"),
    state=JobState.DONE,
    prompt="a fox",
    images=("https://x/1.png",),
    mode="fun",
    ratio="2:3",
    path="p/take-01",
    rank=0,
    removed=False,
    attempt=2,
    task_id=TaskId("t2"),
    submitted_at="2026-01-02T03:04:05.000+00:00",
)


def counts_of(removed: int = 0, overdue: int = 0, **states: int) -> Counts:
    by_state = dict.fromkeys(JobState, 0) | {JobState(state): number for state, number in states.items()}
    return Counts(by_state, removed, overdue)


def standing_of(counts: Counts | None = None, **fields: Any) -> Standing:
    given = {"files": 3, "bytes": 7_000_000, "running_pid": None} | fields
    return Standing(given.pop("batch", BATCH), counts or counts_of(done=3), **given)


def plan_of(new: int = 2, removed: int = 0, **more: Any) -> Plan:
    """A plan; ``more`` are jobs by state, and fields of the plan."""
    states = {state: more.pop(state.value, 0) for state in JobState}
    may_submit = more.pop("may_submit", new + states[JobState.PENDING])
    diff = Diff(new, states, removed, may_submit, more.pop("examples", ()), more.pop("breakdown", None))
    given = {
        "quoted": PRICE,
        "price": Credits(40),
        "books": Books(budget=Credits(1000)),
        "limits": Limits(),
    } | more
    return Plan("spring", "m.yaml", diff=diff, **given)


def file_of(position: int = 1, **fields: Any) -> StoredFile:
    given = {
        "pk": position,
        "job": 1,
        "attempt": 2,
        "position": position,
        "url": f"https://cdn/{position}.mp4?sig=x",
        "state": "placed",
        "path": f"p/take-01-{position}.mp4",
        "target": None,
        "bytes": 7,
        "sha256": "ab" * 32,
    }
    return StoredFile(**(given | fields))


def record_of(**fields: Any) -> JobRecord:
    """A done job that was refused once, and paid for twice."""
    given = {
        "job": JOB,
        "prompt_id": "animals",
        "take": 1,
        "variables": {"animal": "fox"},
        "meta": {"sku": "A-17"},
        "overdue": False,
        "error": None,
        "error_class": None,
        "completed_at": "2026-01-02T03:05:05.000+00:00",
        "attempts": (
            StoredAttempt(AttemptOutcome.NOT_SENT, 0, None, "1"),
            StoredAttempt(AttemptOutcome.LOST, 40, None, "2"),
            StoredAttempt(AttemptOutcome.FAILED, 0, TaskId("t1"), "3"),
            StoredAttempt(AttemptOutcome.COMPLETED, 30, TaskId("t2"), "4"),
        ),
        "files": (file_of(1), file_of(2), file_of(3, state="wanted", path=None, bytes=None, sha256=None)),
    }
    return JobRecord(**(given | fields))


def failed_record(error: str) -> JobRecord:
    job = replace(JOB, state=JobState.FAILED)
    return record_of(job=job, files=(), error=error, error_class=ErrorClass.SERVICE, completed_at=None)


def glance_of(**fields: Any) -> Glance:
    """A run that is well under way, with some of everything."""
    states = {"done": 1204, "pending": 780, "running": 10, "fetching": 4, "failed": 2, "unknown": 1}
    given = {
        "batch": "spring",
        "seconds": 744.0,
        "jobs": counts_of(overdue=1, **states),
        "finished": 1204,
        "unfinished": 794,
        "price": PRICE,
        "books": Books(Credits(48160), Credits(560), Credits(40), Credits(80000)),
        "requests": Requests(88, 41.2),
        "waiting": Waiting(Cause.RATE, 12.3),
        "transfers": Transfers(3, 4.2e6, 1204, 9_200_000_000),
        "failures": (
            Failure("0123456789abcdef01234567", "the prompt was refused", ErrorClass.MODERATION),
            Failure("1123456789abcdef01234567", "not finished within its deadline", None),
        ),
        "per_minute": 8.21,
        "left": Span(5000.0, 7100.0),
    }
    return Glance(**(given | fields))
