"""Where the state of a command stands, and where a batch's videos go."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from runner.app.environment import Environment
from runner.core.advice import Invocation
from runner.core.bucket_url import is_url
from runner.core.errors import StateError, UsageError
from runner.core.model import Manifest
from runner.core.records import Batch
from runner.core.setting import Source
from runner.files.depot import Depot, open_depot
from runner.providers import capabilities_of
from runner.store import batches, database, locks, places
from runner.store.database import open_for_writing
from runner.store.places import State, state_at
from runner.store.writer import Connection, DirectWriter

if TYPE_CHECKING:
    from runner.manifest import Loaded

T = TypeVar("T")

DEFAULT_STATE = "sqlite:///state/runner.db"
STATE_ENV = "RUNNER_STATE"
DEFAULT_PROVIDER = "grokimagine"
SANDBOX_SERVICE = "sandbox-service.db"
SANDBOX_OUTPUTS = "outputs/sandbox"


@dataclass(frozen=True, slots=True)
class Workplace:
    """The state of a command; with ``sandbox``, states and outputs apart from the real ones.

    ``named_by`` says who named the state. ``environment`` holds the variables that settings are read from. ``typed`` is
    the ``--state`` that was given, without a password.
    """

    state: State
    sandbox: bool = False
    named_by: Source = Source.DEFAULT
    environment: Environment = field(default_factory=Environment.here, repr=False)
    typed: str | None = None

    @classmethod
    def at(cls, url: str | None, *, sandbox: bool, environment: Environment | None = None) -> "Workplace":
        """The workplace of ``--state`` and ``--sandbox``; the sandbox's files stand beside the real state.

        Without ``url`` it is the variable ``RUNNER_STATE`` that names the state, or nobody. Raises ``UsageError``.
        """
        environment = environment or Environment.here()
        found = environment.find(STATE_ENV)
        if url is not None:
            real, named_by = state_at(url, "--state"), Source.FLAG
        elif found is not None:
            real, named_by = state_at(found.text, f"{STATE_ENV} ({found.source})"), found.source
        else:
            real, named_by = state_at(DEFAULT_STATE, "--state"), Source.DEFAULT
        typed = None if url is None else places.typed(url)
        return cls(places.sandbox_of(real) if sandbox else real, sandbox, named_by, environment, typed)

    def call(self, batch: str, manifest: str) -> Invocation:
        """How a person goes on from here with a batch; a state that the environment names needs no option."""
        return Invocation(batch, _as_typed(manifest), self.sandbox, self.typed)

    @property
    def service_ledger(self) -> Path:
        """Where the embedded service keeps its own tasks."""
        return self.beside.with_name(SANDBOX_SERVICE)

    @property
    def beside(self) -> Path:
        """The path beside which this machine keeps what goes with the state: the state's own, if it is a file."""
        return places.beside(self.state)

    def output_dir(self, manifest: Manifest) -> str:
        """The absolute path, or the URL, of a manifest's output tree; the sandbox's never is a real one."""
        where = f"{SANDBOX_OUTPUTS}/{manifest.name}" if self.sandbox else manifest.output_dir
        if is_url(where):
            return where
        return os.path.abspath(where)  # noqa: PTH100 - resolve() would follow links, and name another directory

    def depot(self, output_dir: str, batch: str, *, create: bool = True) -> Depot:
        """The tree of a batch at that path or URL; partial files of one in object storage are kept beside the state.

        Raises ``UsageError``.
        """
        spool = self.beside.with_name(self.beside.name + ".spool") / batch
        return open_depot(output_dir, spool, create=create)

    def has_state(self) -> bool:
        """Whether there is a state at all."""
        return database.exists(self.state)

    def refuse_if_elsewhere(self, manifest: str) -> None:
        """Raise ``UsageError`` if this directory has no state but one above the manifest has.

        Without this a run from another directory would buy everything again.
        """
        if self.sandbox or self.named_by is not Source.DEFAULT or self.has_state():
            return
        for above in Path(os.path.realpath(manifest)).parents:
            other = above / "state" / self.beside.name
            if other.exists() and other != self.state:
                raise UsageError(
                    f"there is no state here ({self.state}), but there is one at {other}: run it from {above}, "
                    f"or name the state with --state sqlite:///{other}"
                )

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A consistent view of the state, ``None`` where there is none yet. Nothing is written."""
        if not self.has_state():
            yield None
            return
        with database.reading(self.state) as connection:
            yield connection

    def pages(
        self,
        find: Callable[[Connection, int, int, int], list[T]],
        batch_pk: int,
        key: Callable[[T], int],
        most: int,
    ) -> Iterator[list[T]]:
        """What ``find`` gives behind a key, page by page, at most ``most`` a page.

        Each page in a view of its own: a view held for hours would keep the state's log growing.
        """
        after = 0
        while True:
            with self.reading() as connection:
                page = [] if connection is None else find(connection, batch_pk, after, most)
            if not page:
                return
            yield page
            after = key(page[-1])

    @contextlib.contextmanager
    def deciding(self, batch: str) -> Iterator[tuple[DirectWriter, Batch]]:
        """The lock of a batch that exists, and a writer: for commands that change a few rows.

        Raises ``UsageError`` if there is no such batch, ``BusyError`` if a run goes on.
        """
        with self.reading() as connection:
            name = find_batch(connection, batch, self.state).name
        with locks.holding(self.state, name) as hold:
            writer = DirectWriter(open_for_writing(self.state, hold))
            try:
                found = writer.write_now(batches.by_name, name)
                if found is None:
                    raise UsageError(f"there is no batch {name!r}")
                yield writer, found
            finally:
                writer.close()


def find_batch(connection: Connection | None, named: str, state: State) -> Batch:
    """The batch with this name, or of the manifest at this path; raises ``UsageError`` that lists what there is."""
    if connection is None:
        raise UsageError(
            f"there is no state at {state} yet, so there is no batch {named!r}; `runner run MANIFEST` makes it, or go to "
            f"the directory that it was run in (or name its state with --state){_in_the_sandbox(named, state)}"
        )
    found = _named(connection, named)
    if found is None and os.path.exists(os.path.realpath(named)):  # noqa: PTH110 - Path.exists() raises for what is too long for a path
        found = batches.by_name(connection, load_manifest(named).manifest.name)
    if found is None:
        known = ", ".join(batch.name for batch in batches.every(connection)) or "none yet"
        sandboxed = _in_the_sandbox(named, state)
        raise UsageError(f"there is no batch {named!r} in {state}; there are: {known}{sandboxed}")
    return found


def _named(connection: Connection, named: str) -> Batch | None:
    return batches.by_name(connection, named) or batches.by_manifest(connection, os.path.realpath(named))


def _in_the_sandbox(named: str, state: State) -> str:
    """The way to a batch that only the sandbox's state beside this one has; nothing where it has none."""
    other = places.sandbox_of(state)
    with contextlib.suppress(StateError):
        if other != state and database.exists(other):
            with database.reading(other) as connection:
                return "; the sandbox has it: give --sandbox" if _named(connection, named) else ""
    return ""


def load_manifest(path: str) -> "Loaded":
    """Read a manifest against what its provider takes; raises ``ManifestError``."""
    from runner.manifest import load  # noqa: PLC0415 - YAML and all: `runner status` needs none of it

    return load(path, capabilities_of(DEFAULT_PROVIDER))


def manifest_of(named: str, batch: Batch) -> Manifest:
    """The manifest of a batch that a person named by its name, or by the path of that manifest.

    Raises ``ManifestError``, and ``UsageError`` where the manifest is gone from the place of its last run.
    """
    path = batch.manifest if named == batch.name else named
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists() raises for what is too long for a path
        raise UsageError(
            f"the manifest of {batch.name}, {path}, is gone; it says how to reach the service: name it by its new path"
        )
    return load_manifest(path).manifest


def stamp() -> str:
    """The present moment as it is stored: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _as_typed(path: str) -> str:
    """An absolute path below the working directory as a person there would type it."""
    return path.removeprefix(os.path.realpath(os.curdir).rstrip(os.sep) + os.sep)
