"""The first steps: a starter manifest, and the schema that editors check it with."""

import json
import os
from pathlib import Path

from runner.app.workplace import DEFAULT_PROVIDER
from runner.core.errors import UsageError
from runner.manifest import json_schema, starter
from runner.providers import capabilities_of

MANIFEST_NAME = "manifest.yaml"
SCHEMA_NAME = "manifest.schema.json"


def schema() -> dict[str, object]:
    """The JSON Schema of manifests."""
    return json_schema(capabilities_of(DEFAULT_PROVIDER))


def write_starter(directory: str) -> list[Path]:
    """Write both files; raises ``UsageError``, with nothing written, if one of the names is taken or cannot be made."""
    folder = Path(directory)
    texts = {
        folder / MANIFEST_NAME: starter(capabilities_of(DEFAULT_PROVIDER), MANIFEST_NAME),
        folder / SCHEMA_NAME: json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
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
