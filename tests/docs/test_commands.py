"""Each page's commands, word for word and in their order, in one directory: what a stranger does with it.

The README and what is more than one call of the program go through a shell and a process of their own. The other calls are
made in this process, and the tasks of a healthy sandbox are over at once there: only the waiting is left out.
"""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.cli.edge import run
from runner.sandbox import Ledger, SandboxOptions, running_in_thread
from tests.docs.documents import DOCS, README, ROOT, Block, blocks, name_of
from tests.docs.shell import Command, calls, carry_out, steps
from tests.faults.needs import needs

PAGES = (
    README,
    DOCS / "tutorial.md",
    DOCS / "json.md",
    DOCS / "sandbox.md",
    *sorted((DOCS / "howto").glob("*.md")),
)
PAID = {"README.md": 6, "docs/tutorial.md": 1}
"""How many generations of what is the real service here each page buys; the others buy none."""

NOT_RUN = {
    "python3 -m venv .venv": "the environment is that of the tests; .ci/run makes one with the README's own commands",
    ".venv/bin/pip install --quiet .": "the same",
    ". .venv/bin/activate": "the same",
    "export GROKIMAGINE_API_TOKEN=...": "set below; the real service is one of the loopback here",
    "sudo systemctl daemon-reload": "no test has a system's services; systemd's own checker reads the units below",
    "sudo systemctl enable --now videos.timer": "the same",
    "sudo systemctl start videos.service": "the same",
    "journalctl -u videos.service": "the same",
}
TOKEN = {"GROKIMAGINE_API_TOKEN": "a-token-of-the-tests"}
OF_PAGES = ("manifests/quickstart.yaml", "nightly.yaml", "videos/manifest.yaml")
"""Manifests that a page runs without --sandbox as well."""

OPTIONS, AT_ONCE = "--sandbox-options", "latency=0.02"
SPECIAL = frozenset("|&;<>()$`*?")
INTERRUPT_AFTER = "to submit"


@dataclass(frozen=True)
class Desk:
    """The directory in which a page is followed, and the environment there."""

    place: Path
    environment: dict[str, str]
    is_quick: bool


@pytest.fixture
def desk(tmp_path, monkeypatch, request) -> Desk:
    """A directory with the samples, a token, and ``runner`` on the path."""
    for name in [name for name in os.environ if name.startswith(("RUNNER_", "GROK"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    program = tmp_path / "bin" / "runner"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    surroundings = TOKEN | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    return Desk(tmp_path, dict(os.environ), is_quick=request.getfixturevalue("page") != README)


def stay_on_loopback(place: Path, base_url: str) -> None:
    """Every manifest that the page has made so far is paid at the service of this test."""
    for path in (place / name for name in OF_PAGES):
        if path.exists() and base_url not in path.read_text(encoding="utf-8"):
            with path.open("a", encoding="utf-8") as manifest:
                manifest.write(f"\nprovider: {{base_url: '{base_url}'}}\n")


def carried_out(command: Command, desk: Desk) -> tuple[int, str]:
    """The exit code and the output of a command."""
    is_plain = command.line.startswith("runner ") and not SPECIAL & set(command.line)
    if command.is_interrupted or not desk.is_quick or not is_plain:
        code, said = in_a_shell(command, desk)
    else:
        ((arguments,), heard) = calls(command.line), io.StringIO()
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            code = run(quickened(arguments))
        said = heard.getvalue()
    return code, f"$ {command.line}\n{said}-> {code}"


def quickened(arguments: list[str]) -> list[str]:
    """The same run, in a sandbox whose tasks take no time unless the page says how long they take."""
    if "run" not in arguments or "--sandbox" not in arguments:
        return arguments
    if OPTIONS not in arguments:
        return [*arguments, OPTIONS, AT_ONCE]
    place = arguments.index(OPTIONS) + 1
    given = arguments[place]
    return [
        *arguments[:place],
        given if "latency" in given else f"{given},{AT_ONCE}",
        *arguments[place + 1 :],
    ]


def in_a_shell(command: Command, desk: Desk) -> tuple[int, str]:
    """Where the page says so, Ctrl-C is pressed as soon as there is something to submit."""
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", command.line],
        cwd=desk.place,
        env=desk.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        if command.is_interrupted:
            while INTERRUPT_AFTER not in said and (line := process.stdout.readline()):
                said += line
            process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=120)[0]
    return process.returncode, said


def followed(page: Path, desk: Desk, base_url: str) -> Iterator[tuple[Command, int, str]]:
    """Each command that is run, with its exit code and its output."""
    for step in steps(page):
        if isinstance(step, Block):
            carry_out(step, desk.place)
        elif step.line not in NOT_RUN:
            stay_on_loopback(desk.place, base_url)
            yield step, *carried_out(step, desk)


def shown(page: Path) -> list[str]:
    """The lines of the output that the page shows."""
    return [line for block in blocks(page) if not block.language for line in block.text.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_does_what_the_page_says(page: Path, desk: Desk) -> None:
    ledger = desk.place / "service.db"
    with running_in_thread(SandboxOptions(latency_median_s=0), ledger) as base_url:
        done = list(followed(page, desk, base_url))
    said = "\n".join(text for _, _, text in done)
    assert [(step.line, code) for step, code, _ in done] == [
        (step.line, step.exit_code) for step, _, _ in done
    ], said
    assert [line for line in shown(page) if line not in said.splitlines()] == [], said
    paid = Ledger(ledger)
    try:
        assert len(paid.tasks()) == PAID.get(name_of(page), 0), said
    finally:
        paid.close()


def test_what_is_not_run_stands_on_a_page() -> None:
    lines = {step.line for page in PAGES for step in steps(page) if isinstance(step, Command)}
    assert set(NOT_RUN) - lines == set()


@needs("systemd-analyze")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    program = tmp_path / "runner"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    service, timer = (
        block.text for block in blocks(DOCS / "howto" / "unattended.md") if block.language == "ini"
    )
    (tmp_path / "videos.service").write_text(service.replace("/srv/videos/.venv/bin/runner", str(program)))
    (tmp_path / "videos.timer").write_text(timer)
    done = subprocess.run(
        ["systemd-analyze", "verify", "./videos.service", "./videos.timer"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
