"""What kind of value each key of a ``metadata.jsonl`` holds, as tools that train declare it.

The ``datasets`` library guesses kinds from the first 10 MB of rows: a key that is null there, and a text later, ends its
reading with an error. So the cards declare them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias

from runner.report.payload import Json

GROUPS = ("variables", "meta")


class Kind(StrEnum):
    """The kind of a value; the words are those of Arrow."""

    TEXT = "string"
    WHOLE = "int64"
    NUMBER = "float64"
    TRUTH = "bool"
    NOTHING = "null"


Feature: TypeAlias = "Kind | Mapping[str, Feature] | tuple[Kind]"
"""A single value, an object with its keys, or a list of values."""

OWN: Mapping[str, Feature] = {
    "prompt": Kind.TEXT,
    "prompt_id": Kind.TEXT,
    "mode": Kind.TEXT,
    "ratio": Kind.TEXT,
    "take": Kind.WHOLE,
    "job_id": Kind.TEXT,
    "task_id": Kind.TEXT,
    "credits": Kind.WHOLE,
    "bytes": Kind.WHOLE,
    "sha256": Kind.TEXT,
    "url": Kind.TEXT,
    "variables": Kind.NOTHING,
    "meta": Kind.NOTHING,
    "images": (Kind.TEXT,),
    "removed": Kind.TRUTH,
    "choice": Kind.TEXT,
    "rating": Kind.WHOLE,
    "note": Kind.TEXT,
    "width": Kind.WHOLE,
    "height": Kind.WHOLE,
    "duration": Kind.NUMBER,
    "fps": Kind.NUMBER,
    "codec": Kind.TEXT,
}
"""The keys of a row in their order, but for ``file_name``; ``variables`` and ``meta`` where no job has any."""

_KINDS: Mapping[type, Kind] = {str: Kind.TEXT, int: Kind.WHOLE, float: Kind.NUMBER, bool: Kind.TRUTH}


def kind_of(types: Iterable[type]) -> Kind:
    """The kind of the values of a key that have these types; several become text, or a number."""
    found = {_KINDS[one] for one in types}
    if len(found) > 1:
        return Kind.NUMBER if found == {Kind.WHOLE, Kind.NUMBER} else Kind.TEXT
    return found.pop() if found else Kind.NOTHING


def declared(features: Mapping[str, Feature], video: str = "video") -> list[Json]:
    """The features as the front matter of a dataset card has them, the video first, in the column of that name."""
    return [{"name": video, "dtype": "video"}, *(_declared(name, one) for name, one in features.items())]


def _declared(name: str, feature: Feature) -> Json:
    if isinstance(feature, Kind):
        return {"name": name, "dtype": feature.value}
    if isinstance(feature, tuple):
        return {"name": name, "list": feature[0].value}
    return {"name": name, "struct": [_declared(key, kind) for key, kind in feature.items()]}
