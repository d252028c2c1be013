"""The promises, checked after every durable change and around every request."""

import asyncio
import math
from collections import Counter

from runner.core.outcomes import (
    Accepted,
    NothingLearned,
    NotSent,
    RefusalKind,
    Refused,
    Unknown,
)
from runner.store import attempts

from . import books, politeness
from .facts import DOUBT
from .mix import PRICE
from .snapshot import Snapshot

UNKNOWN_IN_A_ROW = 3
CANARY_FROM = 20
POLICY_S = 1.0
"""A failed job may be pending again by policy; until that is decided it counts as failed, or not."""


class Checker:
    """Tells the world what is wrong, as soon as it is."""

    def __init__(self, world):
        self._world = world
        self.state = Snapshot(world.file.raw)
        self.authorised = Counter()  # job -> payments that a person or a policy allowed beyond the first
        self.attached = set()  # attempts for which a person named a task
        self._posted = set()
        self._submissions = politeness.Submissions()

    # The state

    def committed(self, process):
        """A change is durable; ``process`` is ``None`` where a person made it."""
        world, before = self._world, self.state
        self.state = after = Snapshot(world.file.raw)
        self._authorise(process, before, after)
        if process is not None:
            self._note_limits(process)
        now = asyncio.get_running_loop().time()
        self._report(books.wrongs_of_change(before, after, by_hand=process is None))
        self._report(books.wrongs_of_settling(before, after, world.service.tasks))
        self._report(books.wrongs_of_state(after))
        self._report(books.wrongs_against_ledger(after, world.service, self.attached, now))
        self._see(process, before, after)
        if before.files != after.files or before.jobs != after.jobs:
            self._report(books.wrongs_of_files(after, world.disk, world.service.tasks))

    def change_asked(self, process, change, args):
        """A worker wants to change the state, or to ask it something."""
        task = asyncio.current_task()
        owed = process.facts.owed.pop(task, None)
        if owed is not None and (change is not attempts.accept or args != owed):
            self._wrong(f"{owed[1]} was read, and then {change.__name__} came before it was recorded")
        if change is attempts.reserve:
            process.facts.asked_at[task] = process.now()

    def commit_failed(self, process):
        """The process was told that a commit is in doubt."""
        process.facts.is_in_doubt = True
        process.facts.stop(process.now(), DOUBT)

    def _note_limits(self, process):
        facts, mix = process.facts, self._world.mix
        facts.was_tight = facts.was_tight or not _has_room(self.state.batch)
        if not mix.has_too_many_failures(self.state.states().get("failed", 0)):
            facts.capped_since = None
        elif facts.capped_since is None:
            facts.capped_since = process.now()

    def _see(self, process, before, after):
        """Note the rare situations that a commit shows."""
        seen, batch = self._world.seen, after.batch
        if batch.budget is not None and batch.spent + batch.reserved == batch.budget > 0:
            seen("the budget was used to the last credit")
        if batch.budget is not None and batch.spent + batch.reserved > batch.budget:
            seen("the books were above the budget")
        for pk, attempt in after.attempts.items():
            old = before.attempts.get(pk)
            if old is None and attempt.credits > PRICE:
                seen("a reservation at more than the quoted price")
            if old is not None and old.outcome == "running" and attempt.outcome in {"completed", "failed"}:
                word = (
                    "more"
                    if attempt.credits > old.credits
                    else "less"
                    if attempt.credits < old.credits
                    else "what"
                )
                seen(
                    f"a task that {attempt.outcome} was booked for {word} than was held".replace(
                        "what than", "what"
                    )
                )
        moved = [
            pk for pk, job in after.jobs.items() if pk in before.jobs and before.jobs[pk].state != job.state
        ]
        if len(moved) > 1:
            seen("several jobs moved in one commit")
        if (
            process is not None
            and process.number > 1
            and any(
                before.jobs[pk].state == "submitting" and after.jobs[pk].state == "unknown" for pk in moved
            )
        ):
            seen("a submission became unknown")

    def _authorise(self, process, before, after):
        """Count the payments beyond the first that were allowed, and see that somebody may allow them."""
        retries = self._world.mix.retries
        for pk, job in after.jobs.items():
            was = before.jobs[pk].state if pk in before.jobs else None
            if (was, job.state) not in {("unknown", "pending"), ("failed", "pending")}:
                continue
            self.authorised[pk] += 1
            failed = sum(each.outcome == "failed" for each in after.attempts_of(pk))
            by_policy = (
                retries.on_unknown == "resubmit"
                if was == "unknown"
                else 1 <= failed <= retries.regenerate_failed
            )
            if process is not None and not by_policy:
                self._wrong(f"job {pk} went from {was} to pending, and nobody allowed it")
            self._world.seen(f"{'a policy' if process else 'a person'} paid again for a job that was {was}")

    # Requests

    def post_leaves(self, process, post):
        """Just before the first byte of a POST."""
        attempt, job = self.state.attempts.get(post.attempt), self.state.jobs.get(post.job)
        if attempt is None or attempt.outcome != "submitting" or job.state != "submitting":
            self._wrong(f"post {post.number} leaves without a durable reservation")
            return
        wanted = self._world.job(job.job_id)
        request = post.request
        if (request.prompt, request.mode, request.ratio, request.images) != (
            wanted.prompt,
            wanted.mode,
            wanted.ratio,
            wanted.images,
        ):
            self._wrong(f"post {post.number} asks for something else than job {post.job}")
        if attempt.pk in self._posted:
            self._wrong(f"a second post leaves for attempt {attempt.pk}")
        self._posted.add(attempt.pk)
        self._may_post(process)
        self._fits_in_flight()
        self._may_need_to_be_alone(post)
        self._fits_budget(post)
        self._is_polite(process, is_post=True)
        if post.is_open:
            world = self._world
            is_clock_true = not world.situations["the wall clock jumped"]
            self._report(
                self._submissions.wrongs(world.mix.limits, post.sent_at, is_clock_true=is_clock_true)
            )

    def post_answered(self, process, post, answer):
        """A process reads what became of its POST."""
        facts, now = process.facts, process.now()
        post.was_answered = True
        self._world.seen(f"a post was answered with {type(answer).__name__}: {post.fate.word}")
        if isinstance(answer, Accepted):
            facts.owed[asyncio.current_task()] = (post.attempt, answer.task_id)
            facts.read_ids.add(answer.task_id)
            if post.fate.word == "repeated id":
                facts.stops.add("a repeated id")  # if the other job is known to have it by then
            if any(each.task_id == answer.task_id for each in self.state.attempts.values()):
                facts.stops.add("a task of another job")
                facts.other_task_at = now if facts.other_task_at is None else facts.other_task_at
        if not isinstance(answer, NotSent):
            facts.unknown_in_a_row = facts.unknown_in_a_row + 1 if isinstance(answer, Unknown) else 0
        if facts.unknown_in_a_row == UNKNOWN_IN_A_ROW:
            facts.stop(now, "three unknown in a row")
            self._world.seen("the breaker opened")
        is_stop = (isinstance(answer, Refused) and answer.kind is not RefusalKind.REQUEST) or (
            isinstance(answer, NotSent | Unknown) and answer.stops_run
        )
        if is_stop:
            facts.stop(now, post.fate.word)
        facts.never_sent += isinstance(answer, NotSent)
        is_made = isinstance(answer, Accepted | Unknown)
        facts.submissions += is_made or (isinstance(answer, Refused) and answer.kind is RefusalKind.REQUEST)
        if facts.submissions > (self._world.mix.submissions or math.inf):
            self._wrong(f"{facts.submissions} submissions, and {self._world.mix.submissions} were allowed")
        self._heard(facts, answer, now, reached=not isinstance(answer, NotSent | Unknown))

    def status_asked(self, process, task_id):
        """Just before the first byte of a question."""
        facts = process.facts
        self._owes_nothing(process)
        known = {each.task_id for each in self.state.attempts.values()}
        candidates = {each.candidate for each in self.state.attempts.values()}
        if task_id not in known | candidates:
            self._wrong(f"{task_id} is asked about, but the state does not know it")
        if facts.is_silenced or process.interrupted_with:
            self._wrong("a question leaves although all calls are to stop")
        self._is_polite(process, is_post=False)

    def status_answered(self, process, answer):
        """A process reads what was answered about a task."""
        facts, now = process.facts, process.now()
        self._world.seen(f"a question was answered with {type(answer).__name__}")
        if isinstance(answer, Refused):
            facts.stop(now, "status refused")
            facts.is_silenced = True
        self._heard(
            facts, answer, now, reached=not (isinstance(answer, NothingLearned) and not answer.reached)
        )

    def arrived(self, post):
        """The service accepted a POST."""
        accepted = sum(each.post.job == post.job for each in self._world.service.tasks.values())
        if accepted > 1 + self.authorised[post.job]:
            self._wrong(
                f"job {post.job} was accepted {accepted} times, and {self.authorised[post.job]} further payments "
                "were allowed"
            )
        now = asyncio.get_running_loop().time()
        self._report(books.wrongs_against_ledger(self.state, self._world.service, self.attached, now))

    def _owes_nothing(self, process):
        owed = process.facts.owed.get(asyncio.current_task())
        if owed is not None:
            self._wrong(f"{owed[1]} was read, and then a request leaves before it was recorded")

    def _may_post(self, process):
        facts = process.facts
        self._owes_nothing(process)
        if process.interrupted_with:
            self._wrong("a post leaves after an interruption")
        if facts.is_in_doubt:
            self._wrong("a post leaves after a commit that is in doubt")
        if facts.stop_at is not None:
            self._wrong(f"a post leaves after {sorted(facts.stops)}")
        asked_at = facts.asked_at.get(asyncio.current_task(), 0.0)
        if facts.other_task_at is not None and asked_at > facts.other_task_at:
            self._wrong("a post leaves after a task of another job was named")
        stops_after_s = self._world.mix.stop_after_s
        if stops_after_s is not None and process.now() > facts.started_at + stops_after_s:
            self._wrong(f"a post leaves after the {stops_after_s} seconds for submissions")
        if facts.capped_since is not None and asked_at > facts.capped_since + POLICY_S:
            self._wrong("a post leaves although too many jobs have failed")

    def _fits_in_flight(self):
        there = self._in_flight(range(1, len(self._world.processes) + 1))
        if there > self._world.mix.limits.in_flight:
            self._wrong(f"{there} are in flight, and {self._world.mix.limits.in_flight} may be")

    def _may_need_to_be_alone(self, post):
        """In a batch of more than 20 jobs, the first payment for a job of a kind of which nothing is done goes alone.

        So does every payment while nothing at all is done. What any process began counts as company, but for what is
        overdue.
        """
        states = self.state.states()
        if not self._world.mix.limits.canary or sum(states.values()) <= CANARY_FROM:
            return
        is_first = len(self.state.attempts_of(post.job)) == 1
        kind = self._kind_of(self.state.jobs[post.job])
        proven = {
            self._kind_of(job) for job in self.state.jobs.values() if job.state == "done" and not job.removed
        }
        if states.get("done") and (kind in proven or not is_first):
            return
        self._world.seen("a canary went ahead")
        if states.get("done"):
            self._world.seen("a canary of a second kind went ahead")
        if self._in_flight(range(1, len(self._world.processes) + 1)) > 1:
            self._wrong("a second job went ahead with the canary")

    def _kind_of(self, job):
        wanted = self._world.job(job.job_id)
        return wanted.mode, bool(wanted.images)

    def _in_flight(self, processes):
        """Tasks at work and submissions under way that these processes began; what is overdue has given way."""
        bugs = {post.attempt for post in self._world.service.posts if post.fate.word.startswith("bug")}
        begun = {post.attempt for post in self._world.service.posts if post.process in processes}
        return sum(
            each.outcome in {"submitting", "running"}
            and not self.state.jobs[each.job].overdue
            and each.pk in begun - bugs
            for each in self.state.attempts.values()
        )

    def _fits_budget(self, post):
        """The claim: what the service may have charged, by its own ledger, is within the budget when a POST leaves."""
        service, budget = self._world.service, self.state.batch.budget
        costs = [task.cost(post.sent_at) for task in service.tasks.values()]
        if budget is None or any(cost > PRICE for cost in costs):
            return
        possible = sum(costs) + PRICE * sum(each.is_open for each in service.posts)
        if possible > budget:
            self._wrong(f"{possible} credits may be charged with post {post.number}, the budget is {budget}")

    def _is_polite(self, process, *, is_post):
        mix = self._world.mix
        self._report(politeness.wrongs_of_request(process.facts, mix, process.now(), is_post=is_post))

    def _heard(self, facts, answer, now, *, reached):
        if reached:
            facts.unreached_since = None
        elif isinstance(answer, NotSent | NothingLearned):
            facts.unreached_since = now if facts.unreached_since is None else facts.unreached_since
            if now - facts.unreached_since >= 600.0:
                facts.stop(now, "unreachable")
        politeness.hear(facts, answer, now)

    def _report(self, wrongs):
        for wrong in wrongs:
            self._wrong(wrong)

    def _wrong(self, message):
        self._world.violate(message)


def _has_room(batch):
    return batch.budget is None or batch.spent + batch.reserved + batch.reservation_price <= batch.budget
