"""What runs learned of a service and keep for the next ones: nothing that money hangs on, and nothing that must be there."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from runner.store.dialects import insert_into
from runner.store.schema import task_time

_NOT_PINNED = ""


def task_times(connection: Connection, origin: str | None) -> dict[str, list[float]]:
    """The weights of ``core.task_times.TaskTimes`` by kind of task, for the service of this origin (``None``: not pinned)."""
    rows = connection.execute(
        select(task_time.c.kind, task_time.c.weights).where(task_time.c.origin == (origin or _NOT_PINNED))
    )
    return {row.kind: json.loads(row.weights) for row in rows}


def keep_task_times(
    connection: Connection, origin: str | None, weights: Mapping[str, Sequence[float]]
) -> None:
    """Keep these for the next run; kinds that are not named stay as they are."""
    for kind, values in weights.items():
        row = {"origin": origin or _NOT_PINNED, "kind": kind, "weights": json.dumps(list(values))}
        new = insert_into(connection.dialect.name, task_time).values(row)
        kept = {"index_elements": ["origin", "kind"]}
        connection.execute(new.on_conflict_do_update(**kept, set_={"weights": new.excluded.weights}))
