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
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if seen is not None and seen not in known:
            raise NewerDatabase(seen)
        command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """The schema version a database says it has."""
    return MigrationContext.configure(connection).get_current_revision()


def configuration(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
