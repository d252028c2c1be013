"""Declarative batches of paid, asynchronous video generation.

    from runner import load_manifest, plan, run

    finished = await run("manifest.yaml", budget=4000)

These, the values that they take and give, and the errors that they raise are the public API (``docs/api.md``); they are
imported when they are first named, so that ``import runner`` costs nothing.

The map of the package, from the outside in; a layer imports only what stands below it:

    __main__   python -m runner
    cli        words -> values -> app -> text -> exit code; beside it ``api``, values -> app -> values
    app        one function per use case; puts the parts together
    engine     decide -> perform -> record, for many jobs at once
    review     the gallery's page on loopback, live, with a person's choices
    transfers  downloads by workers on other machines (needs the extra ``dask`` or ``ray``)
    store      every write and read of the state (SQLAlchemy Core; a file, or a PostgreSQL server)
    providers  a generation service: requests and outcomes; ``grokimagine`` is the one there is
    files      download, check, place and move the results
    manifest   YAML with line numbers -> values
    report     the panel, progress lines, summaries, notifications, ``metadata.jsonl``
    sandbox    the service's API on loopback, for tries and tests
    media      what is in a video, and contact sheets (needs the extra ``media``)
    core       the decisions: no I/O, no clock, no randomness
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.api import PlanOptions, RunOptions, load_manifest, plan, run
    from runner.app.finished import Finished
    from runner.core.errors import (
        BudgetError,
        BusyError,
        ManifestError,
        RunnerError,
        ServiceError,
        StateError,
        UsageError,
    )
    from runner.core.events import EventName, RunEvent
    from runner.core.model import JobState, Manifest
    from runner.core.money import Budget
    from runner.core.plan import Plan

__version__ = "0.1.0"

__all__ = [
    "Budget",
    "BudgetError",
    "BusyError",
    "EventName",
    "Finished",
    "JobState",
    "Manifest",
    "ManifestError",
    "Plan",
    "PlanOptions",
    "RunEvent",
    "RunOptions",
    "RunnerError",
    "ServiceError",
    "StateError",
    "UsageError",
    "__version__",
    "load_manifest",
    "plan",
    "run",
]

_HOMES = {
    "Budget": "core.money",
    "BudgetError": "core.errors",
    "BusyError": "core.errors",
    "EventName": "core.events",
    "Finished": "app.finished",
    "JobState": "core.model",
    "Manifest": "core.model",
    "ManifestError": "core.errors",
    "Plan": "core.plan",
    "PlanOptions": "api",
    "RunEvent": "core.events",
    "RunOptions": "api",
    "RunnerError": "core.errors",
    "ServiceError": "core.errors",
    "StateError": "core.errors",
    "UsageError": "core.errors",
    "load_manifest": "api",
    "plan": "api",
    "run": "api",
}

if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for one of ours

    def __getattr__(name: str) -> object:
        """Import what is named for the first time (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib  # noqa: PLC0415 - `import runner` alone, as `runner --help` does, stays without it

        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return sorted(__all__)
