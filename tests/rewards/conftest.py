"""A book on a database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Database
from tests.rewards.book import Book


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    database = Database(database_url)
    with database.write() as session:
        yield Book(session)
    database.close()
