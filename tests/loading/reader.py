"""Run as a program: loads what it is told with the real ``datasets`` library, and says what came.

Each line on stdin is a JSON object: ``where``, ``keywords`` of ``load_dataset``, and ``last``, how many rows of each split
are shown (0: all). The answer is a line with ``splits`` (rows by split, videos undecoded: ``path``, and the length of
``bytes``) and ``kinds``, or with ``error``.
"""

import json
import sys
from typing import Any

from datasets import Video, disable_progress_bars, load_dataset


def rows_of(split: Any, last: int) -> list[dict[str, Any]]:
    videos = [name for name, feature in split.features.items() if isinstance(feature, Video)]
    for name in videos:  # decoding needs torchcodec, and that needs torch
        split = split.cast_column(name, Video(decode=False))
    return [dict(row) for row in (split.select(range(len(split) - last, len(split))) if last else split)]


def shown(value: Any) -> Any:
    return len(value) if isinstance(value, bytes) else str(value)


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        found = load_dataset(asked["where"], **asked["keywords"])
    except Exception as error:  # noqa: BLE001 - whatever the library raises is the answer
        return {"error": f"{type(error).__name__}: {error.__cause__ or error}"}
    kinds = {name: repr(one) for name, one in next(iter(found.values())).features.items()}
    return {"splits": {name: rows_of(split, asked["last"]) for name, split in found.items()}, "kinds": kinds}


def main() -> None:
    disable_progress_bars()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answered(json.loads(line)), default=shown) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
