"""Each use of the program in the documents is one that its own parser reads, also where it is not run here."""

import click
import pytest

from runner.cli.root import root
from runner.core.errors import UsageError
from runner.core.filters import parse_only
from runner.sandbox import parse_options
from tests.docs.documents import DOCUMENTS, blocks, code_in, name_of, prose
from tests.docs.shell import calls

SHELLS = ("bash", "sh", "ini", "crontab")
IN_PROSE = "between backticks in "


def read_by_the_program(arguments: list[str]) -> None:
    """As click reads it before the command begins, with the values that it leaves to the command."""
    with root.make_context("runner", list(arguments)) as top:
        if not top._protected_args:
            return
        name, command, rest = root.resolve_command(top, [*top._protected_args, *top.args])
        assert command is not None
        with command.make_context(name, rest, parent=top) as context:
            parse_options(context.params.get("sandbox_options") or context.params.get("options") or "")
            parse_only(context.params.get("only"))


def named() -> list[tuple[str, list[str]]]:
    """Every call of the program in the documents: those in blocks, and those between backticks, in part or in full."""
    found = []
    for path in DOCUMENTS:
        found += [
            (block.where, call)
            for block in blocks(path)
            if block.language in SHELLS
            for call in calls(block.text)
        ]
        texts = [text for text in code_in(prose(path)) if text.startswith("runner ") and "..." not in text]
        found += [
            (IN_PROSE + name_of(path), call)
            for text in texts
            for call in calls(text.replace("CLASS", "service"))
        ]
    return found


@pytest.mark.parametrize(
    ("where", "arguments"), named(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_command_is_one_that_the_program_reads(where: str, arguments: list[str]) -> None:
    try:
        read_by_the_program(arguments)
    except click.exceptions.Exit:  # --version, --help
        return
    except UsageError as error:
        pytest.fail(f"{where}: runner {' '.join(arguments)}: {error}")
    except click.UsageError as error:
        if isinstance(error, click.MissingParameter) and where.startswith(IN_PROSE):
            return
        pytest.fail(f"{where}: runner {' '.join(arguments)}: {error.format_message()}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("runner rum quickstart.yaml", "no command 'rum'"),
        ("runner run quickstart.yaml --fitt", "No such option"),
        ("cd /srv && .venv/bin/runner run quickstart.yaml --only ratio", "ratio"),
        ("0 1 * * * runner run quickstart.yaml --sandbox-options task_fail=1%", "task_fail"),
        ("ExecStart=/srv/.venv/bin/runner retry nightly --class sevice", "sevice"),
        ("if runner verify; then echo", "Missing argument"),
    ],
)
def test_a_command_that_is_none_is_noticed(line: str, said: str) -> None:
    (arguments,) = calls(line)
    with pytest.raises((click.UsageError, UsageError)) as caught:
        read_by_the_program(arguments)
    error = caught.value
    assert said in (error.format_message() if isinstance(error, click.UsageError) else str(error))
