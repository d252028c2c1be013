"""``runner doctor``."""

from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli.edge import show, show_json
from runner.cli.options import json_option, sandbox_option, sandbox_options_option, workplace

if TYPE_CHECKING:
    from runner.app.findings import Check


@click.command("doctor", short_help="Check the token, the state, the output directory and the service.")
@click.argument("manifest", required=False, type=click.Path())
@sandbox_options_option
@sandbox_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, *, manifest: str | None, sandbox_options: str, sandbox: bool, as_json: bool
) -> None:
    """Check what a run of MANIFEST needs (without one: what any run needs). Nothing is spent or written.

    Exit 2 if something here fails, 5 if only the service does.
    """
    from runner.app.checking import examine  # noqa: PLC0415 - heavy imports inside the command

    tell = partial(_show, as_json=as_json)
    ctx.exit(examine(workplace(ctx, sandbox=sandbox), manifest, sandbox_options, tell))


def _show(check: "Check", *, as_json: bool) -> None:
    if as_json:
        words = {"check": check.name, "grade": check.grade.value}
        show_json(words | {"found": check.found, "hint": check.hint})
        return
    show(f"{check.grade.value:<4}  {check.name:<8}  {check.found}")
    if check.hint is not None:
        show(f"{'':<16}{check.hint}")
