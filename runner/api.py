"""The Python API: ``load_manifest``, ``plan`` and ``run``, as ``from runner import ...`` gives them.

It goes the way of the command line, with the same state, locks and checks, and raises the errors of ``core.errors`` where
that ends with an exit code. It prints nothing, and takes no signal.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict, Unpack

from runner.app import planning, running, workplace
from runner.app.comparison import Wishes
from runner.app.finished import Finished
from runner.app.preflight import RunWishes
from runner.app.stopping import ByCaller
from runner.app.workplace import Workplace
from runner.core.errors import BudgetError, RunnerError, ServiceError, StateError, UsageError
from runner.core.events import RunEvent
from runner.core.filters import parse_only
from runner.core.model import Manifest
from runner.core.money import Budget, Credits
from runner.core.plan import Plan

ManifestLike = Manifest | str | os.PathLike[str]
"""The path of a manifest, or one that ``load_manifest`` gave and whose file is still the same."""

_ENDS: dict[int, type[RunnerError]] = {3: BudgetError, 5: ServiceError, 70: RunnerError, 74: StateError}


class PlanOptions(TypedDict, total=False):
    """What may be said beside a manifest.

    ``state`` is the URL of the state (by default that of ``RUNNER_STATE``, in the environment or in ``.env``, else
    ``sqlite:///state/runner.db``), and ``sandbox`` takes the embedded service, whose state and outputs are its own. ``budget`` replaces the manifest's cap: whole
    credits, or ``Budget(usd=Decimal("40"))``. ``only`` and ``limit`` say which jobs, and how many of them at most, in the
    words of ``--only`` and ``--limit``. ``examples`` is how many jobs ``Plan.diff.examples`` shows.
    """

    state: str
    sandbox: bool
    budget: Budget | int
    only: str
    limit: int
    examples: int


class RunOptions(TypedDict, total=False):
    """As ``PlanOptions``, and what a run may be told beside.

    ``fit`` makes what the budget allows instead of refusing; ``deadline_s`` is after how many seconds nothing more is
    submitted; ``confirm`` is asked with the plan where no budget is in force (without it such a run is refused);
    ``accept_base_url`` says that the service has moved. ``sandbox_options`` are those of ``--sandbox-options``,
    ``engine`` is that of ``--engine``, and ``allow_code`` lets the functions run that the manifest's steps name.
    """

    state: str
    sandbox: bool
    budget: Budget | int
    only: str
    limit: int
    fit: bool
    deadline_s: float
    confirm: Callable[[Plan], bool]
    accept_base_url: bool
    sandbox_options: str
    allow_code: bool
    engine: str


def load_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read and check a manifest; raises ``ManifestError`` with every problem in it.

    The rows of its prompt files are read, and checked, by ``plan`` and ``run``.
    """
    return workplace.load_manifest(os.fspath(path)).manifest


def plan(manifest: ManifestLike, **options: Unpack[PlanOptions]) -> Plan:
    """What a run would make and cost: offline, without a token, and nothing is written.

    Raises ``ManifestError``, and ``UsageError`` where the name or the output directory belongs to another batch. It blocks:
    a million jobs take seconds.
    """
    path = _path_of(manifest)
    wishes = _wishes(options.get("budget"), options.get("only"), options.get("limit"))
    wishes = Wishes(wishes.budget, wishes.only, wishes.limit, options.get("examples", 3))
    return planning.plan(
        _workplace(options.get("state"), sandbox=options.get("sandbox", False)), path, wishes
    )


async def run(
    manifest: ManifestLike,
    *,
    on_event: Callable[[RunEvent], None] | None = None,
    **options: Unpack[RunOptions],
) -> Finished:
    """Make what is missing; the same call resumes it.

    Returns where everything that could be made has ended, also where jobs failed, or have an unknown outcome: ``exit_code``
    is 0, 1 or 4 then. Raises before anything is sent: ``ManifestError``, ``UsageError``, ``BudgetError``, ``BusyError``,
    ``StateError``; and at its end, with the state saved, where it had to stop early: ``BudgetError``, ``ServiceError``,
    ``StateError``, and ``RunnerError`` for an error of this program.

    To cancel the task that awaits it is the first Ctrl-C: nothing more is submitted, the requests in the air are waited for
    (60 s at most), the state is saved, and then the cancellation goes on; to cancel again does not shorten that.

    ``on_event`` is called in the caller's loop, in order, and with the last event before this returns; what it raises goes to
    the loop's exception handler and disturbs nothing. The run itself has a thread and a loop of its own. So runs of several
    batches may go on in one program, in one loop or many; a batch that is at work already is refused with ``BusyError``.
    """
    loop = asyncio.get_running_loop()
    wish = ByCaller()

    def tell(event: RunEvent) -> None:
        if on_event is not None:
            with contextlib.suppress(RuntimeError):  # the caller's loop is closed: nobody listens any more
                loop.call_soon_threadsafe(on_event, event)

    def work() -> Finished:
        place = _workplace(options.get("state"), sandbox=options.get("sandbox", False))
        return running.run(place, _path_of(manifest), wanted, tell, wish)

    wanted = _run_wishes(options)
    # A thread of the loop's own executor could be waited for by others, and there are only a few of them.
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="runner")
    working = loop.run_in_executor(executor, work)
    executor.shutdown(wait=False)
    try:
        finished = await _ended(working, wish)
    finally:
        wish.stop()  # of a coroutine that is closed and not awaited to its end
    if (error := _ENDS.get(finished.exit_code)) is not None:
        raise error("; ".join(finished.reasons))
    return finished


async def _ended(working: "asyncio.Future[Finished]", wish: ByCaller) -> Finished:
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError as cancelled:
        wish.stop()
        while not working.done():
            # Cancelled again: what is in the air must not become unknown all the same.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({working})
        raise cancelled from working.exception()


def _path_of(manifest: ManifestLike) -> str:
    """The path; a manifest that is not what its file says now is refused, since the state knows jobs by the file's text."""
    if not isinstance(manifest, Manifest):
        return os.fspath(manifest)
    if workplace.load_manifest(manifest.path).manifest != manifest:
        raise UsageError(
            f"{manifest.path} does not say what was loaded from it: the file, or the value, was changed since; write what "
            "you want into the file, and load it again"
        )
    return manifest.path


def _workplace(state: str | None, *, sandbox: bool) -> Workplace:
    return Workplace.at(state, sandbox=sandbox)


def _wishes(budget: Budget | int | None, only: str | None, limit: int | None) -> Wishes:
    if budget is not None and not isinstance(budget, Budget):
        budget = Budget(credits=Credits(_whole("budget", budget)))
    return Wishes(budget, parse_only(only), None if limit is None else _whole("limit", limit), examples=0)


def _run_wishes(options: RunOptions) -> RunWishes:
    deadline_s = options.get("deadline_s")
    if deadline_s is not None and not deadline_s > 0:
        raise UsageError(f"deadline_s={deadline_s!r}: give seconds, more than 0")
    return RunWishes(
        wishes=_wishes(options.get("budget"), options.get("only"), options.get("limit")),
        fit=options.get("fit", False),
        deadline_s=deadline_s,
        accept_base_url=options.get("accept_base_url", False),
        confirm=options.get("confirm", _unconfirmed),
        sandbox_options=options.get("sandbox_options", ""),
        allow_code=options.get("allow_code", False),
        engine=options.get("engine"),
    )


def _whole(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{name}={value!r}: give a whole number, 0 or more")
    return value


def _unconfirmed(plan: Plan) -> bool:
    raise UsageError(
        f"there is no budget for {plan.manifest}: give budget=..., or confirm=lambda plan: True to spend up to "
        f"{plan.needed} credits; nothing was sent"
    )
