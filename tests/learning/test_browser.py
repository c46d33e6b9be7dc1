"""The learning pages in a real browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console_shop.test_browser import SIZES, Open, address, elsewhere, fits, open_page
from tests.learning.conftest import Room, School

__all__ = ["address", "elsewhere", "open_page"]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", SIZES)
def test_a_proposal_is_accepted_in_two_taps_and_every_page_fits(
    school: School, room: Room, address: str, open_page: Open, elsewhere: Callable[..., Any], size: tuple[int, int]
) -> None:
    def asked() -> None:
        school.stage.says("小王", "能开发票吗", to_us=True)
        school.stage.says("李四", "可以帮我开发票吗", to_us=True)
        school.reads()

    elsewhere(asked)
    page = open_page(size)
    for path in ("health?days=7", "health?days=30", "demand", "questions"):
        page.goto(f"{address}/learning/{path}")
        assert fits(page), path
    page.goto(f"{address}/learning")
    assert fits(page)
    page.get_by_text("忽略…").click()
    expect(page.get_by_label("为什么忽略")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="写成问答").click()
    assert fits(page)
    page.get_by_label("答案").fill("可以，下单时备注抬头。")
    page.get_by_role("button", name="采纳").click()
    expect(page.get_by_role("status")).to_contain_text("已写进问答")
    expect(page.get_by_text("没有新的建议")).to_be_visible()
    assert len(school.stage.shelf.knowledge) == 1
