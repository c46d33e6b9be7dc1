"""Scenes of handing out: pick lists as files and words, ticks with undo, notices, and reminders at most once a day."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from fpdf import FPDF

from bot import member_links
from bot.console import handing
from bot.console.files import MOST_KEPT, Full
from content import picklists
from content.picklists import Words
from storage import operators
from storage.order_search import Pick
from tests.console.conftest import Browser, Room
from tests.console_drops.conftest import nonce_of, order_of, stall
from tests.group_buy.stall import StallStage


def pickup(room: Room) -> tuple[StallStage, str, str]:
    """A drop paid at pick-up with an order of two, and one paid already."""
    drop = stall(room, pays="pickup", pickup_point="东门便利店")
    first = drop.join("小王", 2, pickup_point="东门便利店", note="电话尾号 6688")
    second = drop.join("李四", 1, pickup_point="东门便利店", address="幸福路 1 号 张三 13800001234")
    drop.pay(second)
    return drop, first, second


def file_of(browser: Browser, drop: StallStage, form: str) -> bytes:
    page = browser.get(f"/drops/{drop.id}/picks").text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    return bytes(browser.client.post(f"/console/drops/{drop.id}/picks/file", data={"csrf": token, "form": form}).content)


def test_the_pick_list_is_a_page_a_workbook_and_paper(room: Room) -> None:
    drop, first, _ = pickup(room)
    browser = room.browser("manager")
    page = browser.get(f"/drops/{drop.id}/picks").text
    assert "东门便利店" in page
    assert "×3" in page
    book = openpyxl.load_workbook(io.BytesIO(file_of(browser, drop, "xlsx")))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert [row[2] for row in rows[1:]] == ["小王", "李四"]
    assert rows[1][5:7] == (2, 59.8)
    assert rows[1][9] == first
    assert list(book.worksheets[1].iter_rows(values_only=True))[1][2] == 3
    assert file_of(browser, drop, "pdf").startswith(b"%PDF-")


def test_words_for_the_group_name_nobody_and_are_said_there(room: Room) -> None:
    drop, _, _ = pickup(room)
    browser = room.browser("manager")
    page = browser.get(f"/drops/{drop.id}/picks").text
    words = page.split('id="f-text"')[1].split("</textarea>")[0].split(">", 1)[1]
    assert "小**" in words
    for private in ("小王", "李四", "幸福路", "138", "6688"):
        assert private not in words
    browser.post(f"/drops/{drop.id}/picks/say", {"text": words, "group": "stage:g", "nonce": nonce_of(browser)})
    room.stage.settle()
    assert any("到货了" in row.text and row.group_id == "stage:g" for row in room.stage.outbox())


def test_an_unpaid_order_is_not_picked_where_it_is_paid_before(room: Room) -> None:
    drop = stall(room)
    paid, unpaid = drop.join("小王"), drop.join("李四")
    drop.pay(paid)
    page = room.browser("manager").get(f"/drops/{drop.id}/pickups").text
    assert paid in page
    assert unpaid not in page


def test_handing_out_takes_the_money_ticks_and_can_be_undone(room: Room) -> None:
    drop, first, second = pickup(room)
    browser = room.browser("manager")
    assert second not in browser.get(f"/drops/{drop.id}/pickups?q=6688").text
    assert second in browser.get(f"/drops/{drop.id}/pickups?q=1234").text
    assert second in browser.get(f"/drops/{drop.id}/pickups?q={second[-4:]}").text
    page = browser.get(f"/drops/{drop.id}/pickups?q=小王").text
    assert "收 ¥59.8" in page
    browser.post(f"/drops/{drop.id}/pickups", {"order": first, "paid": "yes", "nonce": nonce_of(browser)})
    room.stage.settle()
    assert order_of(room, first).status == "received"
    assert drop.money().paid_fen == 3 * 2990
    browser.get(f"/drops/{drop.id}/pickups")
    assert "1 / 2" in browser.page
    browser.post(f"/drops/{drop.id}/pickups/undo", {"order": first, "nonce": nonce_of(browser)})
    assert "已撤销" in browser.page
    assert (order_of(room, first).status, order_of(room, first).received_at) == ("paid", None)
    browser.get(f"/drops/{drop.id}/pickups")
    browser.post(f"/drops/{drop.id}/pickups", {"order": first, "nonce": nonce_of(browser)})
    drop.pass_minutes(25 * 60)
    browser.get(f"/drops/{drop.id}/pickups")
    browser.post(f"/drops/{drop.id}/pickups/undo", {"order": first, "nonce": nonce_of(browser)})
    assert "不能撤销" in browser.page
    assert order_of(room, first).status == "received"


def test_arrival_is_told_to_each_alone(room: Room) -> None:
    drop, first, _ = pickup(room)
    browser = room.browser("manager")
    browser.get(f"/drops/{drop.id}/picks")
    browser.post("/orders/mark", {"order": [first], "mark": "arrived", "nonce": nonce_of(browser)})
    room.stage.settle()
    told = [row for row in room.stage.outbox() if "到货了，请到东门便利店自提" in row.text]
    assert [row.group_id for row in told] == [None]


def test_the_unpaid_are_reminded_in_private_at_most_once_a_day(room: Room) -> None:
    drop, first, _ = pickup(room)
    browser = room.browser("manager")

    def remind() -> int:
        browser.get(f"/drops/{drop.id}/picks")
        browser.post(f"/drops/{drop.id}/picks/remind", {"nonce": nonce_of(browser)})
        room.stage.settle()
        return sum(f"{first} 还没付款" in row.text and row.group_id is None for row in room.stage.outbox())

    assert [remind(), remind()] == [1, 1]
    drop.pass_minutes(25 * 60)
    assert remind() == 2


def test_a_pickup_code_typed_or_scanned_finds_the_order_takes_the_money_and_ticks(room: Room) -> None:
    drop, first, second = pickup(room)
    browser = room.browser("manager")
    secret = room.desk.secret.decode()
    code = member_links.pickup_code(secret, first)
    page = browser.get(f"/take?code={code[:3]}%20{code[3:]}").text
    assert first in page
    assert "收 ¥59.8，取货" in page
    form = {"order": first, "paid": "yes", "nonce": nonce_of(browser), "back": f"/console/take?code={code}"}
    browser.post(f"/drops/{drop.id}/pickups", form)
    room.stage.settle()
    assert order_of(room, first).status == "received"
    assert "已取货" in browser.page
    scanned = member_links.pickup_link("", secret, second).removeprefix("/console")
    assert second in browser.get(scanned).text
    assert "没有这个取货码" in browser.get(f"/take?order={second}&code={code}").text
    assert "没有这个取货码" in browser.get("/take?code=12ab").text
    assert second in browser.get(f"/drops/{drop.id}/pickups?q={member_links.pickup_code(secret, second)}").text
    assert room.browser("viewer").get("/take").status_code == 403


def test_a_large_workbook_shows_how_far_it_is_and_is_handed_out_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    drop, _, _ = pickup(room)
    monkeypatch.setattr(handing, "AT_ONCE", 1)
    browser = room.browser("manager")
    browser.get(f"/drops/{drop.id}/picks")
    browser.post(f"/drops/{drop.id}/picks/file", {"form": "xlsx"})
    found = re.search(r"/console/files/([0-9a-f]{24})", browser.page)
    assert found is not None
    manager_id = next(iter(room.desk.files._files.values())).owner_id
    file = room.desk.files.find(found[1], manager_id)
    assert file is not None
    assert len(openpyxl.load_workbook(io.BytesIO(file.made.result(timeout=10))).worksheets[0]["A"]) == 3
    assert "做好了，共 3 行" in browser.get(f"/files/{found[1]}").text
    assert room.browser("admin").get(f"/files/{found[1]}").status_code == 404
    assert browser.get(f"/files/{found[1]}/get").headers["content-disposition"].endswith('.xlsx"')
    assert browser.get(f"/files/{found[1]}/get").status_code == 404


def test_files_have_a_bound_and_one_that_fails_says_so(room: Room) -> None:
    files, gate = room.desk.files, threading.Event()
    browser = room.browser("manager")
    with room.stage.database.read() as session:
        mine = operators.find_by_name(session, "周姐").id  # type: ignore[union-attr]

    def build(told: Callable[[int], None]) -> bytes:
        told(500)
        assert gate.wait(10)
        raise ValueError("broken")

    made = [files.start(mine, "x.xlsx", 1_000, build) for _ in range(MOST_KEPT)]
    with pytest.raises(Full):
        files.start(mine, "y.xlsx", 1_000, build)
    while not made[0].written:
        threading.Event().wait(0.01)
    assert "已写 500 / 1,000 行" in browser.get(f"/files/{made[0].id}").text
    gate.set()
    assert made[-1].made.exception(timeout=10) is not None
    assert "没有做成" in browser.get(f"/files/{made[0].id}").text
    room.stage.time += timedelta(minutes=16)
    assert files.start(mine, "z.xlsx", 1_000, build).id not in [one.id for one in made]


def test_paper_that_leaves_orders_out_says_so_at_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Loud(FPDF):
        def multi_cell(self, w: float, h: float | None = None, text: str = "", *more: Any, **named: Any) -> Any:
            said.append(text)
            return super().multi_cell(w, h, text, *more, **named)

    monkeypatch.setattr(picklists, "FPDF", Loud)
    picks = [Pick(f"ord_{n}", "m", f"邻居{n}", "", "东西"[n % 2], (("草莓", 1),), "", "", 0, False, False) for n in range(4)]
    picklists.printed("团", picks, Words(), most=4)
    assert not any("只印了" in words for words in said)
    picklists.printed("团", picks, Words(), most=3)
    assert sum(words == "只印了前 3 单，一共 4 单；完整的请下载 XLSX。" for words in said) == 2
