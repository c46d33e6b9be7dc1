"""A post in a real browser, on a desk and on a phone: written, planned, dragged to another day, and said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Room
from tests.console_posts.conftest import Planner, said_in
from tests.console_shop.test_browser import SIZES, Open, address, elsewhere, fits, open_page

__all__ = ["address", "elsewhere", "open_page"]
pytestmark = pytest.mark.browser


def drag(page: Page, what: Locator, to: Locator) -> None:
    what.scroll_into_view_if_needed()
    start, end = what.bounding_box(), to.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


@pytest.mark.parametrize("size", SIZES)
def test_a_post_is_written_planned_dragged_and_said(
    room: Room, planner: Planner, address: str, open_page: Open, elsewhere: Callable[..., Any], size: tuple[int, int]
) -> None:
    page, is_phone = open_page(size), size[0] < 500
    page.goto(f"{address}/posts/new")
    page.get_by_label("标题", exact=True).fill("晚安")
    page.get_by_label("文字", exact=True).first.fill("晚安，{{ group.name }}")
    expect(page.locator("#preview .words")).to_have_text("晚安，g群")
    page.get_by_label("预览：用这个群的真实数据").select_option("stage:h")
    expect(page.locator("#preview .words")).to_have_text("晚安，h群")
    assert fits(page)
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_role("link", name="排进日历").click()
    page.get_by_label("日期", exact=True).fill("2026-03-03")
    page.get_by_label("时间", exact=True).fill("20:00")
    page.get_by_label("g群").check()
    assert fits(page)
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/calendar?*")
    if is_phone:
        page.wait_for_url("**view=agenda*")
        page.goto(f"{address}/calendar?view=agenda&day=2026-03-02")
    chip = page.locator('[data-day="2026-03-03"] [data-plan]')
    expect(chip).to_have_count(1)
    assert fits(page)
    drag(page, chip.locator(".grip") if is_phone else chip, page.locator('[data-day="2026-03-04"]'))
    expect(page.locator('[data-day="2026-03-04"] [data-plan]')).to_contain_text("20:00")
    expect(page.get_by_role("button", name="撤销")).to_be_visible()
    elsewhere(planner.at, 20, 0, 3)
    elsewhere(planner.stage.settle)
    assert said_in(planner) == []
    elsewhere(planner.at, 20, 0, 4)
    elsewhere(planner.stage.settle)
    assert said_in(planner) == ["晚安，g群"]
    page.goto(f"{address}/calendar?view=agenda&day=2026-03-04")
    expect(page.locator('[data-day="2026-03-04"] .event')).to_contain_text("发出了")


def test_a_click_on_a_day_begins_a_plan(room: Room, planner: Planner, address: str, open_page: Open) -> None:
    planner.post()
    page = open_page((1280, 800))
    page.goto(f"{address}/calendar?view=month&day=2026-03-02")
    page.locator('[data-day="2026-03-19"]').click(position={"x": 60, "y": 80})
    expect(page.get_by_label("日期", exact=True)).to_have_value("2026-03-19")


@pytest.mark.parametrize("size", SIZES)
def test_no_page_is_wider_than_its_screen(
    room: Room, planner: Planner, address: str, open_page: Open, size: tuple[int, int]
) -> None:
    post = planner.post("https://shop.example/" + "very-long-path/" * 20, "advert", title="云南高山奶油草莓" * 10)
    plan = planner.plan(post, "每天 12:00", name="W" * 90)
    page = open_page(size)
    for path in (
        "posts", f"posts/{post}", "posts/new", "calendar?view=month&group=stage:g", "calendar?view=week", "calendar?view=agenda",
        "calendar/plans", f"calendar/plans/{plan}", "calendar/plans/new", "calendar/dry-run", "calendar/rules",
        f"calendar/one/{plan}?slot=2026-03-04T04:00:00Z",
    ):
        page.goto(f"{address}/{path}")
        assert fits(page), path
