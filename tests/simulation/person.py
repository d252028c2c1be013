"""What a person does between two runs, with the same functions of the store that the commands use."""

from runner.core.outcomes import ErrorClass, TaskId
from runner.core.second_look import Verdict, verdict_of
from runner.store import attempts, decisions
from runner.store.attempts import DuplicateTaskError
from runner.store.writer import run_in_one_transaction

from .mix import PRICE
from .process import BATCH

_STAMP = "2026-01-01T00:00:00.000+00:00"


class Person:
    """Decides by the draws of the seed, or, at the end, with perfect knowledge of the service's ledger."""

    def __init__(self, world):
        self._world = world
        self._draw = world.mix.random("person")

    def act(self):
        """Perhaps do something; nobody runs now."""
        world, draw = self._world, self._draw
        strength = world.mix.rates.get("decisions", 0.0)
        if draw.random() < strength * 2:
            world.budget = None if draw.random() < 0.1 else PRICE * draw.randint(0, len(world.mix.jobs) + 4)
            world.log(0, "budget", world.budget)
        if draw.random() < strength * 2:
            self._write(attempts.recover, BATCH)
        for pk in world.checker.state.jobs:
            if draw.random() < min(0.8, strength * 3):
                self.decide(pk)
        if draw.random() < world.mix.rates.get("edits", 0.0) * 2:
            world.edit([job for job in world.mix.jobs if draw.random() < 0.7] or [world.mix.jobs[0]])
        if draw.random() < world.mix.rates.get("planted files", 0.0):
            self._clean_partials()

    def resolve_everything(self):
        """With perfect knowledge: attach what was accepted, release what was not, accept tasks that look strange.

        Gives whether there was anything to decide.
        """
        world, before = self._world, self._world.checker.state
        self._write(attempts.recover, BATCH)
        known = {each.task_id for each in world.checker.state.attempts.values()}
        for pk, job in world.checker.state.jobs.items():
            attempt = self._live_attempt(pk)
            if job.state == "running" and job.overdue and attempt.task_id in world.service.tasks:
                self._write(decisions.attach, [(pk, TaskId(attempt.task_id))])
            if job.state != "unknown":
                continue
            task = self._task_of(attempt)
            if task is not None and task.task_id not in known:
                self._attach(pk, attempt, task.task_id)
            else:
                self._write(decisions.release, pk, _STAMP, "a person")
        return world.checker.state.attempts != before.attempts

    def decide(self, pk):
        """Decide about a job as it stands now; nothing where there is nothing to decide."""
        draw, state = self._draw, self._world.checker.state.jobs[pk].state
        if state == "failed":
            self._retry(pk)
        if state == "running" and draw.random() < 0.3:
            self._write(decisions.attach, [(pk, TaskId(self._live_attempt(pk).task_id))])
        if state != "unknown":
            return
        attempt = self._live_attempt(pk)
        match draw.choice(("write off", "release", "attach", "attach", "attach something")):
            case "write off":
                self._write(decisions.write_off, pk, _STAMP)
            case "release":
                self._write(decisions.release, pk, _STAMP, "a person")
            case "attach":
                task = self._task_of(attempt)
                self._attach(pk, attempt, "no-such-task" if task is None else task.task_id)
            case _:
                self._attach(pk, attempt, draw.choice([*self._world.service.tasks, "no-such-task"]))

    def _retry(self, pk):
        """Ask about each task that failed once more; only where nothing is to be had of it may it be paid for again."""
        for attempt in self._world.checker.state.attempts_of(pk):
            if attempt.outcome != "failed" or attempt.task_id is None:
                continue
            told = self._world.service.told_to_person(attempt.task_id)
            known_class = self._world.checker.state.jobs[pk].error_class
            match verdict_of(told, known_class and ErrorClass(known_class), is_ours=True):
                case Verdict.FETCH:
                    self._write(decisions.recovered, attempt.pk, told.charged, told.urls, _STAMP)
                    self._world.seen("a failed task was completed after all")
                    return
                case Verdict.FOLLOW:
                    self._write(decisions.reopen, attempt.pk)
                    self._world.seen("a failed task was at work after all")
                    return
                case Verdict.WAIT:
                    return
        self._write(decisions.retry, pk)

    def _live_attempt(self, pk):
        return next((each for each in self._world.checker.state.attempts_of(pk) if each.is_live), None)

    def _attach(self, pk, attempt, task_id):
        attached = self._world.checker.attached
        attached.add(attempt.pk)
        if self._write(decisions.attach, [(pk, TaskId(task_id))]) is not None:
            attached.remove(attempt.pk)  # the task is another job's: nothing was changed

    def _task_of(self, attempt):
        tasks = self._world.service.tasks.values()
        return next((task for task in tasks if task.post.attempt == attempt.pk), None)

    def _clean_partials(self):
        for path in self._world.disk.files(durable=False):
            if path.startswith(".partial/") and not path.endswith("/lock") and self._draw.random() < 0.5:
                self._world.disk.take_away(path)
                self._world.seen("a person deleted a partial file")

    def _write(self, change, *args):
        world = self._world
        answer = run_in_one_transaction(
            world.file.connection, [lambda connection: change(connection, *args)]
        )[0]
        world.log(0, change.__name__, *args, answer or "")
        world.checker.committed(None)
        if isinstance(answer, Exception) and not isinstance(answer, DuplicateTaskError):
            raise answer
        return answer
