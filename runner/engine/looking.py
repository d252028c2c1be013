"""A look at a run, a few times a second, for whoever watches it; without a watcher nothing of this runs.

Everything but the books is counted in memory. The books are read once a second at most, one row, so that what is shown
of the money is what the state says.
"""

import asyncio
from dataclasses import replace

from runner.core.errors import StateError
from runner.core.forecast import ENOUGH, MINUTE_S, Bounds, Evidence, Rest, Span, time_left
from runner.core.glance import Cause, Glance, Transfers, Waiting
from runner.core.model import JobState
from runner.core.plan import Books
from runner.core.records import Batch, Counts
from runner.core.trail import Trail
from runner.engine.context import Context
from runner.engine.ports import Watcher
from runner.store import batches, reads

_BOOKS_EVERY_S = 1.0
_RATE_OVER_S = 300.0
_SPEED_OVER_S = 5.0
_SILENCE_WORTH_SAYING_S = 5.0
_QUICK, _SLOW = 0.25, 0.9


async def begin_counting(ctx: Context) -> None:
    """Count what there is and what is still to come, once; before any job moves."""
    counts = await ctx.record(reads.counts, ctx.orders.batch_pk)
    claimable = await ctx.record(reads.count_claimable, ctx.orders.batch_pk, ctx.orders.only)
    claimable += ctx.to_come
    pending = counts.by_state[JobState.PENDING] + ctx.to_come
    counts = replace(counts, by_state={**counts.by_state, JobState.PENDING: pending})
    bound = ctx.orders.submissions
    batch = await ctx.record(batches.by_pk, ctx.orders.batch_pk)
    affordable = claimable if batch.left is None else max(0, batch.left // batch.reservation_price)
    ctx.progress.begin(counts, min(claimable, affordable, claimable if bound is None else bound))


async def keep_looking(ctx: Context, watcher: Watcher) -> None:
    """Show the run to the watcher until this is cancelled, or until the state cannot be read any more."""
    lookout, read_at = _Lookout(ctx), -_BOOKS_EVERY_S + ctx.now()
    try:
        batch = await ctx.record(batches.by_pk, ctx.orders.batch_pk)
        while True:
            if ctx.now() - read_at >= _BOOKS_EVERY_S:
                read_at, batch = ctx.now(), await ctx.record(batches.by_pk, ctx.orders.batch_pk)
            # Not here: what goes wrong while it is shown is told by the loop, and ends no run.
            asyncio.get_running_loop().call_soon(lookout.show, batch, watcher)
            await asyncio.sleep(watcher.every_s)
    except StateError:
        return  # the run ends for the same reason, and says so


class _Lookout:
    """Remembers what was seen before, since speed is a matter of two looks."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._began_at = ctx.now()
        self._finished = Trail(_RATE_OVER_S)
        self._received = Trail(_SPEED_OVER_S)

    def show(self, batch: Batch, watcher: Watcher) -> None:
        """Let the watcher see the run as it is now."""
        watcher.show(self.glance(batch))

    def glance(self, batch: Batch) -> Glance:
        """The run as it is now."""
        ctx, progress, now = self._ctx, self._ctx.progress, self._ctx.now()
        rest = self._rest()
        grown, over_s = self._finished.growth(now, progress.finished)
        evidence = Evidence(grown, over_s, _task_span(ctx))
        limits = ctx.orders.limits
        bounds = Bounds(ctx.slots.capacity, limits.requests_per_minute, limits.submissions_per_hour)
        return Glance(
            batch=batch.name,
            seconds=now - self._began_at,
            jobs=self._counts(),
            finished=progress.finished,
            unfinished=rest.jobs,
            price=batch.price,
            books=Books(batch.spent, batch.reserved, batch.unknown, batch.budget),
            requests=ctx.gate.at_hand(now),
            waiting=_waiting(ctx, rest, now),
            transfers=self._transfers(now),
            failures=tuple(progress.failures),
            per_minute=grown * MINUTE_S / over_s if grown >= ENOUGH and over_s > 0 else None,
            left=time_left(rest, bounds, evidence),
        )

    def _counts(self) -> Counts:
        by_state = dict(self._ctx.progress.by_state)
        in_air = min(len(self._ctx.in_air), by_state[JobState.PENDING])
        by_state[JobState.PENDING] -= in_air
        by_state[JobState.SUBMITTING] += in_air
        return Counts(by_state, self._ctx.progress.removed, len(self._ctx.late))

    def _rest(self) -> Rest:
        ctx, by_state = self._ctx, self._ctx.progress.by_state
        to_submit = 0 if ctx.halt.quiet.is_set() else ctx.progress.to_submit
        at_work = by_state[JobState.RUNNING] + by_state[JobState.FETCHING] - len(ctx.late)
        return Rest(to_submit, max(0, at_work))

    def _transfers(self, now: float) -> Transfers:
        meter, progress = self._ctx.ports.meter, self._ctx.progress
        grown, over_s = self._received.growth(now, meter.received_bytes)
        speed = grown / over_s if over_s >= _BOOKS_EVERY_S else None
        return Transfers(meter.active, speed, progress.files, progress.bytes)


def _task_span(ctx: Context) -> Span | None:
    """The usual time of a task of any kind of which enough is known, from this run or from earlier ones.

    The first few to end are the quick ones, and say little of the others.
    """
    known = [times for times in ctx.times.values() if sum(times.weights) >= ENOUGH]
    if not known:
        return None
    return Span(min(times.age_when(_QUICK) for times in known), max(times.age_when(_SLOW) for times in known))


def _waiting(ctx: Context, rest: Rest, now: float) -> Waiting | None:
    if ctx.halt.stopped.is_set():
        return Waiting(Cause.STOPPING, number=len(ctx.in_air))
    if (silent_s := ctx.halt.unreached_for_s(now)) >= _SILENCE_WORTH_SAYING_S:
        return Waiting(Cause.SERVICE, silent_s)
    if held := ctx.gate.waiting(now):
        return held
    if ctx.halt.budget:
        return Waiting(Cause.BUDGET)
    at_work = len(ctx.workers) - len(ctx.late)
    if rest.to_submit and at_work == 1 and ctx.canaries.are_out:
        return Waiting(Cause.CANARY)
    if rest.to_submit and ctx.slots.taken >= ctx.slots.capacity:
        return Waiting(Cause.SLOTS, number=ctx.slots.capacity)
    return _at_the_end(ctx)


def _at_the_end(ctx: Context) -> Waiting | None:
    if running := ctx.progress.by_state[JobState.RUNNING]:
        return Waiting(Cause.TASKS, number=running)
    if fetching := ctx.progress.by_state[JobState.FETCHING]:
        return Waiting(Cause.DOWNLOADS, number=fetching)
    return None
