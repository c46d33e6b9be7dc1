"""Drops in a real browser, on a phone and on a desktop, with and without JavaScript."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import DESKTOP, PHONE
from tests.web.place import Place
from tests.web_drops.conftest import Market

pytestmark = pytest.mark.browser
Tabs = Callable[..., Page]
SHOTS = os.environ.get("TUAN_TEST_SHOTS", "")  # a folder to look at pictures of these scenes


def _keep(tab: Page, name: str) -> None:
    if SHOTS:
        tab.screenshot(path=f"{SHOTS}/{name}.png", full_page=False)


def _market(here: Place, **more: Any) -> Market:
    market = Market(here, "team", team_size=3, names=("云南高山奶油草莓", "智利车厘子"), title="周末草莓团", words="当天现摘，坏果包赔。", **more)
    for number, name in enumerate(("王小雨", "李建国", "Mei L.", "陈欣怡", "13812345678")):
        market.takes(name, 1 + number % 3)
    return market


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_joining_in_two_taps(here: Place, open_tab: Tabs, size: dict[str, int], with_script: bool) -> None:
    market = _market(here)
    name = f"{size['width']}-{'js' if with_script else 'plain'}"
    tab = open_tab(path=f"/d/{market.code}", viewport=size, java_script_enabled=with_script)
    expect(tab.get_by_role("heading", level=1)).to_have_text("周末草莓团")
    if with_script:
        expect(tab.locator("#clock")).to_have_text(re.compile(r"^1 天 23 : 59 : \d\d$"))
        assert tab.evaluate("document.documentElement.scrollWidth") == size["width"]
    else:
        expect(tab.locator("#clock")).to_have_text("47 小时 59 分钟")
    _keep(tab, f"drop-{name}")
    tab.get_by_role("link", name="立即参团").click()
    tab.fill("[name=nickname]", "赵六")
    if with_script:
        more = tab.get_by_role("button", name=re.compile(r"智利车厘子.*\+1"))
        more.click()
        more.click()
        expect(tab.locator("#total")).to_have_text("¥59.8")
        assert tab.evaluate("document.documentElement.scrollWidth") == size["width"]
    else:
        tab.fill("[name=n_B]", "2")
        expect(tab.get_by_role("button", name="+1", exact=False)).to_have_count(0)
    _keep(tab, f"join-{name}")
    tab.get_by_role("button", name="确认参团").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("已参团")
    expect(tab.get_by_text("取货时付款")).to_be_visible()
    _keep(tab, f"order-{name}")
    (order,) = [one for one in market.orders() if one.member_name == "赵六"]
    assert order.total_fen == 5980
    tab.get_by_role("link", name="分享海报").click()
    expect(tab.locator("img.poster")).to_be_visible()
    tab.get_by_text("写「赵*」").click()
    tab.get_by_role("button", name="更新海报").click()
    expect(tab.locator("img.poster")).to_have_attribute("src", re.compile("by="))
    if with_script:
        expect(tab.locator("img.poster")).to_have_js_property("naturalWidth", 720)
    _keep(tab, f"share-{name}")


def test_the_open_page_follows_the_drop_by_itself(here: Place, open_tab: Tabs) -> None:
    market = Market(here)
    tab = open_tab(path=f"/d/{market.code}", viewport=PHONE)
    expect(tab.locator("#live")).to_contain_text("已团 0 份")
    market.takes("小王", 3)
    expect(tab.locator("#live")).to_contain_text("已团 3 份", timeout=8_000)
    expect(tab.locator("#live")).to_contain_text("小* 参团 3 份")
    market.close()
    expect(tab.locator("#live")).to_contain_text("活动已结束", timeout=8_000)
    expect(tab.get_by_role("link", name="立即参团")).to_have_count(0)
    _keep(tab, "closed")


def test_the_countdown_follows_the_servers_clock(here: Place, open_tab: Tabs) -> None:
    market = Market(here)
    market.shift(closes_at=timedelta(minutes=30))
    tab = open_tab(path="/", viewport=PHONE)
    tab.add_init_script("const real = Date.now; Date.now = () => real() - 3 * 3600 * 1000;")
    tab.goto(f"http://{here.host}/d/{market.code}")
    expect(tab.locator("#clock")).to_have_text(re.compile(r"^00 : (29 : \d\d|30 : 00)$"))


def test_who_talks_in_the_group_joins_as_the_same_member(here: Place, open_tab: Tabs) -> None:
    market = Market(here)
    tab = open_tab("小王爷", viewport=PHONE)
    tab.goto(f"http://{here.host}/d/{market.code}/join")
    expect(tab.locator("[name=nickname]")).to_have_value("小王爷")
    tab.get_by_role("button", name="确认参团").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("已参团")
    assert here.present(market.group_id) == ["小王爷"]


def test_the_page_in_the_dark_and_in_english(here: Place, open_tab: Tabs) -> None:
    market = _market(here)
    tab = open_tab(path=f"/d/{market.code}?lang=en", viewport=PHONE, color_scheme="dark")
    expect(tab.get_by_role("link", name="Join now")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    _keep(tab, "english-dark")
    tab.get_by_role("link", name="Join now").click()
    _keep(tab, "join-english-dark")
    expect(tab.get_by_role("button", name="Confirm")).to_be_visible()
