"""What a reviewed plan is held against: the terms, the jobs in their order, where each of them stood, and the books."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.core.counting import noun
from runner.core.jobs_seen import LISTED_MAX, SUBMIT, UNSENT, JobsSeen
from runner.core.model import JobState, Manifest
from runner.core.plan import Plan

Fact = str | int | None

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A manifest and its batch at one moment.

    ``terms`` are the manifest's, ``books`` the batch's, ``counts`` the jobs by state; ``jobs`` are all of them.
    """

    terms: Mapping[str, Fact]
    books: Mapping[str, Fact]
    counts: Mapping[str, int]
    jobs: JobsSeen


def snapshot_of(plan: Plan, manifest: Manifest, service: str) -> Snapshot:
    """The snapshot of a plan that was made with a ``Watch``; ``service`` is where the batch is paid."""
    diff, books = plan.diff, plan.books
    if diff.seen is None:
        raise RuntimeError("the plan was made without watching its jobs")
    counts = {UNSENT: diff.new + diff.by_state[JobState.PENDING]}
    counts |= {state.value: diff.by_state[state] for state in JobState if state is not JobState.PENDING}
    return Snapshot(
        terms={
            "the provider": manifest.provider.name,
            "the service": service,
            "the price in credits": plan.quoted.credits,
            "the price in dollars": str(plan.quoted.usd),
            "order": manifest.order.value,
            "retries.regenerate_failed": manifest.retries.regenerate_failed,
            "retries.on_unknown": manifest.retries.on_unknown.value,
        },
        books={
            "the credits that a generation holds": plan.price,
            "spent": books.spent,
            "reserved": books.reserved,
            "the unknown part of reserved": books.unknown,
            "the budget": books.budget,
        },
        counts=counts | {"removed": diff.removed},
        jobs=diff.seen,
    )


@dataclass(frozen=True, slots=True)
class Drift:
    """What is no longer as it was, a sentence each: of the manifest, and of the state."""

    manifest: tuple[str, ...]
    state: tuple[str, ...]


def drift_between(then: Snapshot, now: Snapshot) -> Drift:
    """What has moved from one snapshot to the other; both empty where they are the same."""
    manifest = [*_facts(then.terms, now.terms), *_other_jobs(then, now)]
    state = [*_moved_jobs(then, now), *_facts(then.books, now.books)]
    return Drift(tuple(manifest), tuple(state))


def _facts(then: Mapping[str, Fact], now: Mapping[str, Fact]) -> Iterator[str]:
    for name in (*then, *(each for each in now if each not in then)):
        before, after = then.get(name), now.get(name)
        if before != after:
            yield f"{name} was {_said(before)} and is {_said(after)}"


def _said(fact: Fact) -> str:
    return "none" if fact is None else str(fact)


def _other_jobs(then: Snapshot, now: Snapshot) -> Iterator[str]:
    if then.jobs.asked == now.jobs.asked:
        return
    before, after = then.jobs.listed, now.jobs.listed
    if before is None or after is None:
        was, is_now = _total(then), _total(now)
        number = (
            f"it asked for {was} jobs and asks for {is_now}" if was != is_now else f"{was} jobs as before"
        )
        yield f"{number}, which are others or in another order (more than {LISTED_MAX} are not told apart)"
        return
    new = [_path(after[job_id]) for job_id in after if job_id not in before]
    gone = [_path(before[job_id]) for job_id in before if job_id not in after]
    if new:
        yield f"{_jobs(len(new))} new: {_some(new)}"
    if gone:
        yield f"{_jobs(len(gone))} no longer in it: {_some(gone)}"
    if not new and not gone:
        yield "its jobs come in another order"


def _moved_jobs(then: Snapshot, now: Snapshot) -> Iterator[str]:
    before, after = then.jobs.listed, now.jobs.listed
    if before is not None and after is not None:
        yield from _moves(before, after)
        known: Mapping[str, int] = {"removed": then.counts.get("removed", 0)}
        yield from _counts(known, now.counts)
        return
    lines = list(_counts(then.counts, now.counts))
    if not lines and then.jobs.asked == now.jobs.asked and then.jobs.standing != now.jobs.standing:
        lines = ["jobs stand elsewhere than they stood, as many in each state as before"]
    yield from lines


def _moves(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    moves: Counter[tuple[str, str]] = Counter()
    paths: dict[tuple[str, str], list[str]] = {}
    for job_id in (each for each in before if each in after):
        move = _word(before[job_id]), _word(after[job_id])
        if move[0] != move[1]:
            moves[move] += 1
            paths.setdefault(move, []).append(_path(after[job_id]))
    for move, number in moves.items():
        yield f"{_move(*move, number)}: {_some(paths[move])}"


def _move(before: str, after: str, number: int) -> str:
    if after == SUBMIT:
        return f"{_jobs(number)} to be submitted now, and not by the plan"
    if before == SUBMIT:
        now = "left out by --only" if after == UNSENT else after
        return (
            f"{number} {noun(number, 'job')} that the plan would submit {noun(number, 'is', 'are')} {now} now"
        )
    return f"{_jobs(number)} {after} now, {noun(number, 'was', 'were')} {before}"


def _counts(then: Mapping[str, int], now: Mapping[str, int]) -> Iterator[str]:
    for name, before in then.items():
        if before != now.get(name, 0):
            yield f"{before} jobs were {name}, {now.get(name, 0)} are now"


def _total(snapshot: Snapshot) -> int:
    return sum(number for name, number in snapshot.counts.items() if name != "removed")


def _jobs(number: int) -> str:
    return f"{number} {noun(number, 'job is', 'jobs are')}"


def _some(paths: list[str]) -> str:
    return ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")


def _word(listed: str) -> str:
    return listed.partition(" ")[0]


def _path(listed: str) -> str:
    return listed.partition(" ")[2]
