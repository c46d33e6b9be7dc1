"""A drop from the wizard to the pick-up in a real browser: the manager at a desk and with a phone, the member on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from storage import orders, products
from storage.operators import Operator
from tests.console.conftest import HASH, PASSWORD
from tests.web.conftest import PHONE, browser, here, open_tab
from tests.web.place import Place

__all__ = ["browser", "here", "open_tab"]
pytestmark = pytest.mark.browser
Tabs = Callable[..., Page]


def shop(place: Place) -> None:
    """Something to sell, and somebody to sell it."""
    now = place.operator.now()
    values = {
        "id": "berries", "name": "云南高山奶油草莓", "brief": "", "unit": "盒", "price_fen": 3990, "list_price_fen": None,
        "is_on_sale": True, "category": [], "aliases": [], "attributes": [],
    }
    with place.database.write() as session:
        products.save(session, values, [{"id": "berries-1", "specs": ["500 克"], "price_fen": 3990, "stock": 50}], now)
        session.add(Operator(name="周姐", role="manager", password_hash=HASH, created_at=now, must_change_password=False))


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def sign_in(tab: Page) -> None:
    tab.fill("input[name=name]", "周姐")
    tab.fill("input[name=password]", PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/console/today")


def opens_a_drop(tab: Page) -> str:
    """Through the wizard to an open drop; gives its code."""
    tab.get_by_role("link", name="团购", exact=True).first.click()
    tab.get_by_role("link", name="新团购").click()
    tab.check("input[name=kind][value=flash]")
    tab.get_by_label("活动名称", exact=True).fill("周末草莓")
    tab.get_by_role("button", name="下一步").click()
    tab.get_by_role("button", name="加入").click()
    tab.fill("input[name=price]", "29.9")
    tab.fill("input[name=limit]", "20")
    tab.get_by_role("button", name="下一步").click()
    tab.get_by_label("自提点").fill("东门便利店")
    tab.get_by_label("花园团").check()
    expect(tab.locator("#preview")).to_contain_text("周末草莓")
    tab.get_by_role("button", name="存为草稿，去核对").click()
    tab.get_by_role("button", name="现在开团").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("周末草莓")
    expect(tab.get_by_text("进行中")).to_be_visible()
    found = re.search(r"· ([2-9A-Z]{4})", tab.get_by_role("heading", level=1).inner_text())
    assert found is not None
    return found[1]


def test_from_the_wizard_to_the_pick_up(here: Place, open_tab: Tabs) -> None:
    shop(here)
    desk = open_tab(path="/console")
    sign_in(desk)
    code = opens_a_drop(desk)
    board = desk.url

    member = open_tab(path=f"/d/{code}", viewport=PHONE)
    member.get_by_role("link", name="立即参团").click()
    member.get_by_role("button", name="+1").click()
    member.fill("[name=nickname]", "赵六")
    expect(member.locator("#total")).to_have_text("¥59.8")
    member.get_by_role("button", name="确认参团").click()
    expect(member.locator("#pay")).to_contain_text("59.8")
    expect(member.get_by_text("取货码")).to_have_count(0)
    assert fits(member)

    desk.goto(f"http://{here.host}/console/orders")
    desk.get_by_role("link", name="赵六").click()
    desk.get_by_text("记为已付").click()
    desk.get_by_role("button", name="收到了").click()
    expect(desk.get_by_text("已记下收款")).to_be_visible()
    desk.goto(f"{board}/picks")
    expect(desk.get_by_text("赵六")).to_be_visible()

    member.reload()
    expect(member.get_by_text("东门便利店")).to_be_visible()
    digits = member.locator("#pickup-code").inner_text()
    assert fits(member)
    desk.set_viewport_size(PHONE)  # type: ignore[arg-type]
    desk.goto(f"http://{here.host}/console/take")
    desk.get_by_label("六位取货码").fill(digits)
    desk.get_by_role("button", name="找").click()
    expect(desk.get_by_text("赵六")).to_be_visible()
    assert fits(desk)
    desk.get_by_role("button", name="取货", exact=True).click()
    expect(desk.get_by_text("已取货", exact=True)).to_be_visible()
    member.reload()
    expect(member.get_by_role("heading", level=1)).to_have_text("已取货")
    with here.database.read() as session:
        assert [row.status for row in session.execute(orders.TABLE.select())] == [orders.RECEIVED]
