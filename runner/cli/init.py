"""``runner init``."""

import click

from runner.cli.edge import say, show


@click.command("init", short_help="Write a commented starter manifest and its schema.")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
def command(*, directory: str) -> None:
    """Write manifest.yaml and manifest.schema.json into DIR (here by default); nothing is ever overwritten."""
    from runner.app.starting import write_starter  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.advice import Invocation  # noqa: PLC0415 - heavy imports inside the command
    from runner.manifest.starter import NAME  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.next_steps import after_init  # noqa: PLC0415 - heavy imports inside the command

    paths = write_starter(directory)
    for path in paths:
        show(f"wrote {path}")
    for line in after_init(Invocation(NAME, str(paths[0]))):
        say(line)
