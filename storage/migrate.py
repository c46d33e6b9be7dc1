"""Brings a database to this version's schema, and refuses one from a newer version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabase(Exception):
    """The database was written by a newer version of Tuanzhang; this one would damage it."""


def known_revisions() -> list[str]:
    """The schema versions this program knows, oldest first; a migration's file name begins with its version."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def newest_revision() -> str:
    """The schema version this program works on."""
    return known_revisions()[-1]


def upgrade(database: Database) -> None:
    """Run the migrations this database has not seen. Raises NewerDatabase; data is kept."""
    known = known_revisions()
    with database.writer.begin() as connection:
        seen = revision(connection)
        if seen == newest_revision():
            return
        if seen is not None and seen not in known:
            raise NewerDatabase(seen)
        from alembic import command  # costs a third of a second, and most starts need no migration

        command.upgrade(configuration(connection), "head")


def revision(connection: Connection) -> str | None:
    """The schema version a database says it has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("select version_num from alembic_version")).scalar()
    return found


def configuration(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def is_ours(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The full-text index is made by hand: a virtual table with shadows on SQLite, a plain one on PostgreSQL."""
    return not (kind == "table" and name is not None and name.startswith("inbox_search"))
