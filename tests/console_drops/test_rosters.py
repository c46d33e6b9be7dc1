"""Scenes of rosters at the desk: what waits is shown with its difference, and approved or refused row by row."""

from __future__ import annotations

import re

from storage import rosters
from tests.console.conftest import Browser, Room
from tests.console_drops.conftest import nonce_of, stall
from tests.group_buy.stall import StallStage
from tests.group_buy.test_rosters import changes, signs
from tests.group_buy.test_talking import held


def waiting(room: Room, *rows: str, **more: object) -> StallStage:
    """A drop with a copy of a roster that has too many rows to be taken without an operator."""
    drop = stall(room, pays="pickup", stock=200, **more)
    signs(room.stage, "小王", *(rows or [f"邻居{number} {number + 1}份" for number in range(12)]))
    return drop


def press(room: Room, browser: Browser, **form: object) -> str:
    browser.get("/rosters")
    browser.post("/rosters/settle", {"group": "stage:g", "nonce": nonce_of(browser)} | form)
    room.stage.settle()
    return browser.page


def ids_on(page: str) -> list[str]:
    return re.findall(r'name="row" value="(\d+)"', page)


def test_what_waits_is_counted_on_today_and_shown_with_its_difference(room: Room) -> None:
    drop = waiting(room)
    browser = room.browser("manager")
    assert re.search(r'href="/console/rosters"><span>接龙等你确认（行）</span><span class="badge amber">12<', browser.get("/today").text)
    assert "接龙待确认" in browser.get("/drops").text
    page = browser.get("/rosters").text
    assert "一次改动太多" in page
    assert "新增</span> <strong>邻居3</strong>" in page
    assert "<strong>×4</strong>" in page
    assert len(ids_on(page)) == 12
    assert held(room.stage, drop) == {}


def test_single_rows_then_those_ticked_are_settled(room: Room) -> None:
    drop = waiting(room)
    browser = room.browser("manager")
    ids = ids_on(browser.get("/rosters").text)
    assert "通过了 1 行" in press(room, browser, yes=ids[0])
    assert "1 行没有通过" in press(room, browser, no=ids[1])
    assert "请先勾选" in press(room, browser, do="approve")
    assert "通过了 10 行" in press(room, browser, do="approve", row=ids)
    assert held(room.stage, drop) == {"小王": sum(range(1, 13)) - 2}
    assert "已经有人处理过了" in press_again(room, browser, ids)
    assert [row.state for row in changes(room.stage, drop)].count(rosters.APPROVED) == 11
    drop.money()


def press_again(room: Room, browser: Browser, ids: list[str]) -> str:
    browser.get(f"/drops/{_drop(room)}/rosters")
    browser.post("/rosters/settle", {"group": "stage:g", "nonce": "0" * 24, "do": "refuse", "row": ids[:1]})
    return browser.page


def _drop(room: Room) -> str:
    with room.stage.database.read() as session:
        return str(session.execute(rosters.CHANGES.select()).first().drop_id)  # type: ignore[union-attr]


def test_a_change_and_a_taking_back_are_told_apart(room: Room) -> None:
    drop = stall(room, pays="pickup", stock=200)
    signs(room.stage, "小王", "小王 2份", "隔壁阿姨 3份")
    signs(room.stage, "小王", "小王 40份", "隔壁阿姨 不要了")
    page = room.browser("manager").get("/rosters").text
    assert "改数量</span> <strong>小王</strong> <span class=\"diff\"><s>×2</s> → <strong>×40</strong>" in page
    assert "不要了</span> <strong>隔壁阿姨</strong> <span class=\"diff\"><s>×3</s> → <strong>不要了</strong>" in page
    assert held(room.stage, drop) == {"小王": 5}


def test_an_unclear_row_can_only_be_refused_and_one_sold_out_says_so(room: Room) -> None:
    drop = waiting(room, "小王 C2")
    browser = room.browser("manager")
    page = browser.get("/rosters").text
    assert "没看懂" in page
    assert "对不上这个团的商品" in page
    assert 'name="yes"' not in page
    assert "没有通过" in press(room, browser, no=ids_on(page)[0])
    signs(room.stage, "李四", "李四 300份")
    assert "1 行没记成：不够了" in press(room, browser, yes=ids_on(browser.get("/rosters").text)[0])
    assert held(room.stage, drop) == {}
    assert "没记成" in browser.get(f"/drops/{drop.id}/rosters?state=failed").text


def test_the_list_is_shown_in_the_group_and_viewers_only_look(room: Room) -> None:
    drop = waiting(room)
    browser = room.browser("manager")
    browser.get(f"/drops/{drop.id}/rosters")
    form = {"group": "stage:g", "nonce": nonce_of(browser)}
    for _ in range(2):
        browser.post(f"/drops/{drop.id}/rosters/show", form)
    room.stage.settle()
    assert sum("草莓团" in text and "1. " in text for _, text in room.stage.channel.said[-2:]) <= 1
    assert "接龙名单已发到" in browser.page
    viewer = room.browser("viewer")
    assert 'name="yes"' not in viewer.get("/rosters").text
    assert viewer.post("/rosters/settle", {"group": "stage:g"}).status_code == 403
    assert room.browser("manager", language="en").get("/rosters").status_code == 200
