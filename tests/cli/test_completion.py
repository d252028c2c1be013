"""Shell completion: through click's protocol of each shell, and in a real bash where there is one."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class

from runner.cli import edge
from runner.cli.completing import SHELLS, VARIABLE
from runner.cli.root import COMMANDS, root
from runner.core.model import JobState
from tests.faults.needs import needs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory) -> Path:
    """A directory whose state has the batches ``spring`` and ``sports``, and whose sandbox has ``trial``."""
    made = tmp_path_factory.mktemp("pattern")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        patch.delenv("RUNNER_STATE", raising=False)
        for name in ("spring", "sports", "trial"):
            manifest = {"version": 1, "budget": {"credits": 400}, "prompts": [f"a {name}"]}
            (made / f"{name}.yaml").write_text(json.dumps(manifest))
            sandbox = ["--sandbox"] if name == "trial" else []
            assert edge.run(["-q", "run", f"{name}.yaml", "--limit", "0", *sandbox]) == 0
    return made


@pytest.fixture
def place(pattern, tmp_path, monkeypatch) -> Path:
    """A copy of it, as the working directory."""
    monkeypatch.delenv("RUNNER_STATE", raising=False)
    copy = shutil.copytree(pattern, tmp_path / "place")
    monkeypatch.chdir(copy)
    return copy


def everything(place: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(place.rglob("*"))}


def offered(shell: str, monkeypatch, *words: str) -> list[str]:
    """What is offered for the last word, as ``type value``."""
    *before, last = words
    if shell == "fish":
        monkeypatch.setenv("COMP_WORDS", " ".join(["runner", *words]))
        monkeypatch.setenv("COMP_CWORD", last)
    else:
        monkeypatch.setenv("COMP_WORDS", " ".join(["runner", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(before) + 1))
    made = get_completion_class(shell)
    assert made is not None
    lines = made(root, {}, "runner", VARIABLE).complete().splitlines()
    if shell == "zsh":
        return [f"{kind} {value}" for kind, value in zip(lines[::3], lines[1::3], strict=True)]
    if shell == "fish" and any("\t" not in line and "," not in line for line in lines):
        return [f"{kind} {value}" for kind, value in zip(lines[::3], lines[1::3], strict=True)]
    return [line.partition("\t")[0].replace(",", " ", 1) for line in lines]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["st"], ["plain status"]),
        (["v"], ["plain validate", "plain verify"]),
        (["--log"], ["plain --log-file", "plain --log-prompts"]),
        (["status", ""], ["plain sports", "plain spring"]),
        (["jobs", "sp"], ["plain sports", "plain spring"]),
        (["retry", "spr"], ["plain spring"]),
        (["resolve", "spo"], ["plain sports"]),
        (["verify", "spo"], ["plain sports"]),
        (["status", "--sandbox", ""], ["plain trial"]),
        (["jobs", "spring", "--state", ""], [f"plain {state}" for state in JobState]),
        (["jobs", "spring", "--state", "f"], ["plain fetching", "plain failed"]),
        (["jobs", "spring", "--sta"], ["plain --state"]),
        (["run", "spr"], ["file spr"]),
        (["status", "./spr"], ["file ./spr"]),
        (["run", "--only", "m"], ["plain mode="]),
        (["plan", "--only", "mode="], ["plain mode=fun", "plain mode=normal", "plain mode=spicy"]),
        (["run", "--only", "mode=fun,ratio=2"], ["plain mode=fun,ratio=2:3"]),
        (["run", "--only", "prompt="], []),
        (["completion", "z"], ["plain zsh"]),
    ],
)
def test_what_a_shell_is_offered(place, monkeypatch, shell, words, found):
    before = everything(place)
    assert offered(shell, monkeypatch, *words) == found
    assert everything(place) == before


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_offered_without_importing_one(place, monkeypatch, shell):
    assert offered(shell, monkeypatch, "") == [f"plain {name}" for name in COMMANDS]


@pytest.mark.parametrize(
    "words",
    [
        ["status", ""],
        ["--state", "postgres://x", "status", ""],
        ["--state", "sqlite:///nowhere/x.db", "jobs", ""],
    ],
)
def test_where_there_is_no_state_none_is_made_and_nothing_is_said(tmp_path, monkeypatch, capfd, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNNER_STATE", raising=False)
    assert offered("bash", monkeypatch, *words) == ["file "]
    assert (list(tmp_path.iterdir()), capfd.readouterr()) == ([], ("", ""))


def damaged(state: Path) -> None:
    state.write_bytes(b"no database" * 1000)


def of_another_kind(state: Path) -> None:
    state.unlink()
    os.mkfifo(state)


def of_a_newer_version(state: Path) -> None:
    with sqlite3.connect(state) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("spoil", [damaged, of_another_kind, of_a_newer_version])
def test_a_state_that_cannot_be_read_is_passed_over_in_silence(place, monkeypatch, capfd, spoil):
    for path in (place / "state").glob("runner.db-*"):
        path.unlink()
    spoil(place / "state" / "runner.db")
    capfd.readouterr()
    assert offered("zsh", monkeypatch, "status", "s") == ["file s"]
    assert capfd.readouterr() == ("", "")


def test_a_name_that_no_batch_has_is_not_handed_to_the_shell(place, monkeypatch):
    with sqlite3.connect(place / "state" / "runner.db") as connection:
        connection.execute("UPDATE batch SET name = 'sp$(touch x)\n' WHERE name = 'sports'")
    connection.close()
    assert offered("bash", monkeypatch, "status", "sp") == ["plain spring"]


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        ("runner st", ["runner.app", "runner.cli.status", "sqlalchemy"]),
        ("runner jobs --state f", ["sqlalchemy", "asyncio"]),
    ],
)
def test_a_completion_imports_nothing_heavy_unless_it_asks_the_state(tmp_path, words, unwanted):
    program = (
        "import sys\nfrom runner.cli.edge import run\ntry:\n    run([])\nfinally:\n"
        f"    print([name for name in {unwanted!r} if name in sys.modules], file=sys.stderr)"
    )
    environment = {VARIABLE: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_calls_the_program(shell, capsys):
    assert edge.run(["completion", shell]) == 0
    assert f"{VARIABLE}={shell}_complete" in capsys.readouterr().out


@needs("bash")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        (["runner", "status", "spr"], "spring"),
        (["runner", "st"], "status"),
        (["runner", "jobs", "spring", "--state", "fa"], "failed"),
    ],
)
def test_a_real_bash_completes(place, line, found):
    program = place / "bin" / "runner"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n')
    program.chmod(0o755)
    words = " ".join(f"'{word}'" for word in line)
    script = (
        'eval "$(runner completion bash)"; complete -p runner >/dev/null\n'
        f"COMP_WORDS=({words}); COMP_CWORD={len(line) - 1}\n"
        "_runner_completion runner; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "--norc", "-euc", script],
        cwd=place,
        env=os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr) == ([found], "")
