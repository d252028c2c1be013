"""Rows of metadata as a Parquet file: a typed column each, in groups of rows of a bounded size."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from runner.report.features import Feature, Kind
from runner.report.payload import Json

_GROUP_ROWS = 10_000
_GROUP_BYTES = 16_000_000
VIDEO = "video"


def write_table(
    out: BinaryIO, rows: Iterable[tuple[Json, bytes | None]], features: Mapping[str, Feature]
) -> None:
    """Write rows with ``file_name`` and these features; each with the bytes of its video, or none of them with any."""
    import pyarrow.parquet  # noqa: PLC0415 - the extra `datasets`

    writer: Any = None
    group: list[Json] = []
    held_bytes = 0
    for row, content in rows:
        if writer is None:
            schema = _schema(features, embeds=content is not None)
            # A dictionary of videos, none of which comes twice, would hold all of a group once more.
            no_video = [name for name in schema.names if name != VIDEO]
            writer = pyarrow.parquet.ParquetWriter(out, schema, compression="zstd", use_dictionary=no_video)
        held_bytes += len(content or b"")
        group.append(row if content is None else row | {VIDEO: {"bytes": content, "path": row["file_name"]}})
        if len(group) == _GROUP_ROWS or held_bytes >= _GROUP_BYTES:
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
            group, held_bytes = [], 0
    if writer is not None:
        if group:
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
        writer.close()


def _schema(features: Mapping[str, Feature], *, embeds: bool) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - the extra `datasets`

    columns = [pa.field("file_name", pa.string())]
    columns += [pa.field(name, _type(feature)) for name, feature in features.items()]
    if not embeds:
        return pa.schema(columns)
    columns.append(pa.field(VIDEO, pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
    # The library that trains decodes the column because of this note, in the form that it writes itself.
    named = {"file_name": Kind.TEXT} | dict(features)
    note = {"info": {"features": _noted(named) | {VIDEO: {"_type": "Video"}}}}
    return pa.schema(columns, metadata={"huggingface": json.dumps(note)})


def _type(feature: Feature) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - the extra `datasets`

    if isinstance(feature, Kind):
        return {Kind.NUMBER: pa.float64(), Kind.NOTHING: pa.null()}.get(feature) or pa.type_for_alias(
            feature.value
        )
    if isinstance(feature, tuple):
        return pa.list_(_type(feature[0]))
    return pa.struct([(name, _type(kind)) for name, kind in feature.items()])


def _noted(features: Mapping[str, Feature]) -> Json:
    return {name: _note(feature) for name, feature in features.items()}


def _note(feature: Feature) -> object:
    if isinstance(feature, Kind):
        return {"dtype": feature.value, "_type": "Value"}
    if isinstance(feature, tuple):
        return {"feature": _note(feature[0]), "_type": "List"}
    return {name: _note(kind) for name, kind in feature.items()}
