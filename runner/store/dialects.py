"""What SQLite and PostgreSQL call by different words; everything else that the store says, both understand."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, Text, literal
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


def insert_into(dialect: str, table: Table) -> Any:
    """An ``INSERT`` that may say what happens on a conflict, for the dialect of this name."""
    if dialect == SQLITE:
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - its import takes longer than a whole `runner status`

    return postgresql.insert(table)


def change_mark(connection: Connection) -> int:
    """A number that is another one once somebody else has committed; to be compared within one connection only."""
    return abs(hash(connection.exec_driver_sql(_CHANGE_MARK[connection.dialect.name]).scalar_one()))


_CHANGE_MARK = {
    SQLITE: "PRAGMA data_version",
    # Which transactions had ended when this one began. Those of other databases of the server count as well: then
    # somebody looks once for nothing.
    POSTGRESQL: "SELECT pg_current_snapshot()::text",
}


def clock_s(connection: Connection) -> float:
    """What the clock beside the state says, in seconds: a server's own, so that those of its guests need not agree."""
    return float(connection.exec_driver_sql(_CLOCK_S[connection.dialect.name]).scalar_one())


_CLOCK_S = {
    SQLITE: "SELECT (julianday('now') - 2440587.5) * 86400.0",
    POSTGRESQL: "SELECT extract(epoch FROM clock_timestamp())::float8",
}


class larger_of(FunctionElement[int]):  # noqa: N801 - it is used as a function, as those of `func` are
    """The larger of two numbers."""

    type = BigInteger()
    inherit_cache = True


class text_in(FunctionElement[str]):  # noqa: N801 - as above
    """The text under a key of a JSON object; ``NULL`` where there is none, or something else than text."""

    type = Text()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], key: str) -> None:
        super().__init__(column, literal(key))


@compiles(larger_of)
def _greatest(element: larger_of, compiler: Any, **kwargs: Any) -> str:
    return f"greatest({compiler.process(element.clauses, **kwargs)})"


@compiles(larger_of, SQLITE)
def _max(element: larger_of, compiler: Any, **kwargs: Any) -> str:
    return f"max({compiler.process(element.clauses, **kwargs)})"


@compiles(text_in)
def _text_of_postgresql(element: text_in, compiler: Any, **kwargs: Any) -> str:
    column, key = (compiler.process(clause, **kwargs) for clause in element.clauses)
    value = f"(CAST({column} AS json) -> {key})"
    return f"CASE json_typeof({value}) WHEN 'string' THEN {value} #>> '{{}}' END"


@compiles(text_in, SQLITE)
def _text_of_sqlite(element: text_in, compiler: Any, **kwargs: Any) -> str:
    column, key = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"""json_extract({column}, '$."' || {key} || '"')"""
