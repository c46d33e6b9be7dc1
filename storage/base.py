"""What every table shares: the declarative base and a UTC time column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Integer, MetaData, Row, String, Table
from sqlalchemy.exc import NoResultFound as RowMissing
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = [
    "AnyRow", "Base", "BigId", "RowMissing", "UtcTime", "as_text", "as_time", "channel_of_row", "execute_fast", "hold",
    "insert_fast", "rows_fast", "table_of",
    "write_together",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

AnyRow = Row[*tuple[Any, ...]]
Row_ = TypeVar("Row_", bound=DeclarativeBase)

# SQLite counts rows by itself only in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


def channel_of_row(context: Any) -> str:
    """The default of a row's account: the first account of a channel has the channel's name."""
    return str(context.get_current_parameters()["channel"])


def as_text(moment: datetime | None) -> str | None:
    """A UTC moment as SQLite keeps it: sortable ISO 8601 text."""
    return None if moment is None else moment.isoformat(" ", "microseconds")


def as_time(kept: Any) -> Any:
    """A UTC moment from what a fast query gives: text on SQLite."""
    return datetime.fromisoformat(kept) if isinstance(kept, str) else kept


def hold(session: Session, row: Row_) -> Row_:
    """Keep a row in mind for the rest of the transaction, so that getting it again costs no query."""
    session.info.setdefault("held", {})[row] = None
    return row


def execute_fast(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement written with `?` for many rows straight on the driver, with UTC times as each database keeps
    them. For the hot path only: it skips what SQLAlchemy checks for each row."""
    if connection.dialect.name == "sqlite":
        rows = [tuple(as_text(one) if isinstance(one, datetime) else one for one in row) for row in rows]
    else:
        statement = statement.replace("?", "%s")
    connection.exec_driver_sql(statement, rows)


def write_together(connection: Connection, head: str, rows: Sequence[tuple[Any, ...]], tail: str = "") -> None:
    """Write rows by few statements `head values (…), (…) tail`: where executing for many rows would give other threads a
    turn at each row, this gives them one in 256."""
    is_sqlite = connection.dialect.name == "sqlite"
    for start in range(0, len(rows), 256):
        some = rows[start : start + 256]
        one = f"({', '.join(('?' if is_sqlite else '%s',) * len(some[0]))})"
        values = tuple(as_text(value) if is_sqlite and isinstance(value, datetime) else value for row in some for value in row)
        connection.exec_driver_sql(f"{head} values {', '.join((one,) * len(some))} {tail}", values)


def insert_fast(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write many new rows straight on the driver, with UTC times as each database keeps them: on PostgreSQL by COPY, a
    fraction of the cost of an insert a row. A key that is there already is an error."""
    if not rows:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        execute_fast(connection, f"insert into {table} ({names}) values ({', '.join('?' * len(columns))})", rows)  # noqa: S608
        return
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"copy {table} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def rows_fast(connection: Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query written with `?`, straight from the driver, in the same transaction: a tenth of the cost of
    an ordinary query. Columns come as the database keeps them (on SQLite a boolean is 0 or 1)."""
    if connection.dialect.name != "sqlite":
        query = query.replace("?", "%s")
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query, values)
        return list(cursor.fetchall())
    finally:
        cursor.close()


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime in UTC: timestamptz on PostgreSQL, sortable ISO 8601 text on SQLite."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is not UTC:
            if value.tzinfo is None:
                raise ValueError("a time without a zone cannot be stored")
            value = value.astimezone(UTC)
        return as_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else None


def table_of(model: type[DeclarativeBase]) -> Table:
    """A model's table, for statements that skip the ORM."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is not a plain table")
    return table


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
