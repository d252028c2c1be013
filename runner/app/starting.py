"""The first steps: a starter manifest, and the schema that editors check it with."""

import contextlib
import json
import os
import stat
import tempfile
from pathlib import Path

from runner.app.workplace import DEFAULT_PROVIDER
from runner.core.errors import UsageError
from runner.manifest import json_schema, starter
from runner.manifest.schema import TITLE as SCHEMA_TITLE
from runner.providers import capabilities_of

MANIFEST_NAME = "manifest.yaml"
SCHEMA_NAME = "manifest.schema.json"
_SCHEMA_BYTES_MAX = 1024 * 1024  # no schema of ours is longer; what is cut there is none


def schema() -> dict[str, object]:
    """The JSON Schema of manifests."""
    return json_schema(capabilities_of(DEFAULT_PROVIDER))


def schema_text() -> str:
    """The same as the text of a file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema(file: str, *, force: bool) -> bool:
    """Bring a file to the present schema, atomically; ``False`` where it is that already, and nothing is written.

    Raises ``UsageError``, with nothing changed, where the file is no schema of manifests (``force`` replaces any regular
    file) or cannot be written.
    """
    path, text = Path(file), schema_text()
    try:
        if os.path.lexists(path):
            there = _regular_text(path)
            if there == text:
                return False
            if not force and not _is_schema(there):
                raise UsageError(
                    f"{path} is not a manifest schema; name another file, or replace it with --force"
                )
        _replace(path, text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; nothing was changed") from error
    return True


def write_starter(directory: str) -> list[Path]:
    """Write both files; raises ``UsageError``, with nothing written, if one of the names is taken or cannot be made."""
    folder = Path(directory)
    texts = {
        folder / MANIFEST_NAME: starter(capabilities_of(DEFAULT_PROVIDER), MANIFEST_NAME),
        folder / SCHEMA_NAME: schema_text(),
    }
    for path in texts:
        if os.path.lexists(path):
            raise UsageError(
                f"{path} is there already; nothing was written. Name another directory: runner init DIR"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written: {error.strerror}; name another directory: runner init DIR"
        ) from error
    return list(texts)


def _regular_text(path: Path) -> str:
    if not stat.S_ISREG(path.lstat().st_mode):  # a device, or a link that would be replaced by a file
        raise UsageError(f"{path} is not a regular file; name another, or leave -o out to print the schema")
    with path.open("rb") as file:
        return file.read(_SCHEMA_BYTES_MAX).decode("utf-8", "replace")


def _is_schema(text: str) -> bool:
    """Whether a text is the schema of this or another version of manifests."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and str(found.get("title", "")).startswith(SCHEMA_TITLE)


def _replace(path: Path, text: str) -> None:
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(new).chmod(0o666 & ~_umask())  # others may read a schema, and mkstemp keeps them out
        Path(new).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(new).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
