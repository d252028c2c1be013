"""The ``runner`` command: global options, and a list of commands whose modules are imported only when they run."""

import importlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from runner import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": "Write a commented starter manifest and its schema.",
    "validate": "Read and expand manifests, and report every error.",
    "plan": "Dry run: expand, price, compare with the state, check the budget.",
    "run": "Make what is missing; run it again to resume.",
    "status": "Where a batch stands: jobs by state, credits, last errors.",
    "jobs": "The jobs of a batch, a line each.",
    "review": "Look at the videos in a browser, and choose, live while a run goes on.",
    "report": "Write the gallery, a page with all videos, into the output tree.",
    "retry": "Put failed jobs back to pending, for a further paid attempt.",
    "prune": "Delete the files of rejected jobs.",
    "resolve": "Decide jobs whose submission has an unknown outcome.",
    "verify": "Check every file against its recorded size and SHA-256.",
    "export": "The videos of a batch as a dataset, in a directory of its own.",
    "sheet": "Draw a contact sheet of each prompt's videos.",
    "adopt": "Take over the files of a tree whose state was lost.",
    "account": "Cap what all batches of one token may spend together.",
    "doctor": "Check the token, the state, the output directory and the service.",
    "sandbox": "Serve the service's API on loopback, for tries and tests.",
    "schema": "Print the manifest's JSON Schema, or write it into a file.",
    "completion": "Print the completion script of bash, zsh or fish.",
}


@dataclass(frozen=True, slots=True)
class Globals:
    """What the options before the command say; ``state`` is ``None`` where none was named."""

    state: str | None
    verbosity: int
    log_file: str | None
    color: bool | None


class LazyGroup(click.Group):
    """Commands by name; their one-line helps stand here, so that ``--help`` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"runner.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click says what it takes
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The names and options that begin so, without importing a command."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only where a shell asks

        named = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Find a command, or suggest the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from runner.core.suggestion import did_you_mean  # noqa: PLC0415 - only on a typing error

            hint = did_you_mean(args[0], tuple(COMMANDS))
            raise click.UsageError(
                f"there is no command {args[0]!r}" + (f" - {hint}" if hint else ""), ctx
            ) from error


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="runner")
@click.option(
    "--state",
    metavar="URL",
    help="The state. [env var: RUNNER_STATE, also in .env; default: sqlite:///state/runner.db]",
)
@click.option("-v", "--verbose", count=True, help="Say more; twice for the log.")
@click.option("-q", "--quiet", count=True, help="Say less.")
@click.option("--log-file", metavar="FILE", type=click.Path(dir_okay=False), help="Write a log to FILE.")
@click.option("--log-prompts", is_flag=True, help="Keep prompts, and texts that may repeat them, in the log.")
@click.option(
    "--color/--no-color", default=None, help="Colours (default: on a terminal, unless NO_COLOR is set)."
)
@click.pass_context
def root(ctx: click.Context, /, **given: Any) -> None:
    """Make batches of videos from a manifest of prompts x ratios x modes, within a budget."""
    from runner.cli import logs  # noqa: PLC0415 - `runner --help` needs no log

    verbosity, color = given["verbose"] - given["quiet"], given["color"]
    logs.set_up(verbosity, given["log_file"], with_prompts=given["log_prompts"])
    if color is None and os.environ.get("NO_COLOR"):
        color = False
    ctx.color = color  # what is styled through click obeys it; None: on a terminal
    ctx.obj = Globals(given["state"], verbosity, given["log_file"], color)
