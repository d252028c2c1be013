"""The doctor's look at this machine: the state file, the output directory, and the room they have."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from runner.app import service
from runner.app.findings import Check, Grade
from runner.app.workplace import Workplace
from runner.core.bucket_url import is_url
from runner.core.counting import noun
from runner.core.errors import RunnerError, UsageError
from runner.core.model import JobState, Manifest
from runner.core.records import Batch
from runner.store import batches, health, locks, reads
from runner.store.places import files_of
from runner.store.writer import Connection

ROOM_LEAST_BYTES = 64 * 1024**2
ROOM_ADVISED_BYTES = 1024**3

_KEEP = "keep the file, and put a backup in its place, or `runner adopt` the trees into a new one"


def state_checks(workplace: Workplace, manifest: Manifest) -> Iterator[Check]:
    """The state file, if there is one: sound, ours, private, writable, and its books true."""
    try:
        if manifest.path:
            workplace.refuse_if_elsewhere(manifest.path)
        with workplace.reading() as connection:
            if connection is None:
                yield _place("state", workplace.beside.parent, f"none yet, {workplace.state} will be made")
            else:
                yield from _of_state(workplace, manifest, connection)
    except UsageError as error:
        yield Check("state", Grade.FAIL, str(error))
    except RunnerError as error:
        yield Check("state", Grade.FAIL, str(error), _KEEP)


def output_check(workplace: Workplace, batch: str, where: str) -> Check:
    """Whether the output tree can be written, or made; a bucket is put a small key, which is taken away again."""
    if is_url(where):
        return _bucket_check(workplace, batch, where)
    output_dir = Path(where)
    is_there = _existing(output_dir) == output_dir
    return _place("output", output_dir, str(output_dir) if is_there else f"{output_dir} will be made")


def _bucket_check(workplace: Workplace, batch: str, where: str) -> Check:
    try:
        with workplace.depot(where, batch) as depot:
            depot.prove_writable()
    except UsageError as error:
        return Check("output", Grade.FAIL, str(error), "a run would send nothing")
    return Check(
        "output", Grade.OK, f"{where} takes, shows and removes keys, and leaves those alone that are taken"
    )


def room_checks(places: Mapping[str, Path]) -> Iterator[Check]:
    """The free room where each of these directories is, or will be."""
    for name, place in places.items():
        above = _existing(place)
        yield room_check(f"for the {name} at {above}", shutil.disk_usage(above).free)


def room_check(where: str, free_bytes: int) -> Check:
    """What it means that so much is free there."""
    found = f"{free_bytes / 1e9:.2f} GB free {where}"
    if free_bytes < ROOM_LEAST_BYTES:
        return Check("room", Grade.FAIL, found, "make room: a run stops where the disk is full")
    if free_bytes < ROOM_ADVISED_BYTES:
        return Check("room", Grade.WARN, found, "make room: a video has some megabytes")
    return Check("room", Grade.OK, found)


def _of_state(workplace: Workplace, manifest: Manifest, connection: Connection) -> Iterator[Check]:
    state, known = workplace.state, batches.every(connection)
    faults = [*health.faults(connection), *health.wrong_books(connection)]
    yield from (Check("state", Grade.FAIL, f"{state}: {fault}", _KEEP) for fault in faults)
    yield from _permissions(files_of(state))
    yield from (dead for batch in known for dead in _dead(workplace, connection, batch))
    own = next((batch for batch in known if batch.name == manifest.name), None)
    service.refuse_other_origin(workplace, manifest, own, "`run` refuses it without --accept-base-url")
    if not faults:
        yield Check(
            "state",
            Grade.OK,
            f"{state} is sound, {len(known)} {noun(len(known), 'batch, its', 'batches, their')} books are true",
        )


def _permissions(files: Sequence[Path]) -> Iterator[Check]:
    for path in files[:1]:
        if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK | os.X_OK):
            yield Check(
                "state", Grade.FAIL, f"{path} cannot be written", "give yourself the permission to write"
            )
    for each in files:
        mode = each.stat().st_mode & 0o777 if each.exists() else 0
        if mode & 0o077:
            found = f"{each} has mode {mode:03o}: others can read your prompts"
            yield Check("state", Grade.WARN, found, f"chmod 600 {each}")


def _dead(workplace: Workplace, connection: Connection, batch: Batch) -> Iterator[Check]:
    cut_off = reads.counts(connection, batch.pk).by_state[JobState.SUBMITTING]
    if cut_off and locks.holder(workplace.state, batch.name) is None:
        found = f"{cut_off} {noun(cut_off, 'submission')} of {batch.name} {noun(cut_off, 'was', 'were')} cut off by the end of their process"
        yield Check("state", Grade.WARN, found, f"they are unknown: `runner resolve {batch.name} ...`")


def _place(name: str, directory: Path, found: str) -> Check:
    above = _existing(directory)
    if not above.is_dir():
        return Check(name, Grade.FAIL, f"{above} is not a directory", "name another place")
    if not os.access(above, os.W_OK | os.X_OK):
        return Check(name, Grade.FAIL, f"{above} cannot be written", "give yourself the permission to write")
    return Check(name, Grade.OK, found)


def _existing(path: Path) -> Path:
    """The nearest directory on the way to ``path``, or ``path`` itself, that is there."""
    for each in (path, *path.parents):
        with contextlib.suppress(OSError):  # a directory that may not be entered hides what is in it
            if each.exists():
                return each
    return Path(path.anchor)
