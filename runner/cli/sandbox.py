"""``runner sandbox``."""

import click

from runner.cli.edge import say


@click.command("sandbox", short_help="Serve the service's API on loopback, for tries and tests.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8089, show_default=True, help="0: any free one."
)
@click.option(
    "--ledger", type=click.Path(dir_okay=False), help="Keep tasks in this SQLite file (default: in memory)."
)
@click.option(
    "--options", "options_text", metavar="K=V,...", default="", help="e.g. latency=0.5,faults=1%,seed=7."
)
def command(*, host: str, port: int, ledger: str | None, options_text: str) -> None:
    """Serve the API until Ctrl-C; point `provider.base_url` at the address that it prints. Any token will do."""
    from pathlib import Path  # noqa: PLC0415 - heavy imports inside the command

    from runner.sandbox import parse_options, serve_forever  # noqa: PLC0415 - heavy imports inside the command

    options = parse_options(options_text)
    path = None if ledger is None else Path(ledger)
    serve_forever(options, path, host, port, lambda url: say(f"serving {url}; Ctrl-C stops it"))
