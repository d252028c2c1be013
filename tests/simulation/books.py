"""What must hold in the durable state after every commit, whoever made it."""

import hashlib

from runner.core.outcomes import Completed, Failed

from .mix import PRICE
from .snapshot import LIVE

# The life of a job as it is promised, and not as the program's own table has it, so that this judges that as well.
_MOVES = {
    ("pending", "submitting"),
    ("submitting", "running"),
    ("submitting", "pending"),
    ("submitting", "failed"),
    ("submitting", "unknown"),
    ("running", "fetching"),
    ("running", "failed"),
    ("fetching", "done"),
    ("failed", "pending"),
    ("unknown", "running"),
    ("unknown", "pending"),
    ("unknown", "failed"),
}
# What the service says of a failed task that a person asks about once more: it is at work, or completed already.
_MOVES_BY_HAND = _MOVES | {("failed", "running"), ("failed", "fetching")}
_OUTCOMES = {
    (None, "submitting"),
    ("submitting", "running"),
    ("submitting", "unknown"),
    ("submitting", "not_sent"),
    ("submitting", "refused"),
    ("running", "completed"),
    ("running", "failed"),
    ("unknown", "running"),
    ("unknown", "lost"),
    ("failed", "running"),
    ("failed", "completed"),
}
_BRINGS_RESULT = {"fetching", "done"}
_MAY_BE_ACCEPTED = {"submitting", "unknown", "lost"}


def wrongs_of_change(before, after, *, by_hand):
    """What is wrong with the step from one durable state to the next; ``by_hand``: a person took it."""
    moves = _MOVES_BY_HAND if by_hand else _MOVES
    for pk, job in after.jobs.items():
        old = before.jobs.get(pk)
        if old is None and job.state != "pending":
            yield f"job {pk} was born {job.state}"
        if old is not None and old.state != job.state and (old.state, job.state) not in moves:
            yield f"job {pk} went from {old.state} to {job.state}, which no table has"
    for pk, attempt in after.attempts.items():
        old = before.attempts.get(pk)
        if old != attempt:
            yield from _wrongs_of_attempt(before, after, old, attempt)
    if set(before.attempts) - set(after.attempts):
        yield "an attempt is gone from the books"
    if after.batch.highest < before.batch.highest:
        yield "the highest charge seen went down"
    if any(
        each.outcome == "submitting" and each.pk not in before.attempts for each in after.attempts.values()
    ):
        yield from _wrongs_of_reservation(after.batch)


def _wrongs_of_reservation(batch):
    if batch.budget is not None and batch.spent + batch.reserved > batch.budget:
        yield f"a reservation took {batch.spent} + {batch.reserved} above the budget of {batch.budget}"


def _wrongs_of_attempt(before, after, old, attempt):
    was = None if old is None else old.outcome
    if was != attempt.outcome and (was, attempt.outcome) not in _OUTCOMES:
        yield f"attempt {attempt.pk} went from {was} to {attempt.outcome}"
    held = before.batch.reservation_price if old is None else old.credits
    if old is None and attempt.credits == after.batch.reservation_price:
        held = attempt.credits  # a dearer charge was booked in the same group of commits
    if was == "failed":  # reopened: it may be charged after all
        held = max(held, before.batch.reservation_price)
    keeps = attempt.outcome in LIVE or attempt.outcome == "lost"
    if keeps and attempt.credits != held:
        yield f"attempt {attempt.pk} ({attempt.outcome}) holds {attempt.credits} instead of {held}"
    if attempt.outcome in {"not_sent", "refused"} and attempt.credits:
        yield f"attempt {attempt.pk} ({attempt.outcome}) holds {attempt.credits}"
    if old is not None and old.task_id is not None and old.task_id != attempt.task_id:
        yield f"attempt {attempt.pk} forgot task {old.task_id}"


def wrongs_of_settling(before, after, tasks):
    """Attempts that ended with another charge than the service told."""
    for pk, attempt in after.attempts.items():
        old = before.attempts.get(pk)
        if attempt.outcome not in {"completed", "failed"} or old is None or old.outcome != "running":
            continue
        task = tasks.get(attempt.task_id)
        booked = None if task is None else _booked(task.told, attempt.outcome, old.credits)
        if booked != attempt.credits:
            yield f"attempt {pk} is {attempt.outcome} for {attempt.credits} instead of {booked}"
        if task is not None and task.told is not None and not attempt.trusted and _is_of_another(task):
            yield f"attempt {pk} is {attempt.outcome} by an answer about another request"
        if booked is not None and booked > max(before.batch.reservation_price, after.batch.highest):
            yield f"a charge of {booked} left the highest charge at {after.batch.highest}"


def _is_of_another(task):
    """Whether the end that was told names another request than the one that was sent."""
    echo, sent = task.told.echo, task.post.request
    return echo.prompt not in {None, sent.prompt} or echo.mode not in {None, sent.mode}


def _booked(told, outcome, held):
    """The credits that an end is worth; ``None`` where the service told no such end."""
    match told:
        case Completed(urls=urls, charged=charged) if bool(urls) == (outcome == "completed"):
            return charged or held
        case Failed(charged=charged) if outcome == "failed":
            return held if charged is None else charged
    return None


def wrongs_of_state(state):
    """What is wrong with one durable state, whatever came before."""
    attempts = state.attempts.values()
    live = [each for each in attempts if each.is_live]
    sums = (
        sum(each.credits for each in attempts if not each.is_live),
        sum(each.credits for each in live),
        sum(each.credits for each in live if each.outcome == "unknown"),
    )
    if sums != state.batch[:3]:
        yield f"the books say {state.batch[:3]}, the attempts add up to {sums}"
    if len({each.job for each in live}) != len(live):
        yield "a job has two live attempts"
    outcomes = {}
    for each in attempts:
        outcomes.setdefault(each.job, set()).add(each.outcome)
    for pk, job in state.jobs.items():
        of_job = outcomes.get(pk, set())
        is_right = "completed" in of_job if job.state in _BRINGS_RESULT else "completed" not in of_job
        if of_job & LIVE != ({job.state} & LIVE) or not is_right:
            yield f"job {pk} is {job.state}, and its attempts are {sorted(of_job)}"


def wrongs_against_ledger(state, service, attached, now):
    """Where the state and the service's own ledger cannot both be true."""
    for task in service.tasks.values():
        attempt = state.attempts.get(task.post.attempt)
        if attempt is None:
            yield f"{task.task_id} was accepted for an attempt that the state does not have"
        elif (
            attempt.task_id != task.task_id
            and attempt.outcome not in _MAY_BE_ACCEPTED
            and attempt.pk not in attached
        ):
            yield f"{task.task_id} was accepted, but attempt {attempt.pk} is {attempt.outcome}, {attempt.task_id}"
    for post in service.posts:
        outcome = state.attempts[post.attempt].outcome if post.attempt in state.attempts else None
        if post.is_open and outcome in {"not_sent", "refused"}:
            yield f"post {post.number} is on its way, but its attempt is {outcome}"
    # What is charged above the quoted price cannot be known before it is told.
    owed = sum(min(PRICE, task.cost(now)) for task in service.tasks.values())
    if owed > state.batch.spent + state.batch.reserved:
        yield f"the service charges {owed}, the books hold {state.batch.spent} + {state.batch.reserved}"


def wrongs_of_files(state, disk, tasks):
    """Files that the state calls placed and a power cut would take, and jobs that are done without their files."""
    kept = disk.files(durable=True)
    for row in state.files.values():
        if row.state == "placed":
            task = tasks.get(state.attempts[row.attempt].task_id)
            content = kept.get(row.path)
            if content is None or task is None or content != task.video(row.position):
                yield f"{row.path} is called placed, but a power cut would leave {_short(content)}"
            elif (len(content), hashlib.sha256(content).hexdigest()) != (row.bytes, row.sha256):
                yield f"{row.path} is not what its row says"
    for pk, job in state.jobs.items():
        if job.state == "done":
            paid = [each.pk for each in state.attempts_of(pk) if each.outcome == "completed"]
            files = [row.state for row in state.files.values() if row.attempt in paid]
            if set(files) != {"placed"}:
                yield f"job {pk} is done with files {files}"


def wrongs_of_tree(state, disk, tasks, planted):
    """Names outside ``.partial`` that stand for anything but a whole file that the state knows, or somebody else's."""
    known = {}
    for row in state.files.values():
        task = tasks.get(state.attempts[row.attempt].task_id)
        content = None if task is None else task.video(row.position)
        if row.sha256 is not None and content is not None and len(content) == row.bytes:
            known.setdefault(row.path, []).append(content)
    now, kept = disk.files(durable=False), disk.files(durable=True)
    for path, content in now.items():
        if path.startswith(".partial/") or planted.get(path) == content:
            continue
        if content not in known.get(path, ()):
            yield f"{path} stands for {_short(content)}, which the state does not know"
        elif kept.get(path, content) != content:
            yield f"{path} has its name, and a power cut would leave {_short(kept[path])}"
    for path, content in planted.items():
        if now.get(path) != content:
            yield f"{path} was somebody else's, and is {_short(now.get(path))}"


def _short(content):
    return "nothing" if content is None else f"{len(content)} other bytes"
