"""A folder with the program in it, what was asked of it, and what it said, without what differs from run to run."""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TextIO

from runner.cli import edge
from runner.sandbox import SandboxOptions, running_in_thread
from tests.app.bench import Bench
from tests.security.support import Service, manifest

TOKEN_ENV = "GROKIMAGINE_API_TOKEN"
TOKEN = "token-of-the-gallery"
_FOREIGN = ("RUNNER_", "GROKIMAGINE_", "HTTP", "http", "ALL_PROXY", "all_proxy", "NO_COLOR")
_PLAIN = (
    (r"(127\.0\.0\.1|localhost)([:', ]+)\d{2,5}\b", r"\1\2<port>"),
    (r"\b[0-9a-f]{24}\b|\b[0-9a-f]{12}(?=  )", "<job>"),
    (r"\b[Pp]rocess \d+", "process <pid>"),
    (r"runner-error-\w+-\d+\.log", "runner-error-<when>.log"),
    (r"waiting [\d.]+ s", "waiting <seconds> s"),
    (r"\b\d+ bytes more", "<n> bytes more"),
    (r"[\d.]+ GB free", "<n> GB free"),
    (r"runner [\d.]+, Python [\d.]+, SQLite [\d.]+", "runner <version>, Python <version>, SQLite <version>"),
    (r"\[(X509|SSL)[^;\n]*", "<OpenSSL's words>"),
    (r"self.signed certificate", "self-signed certificate"),
    (r" +$", ""),
)


class Stage:
    """One situation: its folder, its variables, and the transcript so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {TOKEN_ENV: TOKEN}
        self.transcript: list[str] = []
        self.errors: list[str] = []
        self._stack = contextlib.ExitStack()

    def write(self, name: str, content: str | bytes) -> Path:
        """A file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *words: str) -> int:
        """Ask the program, in this process, and note what it says."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = edge.run(words)
        self._note(words, code, out.getvalue(), err.getvalue())
        return code

    def run_to(self, out: TextIO, *words: str) -> int:
        """Ask the program, whose results go there."""
        err = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = edge.run(words)
        self._note(words, code, "", err.getvalue())
        return code

    def quietly(self, *words: str) -> None:
        """What leads to a situation and is no part of it."""
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            edge.run(words)

    def without_settings(self) -> None:
        """Leave out the settings that the doctor shows: one situation with them is enough."""
        self.transcript = [line for line in self.transcript if not line.startswith("| ok    setting")]

    def run_limited(self, kibibytes: int, *words: str) -> int:
        """Ask the program, in a process of its own whose files may not grow beyond that, as on a full disk."""
        limit = f'ulimit -f {kibibytes * 2}; exec "$@"'
        command = ["sh", "-c", limit, "sh", sys.executable, "-m", "runner", *words]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        self._note(words, done.returncode, done.stdout, done.stderr)
        return done.returncode

    def service(self, tls: Any = None) -> Service:
        """A service that says any bytes, until the situation ends."""
        return self._stack.enter_context(Service(tls))

    def bench(self, **options: Any) -> Bench:
        """A batch of three pending jobs in the state, and a sandbox that it is paid at; its manifest is demo.yaml."""
        quick = {"latency_median_s": 0, "two_files": 0} | options
        ledger = self.folder.parent / "service.db"
        base_url = self._stack.enter_context(running_in_thread(SandboxOptions(**quick), ledger))
        bench = Bench(self.folder, base_url, ledger)
        bench.manifest()
        bench.enrol()
        return bench

    def holding(self, context: contextlib.AbstractContextManager[Any]) -> None:
        """Something that lasts until the situation ends."""
        self._stack.enter_context(context)

    def paid_at(self, base_url: str, **more: Any) -> None:
        """Write m.yaml, whose one job is paid there."""
        self.write("m.yaml", manifest(base_url, **more))

    def __enter__(self) -> Self:
        self._stack.enter_context(contextlib.chdir(self.folder))
        self._stack.enter_context(_environment(self.environment))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _note(self, words: tuple[str, ...], code: int, out: str, err: str) -> None:
        self.errors.append(err)
        said = [f"| {line}" for line in self._plain(out).splitlines()] + self._plain(err).splitlines()
        shown = " ".join(f"'{word}'" if re.search(r"[\s*&{]", word) or not word else word for word in words)
        self.transcript += [self._plain(f"$ runner {shown}"), *said, f"(exit code {code})"]

    def _plain(self, text: str) -> str:
        for path in (self.folder.resolve(), self.folder):
            text = text.replace(str(path), "<here>")
        for pattern, plain in _PLAIN:
            text = re.sub(pattern, plain, text, flags=re.MULTILINE)
        return text


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """A stage in a new folder."""
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "here"
        folder.mkdir()
        with Stage(folder) as stage:
            yield stage


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
