"""Brings a database to this version's schema, and refuses one from a newer version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabase(Exception):
    """The database was written by a newer version of Tuanzhang; this one would damage it."""


def upgrade(database: Database) -> None:
    """Run the migrations this database has not seen. Raises NewerDatabase; data is kept."""
    with database.writer.begin() as connection:
        config = configuration(connection)
        seen = revision(connection)
        if seen is not None and seen not in known_revisions():
            raise NewerDatabase(seen)
        command.upgrade(config, "head")


def known_revisions() -> set[str]:
    """The schema versions this version of the program knows."""
    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def newest_revision() -> str | None:
    """The schema version this version of the program brings a database to."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def revision(connection: Connection) -> str | None:
    """The schema version a database says it has."""
    return MigrationContext.configure(connection).get_current_revision()


def configuration(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def is_ours(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The full-text index is made by hand: a virtual table with shadows on SQLite, a plain one on PostgreSQL."""
    return not (kind == "table" and name is not None and name.startswith("inbox_search"))
