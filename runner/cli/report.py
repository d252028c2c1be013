"""``runner report``."""

import click

from runner.cli import completing
from runner.cli.edge import say, show
from runner.cli.options import sandbox_option, workplace


@click.command("report", short_help="Write the gallery of a batch: one page that opens from the disk.")
@click.argument("batch", shell_complete=completing.batches)
@click.option(
    "-o", "file", type=click.Path(), metavar="FILE", help="Write it there instead of into the output tree."
)
@sandbox_option
@click.pass_context
def command(ctx: click.Context, *, batch: str, file: str | None, sandbox: bool) -> None:
    """Write index.html into the output tree of BATCH (its name, or the path of its manifest).

    It opens without a server, and works while a run goes on. Every run writes it at its end.
    """
    from runner.app.reporting import report  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.phrases import size  # noqa: PLC0415 - heavy imports inside the command

    written = report(workplace(ctx, sandbox=sandbox), batch, file)
    show(str(written.path))
    said = size(written.bytes) if written.is_new else f"{size(written.bytes)}, unchanged"
    say(f"{written.path.as_uri()} ({said})")
