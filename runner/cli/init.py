"""``runner init``."""

import click

from runner.cli.edge import say, show


@click.command("init", short_help="Write a commented starter manifest and its schema.")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
def command(*, directory: str) -> None:
    """Write manifest.yaml and manifest.schema.json into DIR (here by default); nothing is ever overwritten."""
    from runner.app.starting import write_starter  # noqa: PLC0415 - heavy imports inside the command

    for path in write_starter(directory):
        show(f"wrote {path}")
    say("next: `runner plan` on it, then `runner run ... --sandbox`")
