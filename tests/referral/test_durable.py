"""No click is lost: at the end of the process, while the database is locked, and when it takes nothing for a while."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest

from storage import clicks
from storage.database import Database
from tests.referral.conftest import Road
from tests.web.place import PATIENCE


def kept(road: Road) -> int:
    with road.place.database.read() as session:
        return clicks.count_all(session)


def test_what_was_answered_is_kept_when_the_process_ends_at_once(road: Road) -> None:
    link = road.link()
    with road.browser() as phone:
        for _ in range(40):
            phone.cookies.clear()
            assert phone.get(f"/r/{link.code}").status_code == 302
    road.place.shut()
    assert kept(road) == 40
    road.place.open()


def test_a_locked_database_delays_no_redirect_and_loses_no_click(road: Road) -> None:
    if not road.place.database.is_sqlite:
        pytest.skip("only SQLite has one lock for all")
    link = road.link()
    with road.browser() as phone:
        phone.get(f"/r/{link.code}")
        road.clicks(link, 1)
        lock = sqlite3.connect(str(road.place.database.path), isolation_level=None, timeout=PATIENCE)
        lock.execute("begin immediate")
        began = time.monotonic()
        for _ in range(30):
            phone.cookies.clear()
            assert phone.get(f"/r/{link.code}").status_code == 302
        assert time.monotonic() - began < 5
        assert kept(road) == 1
        lock.execute("rollback")
        lock.close()
    assert sum(row.times for row in road.clicks(link, 31)) == 31


def test_what_the_database_refuses_is_offered_again_and_kept_once(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    link = road.link()
    real, troubles = Database.write, iter(range(6))

    def write(database: Database, *given: Any) -> Any:
        if database is road.place.operator.database and next(troubles, None) is not None:
            raise OSError("disk full")
        return real(database, *given)

    with road.browser() as phone:
        phone.get(f"/r/{link.code}")
        road.clicks(link, 1)
        monkeypatch.setattr(Database, "write", write)
        phone.get(f"/r/{link.code}")
    assert sum(row.times for row in road.clicks(link, 2)) == 2
    assert road.place.operator.clicks.lost == 0
    time.sleep(0.1)
    assert kept(road) == 2
