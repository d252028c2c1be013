"""What the documents say about the program, held against the program."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from runner.cli.root import COMMANDS, root
from runner.core import ending, errors
from runner.core.ending import Ending
from runner.core.outcomes import ErrorClass
from runner.sandbox import parse_options
from tests.docs import generated
from tests.docs.documents import (
    DOCS,
    DOCUMENTS,
    EXIT_CODES,
    JSON,
    README,
    ROOT,
    blocks,
    code_in,
    name_of,
    prose,
    rows,
    section,
)

SANDBOX = DOCS / "sandbox.md"

OF_OTHERS = {"--constraint", "--editable", "--now", "--nthreads", "--memory-limit", "--no-dashboard"}
OF_OTHERS |= {"--head", "--node-ip-address", "--address", "--include-dashboard", "--num-cpus"}  # Ray's
"""Options of pip and systemctl."""

OF_THE_TESTS = (DOCS / "performance.md", DOCS / "reliability.md")
"""Pages whose commands are those of the tests."""


def known_options() -> set[str]:
    context = click.Context(root)
    every = [root, *filter(None, (root.get_command(context, name) for name in COMMANDS))]
    params = [param for command in every for param in command.get_params(context)]
    return {option for param in params for option in (*param.opts, *param.secondary_opts)}


def links_in(path: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(path))


def headings(path: Path) -> set[str]:
    """The anchors of a document, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", generated.PAGES, ids=name_of)
def test_a_generated_page_is_up_to_date(page: Path) -> None:
    """But for line breaks: another version of click may set them elsewhere."""
    assert page.read_text(encoding="utf-8").split() == generated.text_of(page).split(), (
        "make it anew: .venv/bin/python -m tests.docs"
    )


def test_the_index_names_every_page() -> None:
    links = {(DOCS / link).resolve() for link in links_in(DOCS / "README.md")}
    assert set(DOCS.rglob("*.md")) - links == {DOCS / "README.md"}


def test_the_options_are_those_that_there_are() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS if path not in OF_THE_TESTS)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"<!--|-->", "", texts)))
    assert named - known_options() == OF_OTHERS


def test_the_exit_codes_are_those_that_there_are() -> None:
    listed = {int(code) for cells in rows(EXIT_CODES, "Exit codes") for code in cells[0].split(", ")}
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
    said = re.search(r"the first of ([\d/, ]+) counts", section(EXIT_CODES, "Exit codes"))
    assert said is not None
    assert [int(code.split("/")[1] if "/" in code else code) for code in said[1].split(", ")] == codes


def test_the_classes_of_errors_are_those_that_there_are() -> None:
    classes = re.search(r"`error_class` is\s+one of ((?:`\w+`(?:,\s)?)+)", prose(JSON))
    assert classes is not None
    assert code_in(classes[1]) == [*ErrorClass]


def test_the_exit_codes_to_act_on_are_all_of_them() -> None:
    acted_on = rows(DOCS / "howto" / "unattended.md", "What to do about an exit code")
    assert [cells[0] for cells in acted_on] == [cells[0] for cells in rows(EXIT_CODES, "Exit codes")]


def test_the_options_of_the_sandbox_are_those_that_there_are() -> None:
    named = [
        word for word in code_in(section(SANDBOX, "Options")) if re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", word)
    ]
    assert {"seed", "faults", "download_short"} <= set(named)
    for name in named:
        parse_options(f"{name}=1")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_a_link_leads_somewhere(path: Path) -> None:
    lost = []
    for link in links_in(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if "://" not in link and (not target.exists() or (anchor and anchor not in headings(target))):
            lost.append(link)
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
    assert [block.mark for block in blocks(README) if block.kind == "command"] == ["run", "test"]


def test_the_readme_is_one_page() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150
