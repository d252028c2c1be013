"""The state and its locks: held, newer, older, foreign, damaged, elsewhere, somebody else's; and bugs of this program."""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from functools import partial

from runner.store import locks
from tests.gallery.stage import Stage


def a_lock_that_another_run_holds(stage: Stage) -> None:
    bench = stage.bench()
    stage.holding(locks.holding(bench.state.resolve(), "demo"))
    stage.run("run", "demo.yaml")
    stage.run("retry", "demo", "--failed")


def a_tree_that_another_run_writes_to(stage: Stage) -> None:
    from runner.files.root import OutputRoot

    bench = stage.bench()
    root = OutputRoot(str(bench.tree))
    root.lock()
    stage.holding(root)
    stage.run("run", "demo.yaml")


def _changed(stage: Stage, sql: str, commands: tuple[tuple[str, ...], ...]) -> None:
    bench = stage.bench()
    bench.running(0)
    with contextlib.closing(sqlite3.connect(bench.state)) as connection:
        connection.execute(sql)
        connection.commit()
    for words in commands:
        stage.run(*words)


RUN, STATUS, DOCTOR = ("run", "demo.yaml"), ("status", "demo"), ("doctor", "demo.yaml")
CHANGED: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "a state of a newer version": ("PRAGMA user_version = 99", (RUN, STATUS)),
    "a state of another application": ("PRAGMA application_id = 7", (RUN, STATUS)),
    "a state with another table": ("CREATE TABLE mine (a)", (RUN,)),
    "a state of an older version": ("PRAGMA user_version = 1", (STATUS,)),
    "books that are not true": ("UPDATE batch SET spent = 7", (RUN,)),
    "a row that no version wrote": ("UPDATE job SET error_class = 'odd'", (("jobs", "demo"),)),
}


def _in_its_place(stage: Stage, content: bytes) -> None:
    stage.bench().state.write_bytes(content)
    for path in (stage.folder / "state").glob("runner.db-*"):
        path.unlink()
    stage.run("run", "demo.yaml")
    stage.run("status")


def a_damaged_page(stage: Stage) -> None:
    bench = stage.bench()
    content = bytearray(bench.state.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    bench.state.write_bytes(content)
    stage.run("run", "demo.yaml")


def a_pipe_in_its_place(stage: Stage) -> None:
    stage.paid_at("http://127.0.0.1:9")
    (stage.folder / "state").mkdir()
    os.mkfifo(stage.folder / "state" / "runner.db")
    stage.run("run", "m.yaml")


def a_state_above(stage: Stage) -> None:
    stage.bench()
    (stage.folder / "below").mkdir()
    with contextlib.chdir(stage.folder / "below"):
        stage.run("run", "../demo.yaml")


def a_name_of_another_manifest(stage: Stage) -> None:
    stage.bench()
    stage.write("other.yaml", "version: 1\nname: demo\nbudget: {credits: 40}\nprompts: [quite another]\n")
    stage.run("run", "other.yaml")


def a_tree_of_another_batch(stage: Stage) -> None:
    stage.bench()
    text = "version: 1\nname: other\nbudget: {credits: 40}\nprompts: [another]\noutput: {dir: outputs/demo}\n"
    stage.write("other.yaml", text)
    stage.run("run", "other.yaml")


def a_manifest_that_is_gone(stage: Stage) -> None:
    bench = stage.bench()
    bench.failed(0)
    (stage.folder / "demo.yaml").unlink()
    stage.run("retry", "demo", "--failed")


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    "a batch that another run holds": a_lock_that_another_run_holds,
    "a tree that another run writes to": a_tree_that_another_run_writes_to,
    **{name: partial(_changed, sql=sql, commands=commands) for name, (sql, commands) in CHANGED.items()},
    "a letter in the place of the state": partial(_in_its_place, content=b"a letter to my bank\n" * 500),
    "a damaged page of the state": a_damaged_page,
    "a pipe in the place of the state": a_pipe_in_its_place,
    "a state in a directory above": a_state_above,
    "a name that belongs to another manifest": a_name_of_another_manifest,
    "a tree that belongs to another batch": a_tree_of_another_batch,
    "a manifest that is gone": a_manifest_that_is_gone,
}
