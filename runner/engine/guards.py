"""The guards before the money is gone: the first jobs of each kind go alone, and refused prompts are remembered."""

from runner.core.canary import Kind, Loss, Verdict, decisive, reason_of, verdict
from runner.core.events import EventName
from runner.core.records import StoredJob
from runner.engine.context import Context
from runner.engine.work import Begin, Worker
from runner.store import guards

_PAGE = 100
_REFUSED_PAGE = 1000


async def go_ahead(ctx: Context, begin: Begin, begun: set[str]) -> None:
    """Send the first job of each kind of which nothing is done alone, to its file; adds those to ``begun``.

    What earlier runs paid for is followed to its end first: it may be the canary that is looked for, and if it comes to
    nothing, it counts as one. Where a kind's canaries are lost, submission is over.
    """
    ctx.canaries.send_out()
    for kind in await ctx.record(guards.kinds, ctx.orders.batch_pk, ctx.orders.only):
        if not await ctx.record(guards.has_done, ctx.orders.batch_pk, kind):
            await ctx.idle()
            await _prove(ctx, begin, begun, kind)


async def recall_moderated(ctx: Context) -> None:
    """Begin with what moderation refused in earlier runs, if nobody named the prompt that is wanted."""
    after = (-1, "")
    while "prompt" not in ctx.orders.only:
        page = await ctx.record(guards.moderated, ctx.orders.batch_pk, after, _REFUSED_PAGE)
        if not page:
            return
        for rank, job_id, prompt, mode, ratio in page:
            ctx.moderated.refused(prompt, mode, ratio)
            after = (rank, job_id)


async def _prove(ctx: Context, begin: Begin, begun: set[str], kind: Kind) -> None:
    """One job of the kind after the other, each alone, until one has its file, too many came to nothing, or none is left."""
    batch_pk = ctx.orders.batch_pk
    while ctx.may_begin:
        has_file = await ctx.record(guards.has_done, batch_pk, kind)
        failed = await ctx.record(guards.failed, batch_pk, kind)
        losses = ctx.canaries.losses_of(kind)
        match verdict(losses, failed, has_file=has_file):
            case Verdict.PROVEN:
                return
            case Verdict.STOP:
                await _stop(ctx, losses)
            case Verdict.NEXT:
                job = await _next(ctx, begun, kind)
                if job is None:
                    return
                await _alone(ctx, begin, begun, job)


async def _stop(ctx: Context, losses: list[Loss]) -> None:
    loss = decisive(losses)
    report = await ctx.record(guards.canary, loss.pk)
    reason = reason_of(report, loss, len(losses))
    ctx.halt.canary_lost(reason)
    ctx.tell(EventName.STOPPING, report.job_id, reason=reason, error_class=report.error_class)


async def _next(ctx: Context, begun: set[str], kind: Kind) -> StoredJob | None:
    """The first pending job of the kind that may go: not begun yet, or one that waits for just this."""
    after = (-1, "")
    while True:
        page = await ctx.record(guards.pending_of, ctx.orders.batch_pk, ctx.orders.only, kind, after, _PAGE)
        if not page:
            return None
        for job in page:
            if job.rank > ctx.last_rank:
                return None
            is_free = job.job_id not in begun or job.job_id in ctx.canaries.waiting
            if is_free and not ctx.holds_back(job):
                return job
        after = (page[-1].rank, page[-1].job_id)


async def _alone(ctx: Context, begin: Begin, begun: set[str], job: StoredJob) -> None:
    """Let a job go, and wait until it rests or is overdue."""
    if not ctx.canaries.let_go(job.job_id):
        await ctx.slots.take()
        begun.add(job.job_id)
        begin(Worker(ctx, job, holds_slot=True))
    await ctx.idle()
