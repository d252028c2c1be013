"""Trees with a page: as many jobs as a test is about, and real videos where they are played."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from runner.core.choice import NO_CHOICE, Choice, Flag
from runner.core.model import AttemptOutcome, JobId, JobState
from runner.core.money import Credits, Price
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.records import JobRecord, StoredAttempt, StoredFile, StoredJob
from runner.report.gallery import Head, page
from runner.report.payload import Json

PRICE = Price(Credits(40), Decimal("0.40"))
ANIMALS = ("fox", "owl", "bear", "lynx")
MARKUP = "<img src=x onerror=\"document.title='hit'\"></script><script>document.title='hit'</script>"
AT = "2026-01-02T03:05:05.000+00:00"
FAILURES: list[Json] = [
    {
        "state": "failed",
        "error_class": "moderation",
        "jobs": 1,
        "why": "the prompt was refused",
        "advice": "Moderation refused it and would again: word the prompt differently or leave it out.",
        "command": "runner run spring.yaml",
    }
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One job: its prompt's number, and what it is of it."""

    prompt: int
    mode: str = "fun"
    ratio: str = "2:3"
    take: int = 1
    state: JobState = JobState.DONE
    path: str | None = None
    choice: Choice = NO_CHOICE
    text: str | None = None


def twenty_four() -> list[Wanted]:
    """Four prompts with two modes and three ratios each, in order; the last job was refused, the one before is pending."""
    combinations = [(mode, ratio) for mode in ("fun", "normal") for ratio in ("2:3", "3:2", "1:1")]
    wanted = [Wanted(prompt, mode, ratio) for prompt in range(4) for mode, ratio in combinations]
    wanted[0] = Wanted(0, "fun", "2:3", choice=Choice(Flag.KEEP, 5, "the best"))
    wanted[1] = Wanted(0, "fun", "2:3", take=2, choice=Choice(Flag.REJECT))
    wanted[22] = Wanted(3, "normal", "3:2", state=JobState.PENDING)
    wanted[23] = Wanted(3, "normal", "1:1", state=JobState.FAILED)
    return wanted


def many(number: int) -> Iterator[Wanted]:
    """So many jobs, twelve of each prompt, in the order of the page."""
    combinations = [(m, r, t) for m in ("fun", "normal") for r in ("1:1", "2:3", "3:2") for t in (1, 2)]
    for one in range(number):
        mode, ratio, take = combinations[one % 12]
        yield Wanted(one // 12, mode, ratio, take, path=f"p/{ratio.replace(':', 'x')}.mp4")


def record_of(pk: int, wanted: Wanted) -> JobRecord:
    """The record of a wanted job."""
    animal = ANIMALS[wanted.prompt % len(ANIMALS)]
    is_done, has_failed = wanted.state is JobState.DONE, wanted.state is JobState.FAILED
    ratio = wanted.ratio.replace(":", "x")
    path = wanted.path or f"{animal}/{wanted.mode}_{ratio}/take-{wanted.take:02d}.mp4"
    job = StoredJob(
        pk=pk,
        job_id=JobId(f"{pk:024x}"),
        state=wanted.state,
        prompt=wanted.text or f"a {animal} runs through deep snow, number {wanted.prompt}",
        images=(),
        mode=wanted.mode,
        ratio=wanted.ratio,
        path=path,
        rank=pk,
        removed=False,
        prompt_pk=wanted.prompt,
    )
    return JobRecord(
        job=job,
        prompt_id=animal,
        take=wanted.take,
        variables={"animal": animal},
        meta={"season": ("winter", "summer")[wanted.prompt % 2]},
        overdue=False,
        error="the prompt was refused" if has_failed else None,
        error_class=ErrorClass.MODERATION if has_failed else None,
        completed_at=AT if is_done else None,
        attempts=(StoredAttempt(AttemptOutcome.COMPLETED, 40, TaskId("t"), AT),) if is_done else (),
        files=(StoredFile(pk, pk, pk, 1, "", "placed", path, None, 7, "ab" * 32),) if is_done else (),
        choice=wanted.choice,
    )


def head_of(wanted: Sequence[Wanted]) -> Head:
    """The head of a page with these jobs."""
    spent = 40 * sum(one.state is JobState.DONE for one in wanted)
    money = {"budget": 4000, "spent": spent, "reserved": 0, "unknown": 0, "left": 4000 - spent}
    figures: Json = {"jobs": {"total": len(wanted)}, "credits": money, "usd": {}}
    figures |= {"files": {"count": spent // 40, "bytes": 12_000 * spent // 40}, "running_pid": None}
    has_failed = any(one.state is JobState.FAILED for one in wanted)
    return Head("spring-campaign", AT, PRICE, figures, FAILURES if has_failed else [])


def page_of(wanted: Sequence[Wanted], live: int | None = None) -> bytes:
    """The page of these jobs."""
    return b"".join(page((record_of(*one) for one in enumerate(wanted)), head_of(wanted), live))


def write_tree(tree: Path, wanted: Sequence[Wanted]) -> Path:
    """Write the page, and one real video for each file that a job has; returns the page's path."""
    tree.mkdir(parents=True, exist_ok=True)
    (tree / "index.html").write_bytes(page_of(wanted))
    for pk, one in enumerate(wanted):
        for file in record_of(pk, one).files:
            place = tree / str(file.path)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(clip(one.ratio))
    return tree / "index.html"


def clip(ratio: str) -> bytes:
    """The sandbox's video of a ratio."""
    return files("runner.sandbox").joinpath("media", f"{ratio.replace(':', 'x')}.mp4").read_bytes()
