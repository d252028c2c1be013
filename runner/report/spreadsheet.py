"""Rows of metadata for people: CSV that a spreadsheet opens as it is meant, in UTF-8 with a mark that says so.

Objects are taken apart into a column a key (``meta.sku``), lists become lines of one cell. Texts that a spreadsheet would
take for a formula are guarded; JSON is the lossless form.
"""

import csv
import io
from collections.abc import Iterator, Mapping

from runner.core.safe_text import for_csv_cell
from runner.report.features import Feature, Kind
from runner.report.payload import Json

MARK = b"\xef\xbb\xbf"


def csv_head(features: Mapping[str, Feature]) -> bytes:
    """The line of the names of the columns, with the mark before it."""
    return MARK + _line([for_csv_cell(".".join(path)) for path in _columns(features)])


def csv_line(row: Json, features: Mapping[str, Feature]) -> bytes:
    """The line of a row, with its end."""
    return _line([_cell(row, path) for path in _columns(features)])


def _columns(features: Mapping[str, Feature]) -> Iterator[tuple[str, ...]]:
    yield ("file_name",)
    for name, feature in features.items():
        if isinstance(feature, Kind | tuple):
            yield (name,)
        else:
            yield from ((name, key) for key in feature)


def _cell(row: Json, path: tuple[str, ...]) -> str:
    value: object = row
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list():
            return for_csv_cell("\n".join(map(str, value)))
        case _:
            return for_csv_cell(str(value))


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode("utf-8", "surrogatepass")
