"""A book of orders and rewards on a database of each kind, with a campaign running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Database
from storage.members import Member
from storage.terms import Reward
from tests.rewards.book import Book

PEOPLE = ("小王", "李四", "张三", "赵六", "孙七", "周八", "吴九", "郑十")


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    database = Database(database_url)
    with database.write() as session:
        made = Book(session)
        session.add_all(Member(id=one, channel="stage", name=one, created_at=made.now) for one in PEOPLE)
        session.flush()
        made.campaign(Reward(level=1, amount=500))
        yield made
    database.close()
