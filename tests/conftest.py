"""Fixtures: the same scenes on SQLite and, where a server is found, on PostgreSQL with several lanes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from tests.needs import need
from tests.stage import Stage

POSTGRES = os.environ.get("TUAN_TEST_POSTGRES", "")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind, gone after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tuan.db'}"
        return
    need(POSTGRES, "TUAN_TEST_POSTGRES names no PostgreSQL server")
    name = f"tuan_{uuid4().hex[:12]}"
    server = make_url(POSTGRES)
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


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
