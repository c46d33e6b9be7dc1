"""Whole copies of an embedded database: made while it runs, and checked before they are trusted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

PAGES_AT_ONCE = 2_000  # between them writers get their turn


class BrokenCopy(Exception):
    """The file is no sound SQLite database of ours; says why."""


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as it is at one moment."""
    with closing(_open(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing, pages=PAGES_AT_ONCE, sleep=0.005)
        # A single file, without the write-ahead log beside it.
        writing.execute("PRAGMA journal_mode=DELETE")


def check(path: Path) -> str:
    """The schema version of a sound copy. Raises BrokenCopy."""
    try:
        with closing(_open(path)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found is None or found[0] != "ok":
                raise BrokenCopy("damaged" if found is None else str(found[0]))
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise BrokenCopy(str(error)) from error
    if row is None:
        raise BrokenCopy("no schema version")
    return str(row[0])


def settle(path: Path) -> None:
    """Take the write-ahead log into the file, so that the file alone is the database. Nobody may be on it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=15)
