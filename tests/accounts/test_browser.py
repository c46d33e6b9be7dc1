"""The channels page in a real browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.channels.base import Link
from storage import accounts
from tests.accounts.conftest import put, second_account
from tests.console.conftest import Room, room
from tests.console_shop.test_browser import SIZES, Open, address, elsewhere, fits, open_page

__all__ = ["address", "elsewhere", "open_page", "room"]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", SIZES)
def test_an_operator_sees_an_account_break_takes_groups_and_pauses(
    room: Room, address: str, open_page: Open, elsewhere: Callable[..., Any], size: tuple[int, int]
) -> None:
    stage = room.stage
    with stage.database.write() as session:
        accounts.keep(session, [("stage", "stage")], stage.time)
        accounts.set_budgets(session, "stage", {("account", 3600): 12, ("group", 86_400): 3})
    second_account(stage)
    stage.parts.is_ours = lambda channel: False
    elsewhere(stage.says, "小王", "你好")
    elsewhere(partial(stage.says, group="very-long-group-name-" * 3), "小王", "你好")
    page = open_page(size)
    page.goto(f"{address}/channels")
    expect(page.locator("#live").get_by_text("已连接").first).to_be_visible()
    assert fits(page)
    stage.channel.standing.link = Link.DEAF
    expect(page.get_by_text("断线了，正在重连")).to_be_visible(timeout=15_000)
    stage.channel.standing.link = Link.CONNECTED
    page.locator("input[name=group]").first.check()
    page.get_by_role("button", name="由我们管").click()
    expect(page.get_by_text("1 个群由我们管了。")).to_be_visible()
    put(stage, *[f"帖{number}" for number in range(5)])
    elsewhere(stage.settle)
    page.goto(f"{address}/channels/stage")
    expect(page.get_by_text("3 / 3")).to_be_visible()
    expect(page.get_by_text("这个群的发送额度用完了").first).to_be_visible()
    assert fits(page)
    page.locator("header.head").get_by_role("button", name="暂停").click()
    expect(page.locator("#live").get_by_text("已暂停")).to_be_visible()
    page.locator("input[name=group]").first.check()
    page.get_by_label("确定").check()
    page.get_by_role("button", name="换账号").click()
    expect(page.get_by_text("1 个群换了账号。")).to_be_visible()
    assert fits(page)
