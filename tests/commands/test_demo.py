"""The demo shop: there on the first start, once, and whole even when that start was interrupted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot import demo
from bot.app import open_database, wall_clock
from bot.settings import Settings
from content import demo as shop
from storage import faq, groups, handovers, inbox, outbox, products
from storage.database import Database
from tests.commands.conftest import Tuan


@pytest.fixture
def settings(home: Path) -> Settings:
    made = Settings(home=home)
    open_database(made)
    return made


def look(settings: Settings) -> dict[str, Any]:
    database = Database(settings.database)
    with database.read() as session:
        log = inbox.find_latest(session, None, 10_000)
        found = {
            "products": products.count(session),
            "faq": faq.count(session),
            "groups": [group.id for group in groups.find_all(session)],
            "keys": [row.key for row in log],
            "outcomes": {row.outcome for row in log},
            "times": [row.received_at for row in log],
            "unsaid": outbox.count_by_state(session),
            "waiting": handovers.count(session),
            "ungreeted": [
                row.name for group in groups.find_all(session) for row in groups.find_ungreeted(session, group.id)
            ],
            "staff": groups.find_staff(session, "web:sunshine"),
        }
    database.close()
    return found


def test_a_first_start_finds_a_shop_three_groups_and_an_evening_of_talk(settings: Settings) -> None:
    assert demo.load_once(settings, wall_clock)
    found = look(settings)
    assert found["products"] >= 60
    assert found["faq"] >= 150
    assert found["groups"] == ["web:sunshine", "web:mothers", "web:office"]
    assert {"answered", "silent", "none", "handover"} <= found["outcomes"]
    assert found["waiting"]["open"] == 3
    assert found["unsaid"] == {}
    assert found["ungreeted"] == []
    assert found["staff"] == {shop.member_id("周姐")}
    assert found["times"] == sorted(found["times"])
    assert found["times"][-1] < wall_clock()
    assert not demo.load_once(settings, wall_clock)
    assert look(settings) == found


def test_an_interrupted_first_start_is_finished_by_the_next(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shop.evening()

    def cut_short() -> Any:
        yield from whole[:20]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shop, "evening", cut_short)
        with pytest.raises(KeyboardInterrupt):
            demo.load_once(settings, wall_clock)
    assert 20 <= len(look(settings)["keys"]) < 40
    assert demo.load_once(settings, wall_clock)
    keys = look(settings)["keys"]
    assert {f"demo:{line.number}" for line in whole} <= set(keys)
    assert len(keys) == len(set(keys))


def test_a_shop_that_has_something_gets_no_demo(settings: Settings, tuan: Tuan, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,name,price,stock\nown,鱼,1,1\n", "utf-8")
    tuan("import", "products", tmp_path / "own.csv")
    assert not demo.load_once(settings, wall_clock)
    assert look(settings)["products"] == 1


def test_the_evening_runs_in_the_shop_s_own_time_zone(home: Path) -> None:
    settings = Settings(home=home, time_zone="America/New_York")
    open_database(settings)
    demo.load_once(settings, wall_clock)
    first = look(settings)["times"][0]
    assert first.hour in (23, 0)


def test_the_loop_is_free_again_afterwards(settings: Settings) -> None:
    demo.load_once(settings, wall_clock)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
