"""``runner review``."""

import click

from runner.cli import completing
from runner.cli.edge import say, show
from runner.cli.options import sandbox_option, workplace


@click.command("review", short_help="Look at the videos in a browser, and choose, live while a run goes on.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port (default: any free one).")
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@sandbox_option
@click.pass_context
def command(ctx: click.Context, *, batch: str, port: int, is_opened: bool, sandbox: bool) -> None:
    """Serve the gallery of BATCH on this machine alone, until Ctrl-C: keep, reject, rate, note, queue new takes.

    What is chosen stands in the state at once. A run may go on meanwhile; nothing here spends.
    """
    from runner.app.serving import review  # noqa: PLC0415 - heavy imports inside the command
    from runner.cli.browser import doorstep  # noqa: PLC0415 - heavy imports inside the command

    place = workplace(ctx, sandbox=sandbox)
    with doorstep(place.beside.parent) as open_page:

        def on_ready(url: str, unwritable: str | None) -> None:
            _tell(url, unwritable)
            if is_opened:
                try:
                    open_page(url)
                except OSError as error:
                    say(f"the browser cannot be opened ({error.strerror}); open the address above in it")

        review(place, batch, port, on_ready)


def _tell(url: str, unwritable: str | None) -> None:
    port = url.split(":")[2].partition("/")[0]
    show(url)
    say("Whoever has this address can see and choose. Ctrl-C ends the review.")
    say(f"From another machine: `ssh -N -L {port}:127.0.0.1:{port} HOST` there, then open the same address.")
    if unwritable is not None:
        say(f"Choices cannot be kept, there is only something to see: {unwritable}")
