"""One door to the database: opening it, reading, writing in turn, and refusing a second process."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

BUSY_SECONDS = 15


class DatabaseInUse(Exception):
    """Another process already runs the operator on this SQLite file."""


class Database:
    """Sessions on one database. `write()` commits at the end or not at all; on SQLite writers take turns."""

    def __init__(self, url: str | URL, *, pool_size: int = 12, is_durable: bool = True) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn = threading.RLock() if self.is_sqlite else None
        self._lock_file: int | None = None
        if self.is_sqlite:
            synchronous = "FULL" if is_durable else "OFF"
            self.writer = _sqlite_engine(self.url, "BEGIN IMMEDIATE", synchronous)
            self.reader = _sqlite_engine(self.url, "BEGIN", synchronous)
        else:
            self.writer = create_engine(
                self.url.set(drivername="postgresql+psycopg"), pool_size=pool_size, max_overflow=8, pool_pre_ping=True
            )
            self.reader = self.writer

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction, committed when the block ends and rolled back when it raises."""
        if self._turn is not None:
            with self._turn, Session(self.writer, expire_on_commit=False) as session, session.begin():
                yield session
        else:
            with Session(self.writer, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; what is changed in it is forgotten."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @property
    def path(self) -> Path | None:
        """The file of an embedded database."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    def claim(self) -> None:
        """Be the one process that runs on this SQLite file. Raises DatabaseInUse; PostgreSQL allows several."""
        if self.path is None:
            return
        handle = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(handle, 32).decode(errors="replace").strip()
            os.close(handle)
            raise DatabaseInUse(owner or "?") from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._lock_file = handle

    def count_others(self) -> int:
        """How many other connections PostgreSQL has on this database; 0 on SQLite, where `claim` tells."""
        if self.is_sqlite:
            return 0
        query = text(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        )
        with self.reader.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def has_room(self) -> bool:
        """Try to write 64 KB and take it back: False on a full disk, or where nothing can be written."""
        try:
            with self.write() as session:
                session.execute(text("create table room_probe (filler text)"))
                session.execute(text("insert into room_probe values (:filler)"), {"filler": "room" * 16_384})
                session.execute(text("drop table room_probe"))
        except SQLAlchemyError:
            return False
        return True

    def is_reachable(self) -> bool:
        """True when a trivial query is answered."""
        with self.reader.connect() as connection:
            return connection.execute(text("select 1")).scalar() == 1

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _sqlite_engine(url: URL, begin: str, synchronous: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, pool_size=10)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # A switch to WAL needs the file for itself for a moment; where it is WAL already this is a no-op.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute("PRAGMA cache_size=-16000")
        # Pages that change in every batch are copied back less often: a quarter less time in commits.
        cursor.execute("PRAGMA wal_autocheckpoint=16000")
        cursor.execute("PRAGMA journal_size_limit=67108864")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def in_turn(database: Database, work: Callable[[Session], Any]) -> Any:
    """Run `work` in one writing transaction and give back what it returned (for thread pools)."""
    with database.write() as session:
        return work(session)
