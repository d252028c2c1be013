"""Every command of the README, word for word and in its order, in one directory: a stranger's first hour."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from documents import README, ROOT, blocks, code_in, rows

from runner.sandbox import Ledger, SandboxOptions, running_in_thread

NOT_RUN = {
    ". .venv/bin/activate": "the environment is that of the tests; .ci/run makes one with the README's own commands",
    "export GROKIMAGINE_API_TOKEN=...": "set below; the real service is one of the loopback here",
}
JSON_COMMANDS = ("plan", "status", "jobs")


def commands() -> list[tuple[str, int]]:
    """The commands of the README, each with the exit code that its comment names (``# exit 3``), 0 by default."""
    found = []
    for block in blocks(README):
        if block.language != "bash" or block.mark is not None:
            continue
        for line in block.text.splitlines():
            command, _, comment = line.partition("  # ")
            _, _, code = comment.partition("exit ")
            found.append((command.strip(), int(code.partition(":")[0] or 0)))
    return found


def surroundings(place: Path, base_url: str) -> dict[str, str]:
    """A directory with the samples, the quickstart's service on loopback, and ``runner`` on the path."""
    shutil.copytree(ROOT / "manifests", place / "manifests")
    with (place / "manifests" / "quickstart.yaml").open("a", encoding="utf-8") as manifest:
        manifest.write(f"\nprovider: {{base_url: '{base_url}'}}\n")
    program = place / "bin" / "runner"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNNER_", "GROK"))}
    return kept | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(place),
        "GROKIMAGINE_API_TOKEN": "a-token-of-the-tests",
    }


def keys_in(value: object, within: str = "") -> set[str]:
    """The keys of an object and of those in it, but for what a person named (variables, meta)."""
    if isinstance(value, list):
        return set().union(*(keys_in(member, within) for member in value))
    if not isinstance(value, dict) or within in {"variables", "meta"}:
        return set()
    return set(value).union(*(keys_in(member, key) for key, member in value.items()))


def documented_keys() -> dict[str, set[str]]:
    return {
        code_in(cells[0])[0]: set(code_in(cells[1]))
        for cells in rows(README, "JSON")
        if code_in(cells[0])[0] in JSON_COMMANDS
    }


def test_what_is_not_run_stands_in_the_readme() -> None:
    assert set(NOT_RUN) - {command for command, _ in commands()} == set()


def test_every_command_does_what_the_readme_says(tmp_path: Path) -> None:
    expected = [(command, code) for command, code in commands() if command not in NOT_RUN]
    ended, texts, keys = [], [], {}
    ledger = tmp_path / "service.db"
    with running_in_thread(SandboxOptions(latency_median_s=0), ledger) as base_url:
        environment = surroundings(tmp_path, base_url)
        for command, _ in expected:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            ended.append((command, done.returncode))
            texts.append(f"$ {command}\n{done.stdout}{done.stderr}-> {done.returncode}")
            if command.endswith("--json"):
                keys[command.split()[1]] = keys_in([json.loads(line) for line in done.stdout.splitlines()])
    assert ended == expected, "\n".join(texts)
    assert keys == documented_keys()
    paid = Ledger(ledger)
    try:
        assert len(paid.tasks()) == 6, "the commands of 'The real service' buy the quickstart's six videos"
    finally:
        paid.close()
