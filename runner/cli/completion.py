"""``runner completion``."""

import click

from runner.cli.completing import SHELLS, VARIABLE


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    r"""Print what makes SHELL complete commands, options, batch names and job states.

    \b
    bash, in ~/.bashrc:   eval "$(runner completion bash)"
    zsh, in ~/.zshrc:     eval "$(runner completion zsh)"
    fish:                 runner completion fish > ~/.config/fish/completions/runner.fish
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here, and where a shell asks

    made = get_completion_class(shell)
    if made is None:
        raise RuntimeError(f"click has no completion for {shell}")
    click.echo(made(ctx.find_root().command, {}, "runner", VARIABLE).source())
