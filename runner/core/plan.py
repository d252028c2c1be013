"""What a run would do and cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.core.account import Account
from runner.core.breakdown import Breakdown
from runner.core.jobs_seen import JobsSeen
from runner.core.model import IN_FLIGHT, Job, JobId, JobState, Limits, Retries
from runner.core.money import NOTHING, Credits, Price, jobs_that_fit
from runner.core.retake import Retakes
from runner.core.task_times import TaskTimes

REQUESTS_A_JOB = 2
"""A POST and one status call, at least."""


@dataclass(frozen=True, slots=True)
class Books:
    """What a batch has spent, holds, and may spend, in credits; ``budget`` is ``None`` where there is no cap."""

    spent: Credits = NOTHING
    reserved: Credits = NOTHING
    unknown: Credits = NOTHING
    budget: Credits | None = None

    @property
    def left(self) -> int | None:
        """Credits that may still be reserved; negative after an overcharge or a lowered cap."""
        return None if self.budget is None else self.budget - self.spent - self.reserved


@dataclass(frozen=True, slots=True)
class Diff:
    """A manifest against the state: how many jobs are new, how many stand where, how many are no longer named.

    ``may_submit`` counts the new and pending jobs that this call may submit, after ``--only`` and ``--limit``.
    ``examples`` are the first of them. ``breakdown`` and ``seen`` are ``None`` where they were not asked for. ``retakes`` are
    what a person asked for beyond the manifest; they are counted like all others. ``is_begun``: the new ones are those that
    an interrupted first enrolment of just this manifest did not come to.
    """

    new: int
    by_state: Mapping[JobState, int]
    removed: int
    may_submit: int
    examples: tuple[Job, ...] = ()
    breakdown: Breakdown | None = None
    seen: JobsSeen | None = None
    retakes: Mapping[JobId, Retakes] = field(default_factory=dict)
    is_begun: bool = False

    @property
    def total(self) -> int:
        """The jobs that the manifest names."""
        return self.new + sum(self.by_state.values())

    @property
    def in_flight(self) -> int:
        """Submitting, running and fetching."""
        return sum(self.by_state[state] for state in IN_FLIGHT)

    @property
    def unfinished(self) -> bool:
        """Whether anything is left for which the service must be asked."""
        return bool(self.may_submit or self.in_flight or self.by_state[JobState.UNKNOWN])


@dataclass(frozen=True, slots=True)
class Plan:
    """The dry run. ``price`` is what one reservation holds: at least the quoted price, more if more was charged.

    ``task_times`` are those that earlier runs learned, by kind of task. ``account`` is that of the token, if it is known.
    """

    batch: str
    manifest: str
    quoted: Price
    price: Credits
    diff: Diff
    books: Books
    limits: Limits = field(default_factory=Limits)
    warnings: tuple[str, ...] = ()
    retries: Retries = field(default_factory=Retries)
    task_times: Mapping[str, TaskTimes] = field(default_factory=dict)
    account: Account | None = None

    @property
    def needed(self) -> int:
        """Credits that this call may spend."""
        return self.price * self.diff.may_submit

    @property
    def fits(self) -> bool:
        """Whether the budget and the account's cap allow all of it."""
        return self.fits_budget and self.fits_account

    @property
    def fits_budget(self) -> bool:
        """Whether the batch's budget allows all of it."""
        left = self.books.left
        return left is None or self.needed <= left

    @property
    def fits_account(self) -> bool:
        """Whether the account's cap allows all of it."""
        return self.account is None or self.account.left is None or self.needed <= self.account.left

    @property
    def fit_jobs(self) -> int:
        """How many of the jobs that this call may submit the budget and the account's cap pay for."""
        books = self.books
        affordable = jobs_that_fit(
            spent=books.spent,
            reserved=books.reserved,
            price=self.price,
            budget=books.budget,
            wanted=self.diff.may_submit,
        )
        if self.account is None or self.account.left is None:
            return affordable
        return max(0, min(affordable, self.account.left // self.price))

    @property
    def requests(self) -> int:
        """Requests that this call makes, at least."""
        return REQUESTS_A_JOB * self.diff.may_submit + self.diff.in_flight

    @property
    def seconds_at_least(self) -> float:
        """The least time that the configured rates leave, in seconds; what a generation takes comes on top."""
        by_requests = self.requests * 60.0 / self.limits.requests_per_minute
        hourly = self.limits.submissions_per_hour
        by_submissions = 0.0 if hourly is None else self.diff.may_submit * 3600.0 / hourly
        return round(max(by_requests, by_submissions), 1)
