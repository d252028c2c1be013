"""What the shell offers beyond commands, options, choices and files: the names of batches, the conditions of ``--only``.

A completion reads the state if there is one, never makes or changes it, and says nothing where it cannot.
"""

import re
from typing import TYPE_CHECKING

import click

from runner.core.errors import RunnerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_RUNNER_COMPLETE"
"""Where the shell's function says that it wants a completion; click's own name for it."""

_BATCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def batches(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The batches of the state that the command would take; where none begins so, the paths of manifests."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only where a shell asks

    found = [CompletionItem(name) for name in _names(ctx) if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def conditions(_: click.Context, __: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """``mode=fun,ratio=2:3``: the keys, then the words that the provider takes; the last condition is completed.

    Not in bash, which takes ``=`` and ``:`` for ends of words unless they are quoted: there only the keys are offered.
    """
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only where a shell asks

    from runner.core.filters import OWN_KEYS  # noqa: PLC0415 - only where a shell asks

    whole, comma, last = incomplete.rpartition(",")
    key, equals, _value = last.partition("=")
    offered = (
        [f"{key}={word}" for word in _words().get(key, ())] if equals else [f"{one}=" for one in OWN_KEYS]
    )
    return [CompletionItem(whole + comma + one) for one in offered if one.startswith(last)]


def _names(ctx: click.Context) -> list[str]:
    from runner.app.workplace import Workplace  # noqa: PLC0415 - the state, only where its batches are asked for
    from runner.store.batches import every  # noqa: PLC0415 - the state, only where its batches are asked for

    try:
        place = Workplace.at(ctx.find_root().params.get("state"), sandbox=bool(ctx.params.get("sandbox")))
        with place.reading() as connection:
            names = [] if connection is None else [batch.name for batch in every(connection)]
    except (RunnerError, OSError):
        return []
    # A state that somebody hands over may hold anything, and a shell would act on it.
    return [name for name in names if _BATCH.fullmatch(name)]


def _words() -> dict[str, tuple[str, ...]]:
    from runner.providers import capabilities_of, names  # noqa: PLC0415 - only where a shell asks

    offers = [capabilities_of(name) for name in names()]
    modes = dict.fromkeys(mode for offer in offers for mode in offer.modes)
    ratios = dict.fromkeys(ratio for offer in offers for ratio in offer.ratios)
    return {"mode": tuple(modes), "ratio": tuple(ratios)}
