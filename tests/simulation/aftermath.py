"""What must hold when a process has ended, and at the end of everything."""

import math

from runner.store import batches, reads

from .facts import FAILED_SYNC
from .process import BATCH

GRACE_S = 60.0
"""How long the answers to submissions in the air are waited for after an interruption."""

_ROUND_UP_S = 5.0  # what it takes to write down that they did not come
_PERHAPS = {"unreachable", "a repeated id"}
"""Reasons to stop that a process may have seen otherwise than the checker, which only counts seconds and answers."""


def see(world, process):
    """Note the rare situations that one end shows."""
    ending, state = process.ending, world.checker.state
    world.seen(f"exit {ending.exit_code}")
    if "unreachable" in process.facts.stops:
        world.seen("nobody reached the service for 10 minutes")
    if ending.failures is not None:
        world.seen("too many failures ended submission")
    if ending.canary is not None:
        world.seen("lost canaries ended submission")
    for job in state.jobs.values():
        if job.removed and job.state == "done":
            world.seen("a removed job was finished")
        if job.overdue and job.state == "running":
            world.seen(f"a task was overdue: {job.error_class}")


def wrongs_of_ending(process, state):
    """An exit code that is not what the state and the process's own experience say, and what was left undone."""
    code, facts = process.ending.exit_code, process.facts
    yield from _wrongs_of_leaving(process, state)
    if process.interrupted_with is not None:
        if code != 128 + process.interrupted_with:
            yield f"exit {code} after signal {process.interrupted_with}"
    elif facts.is_in_doubt != (code == 74):
        yield f"exit {code}, and a commit was {'' if facts.is_in_doubt else 'not '}in doubt"
    elif code != 74:
        yield from _wrongs_of_stopping(process)
        yield from _wrongs_of_completeness(process, state)


def _wrongs_of_leaving(process, state):
    """Submissions that nobody will hear of any more, and a stop that took too long."""
    facts = process.facts
    posts = [each for each in process.world.service.posts if each.process == process.number]
    bugs = {post.attempt for post in posts if post.fate.word.startswith("bug")}
    if not facts.is_in_doubt:
        for pk in facts.begun - bugs:
            if state.attempts[pk].outcome == "submitting":
                yield f"attempt {pk} was left submitting"
    recorded = {each.task_id for each in state.attempts.values()}
    for task_id in facts.read_ids - recorded - (facts.told_ids if facts.is_in_doubt else set()):
        yield f"{task_id} was read, and neither the state nor a person knows it"
    for post in posts:
        if not post.was_answered and post.attempt not in bugs and post.fate.answer_s <= GRACE_S:
            yield f"post {post.number} was not waited for"
    if facts.interrupted_at is not None and process.ended_at - facts.interrupted_at > GRACE_S + _ROUND_UP_S:
        yield f"it took {process.ended_at - facts.interrupted_at:.0f} s to stop"


def wrongs_of_report(connection, state):
    """Where the reads that a person is shown differ from the plain rows."""
    if not state.jobs:
        return  # it ended before there was anything to report
    batch, counts = batches.by_pk(connection, BATCH), reads.counts(connection, BATCH)
    summed = tuple(reads.books(connection, BATCH))
    connection.rollback()
    shown = (batch.spent, batch.reserved, batch.unknown, batch.budget)
    if shown != state.batch[:4] or summed != state.batch[:3]:
        yield f"the report says {shown}, the books {state.batch[:4]}"
    states = {str(each): number for each, number in counts.by_state.items() if number}
    if states != state.states():
        yield f"the report counts {states}, the state {state.states()}"


def _wrongs_of_stopping(process):
    ending, facts = process.ending, process.facts
    if ending.bugs and not process.world.mix.is_on("bugs"):
        yield f"{ending.bugs} jobs met an error of the program"
    if ending.exit_code == 5 and not facts.service_stops:
        yield f"exit 5 for no reason: {ending.service}"
    if facts.service_stops - _PERHAPS and ending.exit_code not in {5, 70}:
        yield f"exit {ending.exit_code} after {sorted(facts.service_stops)}"
    if FAILED_SYNC in facts.stops and ending.disk is None:
        yield f"exit {ending.exit_code} after a failed sync, and it is not said"
    if ending.exit_code == 3 and not facts.was_tight:
        yield "exit 3, and the budget was never short"


def _wrongs_of_completeness(process, state):
    ending = process.ending
    states, code = state.states(), ending.exit_code
    late = sum(job.overdue and job.state == "running" and not job.removed for job in state.jobs.values())
    if code in {0, 1, 4}:
        is_incomplete = states.get("failed") or states.get("fetching") or ending.incomplete
        is_incomplete = is_incomplete or ending.disk or ending.canary or ending.failures
        expected = 4 if states.get("unknown") or late else 1 if is_incomplete else 0
        if code != expected:
            yield f"exit {code} instead of {expected} with {states}, {late} late"
    if code == 0 and set(states) - {"done", "pending"}:
        yield f"exit 0 with {states}"
    if code in {0, 1, 4} and states.get("pending") and not _may_leave_pending(process):
        yield f"exit {code}, and {states['pending']} pending jobs were forgotten"
    if code == 3 and not states.get("pending"):
        yield "exit 3, and nothing is pending"


def _may_leave_pending(process):
    """Whether somebody allowed this process to end although there was something to submit."""
    ending, facts, mix = process.ending, process.facts, process.world.mix
    return (
        (mix.fit and facts.was_tight)
        or (mix.submissions is not None and facts.submissions >= mix.submissions)
        or (mix.stop_after_s is not None and process.ended_at >= facts.started_at + mix.stop_after_s)
        or ending.disk
        or ending.canary
        or ending.failures
        or facts.never_sent
    )


def wrongs_of_end(world, state):
    """After the liveness phase: a job that is nowhere, a tree that is not what the ledger says."""
    nowhere = unfinished(state, world.service)
    if set(nowhere) - {"pending"} or (nowhere and left(state.batch) >= state.batch.reservation_price):
        yield f"{nowhere} at the end, {left(state.batch)} credits are left"
    yield from _wrongs_of_tree(world, state)


def unfinished(state, service):
    """The states of the jobs that are not at their end; a task that nobody ever heard of stays as it is, and is shown."""
    return [
        job.state
        for pk, job in state.jobs.items()
        if job.state not in {"done", "failed"}
        and not (job.state == "running" and job.overdue and _is_unheard_of(state.attempts_of(pk), service))
    ]


def _is_unheard_of(attempts, service):
    return all(each.task_id not in service.tasks for each in attempts if each.is_live)


def left(batch):
    """Credits that may still be reserved."""
    return math.inf if batch.budget is None else batch.budget - batch.spent - batch.reserved


def _wrongs_of_tree(world, state):
    expected = dict(world.planted)
    for row in state.files.values():
        if row.state == "placed":
            task = world.service.tasks[state.attempts[row.attempt].task_id]
            expected[row.path] = task.video(row.position)
    found = {
        path: content
        for path, content in world.disk.files(durable=True).items()
        if not path.startswith(".partial/")
    }
    if found != expected:
        yield f"the tree holds {sorted(found)} instead of {sorted(expected)}, or other bytes"
    for pk, job in state.jobs.items():
        placed = [row for row in state.files.values() if row.job == pk and row.state == "placed"]
        if job.state == "done":
            task = world.service.tasks[state.attempts[placed[0].attempt].task_id]
            paths = {row.path for row in placed}
            # Where files were named one after the other, it depends on the moments of asking what they are called.
            if paths != _paths(job, task.fate.urls) and not task.fate.growing:
                yield f"job {pk} is at {sorted(paths)}"


def _paths(job, files):
    """What an uninterrupted run calls the files of a job."""
    if files == 1:
        return {f"{job.path}.mp4"}
    return {f"{job.path}-{position}.mp4" for position in range(1, files + 1)}
