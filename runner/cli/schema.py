"""``runner schema``."""

import click

from runner.cli.edge import show


@click.command("schema", short_help="Print the manifest's JSON Schema, or write it into a file.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write it into this file, atomically.",
)
@click.option("--force", is_flag=True, help="Replace FILE even where it is no schema of manifests.")
def command(*, output: str | None, force: bool) -> None:
    """Print the JSON Schema of manifests, for editors.

    An older schema in FILE is replaced, anything else only with --force. An editor takes it for a manifest that begins
    with `# yaml-language-server: $schema=FILE`.
    """
    from runner.app.starting import schema_text, write_schema  # noqa: PLC0415 - heavy imports inside the command

    if output is None:
        click.echo(schema_text(), nl=False)
    else:
        show(f"wrote {output}" if write_schema(output, force=force) else f"{output} is up to date")
