"""Whether every worker has this program and sees this tree, shown before anything is paid.

The coordinator writes a nonce that each worker must read, and each worker one that the coordinator must read: a directory of
the same name on another disk passes neither.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.core.errors import UsageError
from runner.files.disk import Access
from runner.files.root import OutputRoot
from runner.transfers.engine import CallFailedError, Engine, EngineLostError

_SHOWN_MAX = 3
_NONCE_BYTES = 32
NOTHING_SENT = "nothing was sent"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker saw: the hash of ``ca_file``, and the name of the nonce that it left; or ``trouble`` in words."""

    left: str = ""
    ca_sha256: str | None = None
    trouble: str | None = None


async def prove(engine: Engine, root: OutputRoot, ca_file: str | None) -> int:
    """Raise ``UsageError`` unless every worker that is there passes; how many they are."""
    _refuse_other_versions(await engine.versions())
    name, nonce = _name(), secrets.token_hex(_NONCE_BYTES // 2)
    _write(root, name, nonce)
    try:
        seen = await engine.everywhere(look, root.path, name, nonce, ca_file)
    except (CallFailedError, EngineLostError) as error:
        raise UsageError(f"the workers could not be asked what they see: {error}; {NOTHING_SENT}") from error
    finally:
        _remove(root, name)
    ours = sha256_of(ca_file)
    faults = [fault for worker, one in seen.items() if (fault := _fault(root, worker, one, nonce, ours))]
    if faults:
        more = f" (and {len(faults) - _SHOWN_MAX} more)" if len(faults) > _SHOWN_MAX else ""
        raise UsageError(
            f"{'; '.join(faults[:_SHOWN_MAX])}{more}. Every worker must write to {root.path} as this process does: on one "
            f"shared file system, under the same path, as the same user; {NOTHING_SENT}"
        )
    return len(seen)


def look(tree: str, name: str, nonce: str, ca_file: str | None) -> Seen:
    """On a worker: read the coordinator's nonce, and leave it once more under a name of its own. Blocks; raises nothing."""
    try:
        with OutputRoot(tree, create=False) as root:
            if _read(root, name) != nonce:
                return Seen(trouble="it does not see what this process writes there")
            left = _name()
            _write(root, left, nonce)
            return Seen(left, sha256_of(ca_file))
    except UsageError as error:
        return Seen(trouble=str(error).partition(";")[0])
    except OSError as error:
        return Seen(trouble=f"{tree}: {error.strerror}")


def sha256_of(ca_file: str | None) -> str | None:
    """The hash of that file, ``None`` where it is not named or cannot be read."""
    if ca_file is None:
        return None
    try:
        return hashlib.sha256(Path(ca_file).read_bytes()).hexdigest()
    except OSError:
        return None


def _refuse_other_versions(versions: dict[str, dict[str, str]]) -> None:
    """What is pickled here is unpickled there, and the rules of a download are those of one program."""
    ours = versions["client"]
    for who, theirs in versions.items():
        for package, wanted in ours.items():
            found = theirs.get(package, "")
            if found == wanted or (
                who == "scheduler" and package == "runner"
            ):  # it looks into nothing of ours
                continue
            has = f"has {package} {found}" if found else f"has no {package}"
            raise UsageError(f"{who} {has}, this process {wanted}: install the same there; {NOTHING_SENT}")


def _fault(root: OutputRoot, worker: str, seen: Seen, nonce: str, ca_sha256: str | None) -> str | None:
    if seen.trouble is not None:
        return f"the worker {worker} cannot be used: {seen.trouble}"
    try:
        found = _read(root, seen.left)
    except OSError:
        found = None
    _remove(root, seen.left)
    if found != nonce:
        return f"the worker {worker} cannot be used: what it writes is not seen here"
    if seen.ca_sha256 != ca_sha256:
        return f"the worker {worker} cannot be used: it does not have the same provider.ca_file"
    return None


def _name() -> str:
    return f"probe.at-{secrets.token_hex(8)}"  # swept up where a process dies before it removes it


def _write(root: OutputRoot, name: str, nonce: str) -> None:
    with _open(root, name, Access.CREATE) as handle:
        root.disk.write(handle, nonce.encode(), 0)
        root.disk.sync(handle)


def _read(root: OutputRoot, name: str) -> str:
    with _open(root, name, Access.READ) as handle:
        return root.disk.read(handle, _NONCE_BYTES, 0).decode(errors="replace")


@contextlib.contextmanager
def _open(root: OutputRoot, name: str, access: Access) -> Iterator[int]:
    handle = root.disk.open_file(root.partial(name), access)
    try:
        yield handle
    finally:
        root.disk.close(handle)


def _remove(root: OutputRoot, name: str) -> None:
    with contextlib.suppress(OSError):
        root.remove_partial(name)
