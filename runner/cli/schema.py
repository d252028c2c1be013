"""``runner schema``."""

import json

import click


@click.command("schema", short_help="Print the manifest's JSON Schema.")
def command() -> None:
    """Print the JSON Schema of manifests, for editors."""
    from runner.app.starting import schema  # noqa: PLC0415 - heavy imports inside the command

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))
