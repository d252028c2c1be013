"""What the runs of one account tell each other about its pace: nothing that money hangs on, and nothing that must be there."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, and_, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError

from runner.core.errors import StateError
from runner.core.sharing import Standing, Told
from runner.store.dialects import clock_s, insert_into
from runner.store.remedies import said
from runner.store.schema import standing
from runner.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

_TOLD = [field.name for field in fields(Standing)]


def exchange(
    connection: Connection, account_pk: int, origin: str, own: Standing, gone: Mapping[int, int]
) -> list[Told]:
    """Tell what a run is, and hear of the others that pay with this account at this service.

    ``gone`` are dead ones by batch, with their last beat: where that is still the last, the row is taken away.
    """
    now = clock_s(connection)
    row = asdict(own) | {"account": account_pk, "origin": origin, "told_at": now}
    new = insert_into(connection.dialect.name, standing).values(row | {"beat": 0})
    kept = {"index_elements": ["batch"]}
    connection.execute(new.on_conflict_do_update(**kept, set_=row | {"beat": standing.c.beat + 1}))
    if gone:
        unchanged = [and_(standing.c.batch == batch, standing.c.beat == beat) for batch, beat in gone.items()]
        connection.execute(delete(standing).where(or_(*unchanged)))
    others = select(standing).where(
        standing.c.account == account_pk, standing.c.origin == origin, standing.c.batch != own.batch
    )
    return [
        Told(found.beat, now - found.told_at, Standing(**{name: getattr(found, name) for name in _TOLD}))
        for found in connection.execute(others)
    ]


def leave(connection: Connection, batch_pk: int) -> None:
    """A run has nothing more to ask of the service."""
    connection.execute(delete(standing).where(standing.c.batch == batch_pk))


async def carried_out(
    state: Writer, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """What the change returned; raises ``StateError`` also where only its own row was refused."""
    try:
        return await state.write(change, *args, **kwargs)
    except SQLAlchemyError as error:
        raise StateError(f"the state refuses it: {said(error)}") from error
