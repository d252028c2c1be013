"""Which job begins when: what is already paid for first, then the pending ones in their order, as slots get free."""

from collections.abc import AsyncIterator

from runner.core.model import JobState
from runner.core.records import StoredJob
from runner.engine.context import Context
from runner.engine.guards import go_ahead
from runner.engine.work import Begin, Worker
from runner.store import decisions, reads

PAGE = 500
_BACKLOG_A_DOWNLOAD = 4


async def resume(ctx: Context, begin: Begin) -> set[str]:
    """Begin with what earlier runs paid for; returns once the service was asked about every running task.

    Gives the ids of the jobs whose worker goes on by itself, whatever state they come to: nobody else may begin them.
    """
    workers: dict[str, Worker] = {}
    for state in (JobState.RUNNING, JobState.UNKNOWN):
        async for job in _in_state(ctx, state):
            if job.job_id in workers or (state is JobState.UNKNOWN and job.candidate is None):
                continue
            ctx.slots.take_anyway(job.job_id)
            workers[job.job_id] = Worker(ctx, job, holds_slot=True)
            begin(workers[job.job_id])
    for worker in workers.values():
        await worker.caught_up.wait()
    async for job in _in_state(ctx, JobState.FETCHING):
        if job.job_id not in workers:
            await _room(ctx)
            begin(Worker(ctx, job, holds_slot=False))
    return set(workers)


async def apply_policy(ctx: Context) -> None:
    """Release what the manifest's policy pays for again (``on_unknown: resubmit``), before anything is submitted."""
    async for job in _in_state(ctx, JobState.UNKNOWN):
        if job.candidate is None and not job.removed:
            await ctx.record(decisions.release, job.pk, ctx.stamp(), "the manifest's policy")
            ctx.progress.moved(job, JobState.PENDING)


async def submit_pending(ctx: Context, begin: Begin, begun: set[str]) -> None:
    """Begin pending jobs one after the other until there are none, or submission ends; not those already begun."""
    ctx.tally.held = 0
    if await _wants_canaries(ctx):
        await go_ahead(ctx, begin, begun)
    ctx.canaries.let_all_go()
    async for job in _pending(ctx):
        if job.job_id in begun:
            continue
        if ctx.holds_back(job):
            ctx.hold_back(job)
            continue
        await _room(ctx)
        await _no_more_than_may_fail(ctx)
        await ctx.slots.take()
        if not ctx.may_begin:
            ctx.slots.release()
            return
        begin(Worker(ctx, job, holds_slot=True))


async def _wants_canaries(ctx: Context) -> bool:
    above = ctx.orders.canary_above
    if above is None:
        return False
    counts = await ctx.record(reads.counts, ctx.orders.batch_pk)
    return counts.total + ctx.to_come > above


async def _pending(ctx: Context) -> AsyncIterator[StoredJob]:
    after = (-1, "")
    while ctx.may_begin:
        page = await ctx.record(reads.claimable, ctx.orders.batch_pk, ctx.orders.only, after, PAGE)
        if not page:
            return
        for job in page:
            if job.rank > ctx.last_rank:
                return
            if not ctx.may_begin:
                return
            yield job
        after = (page[-1].rank, page[-1].job_id)


async def _in_state(ctx: Context, state: JobState) -> AsyncIterator[StoredJob]:
    after_pk = 0
    while page := await ctx.record(reads.in_state, ctx.orders.batch_pk, state, after_pk, PAGE):
        for job in page:
            yield job
        after_pk = page[-1].pk


async def _room(ctx: Context) -> None:
    """Wait while more finished tasks wait for their downloads than memory and the life of URLs make wise."""
    most = ctx.slots.capacity + _BACKLOG_A_DOWNLOAD * ctx.downloads_max
    while len(ctx.workers) - len(ctx.late) >= most:
        ctx.changed.clear()
        await ctx.changed.wait()


async def _no_more_than_may_fail(ctx: Context) -> None:
    """Wait while the tasks under way could, if they all failed, make more failures than the manifest allows."""
    while ctx.slots.taken >= ctx.halt.at_once_max and ctx.may_begin:
        ctx.changed.clear()
        await ctx.changed.wait()
