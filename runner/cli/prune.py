"""``runner prune``."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from runner.cli import completing
from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.counting import noun

if TYPE_CHECKING:
    from runner.app.pruning import Doomed, Pruned, Pruning
    from runner.app.pruning_steps import Unwanted
    from runner.app.workplace import Workplace


@click.command("prune", short_help="Delete the files of rejected jobs, or of steps that are gone.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--rejected", is_flag=True, help="The files of every job whose videos were rejected.")
@click.option("--steps", is_flag=True, help="What steps made that the manifest does not name any more.")
@click.option("--yes", is_flag=True, help="Do not ask whether to go on.")
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, batch: str, sandbox: bool, as_json: bool, **given: Any) -> None:
    """Delete the files of the jobs of BATCH that are rejected now. They cannot be had again.

    The jobs stay done and paid for; nothing is missed and nothing paid again. A file that is not what was recorded of it is
    left (exit 1). With --steps instead, delete what processing steps made that the manifest of the last run does not name:
    that can be made again, free of charge.
    """
    from runner.app.pruning import prune  # noqa: PLC0415 - heavy imports inside the command

    if given["rejected"] == given["steps"]:
        raise click.UsageError("say what: --rejected, or --steps", ctx)
    if given["steps"]:
        _prune_steps(workplace(ctx, sandbox=sandbox), batch, is_sure=given["yes"], as_json=as_json)
        return
    pruned = prune(
        workplace(ctx, sandbox=sandbox),
        batch,
        partial(_ask, is_sure=given["yes"]),
        partial(_show, as_json=as_json),
    )
    _conclude(pruned, as_json=as_json)
    ctx.exit(pruned.exit_code)


def _prune_steps(where: "Workplace", batch: str, *, is_sure: bool, as_json: bool) -> None:
    from runner.app.pruning_steps import prune_steps  # noqa: PLC0415 - heavy imports inside the command

    gone = prune_steps(where, batch, lambda found: _confirm(_of_steps(found), is_sure=is_sure))
    if as_json:
        show_json({"batch": gone.batch, "jobs": 0, "files": gone.files, "bytes": gone.bytes, "left": 0})
    elif gone.files:
        show(f"{gone.batch}: {_of_steps(gone)} deleted")
    else:
        show("there is nothing of a step that the manifest does not name")


def _of_steps(found: "Unwanted") -> str:
    return f"{found.files} {noun(found.files, 'file')} ({found.bytes / 1e6:.1f} MB) of steps that the manifest does not name"


def _ask(doomed: "Doomed", *, is_sure: bool) -> bool:
    files = f"{doomed.files} {noun(doomed.files, 'file')} ({doomed.bytes / 1e6:.1f} MB)"
    return _confirm(f"{files} of {doomed.jobs} rejected {noun(doomed.jobs, 'job')}", is_sure=is_sure)


def _confirm(what: str, *, is_sure: bool) -> bool:
    if is_sure:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"this deletes {what} for good, and there is no terminal to ask on: give --yes"
        )
    return click.confirm(f"This deletes {what} for good. Continue?", err=True)


def _show(pruning: "Pruning", *, as_json: bool) -> None:
    word = "deleted" if pruning.left_because is None else "left"
    if as_json:
        words = {"path": pruning.path, "job_id": pruning.job_id}
        show_json(words | {"state": word, "reason": pruning.left_because})
    else:
        show(f"{word:<10}  {pruning.left_because or pruning.path}")


def _conclude(pruned: "Pruned", *, as_json: bool) -> None:
    if as_json:
        counts = {"jobs": pruned.jobs, "files": pruned.files, "bytes": pruned.bytes, "left": pruned.left}
        show_json({"batch": pruned.batch} | counts)
    elif pruned.files or pruned.left:
        files = f"{pruned.files} {noun(pruned.files, 'file')} ({pruned.bytes / 1e6:.1f} MB)"
        show(f"{pruned.batch}: {files} of {pruned.jobs} rejected {noun(pruned.jobs, 'job')} deleted")
    else:
        show("there is no rejected job with a file")
    if pruned.left:
        say(f"{pruned.left} {noun(pruned.left, 'file was', 'files were')} left")
    if pruned.unlisted is not None:
        say(pruned.unlisted)
