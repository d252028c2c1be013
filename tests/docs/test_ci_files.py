"""What CI stands on: the two commands, the tested versions, and a package that holds everything."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.docs.documents import README, ROOT, blocks

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TESTED = dict(
    line.split("==")
    for name in (
        "requirements.txt",
        "requirements-cloud.txt",
        "requirements-engines.txt",
        "requirements-postgres.txt",
    )
    for line in (ROOT / ".ci" / name).read_text(encoding="utf-8").splitlines()
)
EXTRAS = [text for texts in PROJECT["project"]["optional-dependencies"].values() for text in texts]
DECLARED = [
    wanted
    for wanted in map(Requirement, (*PROJECT["project"]["dependencies"], *EXTRAS))
    if wanted.name != PROJECT["project"]["name"]  # an extra that takes in another one
]


def command(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "readme-command", name], capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("name", ["run", "test"])
def test_ci_takes_the_command_word_for_word(name: str) -> None:
    (stands_there,) = (block.text for block in blocks(README) if block.mark == name)
    assert command(name).stdout == stands_there


def test_ci_fails_without_the_command() -> None:
    done = command("nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no fenced block right under <!-- command: nothing -->" in done.stderr


def test_the_tested_versions_are_names_and_versions_only() -> None:
    lines = (ROOT / ".ci" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []


@pytest.mark.parametrize("wanted", DECLARED, ids=lambda wanted: wanted.name)
def test_what_is_declared_has_a_tested_version(wanted: Requirement) -> None:
    assert wanted.specifier.contains(TESTED[wanted.name.lower()])


def test_a_dependency_has_a_lower_bound_and_no_pin() -> None:
    assert {operator for one in DECLARED for operator in (each.operator for each in one.specifier)} == {">="}


def test_every_file_of_the_package_is_packed() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["runner"]
    package = ROOT / "runner"
    files = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    packed = {path for pattern in patterns for path in package.glob(pattern)}
    modules = {path for path in files if path.suffix == ".py" and (path.parent / "__init__.py").exists()}
    assert files - packed - modules == set()
    assert {path.suffix for path in packed} >= {".mp4"}


@pytest.mark.parametrize("script", [".ci/run", ".ci/readme-command"])
def test_a_script_is_one_that_bash_understands(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", Path(path)], check=True, timeout=30)
