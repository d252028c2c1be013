"""The JSON objects of ``plan --json``, ``status --json`` and ``jobs --json``; their keys are the contract's."""

from dataclasses import dataclass
from decimal import Decimal

from runner.core.model import AttemptOutcome, JobState
from runner.core.money import Price
from runner.core.plan import Plan
from runner.core.records import Batch, Counts, JobRecord, StepCount

Json = dict[str, object]

_MADE_NO_POST = frozenset({AttemptOutcome.NOT_SENT})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a batch stands: its books, its jobs by state, its placed files, and who works on it now."""

    batch: Batch
    counts: Counts
    files: int
    bytes: int
    running_pid: int | None
    unknown_extra: int = 0
    """Jobs that a dead process left ``submitting``: nobody holds the lock, so they are shown as unknown."""

    unknown_extra_credits: int = 0
    steps: tuple[StepCount, ...] = ()


def plan_json(plan: Plan) -> Json:
    """The object of ``plan --json``."""
    diff, books = plan.diff, plan.books
    amounts: Json = {
        "price": plan.price,
        "total": plan.price * diff.total,
        "needed": plan.needed,
        "spent": books.spent,
        "reserved": books.reserved,
        "budget": books.budget,
        "left": books.left,
    }
    return {
        "batch": plan.batch,
        "manifest": plan.manifest,
        "jobs": {
            "total": diff.total,
            "new": diff.new,
            "pending": diff.by_state[JobState.PENDING],
            "in_flight": diff.in_flight,
            "unknown": diff.by_state[JobState.UNKNOWN],
            "failed": diff.by_state[JobState.FAILED],
            "done": diff.by_state[JobState.DONE],
            "removed": diff.removed,
        },
        "credits": amounts | {"fits": plan.fits},
        "usd": in_usd(plan.quoted, amounts) | {"fits": plan.fits},
        "requests": plan.requests,
        "seconds_at_least": plan.seconds_at_least,
        "fit_jobs": plan.fit_jobs,
    }


def status_json(standing: Standing) -> Json:
    """The object of ``status --json``."""
    batch, counts = standing.batch, standing.counts
    jobs: Json = {state.value: counts.by_state[state] for state in _STATES}
    jobs["submitting"] = counts.by_state[JobState.SUBMITTING] - standing.unknown_extra
    jobs["unknown"] = counts.by_state[JobState.UNKNOWN] + standing.unknown_extra
    amounts: Json = {
        "budget": batch.budget,
        "spent": batch.spent,
        "reserved": batch.reserved,
        "unknown": batch.unknown + standing.unknown_extra_credits,
        "left": batch.left,
    }
    return {
        "batch": batch.name,
        "jobs": jobs | {"removed": counts.removed, "total": counts.total},
        "credits": amounts,
        "usd": in_usd(batch.price, amounts),
        "files": {"count": standing.files, "bytes": standing.bytes},
        "steps": [
            {"step": one.label, "made": one.made, "failed": one.failed, "waiting": one.waiting}
            for one in standing.steps
        ],
        "running_pid": standing.running_pid,
        "updated_at": batch.updated_at,
    }


_STATES = (
    JobState.PENDING,
    JobState.SUBMITTING,
    JobState.RUNNING,
    JobState.FETCHING,
    JobState.DONE,
    JobState.FAILED,
    JobState.UNKNOWN,
)


def job_json(record: JobRecord) -> Json:
    """The object of one line of ``jobs --json``."""
    job = record.job
    return {
        "job_id": job.job_id,
        "prompt_id": record.prompt_id,
        "prompt": job.prompt,
        "images": list(job.images),
        "mode": job.mode,
        "ratio": job.ratio,
        "take": record.take,
        "variables": dict(record.variables),
        "meta": dict(record.meta),
        "state": job.state.value,
        "removed": job.removed,
        "task_id": job.task_id,
        "attempts": sum(one.outcome not in _MADE_NO_POST for one in record.attempts),
        "tasks": [
            {"task_id": one.task_id, "outcome": one.outcome.value, "credits": one.credits}
            for one in record.attempts
            if one.task_id is not None or one.credits
        ],
        "credits": sum(one.credits for one in record.attempts),
        "error": record.error,
        "error_class": None if record.error_class is None else record.error_class.value,
        "overdue": record.overdue,
        "files": [
            {"path": one.path, "bytes": one.bytes, "sha256": one.sha256, "url": one.url}
            for one in record.files
            if one.state == "placed"
        ],
        "submitted_at": record.job.submitted_at,
        "completed_at": record.completed_at,
        "choice": None if record.choice.flag is None else record.choice.flag.value,
        "rating": record.choice.rating,
        "note": record.choice.note,
        "again": record.choice.again,
    }


def in_usd(price: Price, amounts: Json) -> Json:
    """The same amounts in dollars, as JSON numbers; ``None`` stays."""
    return {name: _number(price, amount) for name, amount in amounts.items()}


def _number(price: Price, amount: object) -> float | None:
    return float(price.usd_of(amount)) if isinstance(amount, int) else None


def dollars(price: Price, amount: int) -> str:
    """An amount of credits as dollars for people: ``$9.60``."""
    usd = price.usd_of(amount)
    return f"${usd:.2f}" if usd == usd.quantize(Decimal("0.01")) else f"${usd}"
