"""One run of a batch, from the first look at what an earlier one left to the end that its exit code is made of."""

import asyncio
import math

from runner.core.ending import Ending
from runner.core.errors import StateError
from runner.core.events import EventName
from runner.core.model import JobState, OnUnknown
from runner.core.money import Credits
from runner.engine.context import Context
from runner.engine.dispatch import apply_policy, resume, submit_pending
from runner.engine.guards import recall_moderated
from runner.engine.looking import begin_counting, keep_looking
from runner.engine.ports import Arrivals, Orders, Ports
from runner.engine.sharing import Sharing
from runner.engine.work import Worker
from runner.store import accounts, attempts, batches, reads

GRACE_S = 60.0
"""How long the POSTs in the air are waited for after an interruption; then their outcome is unknown."""


class Run:
    """Works a batch until nothing is left that may be done. To be made inside the loop, with the batch's lock held."""

    def __init__(self, orders: Orders, ports: Ports) -> None:
        self._ctx = Context.of(orders, ports)
        self._sharing = Sharing.of(self._ctx)
        self._keeping: asyncio.Task[None] | None = None
        self._group = asyncio.TaskGroup()
        self._looking: asyncio.Task[None] | None = None
        self._arriving: asyncio.Task[None] | None = None

    def interrupt(self, signal: int) -> None:
        """Stop as soon as the POSTs in the air are answered; safe to call again."""
        if self._ctx.halt.signal is None:
            self._ctx.tell(EventName.STOPPING, signal=signal, in_the_air=len(self._ctx.in_air))
        self._ctx.halt.interrupted(signal)

    async def execute(self) -> Ending:
        """Run, and say how it ended. Every outcome that was seen is in the state, or ``Ending.state`` says why not."""
        async with self._group as group:
            conductor = group.create_task(self._conduct())
            stopper = group.create_task(self._stop_when_told(conductor))
            await asyncio.wait({conductor})
            if not self._ctx.halt.stopped.is_set():
                stopper.cancel()
            if meanwhile := [task for task in (self._looking, self._keeping) if task is not None]:
                await asyncio.wait({stopper})
                for task in meanwhile:
                    task.cancel()
        if self._sharing is not None and self._ctx.halt.state is None:
            await self._sharing.leave()
        return await self._ending()

    async def _conduct(self) -> None:
        ctx = self._ctx
        if ctx.orders.stop_submitting_after_s is not None:
            asyncio.get_running_loop().call_later(ctx.orders.stop_submitting_after_s, ctx.halt.enough)
        try:
            await ctx.record(attempts.recover, ctx.orders.batch_pk)
            await self._let_others_look()
            await self._recall_pace()
            if self._sharing is not None:
                await self._sharing.join()
                self._keeping = self._group.create_task(self._sharing.keep())
            await ctx.recall_times()
            await self._recall_failures()
            await recall_moderated(ctx)
            if ctx.ports.arrivals is not None:
                self._arriving = self._group.create_task(self._take_in(ctx.ports.arrivals))
            begun = await resume(ctx, self._begin)
            if ctx.orders.retries.on_unknown is OnUnknown.RESUBMIT:
                await apply_policy(ctx)
            await self._submit(begun)
        except StateError as error:
            ctx.halt.state_failed(str(error))
        for worker in tuple(ctx.late):
            worker.cancel()

    async def _let_others_look(self) -> None:
        watcher = self._ctx.ports.watcher
        if watcher is not None:
            await begin_counting(self._ctx)
            self._looking = self._group.create_task(keep_looking(self._ctx, watcher))

    async def _recall_pace(self) -> None:
        """Without this, whoever starts again after a crash could submit an hour's number twice within an hour."""
        ctx, limits = self._ctx, self._ctx.orders.limits
        most = math.ceil(max(limits.requests_per_minute, limits.submissions_per_hour or 0.0))
        stamps = await ctx.record(reads.newest_submissions, ctx.orders.origin, most)
        ctx.gate.recall(ctx.now() - ctx.age_s(stamp) for stamp in stamps)

    async def _recall_failures(self) -> None:
        ctx, cap = self._ctx, self._ctx.orders.limits.max_failures
        if cap is not None:
            counts = await ctx.record(reads.counts, ctx.orders.batch_pk)
            states = counts.by_state
            proved = states[JobState.DONE] + states[JobState.FETCHING]
            ctx.halt.allow_failures(cap.in_jobs(counts.total + ctx.to_come), states[JobState.FAILED], proved)

    async def _take_in(self, arrivals: Arrivals) -> None:
        """Have the rest of the batch taken in, as it was priced."""
        ctx = self._ctx
        try:
            refusal = await arrivals.take_in(ctx.ports.state)
        except StateError as error:
            ctx.halt.state_failed(str(error))
            return
        if refusal is not None:
            ctx.halt.not_as_priced(refusal)

    async def _submit(self, begun: set[str]) -> None:
        """Submit what is pending and wait for its end; again where the budget was full and has room after all.

        A reservation that was given back (a 429), or a task that failed free of charge, makes room; without a further
        pass, less than what fits would be made. ``begun`` are jobs whose workers go on by themselves, in the first pass.
        What arrives meanwhile has a pass of its own, since it may need canaries of its own.
        """
        ctx = self._ctx
        while True:
            at_work = {worker.get_name() for worker in ctx.workers}
            await submit_pending(ctx, self._begin, begun | at_work | ctx.tally.never_sent)
            if self._arriving is not None:
                await asyncio.wait({self._arriving})
                self._arriving = None
                ctx.all_are_in()
                continue
            await ctx.idle()
            if not ctx.halt.budget or ctx.halt.quiet.is_set() or not await self._has_room():
                return
            begun = set()  # their workers are done, and some may have found no room
            ctx.halt.budget_has_room()
            ctx.gate.go_on_with_submission()

    async def _has_room(self) -> bool:
        """Whether the budget and the account's cap have room for another generation now."""
        batch = await self._ctx.record(batches.by_pk, self._ctx.orders.batch_pk)
        has_room = batch.left is None or batch.left >= batch.reservation_price
        return has_room and await self._full_account(batch.reservation_price) is None

    async def _account_at_end(self) -> str | None:
        ctx = self._ctx
        if not ctx.halt.budget or ctx.orders.fit:
            return None
        batch = await ctx.record(batches.by_pk, ctx.orders.batch_pk)
        return await self._full_account(batch.reservation_price)

    async def _full_account(self, price: Credits) -> str | None:
        """Why the account has no room for a generation at this price, for people; ``None`` where it has."""
        ctx = self._ctx
        if ctx.orders.account_pk is None:
            return None
        account = await ctx.record(accounts.by_pk, ctx.orders.account_pk, ctx.stamp())
        return None if account.has_room_for(price) else account.why_full

    def _begin(self, worker: Worker) -> "asyncio.Task[None]":
        task = self._group.create_task(worker.run(), name=worker.job_id)
        self._ctx.workers.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._ctx.workers.discard(task)
        self._ctx.late.discard(task)
        self._ctx.changed.set()

    async def _stop_when_told(self, conductor: "asyncio.Task[None]") -> None:
        ctx = self._ctx
        await ctx.halt.stopped.wait()
        conductor.cancel()
        if self._arriving is not None:
            self._arriving.cancel()
        for worker in ctx.workers - ctx.in_air:
            worker.cancel()
        if ctx.in_air:
            await asyncio.wait(set(ctx.in_air), timeout=GRACE_S)
        for worker in ctx.workers:
            worker.cancel()

    async def _ending(self) -> Ending:
        ctx, halt = self._ctx, self._ctx.halt
        try:
            await ctx.keep_times()
            counts = await ctx.record(reads.counts, ctx.orders.batch_pk, ctx.orders.only)
            account = await self._account_at_end()
        except StateError as error:
            return Ending(signal=halt.signal, state=halt.state or str(error), service=halt.service)
        return Ending(
            signal=halt.signal,
            state=halt.state,
            service=halt.service,
            disk=halt.disk,
            transfers=halt.transfers,
            canary=halt.canary,
            failures=halt.failures,
            edited=halt.edited,
            budget=halt.budget and not ctx.orders.fit and account is None,
            account=account,
            bugs=ctx.tally.bugs,
            incomplete=len(ctx.tally.never_sent),
            held=ctx.tally.held,
            paused=tuple(ctx.tally.paused.values()),
        ).with_counts(counts)
