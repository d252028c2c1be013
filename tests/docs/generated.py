"""The pages that are made from the program: the command line from its help, the failure classes from their advice."""

from pathlib import Path

import click

from runner.cli.root import COMMANDS, root
from runner.core.advice import Advice, Invocation, advise
from runner.core.outcomes import ErrorClass

_DOCS = Path(__file__).resolve().parents[2] / "docs"
CLI, FAILURES = PAGES = (_DOCS / "cli.md", _DOCS / "failures.md")
_MADE = "<!-- Made by `.venv/bin/python -m tests.docs`; a test checks that it is up to date. -->\n"
_WIDTH = 100

_CLI_HEAD = f"""\
# The command line

{_MADE}
`BATCH` is a batch's name or the path of its manifest. Options that every command shares stand before the command:
`runner --log-file run.log run spring.yaml`. What a command ends with is in [exit codes](exit-codes.md), what `--json`
writes in [JSON forms](json.md), and where settings come from in [state, locks and settings](state.md#settings).
"""

_FAILURES_HEAD = f"""\
# Failure classes

{_MADE}
Each failure has a class. `runner jobs BATCH --json` shows it as `error_class`, and the end of a run says for each class
what to do. `spring` stands for the batch, `spring.yaml` for its manifest.

`retry` and `resolve` spend nothing by themselves: the next `run` does, within the budget. Two classes have a rule of
their own: what moderation refused is never paid for again by a policy, only by `retry`; and an unknown outcome
is not a failure yet ([what to do about it](howto/unknown-outcomes.md)).
"""

_FAILED_HEAD = """
## Jobs that have failed

They rest as `failed`, and stay so until you decide.

| class | what to do | command |
|---|---|---|
"""

_UNFINISHED_HEAD = """
## Jobs that are not at their end

They are pending, running, unknown, or waiting for their files. The next run goes on with them and pays for nothing
twice.

| class | what to do | command |
|---|---|---|
"""


def text_of(page: Path) -> str:
    """What the page must hold."""
    return _cli() if page == CLI else _failures()


def _cli() -> str:
    with click.Context(root, info_name="runner", terminal_width=_WIDTH, **root.context_settings) as top:
        parts = [_CLI_HEAD, _block(root.get_help(top))]
        for name in COMMANDS:
            command = root.get_command(top, name)
            assert command is not None
            context = click.Context(command, parent=top, info_name=name, terminal_width=_WIDTH)
            parts += [f"## {name}\n", _block(command.get_help(context))]
    return "\n".join(parts)


def _block(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return "```\n" + "\n".join(lines) + "\n```\n"


def _failures() -> str:
    call = Invocation("spring", "spring.yaml")
    failed = {each: advise(each, call) for each in ErrorClass if each is not ErrorClass.UNKNOWN}
    unfinished = {each: advise(each, call, has_failed=False) for each in ErrorClass}
    others = {each: advice for each, advice in unfinished.items() if advice != failed.get(each)}
    return _FAILURES_HEAD + _FAILED_HEAD + _table(failed) + _UNFINISHED_HEAD + _table(others)


def _table(advised: dict[ErrorClass, Advice]) -> str:
    return "".join(
        f"| `{each}` | {advice.sentence} | `{advice.command}` |\n" for each, advice in advised.items()
    )
