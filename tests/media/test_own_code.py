"""A function that a manifest names: what it is given, what is taken of what it leaves, and that it cannot outlive its run."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.core.processing import StepKind, StepTrouble
from runner.media.carrying import carry_out
from runner.media.outcomes import Made, NotMade, Output, UnwantedError
from runner.media.task import Bench, Task

VIDEO = b"any bytes: only the function looks at them"


@pytest.fixture
def called(tmp_path):
    """Calls a function with this body; its outputs lie in ``out``."""

    def call(body: str, bench: Bench | None = None, **more) -> Made | NotMade:
        (tmp_path / "a.mp4").write_bytes(VIDEO)
        (tmp_path / "out").mkdir(exist_ok=True)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        (tmp_path / "mine.py").write_text(f"import os, sys\n\ndef made(video, folder):\n{lines}")
        sha256 = hashlib.sha256(VIDEO).hexdigest()
        task = Task(
            StepKind.PYTHON,
            {"function": "mine:made"},
            str(tmp_path / "a.mp4"),
            sha256,
            str(tmp_path / "out"),
            "stem",
            str(tmp_path),
            **more,
        )
        with bench or Bench() as opened:
            return carry_out(task, opened)

    return call


def left(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_what_it_writes_is_what_is_made(called, tmp_path):
    found = called("(folder / 'size.csv').write_text(str(video.stat().st_size))\n(folder / 'b').touch()")
    size = str(len(VIDEO)).encode()
    assert (found, left(tmp_path)) == (
        Made(
            (
                Output("/b", "stem.1", 0, hashlib.sha256(b"").hexdigest()),
                Output("/size.csv", "stem.2", len(size), hashlib.sha256(size).hexdigest()),
            )
        ),
        {"stem.1": b"", "stem.2": size},
    )


def test_it_may_make_nothing(called, tmp_path):
    assert (called("pass"), left(tmp_path)) == (Made(()), {})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('no faces')", "ValueError: no faces"),
        ("sys.exit(3)", "its process ended with 3"),
        ("os.kill(os.getpid(), 9)", "its process ended with -9"),
        ("(folder / 'a').mkdir()", "a is no regular file"),
        ("(folder / 'a').symlink_to(video)", "a is no regular file"),
        (
            "(folder / 'a b').touch()",
            "'a b' is no name for a file in a tree: letters, digits, . _ -",
        ),
        (
            "(folder / 'metadata.csv').touch()",  # loaders of data sets would take it for theirs
            "'metadata.csv' is no name for a file in a tree: letters, digits, . _ -",
        ),
    ],
)
def test_what_it_does_wrong_is_said_of_it(called, tmp_path, body, reason):
    assert (called(body), left(tmp_path)) == (NotMade(StepTrouble.CODE, reason), {})


def test_it_never_sees_the_token(called, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    monkeypatch.setenv("MY_COLOUR", "red")
    called(
        "(folder / 'seen').write_text(f\"{os.environ.get('MY_TOKEN')} {os.environ.get('MY_COLOUR')}\")",
        hidden=("MY_TOKEN",),
    )
    assert left(tmp_path) == {"stem.1": b"None red"}


def test_one_that_takes_too_long_is_ended_with_what_it_started(called, tmp_path):
    pids = tmp_path / "pids"
    body = f"""import subprocess
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')
child.wait()"""
    found = called(body, Bench(longest_s=5.0))
    assert found == NotMade(StepTrouble.TIMEOUT, "it takes more than 5 s")
    until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


def test_one_that_nobody_wants_any_more_is_ended(called, tmp_path):
    started = tmp_path / "started"
    bench = Bench(is_wanted=lambda: not started.exists())
    with pytest.raises(UnwantedError):
        called(f"open({str(started)!r}, 'w').close()\nimport time\ntime.sleep(600)", bench)
    assert left(tmp_path) == {}


CALLER = """
import sys
from runner.core.processing import StepKind
from runner.media.carrying import carry_out
from runner.media.task import Bench, Task
with Bench() as bench:
    carry_out(Task(StepKind.PYTHON, {"function": "mine:made"}, *sys.argv[1:]), bench)
"""


def test_it_ends_with_a_caller_that_is_killed(tmp_path):
    (tmp_path / "a.mp4").write_bytes(VIDEO)
    pid = tmp_path / "pid"
    (tmp_path / "mine.py").write_text(
        f"import os, time\n\ndef made(video, folder):\n"
        f"    with open({str(pid) + '.new'!r}, 'w') as file:\n        file.write(str(os.getpid()))\n"
        f"    os.rename({str(pid) + '.new'!r}, {str(pid)!r})\n    time.sleep(600)\n"
    )
    sha256 = hashlib.sha256(VIDEO).hexdigest()
    arguments = [str(tmp_path / "a.mp4"), sha256, str(tmp_path), "stem", str(tmp_path)]
    with subprocess.Popen([sys.executable, "-c", CALLER, *arguments]) as caller:
        until(pid.exists)
        caller.kill()
    until(lambda: not is_alive(int(pid.read_text())))


def until(holds) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked about does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
