"""Run as a program: loads what it is told with the real ``datasets`` library, and writes down what came.

``python reader.py WHERE [KEYWORDS as JSON]`` prints one JSON object: ``splits`` (rows by split, videos undecoded: ``path``
and the length of ``bytes``) and ``kinds``, or ``error``.
"""

import json
import sys
from typing import Any

from datasets import Video, disable_progress_bars, load_dataset


def rows_of(split: Any) -> list[dict[str, Any]]:
    videos = [name for name, feature in split.features.items() if isinstance(feature, Video)]
    for name in videos:  # decoding needs torchcodec, and that needs torch
        split = split.cast_column(name, Video(decode=False))
    return [dict(row) for row in split]


def shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return len(value)
    return str(value)


def main() -> None:
    disable_progress_bars()
    where, keywords = sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    try:
        found = load_dataset(where, **keywords)
    except Exception as error:  # noqa: BLE001 - whatever the library raises is the answer
        answer: dict[str, Any] = {"error": f"{type(error).__name__}: {error.__cause__ or error}"}
    else:
        kinds = {name: repr(one) for name, one in next(iter(found.values())).features.items()}
        answer = {"splits": {name: rows_of(split) for name, split in found.items()}, "kinds": kinds}
    sys.stdout.write(json.dumps(answer, default=shown))


if __name__ == "__main__":
    main()
