"""``runner sheet``."""

from typing import TYPE_CHECKING, Any

import click

from runner.cli import completing
from runner.cli.edge import say, show
from runner.cli.options import sandbox_option, workplace
from runner.core.counting import noun

if TYPE_CHECKING:
    from pathlib import Path

_MOST_COLUMNS = 12


@click.command("sheet", short_help="Draw a contact sheet of each prompt's videos.")
@click.argument("batch", shell_complete=completing.batches)
@click.option(
    "-o",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Where the sheets go. [default: the output directory's name with -sheets, beside it; of a tree in object storage, BATCH-sheets here]",
)
@click.option("--prompt", metavar="ID", help="Only the sheet of this prompt.")
@click.option("--pdf", is_flag=True, help="A PDF a prompt, instead of PNG pictures.")
@click.option(
    "--columns",
    type=click.IntRange(1, _MOST_COLUMNS),
    default=6,
    show_default=True,
    help="Videos in a row.",
)
@click.option(
    "--font",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="A font that has the letters of the prompts (TrueType or OpenType).",
)
@click.option("--kept", is_flag=True, help="Only what was chosen to be kept.")
@sandbox_option
@click.pass_context
def command(ctx: click.Context, /, batch: str, *, sandbox: bool, **given: Any) -> None:
    """Draw a picture (PNG) for each prompt of BATCH: a frame of each video, with its mode, ratio and take.

    Ratings and choices show as well, and what is missing shows as an empty cell that says why. It needs the extra
    `media` of this program; without it an error says how to get it.
    """
    from runner.app import sheets  # noqa: PLC0415 - heavy imports inside the command

    wishes = sheets.Wishes(**given)
    drawn = sheets.draw(workplace(ctx, sandbox=sandbox), batch, wishes, _show)
    for note in drawn.notes:
        say(note)
    if not drawn.files:
        say(f"{drawn.batch}: nothing to draw" + (": nothing was chosen to be kept" if wishes.kept else ""))
        return
    say(
        f"{drawn.batch}: {drawn.files:,} {noun(drawn.files, 'sheet')} of {drawn.prompts:,} "
        f"{noun(drawn.prompts, 'prompt')} in {drawn.directory}"
    )


def _show(path: "Path") -> None:
    show(str(path))
