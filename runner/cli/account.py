"""``runner account``."""

import re
from typing import TYPE_CHECKING

import click

from runner.cli.edge import show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.account import Account, Period
from runner.core.money import Credits

if TYPE_CHECKING:
    from runner.app.accounting import Change

_IN = {Period.DAY: " today", Period.MONTH: " this month", Period.EVER: ""}


@click.command("account", short_help="Cap what all batches of one token may spend together.")
@click.argument("manifest", required=False, type=click.Path())
@click.option("--limit", metavar="CREDITS|none", help="The cap from now on, in credits; `none` lifts it.")
@click.option(
    "--per",
    type=click.Choice([one.value for one in Period]),
    help="Over what the cap counts: a day or a month of the calendar in UTC, or ever.  [default: as it was, ever]",
)
@sandbox_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    manifest: str | None,
    limit: str | None,
    per: str | None,
    sandbox: bool,
    as_json: bool,
) -> None:
    """Show, or change, the cap over all batches in this state that are paid with one token.

    It is the token in the variable that MANIFEST names; without one, the usual variable. The state keeps a fingerprint of it
    only. Every reservation of every run keeps within the cap, beside the budget of its batch.
    """
    from runner.app.accounting import account  # noqa: PLC0415 - heavy imports inside the command

    change = _change(limit, per)
    found = account(workplace(ctx, sandbox=sandbox), manifest, change)
    if as_json:
        show_json(_payload(found))
    else:
        show(_text(found))


def _change(limit: str | None, per: str | None) -> "Change | None":
    from runner.app.accounting import Change  # noqa: PLC0415 - heavy imports inside the command

    if limit is None:
        if per is not None:
            raise click.UsageError("--per says over what --limit counts: give both")
        return None
    period = None if per is None else Period(per)
    if limit.strip().lower() == "none":
        return Change(None, period)
    if not re.fullmatch(r"\d{1,12}", limit.strip()):
        raise click.BadParameter(
            f"{limit!r} is no number of credits: write 20000, or none", param_hint="'--limit'"
        )
    return Change(Credits(int(limit)), period)


def _payload(found: Account) -> dict[str, object]:
    return {
        "account": found.fingerprint,
        "cap": found.cap,
        "per": found.per,
        "spent": found.spent,
        "reserved": found.reserved,
        "left": found.left,
    }


def _text(found: Account) -> str:
    lines = [
        f"account {found.fingerprint} (a fingerprint of the token)",
        f"  cap       {found.terms}",
        f"  spent     {found.spent} credits{_IN[found.per]}, {found.reserved} reserved",
    ]
    if found.left is not None:
        lines.append(f"  left      {found.left} credits")
    return "\n".join(lines)
