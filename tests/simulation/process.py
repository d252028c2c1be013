"""One life of the program: what ``runner run`` does with a batch, from its start to its end or its death."""

import asyncio
from datetime import UTC, datetime, timedelta

from runner.core.ending import Ending
from runner.core.errors import StateError
from runner.engine.ports import Arrivals, Orders, Ports
from runner.engine.run import Run
from runner.store import batches, enrolment, reads
from runner.store.batches import BatchTerms

from .death import Died
from .disk import ROOT
from .downloads import Downloads
from .facts import FAILED_SYNC, Facts
from .mix import QUOTED
from .provider import SimulatedProvider
from .state import SimulatedWriter

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_S = 400_000.0
"""The longest that any process may take: hours of pauses and hourly caps are in it, being stuck is not."""

BATCH = 1
ORIGIN = "https://api.example"


class Process:
    """``ending`` is how it ended, ``None`` while it lives and where it died. ``points`` counts where it could have died."""

    def __init__(self, world, number, crash):
        self.world = world
        self.number = number
        self.crash = crash
        self.facts = Facts()
        self.points = 0
        self._points_of_kind = 0
        self.is_dead = False
        self.is_working = False
        self.interrupted_with = None
        self.ending = None
        self.ended_at = None
        self._running = None
        self._is_over = False
        self._reservations = {}
        self._died = None
        self._remains = set()

    async def live(self):
        """Until it has ended or died."""
        loop = asyncio.get_running_loop()
        self._died = loop.create_future()
        main = loop.create_task(self._main())
        timers = [loop.call_later(*when) for when in self.world.disturbances(self)]
        await asyncio.wait({main, self._died}, timeout=LONGEST_S, return_when=asyncio.FIRST_COMPLETED)
        for timer in timers:
            timer.cancel()
        if not main.done() and not self.is_dead:
            self.world.violate(f"process {self.number} is stuck")
        if self.is_dead:
            main.cancel()
            await asyncio.wait({main})
            main.cancelled() or main.exception()
            # What it shielded is held until the simulation is over: nobody destroys the work of a dead process.
            self._remains = asyncio.all_tasks()
        else:
            self.ending, self.ended_at = main.result(), self.now()
        self.is_dead = True

    # What happens to it

    def point(self, name):
        """It could die here; does it?"""
        self.point_of_no_change()
        self.points += 1
        self._points_of_kind += name.startswith(self.crash.kind)
        self.world.step()
        if self._points_of_kind == self.crash.at_point:
            self.world.seen(f"a crash at: {name}")
            self.die(name)
            raise Died

    def point_of_no_change(self):
        """Where it dies if it is dead: nobody acts after his death."""
        if self.is_dead:
            raise Died

    def die(self, why):
        """Its end, from outside or at a point."""
        if not self.is_dead:
            self.log("died:", why)
            self.is_dead = True
            if not self._died.done():
                self._died.set_result(None)

    def interrupt(self, signal):
        """A signal comes; the second one ends it at once, and one that comes after its work changes nothing."""
        if self._is_over:
            return
        if self._running is None or self.interrupted_with is not None:
            self.die("signal")
            return
        self.log("signal", signal)
        self.world.seen("a signal came")
        self.interrupted_with, self.facts.interrupted_at = signal, self.now()
        self._running.interrupt(signal)

    def disk_step(self, name):
        """Before each call that changes the disk: the fault that it meets, if any."""
        if not self.is_working:
            return None
        self.point(f"disk {name}")
        trouble = self.world.disk_fault(name)
        if trouble is not None and name == "sync":
            self.facts.stop(self.now(), FAILED_SYNC)
        return trouble

    # What its parts ask it

    def now(self):
        return asyncio.get_running_loop().time()

    def utc_now(self):
        return EPOCH + timedelta(seconds=self.now() + self.world.clock_shift_s)

    def log(self, *words):
        self.world.log(self.number, *words)

    def reserved(self, job, reservation):
        """The worker that runs now was given a reservation."""
        self._reservations[asyncio.current_task()] = (job, reservation.attempt)
        self.facts.begun.add(reservation.attempt)

    def reserved_by_this_task(self):
        """The job and the attempt of the reservation that the worker that runs now uses up."""
        return self._reservations.pop(asyncio.current_task(), (0, 0))

    # What it does

    async def _main(self):
        writer, files = SimulatedWriter(self), Downloads(self)
        self.is_working = True
        try:
            arrivals = await self._prepare(writer)
            return await self._run(writer, files, arrivals)
        except StateError as error:
            return Ending(state=str(error))
        finally:
            files.close()
            self.is_working = False

    async def _prepare(self, writer):
        world, stamp = self.world, self.utc_now().isoformat()
        terms = BatchTerms("simulated", "/simulated.yaml", "scripted", ROOT, QUOTED)
        batch = await writer.write(_opened, terms, stamp, world.budget)
        if batch.fingerprint == world.fingerprint:
            return None
        generation = await writer.write(enrolment.begin, batch.pk)
        if world.mix.is_on("arrivals") and not batch.generation:
            return await self._prepare_some(writer, batch, generation)
        await writer.write(enrolment.enrol, batch.pk, world.wanted, generation)
        await writer.write(enrolment.finish, batch.pk, generation, world.fingerprint)
        return None

    async def _prepare_some(self, writer, batch, generation):
        """Take in the first jobs only, as for a large batch; the others come later, one after the other."""
        world, draw = self.world, self.world.mix.random(f"arrivals {self.number}")
        jobs = world.wanted
        first = 1 + draw.randrange(len(jobs))
        last_rank = jobs[first - 1].rank
        await writer.write(enrolment.enrol, batch.pk, jobs[:first], generation)
        await writer.write(enrolment.clear_up_to, batch.pk, generation, last_rank)
        there = (await writer.write(reads.counts, batch.pk)).total

        async def take_in(writer):
            for job in jobs[first:]:
                await asyncio.sleep(draw.uniform(0.0, 30.0))
                await writer.write(enrolment.enrol, batch.pk, [job], generation)
                world.seen("a job came while others were worked")
            if draw.random() < world.mix.rates.get("arrivals", 0.0):
                world.seen("the manifest was edited while jobs came")
                return "the manifest was edited"
            await writer.write(enrolment.finish, batch.pk, generation, world.fingerprint)
            return None

        return Arrivals(last_rank, max(0, len(jobs) - there), take_in)

    async def _run(self, writer, files, arrivals):
        mix = self.world.mix
        orders = Orders(
            batch_pk=BATCH,
            limits=mix.limits,
            retries=mix.retries,
            submissions=mix.submissions,
            stop_submitting_after_s=mix.stop_after_s,
            fit=mix.fit,
            origin=ORIGIN,
        )
        ports = Ports(
            state=writer,
            provider=SimulatedProvider(self),
            files=files,
            tell=self._tell,
            utc_now=self.utc_now,
            random=mix.random(f"engine {self.number}"),
            arrivals=arrivals,
        )
        self._running, self.facts.started_at = Run(orders, ports), self.now()
        ending = await self._running.execute()
        self._is_over = True
        return ending

    def _tell(self, event):
        if not self.is_dead:
            self.facts.told_ids.add(event.details.get("task_id"))
            self.log("event", event.name, event.job_id or "", *map(str, event.details.values()))


def _opened(connection, terms, stamp, budget):
    """What the program does in two commits before anything may be spent; one saves a twentieth of the time."""
    batch = batches.open_batch(connection, terms, stamp)
    batches.set_budget(connection, batch.pk, budget, None)
    return batch
