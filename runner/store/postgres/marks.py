"""Bringing a schema to that of this program in one transaction, and seeing that it is as it was made."""

import json

from sqlalchemy import Connection

from runner.core.errors import StateError
from runner.store.migrations import STEPS
from runner.store.places import Server
from runner.store.postgres.ddl import IIF, in_postgresql

_TABLE = """CREATE TABLE mark (
    version BIGINT NOT NULL,
    made JSON NOT NULL,
    made_by BIGINT NOT NULL
)"""
"""``made`` is what the server, of major version ``made_by``, said of all there is when this program had made it."""

_HOLD = """CREATE TABLE hold (
    batch TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL
)"""

_MADE = """
    SELECT 'table ' || class.relname, string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod),
        attnotnull, attcollation::regcollation, attidentity, pg_get_expr(adbin, adrelid)), ', ' ORDER BY attnum)
    FROM pg_class AS class JOIN pg_attribute ON attrelid = class.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = CAST(%(schema)s AS regnamespace) AND relkind IN ('r', 'v', 'm', 'p') GROUP BY class.relname
    UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = %(plain)s
    UNION ALL SELECT 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = CAST(%(schema)s AS regnamespace)
    UNION ALL SELECT 'trigger ' || tgname, concat_ws(' ', pg_get_triggerdef(trigger.oid), tgenabled)
    FROM pg_trigger AS trigger JOIN pg_class AS class ON class.oid = tgrelid
    WHERE relnamespace = CAST(%(schema)s AS regnamespace) AND NOT tgisinternal
    UNION ALL SELECT 'function ' || proname, prosrc FROM pg_proc WHERE pronamespace = CAST(%(schema)s AS regnamespace)
    UNION ALL SELECT 'rule ' || rulename, definition FROM pg_rules WHERE schemaname = %(plain)s
"""


def has_table(connection: Connection, server: Server, table: str) -> bool:
    """Whether the schema is there, with a table of this name."""
    found = connection.exec_driver_sql("SELECT to_regclass(%s)", (f'"{server.schema}".{table}',))
    return found.scalar_one() is not None


def make_place(connection: Connection, server: Server) -> None:
    """Make the schema and the table of who works which batch, within the transaction that is on; nothing where they are."""
    schema = f'"{server.schema}"'
    # Asked before: to make a schema takes a right of its own, also where there is one.
    if connection.exec_driver_sql("SELECT to_regnamespace(%s)", (schema,)).scalar_one() is None:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    if not has_table(connection, server, "hold"):
        connection.exec_driver_sql(_HOLD)


def migrate(connection: Connection, server: Server) -> None:
    """Leave the schema at the version of this program, within the transaction that is on.

    Raises ``StateError`` for one of a newer program, and for one that something else has changed; nothing is changed then.
    """
    make_place(connection, server)
    version = version_of(connection, server)
    if version > len(STEPS):
        raise _newer(server, version)
    if version:
        refuse_other_schema(connection, server)
    if version == len(STEPS):
        return
    if version == 0:
        _refuse_strangers(connection, server)
        connection.exec_driver_sql(_TABLE)
        connection.exec_driver_sql(IIF)
    for statement in (statement for step in STEPS[version:] for statement in step):
        for ours in in_postgresql(statement):
            connection.exec_driver_sql(ours)
    connection.exec_driver_sql("DELETE FROM mark")
    row = (len(STEPS), json.dumps(_made(connection, server)), _major(connection))
    connection.exec_driver_sql("INSERT INTO mark (version, made, made_by) VALUES (%s, %s, %s)", row)


def version_of(connection: Connection, server: Server) -> int:
    """The version of the schema, 0 where nothing was made yet."""
    if not has_table(connection, server, "mark"):
        return 0
    return int(connection.exec_driver_sql("SELECT version FROM mark").scalar_one())


def refuse_other_version(connection: Connection, server: Server) -> None:
    """Raise ``StateError`` unless the schema has the version that this program reads."""
    version = version_of(connection, server)
    if version == 0:
        raise StateError(f"there is no state at {server}; name another with --state")
    if version > len(STEPS):
        raise _newer(server, version)
    if version < len(STEPS):
        raise StateError(
            f"{server} has schema version {version}, this program reads {len(STEPS)}; `runner run` updates it"
        )


def refuse_other_schema(connection: Connection, server: Server) -> None:
    """Raise ``StateError`` unless all tables, indexes and triggers are as this program made them, and there are no others.

    One trigger that somebody added can lift a budget, and without one index of ours a job can be paid for twice. Another
    major version of the server may call the same thing otherwise: there nothing is compared.
    """
    made, made_by = connection.exec_driver_sql("SELECT made, made_by FROM mark").one()
    if made_by != _major(connection):
        return
    found = _made(connection, server)
    odd = sorted(what for what in made.keys() | found.keys() if made.get(what) != found.get(what))
    if odd:
        shown = ", ".join(odd[:5]) + (", ..." if len(odd) > 5 else "")
        raise StateError(
            f"{server} is not as this program makes a state, something else has changed it: {shown}; put a backup in its "
            "place, or name another with --state (nothing was changed)"
        )


def _refuse_strangers(connection: Connection, server: Server) -> None:
    others = _made(connection, server).keys() - {"table hold", "index hold_pkey", "constraint hold.hold_pkey"}
    if others:
        raise StateError(
            f"the schema {server.schema} of {server} belongs to another application: it has {min(others)}; name another "
            "with ?schema=NAME"
        )


def _newer(server: Server, version: int) -> StateError:
    return StateError(
        f"{server} has schema version {version}, this program knows {len(STEPS)}: it was made by a newer runner; "
        "update runner (nothing was changed)"
    )


def _made(connection: Connection, server: Server) -> dict[str, str]:
    names = {"schema": f'"{server.schema}"', "plain": server.schema}
    return {row[0]: row[1] for row in connection.exec_driver_sql(_MADE, names)}


def _major(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10000
