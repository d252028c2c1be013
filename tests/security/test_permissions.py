"""S15, S33, S36: what the program keeps is its owner's, and nothing that was planted in its way is followed."""

import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from .support import Program, envelope, manifest

VICTIM = b"a file of somebody, somewhere else\n"


@pytest.fixture
def victim(tmp_path) -> Path:
    path = tmp_path / "elsewhere" / "victim"
    path.parent.mkdir()
    path.write_bytes(VICTIM)
    return path


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def modes_below(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777) for path in folder.rglob("*")}


def test_under_any_umask_the_state_and_the_log_are_their_owners(program, service):
    """Killed with the state open, so that the files that SQLite puts beside it are there too."""
    service.on_status = lambda asked: service.complete(asked, status="running", response=None)
    program.write(manifest(service.url))
    running = program.start("--log-file", "log.jsonl", "run", "m.yaml", umask=0)
    running.until(lambda: any(asked.method == "GET" for asked in service.requests))
    running.stopped(signal.SIGKILL)
    found = modes_below(program.folder)
    private = {name: mode for name, mode in found.items() if name.startswith(("state", "log"))}
    assert private == {
        "state": "0o700",
        "state/runner.db": "0o600",
        "state/runner.db-shm": "0o600",
        "state/runner.db-wal": "0o600",
        "state/runner.db.locks": "0o700",
        "state/runner.db.locks/b.lock": "0o600",
        "log.jsonl": "0o600",
    }
    assert found["outputs/b/.partial"] == "0o700"


def test_the_states_of_the_sandbox_are_their_owners_too(program):
    program.write(manifest("https://api.example"))
    options = ("--sandbox", "--sandbox-options", "latency=0")
    done = program.run("run", "m.yaml", *options, umask=0)
    files = {name: mode for name, mode in modes_below(program.folder).items() if name.startswith("state/")}
    assert (done.code, set(files.values())) == (0, {"0o600", "0o700"})


def _link(at: str):
    def plant(program: Program, victim: Path) -> None:
        (program.folder / at).parent.mkdir(parents=True, exist_ok=True)
        (program.folder / at).symlink_to(victim)

    return plant


def _folder_link(at: str):
    def plant(program: Program, victim: Path) -> None:
        (program.folder / at).parent.mkdir(parents=True, exist_ok=True)
        (program.folder / at).symlink_to(victim.parent)

    return plant


def _pipe(at: str):
    def plant(program: Program, _victim: Path) -> None:
        (program.folder / at).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(program.folder / at)

    return plant


PLANTED = {
    "a link for the lock": (_link("state/runner.db.locks/b.lock"), {74}),
    "a link for the folder of locks": (_folder_link("state/runner.db.locks"), {74}),
    "a pipe for the lock": (_pipe("state/runner.db.locks/b.lock"), {74}),
    "a link for the -wal": (_link("state/runner.db-wal"), {0}),  # SQLite takes it away
    "a link for the -shm": (_link("state/runner.db-shm"), {74}),
    "a pipe for the state": (_pipe("state/runner.db"), {74}),
    "a link for .partial": (_folder_link("outputs/b/.partial"), {2}),
    "a link for the lock of the tree": (_link("outputs/b/.partial/lock"), {2}),
    "a link for a folder of the tree": (_folder_link("outputs/b/fox"), {1}),
    "a link for a file of the tree": (_link("outputs/b/fox/normal_1x1/take-01.mp4"), {1}),
    "a link for the new metadata": (_link("outputs/b/.partial/metadata.jsonl"), {0}),
    "a pipe for the new metadata": (_pipe("outputs/b/.partial/metadata.jsonl"), {0}),
    "a link for the metadata": (_link("outputs/b/metadata.jsonl"), {2}),
    "a pipe for the metadata": (_pipe("outputs/b/metadata.jsonl"), {2}),
    "a link for the card": (_link("outputs/b/README.md"), {0}),  # left, and said to be left
    "a pipe for the card": (_pipe("outputs/b/README.md"), {0}),
    "a link for the new card": (_link("outputs/b/.partial/README.md"), {0}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_is_neither_followed_nor_waited_for(name, program, service, victim):
    plant, codes = PLANTED[name]
    plant(program, victim)
    program.write(manifest(service.url, [{"id": "fox", "text": "a fox"}]))
    done = program.run("run", "m.yaml", timeout_s=10.0)
    assert (done.code in codes, "Traceback" in done.said) == (True, False), done
    assert (victim.read_bytes(), contents(victim.parent)) == (VICTIM, ["victim"])


@pytest.mark.parametrize("name", ["a pipe for the lock", "a pipe for the state"])
def test_a_reader_does_not_wait_for_a_pipe(name, program, service, victim):
    program.write(manifest(service.url, [{"id": "fox", "text": "a fox"}]))
    assert program.run("run", "m.yaml", "--limit", "0").code == 0
    at = program.folder / ("state/runner.db" if name.endswith("state") else "state/runner.db.locks/b.lock")
    at.unlink()
    os.mkfifo(at)
    assert program.run("status", "b", timeout_s=10.0).code in {0, 74}


def test_a_folder_that_is_swapped_for_a_link_during_the_run_is_not_followed(program, service, victim):
    """The first file is placed; then its folder becomes a link, and the second file wants to go there."""
    swapped = threading.Event()

    def on_status(asked):
        is_second = service.prompts[asked.task_id]["ratio"] == "2:3"
        if is_second and not swapped.is_set():
            return service.complete(asked, status="running", response=None)
        return service.complete(asked)

    service.on_status = on_status
    layout = {"layout": "{prompt_id}/{mode}/{ratio}"}
    program.write(
        manifest(service.url, [{"id": "fox", "text": "a fox"}], ratios=["1:1", "2:3"], output=layout)
    )
    running = program.start("run", "m.yaml")
    first = program.folder / "outputs/b/fox/normal/1x1.mp4"
    running.until(first.exists)
    first.parent.rename(program.folder / "outputs/b/fox/moved")
    first.parent.symlink_to(victim.parent)
    swapped.set()
    done = running.end()
    assert (done.code, contents(victim.parent), stat.S_ISLNK(first.parent.lstat().st_mode)) == (
        1,
        ["victim"],
        True,
    )


def test_a_log_that_cannot_be_written_is_said_before_anything_is_sent(program, service):
    program.write(manifest(service.url))
    done = program.run("--log-file", "no/such/folder/log", "run", "m.yaml")
    assert (done.code, service.requests, "no/such/folder/log" in done.err) == (2, [], True)


def test_a_service_that_names_paths_names_none_of_ours(program, service):
    """S14: a task id, a URL and a message that look like paths end in no path."""
    service.on_post = lambda asked: service.accept(asked) and envelope(200, {"task_id": "..:..:etc"})
    service.on_status = lambda asked: service.complete(
        asked, request=None, response=[f"{service.url}/..%2f..%2f..%2fescaped/../../x.sh?name=../../y"]
    )
    program.write(manifest(service.url, [{"id": "fox", "text": "a fox"}]))
    done = program.run("run", "m.yaml")
    files = [str(path.relative_to(program.folder)) for path in program.folder.rglob("*.*") if path.is_file()]
    assert (done.code, sorted(each for each in files if not each.startswith("state"))) == (
        0,
        [
            "m.yaml",
            "outputs/b/README.md",
            "outputs/b/fox/normal_1x1/take-01.mp4",
            "outputs/b/index.html",
            "outputs/b/metadata.jsonl",
        ],
    )
