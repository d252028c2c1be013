"""A real PostgreSQL on loopback and a Unix socket, in a directory of its own, run as somebody who is not root."""

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.store.places import State, state_at
from tests.faults.needs import missing

USER = "runner"
PASSWORD = "CANARY-password-of-the-state"
_DEBIAN = Path("/usr/lib/postgresql")
_CUT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE ({}) AND pid <> pg_backend_pid()"
_TUNED = ("max_connections=200", "shared_buffers=64MB", "max_wal_size=256MB")


def binary(name: str) -> str | None:
    """Where a program of the server is; Debian keeps them out of the way, one directory a version."""
    found = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else shutil.which(name)


def missing_tools() -> str | None:
    """Why no test of these can run here; in CI they run, and fail."""
    if os.environ.get("CI"):
        return None
    if importlib.util.find_spec("psycopg") is None:
        return "needs psycopg: pip install '.[postgres]'"
    return None if binary("initdb") else missing("initdb")


@dataclass
class Cluster:
    """A running server; ``directory`` holds its socket, and whoever comes by that needs no password."""

    directory: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str = "postgres", **query: str) -> str:
        """The URL of a database, by the socket."""
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return f"postgresql+psycopg://{USER}@/{database}?host={self.directory}&port={self.port}{more}"

    def state(self) -> State:
        """A state of its own that nobody has made yet."""
        return state_at(self.url(schema=f"t{next(self._numbers)}"))

    def database(self, owner: str = USER) -> str:
        """The name of a new, empty database."""
        name = f"d{next(self._numbers)}"
        self.ask(f'CREATE DATABASE {name} OWNER "{owner}"')
        return name

    def ask(self, sql: str, *parameters: Any, database: str = "postgres") -> list[Any]:
        """The rows of a statement, committed by itself."""
        with self._connection(database) as connection:
            done = connection.execute(sql, parameters or None)
            return done.fetchall() if done.description else []

    @contextlib.contextmanager
    def cutting(self) -> Iterator[Callable[[str], int]]:
        """``cut`` by a connection that is there already, and takes no time for that."""
        with self._connection("postgres") as connection:
            yield lambda which: len(connection.execute(_CUT.format(which)).fetchall())

    def cut(self, which: str = "application_name LIKE 'runner%'") -> int:
        """End the sessions for which this condition on ``pg_stat_activity`` holds; how many there were."""
        with self.cutting() as cut:
            return cut(which)

    def _connection(self, database: str) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.directory), port=self.port, user=USER, dbname=database, autocommit=True
        )

    def control(self, *words: str) -> None:
        """What ``pg_ctl`` does."""
        _as_nobody("pg_ctl", "-D", str(self.directory / "data"), "-w", "-t", "60", *words)


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """A server for as long as the ``with`` lasts."""
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        owner = _nobody()
        if owner is not None:
            os.chown(directory, *owner)
        (directory / "password").write_text(PASSWORD)
        (directory / "password").chmod(0o644)
        # The order of a language, as a server that somebody else set up has it: the state must not follow it.
        _as_nobody(
            *(
                "initdb",
                "-D",
                str(directory / "data"),
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--username",
                USER,
            ),
            *(
                "--locale-provider=icu",
                "--icu-locale=en",
                "--pwfile",
                str(directory / "password"),
                "--no-sync",
            ),
            *("--auth-local=trust", "--auth-host=scram-sha-256"),
        )
        cluster = Cluster(directory, _free_port())
        settings = (f"port={cluster.port}", f"unix_socket_directories={directory}", *_TUNED)
        with (directory / "data" / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name}='{value}'\n" for name, value in (one.split("=") for one in settings))
        cluster.control("-l", str(directory / "log"), "start")
        try:
            yield cluster
        finally:
            cluster.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory)


def _as_nobody(program: str, *words: str) -> None:
    owner = _nobody()
    rights = {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}
    done = subprocess.run(
        [binary(program) or program, *words],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
        **rights,
    )
    assert done.returncode == 0, (program, done.stdout)


def _nobody() -> tuple[int, int] | None:
    """Whom the server runs as where we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
