"""SQLite's locks belong to the process, and closing *any* descriptor of the file drops all of them (fcntl(2))."""

import subprocess
import sys
from pathlib import Path

from runner.sandbox import Ledger
from runner.store.database import open_for_writing

LAST_ONE_OUT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
connection.close()
"""


def wal_after_another_process_came_and_went(path: Path) -> bool:
    """A process that closes the file as its last user deletes the ``-wal``, whoever still writes to it."""
    subprocess.run([sys.executable, "-c", LAST_ONE_OUT, str(path)], check=True, timeout=30)
    return path.with_name(path.name + "-wal").exists()


def test_opening_the_state_again_keeps_the_locks_of_who_has_it_open(tmp_path: Path) -> None:
    first = open_for_writing(tmp_path / "runner.db")
    second = open_for_writing(tmp_path / "runner.db")
    second.dispose()
    assert wal_after_another_process_came_and_went(tmp_path / "runner.db")
    first.dispose()


def test_opening_a_ledger_again_keeps_the_locks_of_who_has_it_open(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "ledger.db")
    Ledger(tmp_path / "ledger.db").close()
    assert wal_after_another_process_came_and_went(tmp_path / "ledger.db")
    first.close()
