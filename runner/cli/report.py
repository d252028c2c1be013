"""``runner report``."""

import click

from runner.cli import completing
from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.counting import noun


@click.command("report", short_help="Write the gallery, a page with all videos, into the output tree.")
@click.argument("batch", shell_complete=completing.batches)
@click.option(
    "-o", "file", type=click.Path(), metavar="FILE", help="Write it there instead of into the output tree."
)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, *, batch: str, file: str | None, sandbox: bool, as_json: bool) -> None:
    """Write index.html into the output directory of BATCH: one file that opens without a server.

    A run writes it at its end, unless the batch is very large. Works while a run goes on.
    """
    from runner.app.gallery import report  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.phrases import size  # noqa: PLC0415 - heavy imports inside the command

    done = report(workplace(ctx, sandbox=sandbox), batch, file)
    if as_json:
        show_json({"batch": done.batch, "path": done.path, "url": done.url, "bytes": done.bytes})
    else:
        show(f"{done.path} ({size(done.bytes)}, {done.jobs:,} {noun(done.jobs, 'job')})")
        show(done.url)
    if done.note is not None:
        say(done.note)
