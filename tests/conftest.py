"""Fixtures: the same scenes on SQLite and, where a server is found, on PostgreSQL with several lanes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from storage import migrate, models
from storage.database import Database
from tests.needs import need
from tests.stage import Stage

POSTGRES = os.environ.get("TUAN_TEST_POSTGRES", "")


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Half as many again as there are processors: a third of the time a test waits for threads, sockets and processes."""
    return max(2, (os.cpu_count() or 2) * 3 // 2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What a browser shows, and what a model may say, do not hang on the kind of database: once is enough."""
    doubled = {
        item for item in items if item.get_closest_marker("postgres")
        and (item.get_closest_marker("browser") or item.get_closest_marker("one_database"))
    }
    config.hook.pytest_deselected(items=list(doubled))
    items[:] = [item for item in items if item not in doubled]


@contextmanager
def made_on_server() -> Iterator[str]:
    """A database of its own on the PostgreSQL server, gone afterwards."""
    need(POSTGRES, "TUAN_TEST_POSTGRES names no PostgreSQL server")
    name = f"tuan_{uuid4().hex[:12]}"
    server = make_url(POSTGRES)
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def migrated(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database)
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with this version's schema: copying it costs less than migrating each time."""
    path = tmp_path_factory.mktemp("template") / "tuan.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """One database with this version's schema for all tests of a process: emptying it costs less than making another."""
    with made_on_server() as url:
        migrated(url)
        yield url


def emptied(url: str) -> None:
    """Nobody is connected to a PostgreSQL database any more, and no row is left in it; ids begin with 1 again."""
    others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    names = [table.name for table in reversed(models.METADATA.sorted_tables)]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(others)
        row = connection.execute(f"select {', '.join(f'exists (select 1 from {name})' for name in names)}").fetchone() or ()
        for name, is_full in zip(names, row, strict=True):
            if is_full:
                connection.execute(f"delete from {name}")
        used = connection.execute("select sequencename from pg_sequences where last_value is not null").fetchall()
        for (name,) in used:
            connection.execute(f"alter sequence {name} restart")


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind with this version's schema and nothing in it, gone after the test."""
    if request.param == "sqlite":
        path = tmp_path / "tuan.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    need(POSTGRES, "TUAN_TEST_POSTGRES names no PostgreSQL server")
    url = request.getfixturevalue("postgres_database")
    yield url
    emptied(url)


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without any schema, gone after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tuan.db'}"
        return
    with made_on_server() as url:
        yield url


@pytest.fixture
def make_stage(database_url: str) -> Iterator[Callable[..., Stage]]:
    """Stages of the scene's own making, closed after it."""
    made: list[Stage] = []

    def make(**options: Any) -> Stage:
        options.setdefault("lanes", 1 if database_url.startswith("sqlite") else 4)
        made.append(Stage(database_url, **options))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()
