"""Options that several commands share, and the types of their values."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli.root import Globals
from runner.core.money import Budget, Credits
from runner.core.outcomes import ErrorClass
from runner.core.suggestion import did_you_mean

if TYPE_CHECKING:
    from runner.app.workplace import Workplace

F = TypeVar("F", bound=Callable[..., Any])

_USD = re.compile(r"\$?(\d{1,10}(?:\.\d{1,6})?) ?(?:usd|USD)|\$(\d{1,10}(?:\.\d{1,6})?)")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def budget(text: str) -> Budget:
    """``4000`` (credits) or ``40usd`` as the cap that was written; a type for click."""
    usd = _USD.fullmatch(text.strip())
    if usd is not None:
        return Budget(usd=Decimal(usd[1] or usd[2]))
    if re.fullmatch(r"\d{1,12}", text.strip()):
        return Budget(credits=Credits(int(text)))
    raise click.BadParameter(f"{text!r} is no budget: write credits (4000) or dollars (40usd)")


def duration_s(text: str) -> float:
    """``90s``, ``45m``, ``2h``, ``1h30m`` in seconds, more than 0; a type for click."""
    found = _DURATION.fullmatch(text.strip())
    parts = found.groups() if found else ()
    seconds = sum(float(part or 0) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if seconds <= 0:
        raise click.BadParameter(f"{text!r} is no duration: write 90s, 45m, 2h or 1h30m")
    return seconds


def error_class(text: str) -> ErrorClass:
    """One of the classes of failure; a type for click."""
    wanted = text.strip().lower()
    if wanted in set(ErrorClass):
        return ErrorClass(wanted)
    hint = did_you_mean(wanted, ErrorClass)
    known = ", ".join(ErrorClass)
    raise click.BadParameter(
        f"{text!r} is no class of failure, one of {known}" + (f" - {hint}" if hint else "")
    )


def sandbox_option(command: F) -> F:
    """``--sandbox``: the embedded service's own state and outputs."""
    return click.option(
        "--sandbox", is_flag=True, help="Use the embedded service; no token, its own state and outputs."
    )(command)


def sandbox_options_option(command: F) -> F:
    """``--sandbox-options``: how the embedded service behaves."""
    return click.option(
        "--sandbox-options",
        metavar="K=V,...",
        default="",
        help="Of the embedded service, e.g. faults=1%,seed=7.",
    )(command)


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="JSON on stdout, one object a line.")(command)


def workplace(ctx: click.Context, *, sandbox: bool) -> "Workplace":
    """The workplace that the global options and ``--sandbox`` name."""
    from runner.app.workplace import Workplace  # noqa: PLC0415 - the state; a shell that completes an option needs none

    globals_: Globals = ctx.find_root().obj
    return Workplace.at(globals_.state, sandbox=sandbox)
