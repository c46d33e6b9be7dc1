"""Searching the log in a real browser, with a keyboard on a desk and with a thumb on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Room
from tests.console_shop.test_browser import SIZES, Open, address, fits, open_page

__all__ = ["address", "open_page"]
pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def evening(room: Room) -> None:
    """What stands in the log; said before the browser opens, whose driver needs the thread's event loop."""
    room.stage.knows("几点发货", "下午四点前下单当天发货。", entry_id="faq_when")
    room.stage.hear(*(room.stage.message("李晓明", f"今天第{n}次下楼") for n in range(60)))
    room.stage.says("周芳", "这个草莓真甜")
    room.stage.says("王伟", "几点发货？", to_us=True)


@pytest.mark.parametrize("size", SIZES)
def test_searching_filtering_paging_and_looking_at_one(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(size)
    page.goto(page.url.replace("/today", "/log"))
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(50)
    expect(page.locator("#count")).to_contain_text(re.compile(r"\d+ 条"))
    assert fits(page)
    page.get_by_role("searchbox").fill("草莓")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("这个草莓真甜")
    assert "q=" in page.url
    assert "group=" not in page.url
    page.get_by_role("link", name="清空筛选").click()
    page.locator("select[name=outcome]").select_option("answered")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("下午四点前下单当天发货。")
    rows.locator("td.text").click()
    expect(page.get_by_role("heading", name="前后的对话")).to_be_visible()
    expect(page.locator("[aria-current=true]")).to_contain_text("几点发货？")
    assert fits(page)
    page.goto(page.url.rsplit("/", 1)[0])
    page.get_by_role("link", name="更早的").click()
    expect(rows.first).to_contain_text("今天第")
    expect(page.get_by_role("link", name="更新的")).to_be_visible()


def test_the_keyboard_reaches_search_and_rows(open_page: Open) -> None:
    page = open_page((1280, 800))
    page.goto(page.url.replace("/today", "/log"))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("tr[data-row]").nth(1).locator("a").first
    expect(second).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("tr[data-row]").first.locator("a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/console/log/\d+$"))


def test_the_page_is_dark_where_the_reader_wants_it(open_page: Open) -> None:
    page = open_page((1280, 800))

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = ground()
    page.emulate_media(color_scheme="dark")
    assert ground() != light
    page.locator(".side").get_by_role("button", name="外观").click()
    page.emulate_media(color_scheme="light")
    assert ground() != light
    page.locator(".side").get_by_role("button", name="外观").click()
    assert ground() == light


def test_an_export_comes_as_a_file(open_page: Open) -> None:
    page = open_page((1280, 800))
    page.goto(page.url.replace("/today", "/log?outcome=answered"))
    for _ in range(2):
        with page.expect_download() as waiting:
            page.get_by_role("button", name="导出 CSV").click()
        lines = waiting.value.path().read_text("utf-8-sig").splitlines()
        assert len(lines) == 2
        assert "几点发货？" in lines[1]


def test_the_phones_menu_holds_every_place(open_page: Open) -> None:
    page = open_page((390, 844))
    page.get_by_text("更多", exact=True).click()
    sheet = page.locator(".sheet")
    expect(sheet.get_by_role("link", name="商品")).to_be_visible()
    assert fits(page)
    page.locator("h1").click()
    expect(sheet).to_be_hidden()
