"""From a member's own link to the last fen of a commission, in a real browser: phones of two members, an admin's desk."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bot.trading import DropOpeningDue
from handlers.rewards import replay
from storage import commissions
from storage.operators import Operator
from tests.console.conftest import HASH, PASSWORD
from tests.web.conftest import DESKTOP, PHONE, browser, here, open_tab
from tests.web.place import Place
from tests.web_drops.conftest import Market

__all__ = ["browser", "here", "open_tab"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
Tabs = Callable[..., Page]


def _desk(here: Place, open_tab: Tabs) -> Page:
    with here.database.write() as session:
        session.add(Operator(name="老板", role="admin", password_hash=HASH, created_at=here.operator.now(), must_change_password=False))
    desk = open_tab(path="/console", viewport=DESKTOP)
    desk.get_by_label("名字").fill("老板")
    desk.get_by_label("密码").fill(PASSWORD)
    desk.get_by_role("button", name="登录").click()
    desk.wait_for_url("**/today")
    return desk


def _go(desk: Page, here: Place, path: str) -> None:
    desk.goto(f"http://{here.host}/console{path}")


def _start_campaign(desk: Page, here: Place) -> None:
    _go(desk, here, "/campaigns/new")
    desk.get_by_label("活动名称").fill("邻居推荐")
    desk.get_by_label("售后期（天）").fill("0")
    desk.get_by_label("数额（% 或元或分）").first.fill("10")
    desk.get_by_role("button", name="存为草稿").click()
    expect(desk.get_by_text("推荐人：每个订单 10% 佣金（全店商品）").first).to_be_visible()
    desk.get_by_role("button", name="开始活动").click()
    expect(desk.get_by_text("活动已开始")).to_be_visible()


def _ask_for_link(tab: Page) -> str:
    tab.fill("#text", "我的链接")
    tab.press("#text", "Enter")
    tab.click("#tab-private")
    words = tab.locator("#list-private .words", has_text="/r/").last
    expect(words).to_be_visible()
    found = re.search(r"/r/[2-9A-Z]{8}", words.inner_text())
    assert found is not None
    return found[0]


def _mark(desk: Page, here: Place, button: str) -> None:
    _go(desk, here, "/orders")
    desk.get_by_label("勾选 李四").check()
    desk.get_by_role("button", name=button, exact=True).click()


def _wait_for(desk: Page, here: Place, path: str, words: str) -> None:
    """The clock goes round once a second."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        _go(desk, here, path)
        if words in desk.inner_text("body"):
            return
        time.sleep(0.3)
    raise AssertionError(f"{words} is not on {path}: {desk.inner_text('body')}")


def test_from_the_link_to_the_payout_and_back(here: Place, open_tab: Tabs) -> None:
    market = Market(here, "flash", is_open=False, pays="before", pickup_point="南门驿站")
    desk = _desk(here, open_tab)
    _start_campaign(desk, here)

    link = _ask_for_link(open_tab("小王", viewport=PHONE))
    market.hear(DropOpeningDue, drop_id=market.id)
    phone = open_tab(path=link, viewport=PHONE)
    phone.fill("#nickname", "李四")
    phone.click("#join-form button")
    phone.wait_for_selector("#dot.is-online")
    phone.goto(f"http://{here.host}/d/{market.code}")
    phone.get_by_role("link", name="立即参团").click()
    phone.locator("[name=nickname][readonly]").wait_for(state="attached")  # known from the group
    phone.get_by_role("button", name="确认参团").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("已参团")

    (order,) = market.orders()
    _go(desk, here, f"/disputes/{order.id}")
    expect(desk.get_by_text("是 小王 带来的，在 30 天有效期内").first).to_be_visible()
    _mark(desk, here, "已付款")
    _wait_for(desk, here, "/commissions", "待结算 佣金 ¥2.99")
    _mark(desk, here, "已取货")
    _wait_for(desk, here, "/payouts", "可结算：1 人，共 ¥2.99")

    desk.get_by_role("button", name="提出一批结算").click()
    desk.get_by_label("我核对过了").check()
    desk.get_by_role("button", name="批准付款").click()
    desk.get_by_label("钱都付出去了").check()
    desk.get_by_role("button", name="记为已付").click()
    expect(desk.get_by_text("已记为付清")).to_be_visible()

    _go(desk, here, f"/orders/{order.id}/refund")
    desk.get_by_label("金额（元，空着是全部）").fill("14.95")
    desk.get_by_label("原因").fill("坏了一半")
    desk.get_by_role("button", name="下一步").click()
    desk.get_by_role("button", name=re.compile("^确认退")).click()
    _go(desk, here, "/payouts")
    expect(desk.get_by_text("另有欠店里的 ¥1.5，从以后的佣金里扣。")).to_be_visible()
    with here.database.read() as session:
        assert [(row.amount, row.state) for row in commissions.find_of_order(session, order.id)] == [(149, "paid")]
        assert list(replay.replay(session)) == []
