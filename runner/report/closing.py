"""The end of a run for people: what it made and cost, what went wrong by class, and the command that goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from runner.core.advice import Advice, Invocation, advise
from runner.core.counting import noun
from runner.core.events import EventName, RunEvent
from runner.core.model import JobState
from runner.core.records import Trouble
from runner.core.safe_text import for_terminal
from runner.report.next_steps import row
from runner.report.payload import Standing, dollars
from runner.report.phrases import size


@dataclass(frozen=True, slots=True)
class Made:
    """What one run brought: files with their bytes, and the credits that it spent."""

    files: int
    bytes: int
    credits: int


class MadeSoFar:
    """The same while the run goes on, from its events."""

    def __init__(self) -> None:
        self._files = 0
        self._bytes = 0

    def happened(self, event: RunEvent) -> None:
        """Count a file that has its place."""
        size_bytes = event.details.get("bytes")
        if event.name is EventName.FILE and isinstance(size_bytes, int):
            self._files += 1
            self._bytes += size_bytes

    def in_all(self, credits_: int) -> Made:
        """What there was, for so many credits."""
        return Made(self._files, self._bytes, credits_)


_WHY_CHARS = 160
_UNDER_WAY = (JobState.RUNNING, JobState.FETCHING)


def made_line(standing: Standing, made: Made) -> str:
    """What one run made, and what that cost."""
    cost = f"{made.credits:,} credits ({dollars(standing.batch.price, made.credits)})"
    if made.files:
        made_ = f"{made.files:,} {noun(made.files, 'file')} ({size(made.bytes)})"
        return f"  this run  {made_} made, for {cost}"
    return f"  this run  nothing new was made{f', for {cost}' if made.credits else ''}"


def what_is_left(
    standing: Standing, troubles: Iterable[Trouble], call: Invocation, said: Iterable[str] = ()
) -> list[str]:
    """What a person can do about what is not done: the troubles by class, and what the run had no time or money for.

    A trouble whose message is among what was ``said`` already is not explained again.
    """
    told = tuple(said)
    lines: list[str] = []
    known = tuple(troubles)
    for trouble in known:
        is_told = any(trouble.why in each for each in told)
        lines.extend(_of_trouble(replace(trouble, why="") if is_told else trouble, call))
    states = standing.counts.by_state
    stuck = sum(each.jobs for each in known if each.state in _UNDER_WAY)
    lines.extend(_of_the_rest(standing, sum(states[each] for each in _UNDER_WAY) - stuck, call))
    return lines


def advice_of(trouble: Trouble, call: Invocation) -> Advice:
    """What to do about jobs with this trouble."""
    if trouble.error_class is not None:
        return advise(trouble.error_class, call, has_failed=trouble.state is JobState.FAILED)
    sentence = "The service has not finished in time: each run asks about it again, free of charge."
    return Advice(sentence, call.of_manifest("run"))


def _of_trouble(trouble: Trouble, call: Invocation) -> Iterator[str]:
    advice = advice_of(trouble, call)
    name = "" if trouble.error_class is None else f" {trouble.error_class.value}"
    word = _WORDS.get(trouble.state, trouble.state.value)
    # What failed was told when it failed, and `status` tells it again; the others have nothing else that says why.
    if trouble.why and trouble.state in _UNDER_WAY and trouble.error_class is not None:
        why = for_terminal(trouble.why, _WHY_CHARS)
        yield from row(word, f"{trouble.jobs:,}{name}{', such as' * (trouble.jobs > 1)}: {why}")
        yield from row("", advice.sentence, advice.command)
    else:
        yield from row(word, f"{trouble.jobs:,}{name}: {advice.sentence}", advice.command)


_WORDS = {JobState.RUNNING: "overdue", JobState.FETCHING: "no file"}


def _of_the_rest(standing: Standing, under_way: int, call: Invocation) -> Iterator[str]:
    """What a run that ended early left: pending jobs, and tasks or files that nothing is wrong with."""
    batch, pending = standing.batch, standing.counts.by_state[JobState.PENDING]
    parts = {"not submitted yet": pending, "under way and paid for": under_way}
    if not any(parts.values()):
        return
    text = ", ".join(f"{number:,} {word}" for word, number in parts.items() if number)
    needed = pending * batch.reservation_price
    if batch.budget is None or batch.left is None or needed <= batch.left:
        yield from row("to do", f"{text}; to go on:", call.of_manifest("run"))
    else:
        short = f"the budget leaves {max(0, batch.left):,} of the {needed:,} credits needed"
        whole = str(batch.budget - batch.left + needed)
        yield from row("to do", f"{text}; {short}:", call.of_manifest("run", "--budget", whole))
