"""A run beside the other ones of its account: it tells them what it needs, and keeps to its part of the pace.

It only ever delays a request. Where the state cannot be asked any more, the run goes on by itself, at its own limits.
"""

import asyncio
import logging
from collections.abc import Sequence

from runner.core.errors import StateError
from runner.core.pacing import MINUTE_S
from runner.core.sharing import BEAT_S, Others, Share, Standing, share_of
from runner.core.trail import Trail
from runner.engine.context import Context
from runner.store import standings
from runner.store.writer import Writer

log = logging.getLogger(__name__)

_OVER_S = 10.0
"""Over so many seconds is looked at what a run uses, and whether it had to wait: shares must not follow each request."""

_HEADROOM = 1.25
_LEAST_PER_MINUTE = 6.0


class Sharing:
    """The part of one run, looked at once a second. ``state`` is apart from the run's: what fails there ends no run."""

    @classmethod
    def of(cls, ctx: Context) -> "Sharing | None":
        """That of a run; ``None`` where its account is not known, or its service is nobody else's."""
        state, account_pk, origin = ctx.ports.apart, ctx.orders.account_pk, ctx.orders.origin
        if state is None or account_pk is None or origin is None:
            return None
        return cls(ctx, state, account_pk, origin)

    def __init__(self, ctx: Context, state: Writer, account_pk: int, origin: str) -> None:
        self._ctx = ctx
        self._state = state
        self._account_pk = account_pk
        self._origin = origin
        self._others = Others()
        self._used = Trail(_OVER_S)
        self._is_shared = False
        self._joined_at = ctx.now()
        self._is_over = False

    async def join(self) -> None:
        """To be awaited before the first request: where others are at work, they have a beat to make room."""
        await self._exchange()
        if self._is_shared:
            await asyncio.sleep(BEAT_S)
            await self._exchange()

    async def keep(self) -> None:
        """Tell and look until this is cancelled, or the state cannot be asked any more."""
        while not self._is_over:
            await asyncio.sleep(BEAT_S)
            await self._exchange()

    async def leave(self) -> None:
        """Leave the whole to the others."""
        if not self._is_over:
            self._is_over = True
            try:
                await standings.carried_out(self._state, standings.leave, self._ctx.orders.batch_pk)
            except StateError as error:
                log.warning(
                    "the other runs of this account will take a moment to see that this one has ended: %s",
                    error,
                )

    async def _exchange(self) -> None:
        own = self._standing()
        try:
            rows = await standings.carried_out(
                self._state, standings.exchange, self._account_pk, self._origin, own, self._others.gone
            )
        except StateError as error:
            self._is_over = True
            self._go_alone()
            log.warning("this run does not share its pace any more, and goes on at its own limits: %s", error)
            return
        others = self._others.alive(self._ctx.now(), rows)
        if others:
            self._go_together(own, others)
        elif self._is_shared:
            self._go_alone()

    def _standing(self) -> Standing:
        ctx, now, limits = self._ctx, self._ctx.now(), self._ctx.orders.limits
        used, over_s = self._used.growth(now, ctx.gate.passed)
        since = now - _OVER_S
        rate, slots = limits.requests_per_minute, limits.in_flight
        if self._joined_at < since:  # before that, nobody knows what it will use
            slots = ctx.slots.wanted
            if not ctx.gate.was_held(since):
                rate = min(rate, _LEAST_PER_MINUTE + _HEADROOM * used * MINUTE_S / over_s)
        return Standing(
            ctx.orders.batch_pk,
            limits.requests_per_minute,
            limits.submissions_per_hour,
            limits.in_flight,
            rate,
            slots,
            ctx.slots.taken,
            ctx.slots.cap,
            ctx.gate.blocked_s(now),
        )

    def _go_together(self, own: Standing, others: Sequence[Standing]) -> None:
        ctx = self._ctx
        share = self._others.sure(share_of(own, others))
        self._is_shared = True
        ctx.slots.share(share.slots, share.most, share.elsewhere)
        ctx.gate.send_back(ctx.slots.overdrawn)
        ctx.gate.share(ctx.now(), share, max(each.blocked_s for each in others))

    def _go_alone(self) -> None:
        ctx, limits = self._ctx, self._ctx.orders.limits
        self._is_shared = False
        self._others.left_alone()
        ctx.slots.keep_to_itself()
        whole = Share(limits.requests_per_minute, limits.submissions_per_hour, limits.in_flight)
        ctx.gate.share(ctx.now(), whole, 0.0)
