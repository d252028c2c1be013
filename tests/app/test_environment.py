"""Variables: of the process before those of ``.env``, which is read and never run."""

import os
import stat
from pathlib import Path

import pytest

from runner.app.environment import SIZE_MAX, Environment, Found, read_env_file
from runner.app.workplace import Workplace
from runner.core.errors import UsageError
from runner.core.setting import Source


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNNER_STATE", raising=False)
    return tmp_path


def read(folder: Path, text: str | bytes) -> dict[str, str]:
    path = folder / ".env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_env_file(path)


def test_names_values_quotes_and_comments_are_read(folder):
    text = "\ufeff# a comment\n\nA=1\nexport B='two words' # why\nC=\"x#y\"\nD=\nE=a b\n"
    assert read(folder, text) == {"A": "1", "B": "two words", "C": "x#y", "D": "", "E": "a b"}


@pytest.mark.parametrize(
    "value", ["${HOME}", "$HOME", "$(touch made)", "`touch made`", "%HOME%", "!touch made"]
)
def test_nothing_is_interpolated_or_run(folder, value):
    assert read(folder, f"A={value}\nB='{value}'\n") == {"A": value, "B": value}
    assert not (folder / "made").exists()


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("A=1\n\n\nhunter2 is my token\n", 4, "this is not NAME=value"),
        ("TOKEN: hunter2\n", 1, "this is not NAME=value"),
        ("=hunter2\n", 1, "this is not NAME=value"),
        ('A="hunter2\nB=2\n', 1, "this is not NAME=value"),
        ("A=1\nB\n", 2, "B has no value; write B=value"),
        (b"A=1\nB=\xffhunter2\n", 2, "not UTF-8"),
    ],
)
def test_a_malformed_line_is_named_by_its_number_and_not_shown(folder, text, line, why):
    with pytest.raises(UsageError) as error:
        read(folder, text)
    assert f".env:{line}: {why}" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_file_that_is_too_large_or_no_file_is_refused(folder):
    with pytest.raises(UsageError, match="more than 65536 bytes"):
        read(folder, "#" * (SIZE_MAX + 1))
    (folder / ".env").unlink()
    os.mkfifo(folder / ".env")
    with pytest.raises(UsageError, match="not a regular file"):
        read_env_file(folder / ".env")


def test_no_file_and_a_directory_of_that_name_hold_nothing(folder):
    assert read_env_file(folder / ".env") == {}
    (folder / ".env").mkdir()
    assert read_env_file(folder / ".env") == {}


def test_the_environment_goes_before_the_file_and_an_empty_variable_is_not_set():
    environment = Environment({"A": "here", "B": " "}, {"A": "there", "B": "there", "C": ""})
    found = [environment.find(name) for name in "ABCD"]
    assert found == [Found("here", Source.ENVIRONMENT), Found("there", Source.ENV_FILE), None, None]


def test_what_the_file_holds_is_not_put_into_the_environment_of_the_process(folder):
    (folder / ".env").write_text("OF_THE_FILE=1\n")
    assert Environment.here().find("OF_THE_FILE") == Found("1", Source.ENV_FILE)
    assert "OF_THE_FILE" not in os.environ


@pytest.mark.parametrize(
    ("said", "name", "source"),
    [
        (("flag", "variable", "file"), "flag", Source.FLAG),
        ((None, "variable", "file"), "variable", Source.ENVIRONMENT),
        ((None, "", "file"), "file", Source.ENV_FILE),
        ((None, None, "file"), "file", Source.ENV_FILE),
        ((None, None, None), "state/runner", Source.DEFAULT),
    ],
)
def test_the_state_is_named_by_the_first_that_says_something(folder, monkeypatch, said, name, source):
    flag, variable, file = said
    if variable is not None:
        monkeypatch.setenv("RUNNER_STATE", variable and f"sqlite:///{variable}.db")
    if file is not None:
        (folder / ".env").write_text(f"RUNNER_STATE=sqlite:///{file}.db\n")
    where = Workplace.at(flag and f"sqlite:///{flag}.db", sandbox=False)
    assert (where.state, where.named_by) == (folder.resolve() / f"{name}.db", source)


@pytest.mark.parametrize(
    ("variable", "file", "named"),
    [
        ("postgres://x", "", "RUNNER_STATE (environment) 'postgres://x'"),
        ("", "pg://y", "RUNNER_STATE (.env) 'pg://y'"),
    ],
)
def test_a_state_that_is_no_file_is_refused_with_the_place_that_names_it(
    folder, monkeypatch, variable, file, named
):
    monkeypatch.setenv("RUNNER_STATE", variable)
    (folder / ".env").write_text(f"RUNNER_STATE={file}\n")
    with pytest.raises(UsageError) as error:
        Workplace.at(None, sandbox=False)
    assert str(error.value).startswith(named)


def test_the_mode_of_the_file_does_not_matter_to_reading_it(folder):
    assert read(folder, "A=1\n") == {"A": "1"}
    assert stat.S_IMODE((folder / ".env").stat().st_mode) & 0o400
