"""What the README says about the program, held against the program."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from documents import DOCUMENTS, README, ROOT, blocks, code_in, rows, section

from runner.cli.root import COMMANDS, root
from runner.core import ending, errors
from runner.core.ending import Ending
from runner.core.events import EventName
from runner.core.outcomes import ErrorClass
from runner.sandbox import parse_options

OF_PIP = {"--constraint", "--editable"}


def known_options() -> set[str]:
    context = click.Context(root)
    every = [root, *filter(None, (root.get_command(context, name) for name in COMMANDS))]
    params = [param for command in every for param in command.get_params(context)]
    return {option for param in params for option in (*param.opts, *param.secondary_opts)}


def headings(path: Path) -> set[str]:
    """The anchors of a document, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_commands_are_those_that_there_are() -> None:
    assert [code_in(cells[0])[0].split()[1] for cells in rows(README, "Commands")] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_named_has_a_help(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    with click.Context(command, info_name=name) as context:
        assert f"Usage: {name} [OPTIONS]" in command.get_help(context)


def test_the_options_are_those_that_there_are() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"<!--|-->", "", texts)))
    assert named - known_options() == OF_PIP


def test_the_exit_codes_are_those_that_there_are() -> None:
    listed = {int(code) for cells in rows(README, "Exit codes") for code in cells[0].split(", ")}
    kinds = (errors.UsageError, errors.BudgetError, errors.ServiceError, errors.StateError, errors.BusyError)
    signals = {128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    ends = {getattr(ending, name) for name in vars(ending) if name.startswith("EXIT_")}
    assert listed == ends | signals | {kind.exit_code for kind in (*kinds, errors.RunnerError)}


def test_the_first_exit_code_that_holds_counts() -> None:
    holding = [
        Ending(signal=signal.SIGINT),
        Ending(state="?"),
        Ending(bugs=1),
        Ending(service="?"),
        Ending(budget=True),
        Ending(undecided=1),
        Ending(incomplete=1),
    ]
    names = ("signal", "state", "bugs", "service", "budget", "undecided", "incomplete")
    codes = []
    for first in range(len(holding)):
        together = {
            name: getattr(one, name) for one, name in zip(holding[first:], names[first:], strict=True)
        }
        codes.append(Ending(**together).exit_code)
    said = re.search(r"the first of ([\d/, ]+) counts", section(README, "Exit codes"))
    assert said is not None
    assert [int(code.split("/")[1] if "/" in code else code) for code in said[1].split(", ")] == codes


def test_the_events_and_the_classes_of_errors_are_those_that_there_are() -> None:
    text = section(README, "JSON")
    events = re.search(r"which is one of ((?:`\w+`(?:, )?)+)", text)
    classes = re.search(r"`error_class` is\s+one of ((?:`\w+`(?:,\s)?)+)", text)
    assert events is not None
    assert classes is not None
    assert [*code_in(events[1]), "", *code_in(classes[1])] == [*EventName, "", *ErrorClass]


def test_the_options_of_the_sandbox_are_those_that_there_are() -> None:
    _, _, text = section(README, "Sandbox").partition("`--sandbox-options`")
    named = [word for word in code_in(text) if re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", word)]
    assert {"seed", "faults", "download_short"} <= set(named)
    for name in named:
        parse_options(f"{name}=1")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    lost = []
    for link in links:
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if "://" not in link and (not target.exists() or (anchor and anchor not in headings(target))):
            lost.append(link)
    assert links
    assert lost == []


def test_the_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from runner.cli.edge import run; run(['--help']); "
        "print(*sorted({'aiohttp', 'sqlalchemy', 'pydantic', 'yaml', 'rich', 'asyncio', 'sqlite3'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == ""


def test_both_commands_are_marked() -> None:
    assert [block.mark for block in blocks(README) if block.mark] == ["run", "test"]
