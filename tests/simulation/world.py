"""One simulation: a safety phase with faults, then a liveness phase without, on one disk, one state, one service."""

import asyncio
import contextlib
import logging
from collections import Counter

from runner.core.errors import BusyError
from runner.files.root import OutputRoot

from . import aftermath, books
from .checker import Checker
from .clock import StuckError, run_on_virtual_clock
from .death import NO_CRASH, Crash, Died
from .disk import ROOT, SimulatedDisk
from .person import Person
from .process import Process
from .service import Service

MOST_STEPS = 60_000
LIVES_TO_CONVERGE = 8
RECOVERY_POINTS = 12
"""A process that gets no further is still busy with what the one before it left."""

_KINDS_OF_POINTS = (
    "post",
    "download",
    "place",
    "disk",
    "disk link",
    "disk create",
    "disk mkdir",
    "disk remove",
)
"""Where most crashes would not fall by themselves: there are more commits and questions than anything else."""

_DISK_WORDS = ("broken", "quota")
_OPENING = ("create", "mkdir")


class ViolationError(AssertionError):
    """A promise was broken; ``world`` is where."""

    def __init__(self, world, violations):
        self.world = world
        super().__init__("; ".join(violations))


class World:
    """Everything but the program. ``crashes`` says when the n-th process dies (``None``: drawn from the seed)."""

    def __init__(self, mix, file, crashes=None):
        file.renew()
        self.mix = mix
        self.file = file
        self.disk = SimulatedDisk()
        self.disk.on_named = self._look_at_tree
        self.service = Service(mix)
        self.checker = Checker(self)
        self.person = Person(self)
        self.lines = []
        self.situations = Counter()
        self.violations = []
        self.budget = mix.budget
        self.clock_shift_s = 0.0
        self.planted = {}
        self.processes = []
        self._crashes = crashes
        self._steps = 0
        self._moment = 0.0
        self._draw = mix.random("world")
        self._by_id = {job.job_id: job for job in mix.jobs}
        self.edit(mix.jobs)

    # What its parts ask it

    @property
    def process(self):
        """The process that lives now or lived last."""
        return self.processes[-1]

    def job(self, job_id):
        return self._by_id[job_id]

    def log(self, who, *words):
        """Note something; the log is what two runs of one seed must have in common to the byte."""
        self.lines.append((self._now(), who, *words))

    def text(self):
        return "\n".join(f"{at:12.3f} {' '.join(map(str, words))}" for at, *words in self.lines)

    def seen(self, situation):
        self.situations[situation] += 1

    def _now(self):
        """The virtual moment; after the end, the last one."""
        with contextlib.suppress(RuntimeError):
            self._moment = asyncio.get_running_loop().time()
        return self._moment

    def violate(self, message):
        """A promise is broken: nothing more needs to be done."""
        self.violations.append(message)
        self.log(0, "VIOLATION", message)
        if self.processes and not self.process.is_dead:
            self.process.die("violation")

    def step(self):
        self._steps += 1
        if self._steps == MOST_STEPS:
            self.violate(f"{MOST_STEPS} steps, and no end")

    def jitter(self):
        return self._draw.uniform(0.5, 1.5)

    def latency_s(self):
        return self.mix.network_s * self._draw.uniform(0.1, 1.0)

    def download_fate(self):
        rates, draw = self.mix.rates, self._draw
        if draw.random() < rates.get("refused urls", 0.0) * 0.3:
            return "refused"
        if draw.random() < rates.get("broken downloads", 0.0):
            return draw.choice(("cut", "cut", "page", "no ranges"))
        return "whole"

    def disk_fault(self, name):
        if self._draw.random() < self.mix.rates.get("broken disk", 0.0) * 0.2:
            self.seen(f"the disk failed at {name}")
            return self._draw.choice((*_DISK_WORDS, "busy") if name in _OPENING else _DISK_WORDS)
        return None

    def commit_fault(self, process):
        if (
            process.number > self.mix.lives
            or self._draw.random() >= self.mix.rates.get("doubtful commits", 0.0) * 0.1
        ):
            return None
        return self._draw.choice(("raised but durable", "raised and lost", "cannot be written"))

    def arrive(self, post):
        """A POST reaches the service."""
        task = self.service.arrived(post, asyncio.get_running_loop().time())
        self.log("service", "post", post.number, task.task_id if task else post.fate.word)
        if task is not None:
            self.checker.arrived(post)

    def edit(self, jobs):
        """The manifest names these jobs from now on."""
        self.wanted = tuple(jobs)
        self.fingerprint = f"{len(self.wanted)} of {[job.rank for job in self.wanted]}"

    def disturbances(self, process):
        """What happens to a process from outside, and after how many seconds."""
        draw, mix = self._draw, self.mix
        if process.crash.at_s is not None:
            yield process.crash.at_s, process.die, "crash"
        if draw.random() < mix.rates.get("signals", 0.0):
            yield draw.uniform(0.0, 60.0), process.interrupt, draw.choice((1, 2, 15))
            if draw.random() < 0.3:
                yield draw.uniform(0.0, 120.0), process.interrupt, 2
        if mix.is_on("clock jumps"):
            yield draw.uniform(0.0, 60.0), self.jump, draw.choice((-1e6, -3600.0, 3600.0, 1e6))
        if mix.is_on("second process"):
            yield draw.uniform(0.0, 60.0), self.start_second

    # What happens

    async def simulate(self, *, once_more=True):
        """Both phases. Raises ``ViolationError``."""
        self.watch(asyncio.get_running_loop())
        self._plant()
        for number in range(1, self.mix.lives + 1):
            await self.live(number)
            self.person.act()
            await asyncio.sleep(self._draw.choice((0.0, 1.0, 100.0, 4000.0)))
            self.raise_if_wrong()
        await self.finish(once_more=once_more)

    async def finish(self, *, once_more=True):
        """The liveness phase: no faults, and it must come to its end, to which running again adds nothing."""
        self._heal()
        code = await self._converge()
        if once_more:
            await self._once_more(code)
        self._report(aftermath.wrongs_of_end(self, self.checker.state))
        self.raise_if_wrong()

    def watch(self, loop):
        """What nobody handles on this loop is wrong as well."""
        loop.set_exception_handler(self._note_unhandled)

    async def live(self, number):
        """One process, from its start to its end, and what is checked then."""
        process = Process(self, number, self._crash(number))
        self.processes.append(process)
        self.disk.on_step = process.disk_step
        self.file.power_up()
        self.log(number, "starts", process.crash)
        await process.live()
        self.disk.on_step = lambda _name: None
        self.file.abandon()
        if process.ending is None:
            self._bury(process)
        else:
            self.log(number, "ends", process.ending.exit_code)
            aftermath.see(self, process)
            self._report(aftermath.wrongs_of_ending(process, self.checker.state))
            self._report(aftermath.wrongs_of_report(self.file.connection, self.checker.state))
        self.disk.end_process()
        self._look_at_tree()

    def _bury(self, process):
        if process.number > 1 and self.processes[-2].ending is None and process.points < RECOVERY_POINTS:
            self.seen("a crash in the recovery from a crash")
        if process.crash.power:
            self.file.power_cut()
            share = (
                self._draw.choice((0.0, 1.0, 0.5))
                if process.crash.survives is None
                else process.crash.survives
            )
            self.disk.cut_power(lambda: self._draw.random() < share)
            self.seen("a power cut")
        elif self._draw.random() < 0.03:
            self.file.reopen()
            self.seen("the state was opened again as a killed process left it")

    def _crash(self, number):
        if self._crashes is not None:
            return self._crashes[number - 1] if number <= len(self._crashes) else NO_CRASH
        draw, mix = self._draw, self.mix
        power = mix.is_on("power cuts") and draw.random() < 0.5
        if number > mix.lives or not (power or (mix.is_on("crashes") and draw.random() < 0.8)):
            return NO_CRASH
        if draw.random() < 0.2:
            return Crash(at_s=draw.uniform(0.0, 4 * mix.task_s), power=power)
        if draw.random() < 0.3:
            return Crash(at_point=draw.randint(1, 6), kind=draw.choice(_KINDS_OF_POINTS), power=power)
        return Crash(at_point=1 + int(draw.expovariate(1 / (15.0 * len(mix.jobs)))), power=power)

    def _plant(self):
        mix, draw = self.mix, self._draw
        if mix.is_on("full disk"):
            self.disk.capacity_bytes = draw.choice((200, 1500, 3000))
        if mix.is_on("planted files"):
            self.take_name(draw.choice(mix.jobs).path + draw.choice((".mp4", ".mp4", "-1.mp4", ".mp4/file")))

    def take_name(self, path):
        """Somebody else puts a file there."""
        self.planted[path] = self._draw.choice((b"", b"somebody else's"))
        self.disk.plant(path, self.planted[path])

    def about_to_place(self, path):
        """A file is to be named so; perhaps somebody else is faster."""
        is_hit = self._draw.random() < self.mix.rates.get("planted files", 0.0) * 0.3
        if is_hit and not any(
            each == path or each.startswith(f"{path}/") for each in self.disk.files(durable=False)
        ):
            self.take_name(path)
            self.seen("somebody else took a name just before it was given")

    def _look_at_tree(self):
        tasks = self.service.tasks
        self._report(books.wrongs_of_tree(self.checker.state, self.disk, tasks, self.planted))

    def _heal(self):
        self.log(0, "every fault is off from here on")
        self.mix = self.mix.healed()
        self.service.heal()
        self.disk.capacity_bytes = None
        for path in self.planted:
            self.disk.take_away(path)
            self.disk.take_away(path.removesuffix("/file"))
        self.planted.clear()
        self.edit(self._by_id.values())

    async def _converge(self):
        code = None
        for number in range(self.mix.lives + 1, self.mix.lives + 1 + LIVES_TO_CONVERGE):
            await self.live(number)
            self.raise_if_wrong()
            await asyncio.sleep(1000.0)
            code = self.process.ending.exit_code
            if code in {3, 4} and self.person.resolve_everything():
                continue
            if code == 0 or (code in {1, 3, 4} and self._is_settled(code)):
                break
        else:
            self.violate(
                f"no convergence in {LIVES_TO_CONVERGE} runs: exit {code}, {self.checker.state.states()}"
            )
        self.raise_if_wrong()
        return code

    def _is_settled(self, code):
        """Whether nothing is left but what failed, what the cap has no room for, and what nobody ever heard of."""
        state = self.checker.state
        left = aftermath.unfinished(state, self.service)
        if code == 3:
            return set(left) <= {"pending"} and aftermath.left(state.batch) < state.batch.reservation_price
        return not left

    async def _once_more(self, code):
        """What is finished and run again asks nobody and changes nothing."""
        posts, tree, changes = len(self.service.posts), self.disk.files(durable=False), self.disk.changes
        is_all_known = "running" not in self.checker.state.states()
        await self.live(self.process.number + 1)
        again, asked = self.process.ending, len(self.process.facts.requests)
        if (
            again is None
            or again.exit_code != code
            or len(self.service.posts) != posts
            or (asked and is_all_known)
        ):
            self.violate(f"run again: {again}, {asked} requests")
        if (tree, changes) != (self.disk.files(durable=False), self.disk.changes):
            self.violate("run again: the tree changed")

    def jump(self, seconds):
        self.clock_shift_s += seconds
        self.seen("the wall clock jumped")

    def start_second(self):
        """Another process starts beside the one that lives; the lock of the output directory keeps it out."""
        if not self.process.is_working:
            return
        self.disk.on_step, on_step = (lambda _name: None), self.disk.on_step
        try:
            with OutputRoot(ROOT, disk=self.disk) as root:
                root.lock()
        except BusyError:
            self.seen("a second process was refused")
        else:
            self.violate("a second process got in")
        finally:
            self.disk.on_step = on_step

    def _note_unhandled(self, _loop, context):
        error = context.get("exception")
        if not isinstance(error, Died):
            self.violate(f"unhandled: {context['message']}: {error!r}")

    def _report(self, wrongs):
        for wrong in wrongs:
            self.violate(wrong)

    def raise_if_wrong(self):
        """Raises ``ViolationError`` if a promise was broken so far."""
        if self.violations:
            raise ViolationError(self, self.violations)


class _Noted(logging.Handler):
    """What the program logs stands in the event log."""

    def __init__(self, world):
        super().__init__()
        self._world = world

    def emit(self, record):
        self._world.log(0, "LOGGED", record.getMessage(), repr(record.exc_info and record.exc_info[1]))


def simulate(mix, file, crashes=None, *, once_more=True):
    """Run one simulation to its end; gives its world. Raises ``ViolationError``, which holds it.

    ``once_more``: and then run the finished batch again.
    """
    world = World(mix, file, crashes)
    logger, handler = logging.getLogger("runner"), _Noted(world)
    logger.addHandler(handler)
    try:
        run_on_virtual_clock(world.simulate(once_more=once_more))
    except StuckError as error:
        raise ViolationError(world, [f"stuck: {error}"]) from error
    except (Exception, BaseExceptionGroup) as error:
        if isinstance(error, ViolationError):
            raise
        raise ViolationError(world, [f"the program raised {error!r}"]) from error
    finally:
        logger.removeHandler(handler)
    return world
