"""``runner doctor``."""

from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli.edge import show, show_json
from runner.cli.options import json_option, sandbox_option, sandbox_options_option
from runner.cli.root import Globals

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
    """Check what a run of MANIFEST needs (without one: what any run needs), and show every setting with its source.

    Nothing is spent or written. Exit 2 if something here fails, 5 if only the service does.
    """
    from runner.app.checking import Question, examine  # noqa: PLC0415 - heavy imports inside the command

    globals_: Globals = ctx.find_root().obj
    question = Question(globals_.state, manifest, sandbox, sandbox_options)
    ctx.exit(examine(question, partial(_show, as_json=as_json)))


def _show(check: "Check", *, as_json: bool) -> None:
    if as_json:
        show_json(_object(check))
        return
    show(f"{check.grade.value:<4}  {check.name:<8}  {check.found}")
    if check.hint is not None:
        show(f"{'':<16}{check.hint}")


def _object(check: "Check") -> dict[str, object]:
    words: dict[str, object] = {"check": check.name, "grade": check.grade.value}
    words |= {"found": check.found, "hint": check.hint}
    if (setting := check.setting) is not None:
        words |= {"setting": setting.name, "value": setting.value, "source": setting.source.value}
    return words
