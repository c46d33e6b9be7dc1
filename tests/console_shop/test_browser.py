"""The test bench and a handover in a real browser, on a desk and on a phone."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright

from tests.console.conftest import PASSWORD, Room
from tests.needs import need

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)
SIZES = [pytest.param((1280, 800), id="desk"), pytest.param((390, 844), id="phone")]
Open = Callable[[tuple[int, int]], Page]


@pytest.fixture
def address(room: Room) -> Iterator[str]:
    """The console, served on a free port."""
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(room.app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{place.getsockname()[1]}/console"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def open_page(room: Room, address: str) -> Iterator[Open]:
    """A browser of a size, signed in as a manager; it fails on anything the page's policy or script refuses."""
    need(CHROMIUM, "no Chromium to drive")
    room.hire("周姐", "manager")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        troubles: list[str] = []

        def open_one(size: tuple[int, int]) -> Page:
            page = chromium.new_page(
                viewport={"width": size[0], "height": size[1]}, locale="zh-CN", base_url=address
            )
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
            page.goto(f"{address}/sign-in")
            page.get_by_label("名字").fill("周姐")
            page.get_by_label("密码").fill(PASSWORD)
            page.get_by_role("button", name="登录").click()
            page.wait_for_url("**/today")
            return page

        yield open_one
        chromium.close()
    assert troubles == []


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Any]]:
    """Does something in another thread and waits for it: the driver's event loop lives in this one."""
    with ThreadPoolExecutor(1) as threads:
        yield lambda act, *given: threads.submit(act, *given).result()


def fits(page: Page) -> bool:
    """Nothing stands out to the right of the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", SIZES)
def test_the_test_bench_answers_in_place(room: Room, address: str, open_page: Open, size: tuple[int, int]) -> None:
    room.stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗", "送不送到家"])
    page = open_page(size)
    page.goto(f"{address}/faq/bench")
    page.get_by_label("成员说").fill("能送上楼吗")
    page.get_by_label("@我或私聊").check()
    page.evaluate("document.body.dataset.same = 'page'")
    page.get_by_role("button", name="看看").click()
    expect(page.locator("#answer-words")).to_have_text("满39元送上楼。")
    assert page.evaluate("document.body.dataset.same") == "page"
    assert "q=" in page.url
    assert fits(page)
    page.get_by_label("成员说").fill("今天风真大")
    page.get_by_label("在群里随口说").check()
    page.get_by_role("button", name="看看").click()
    expect(page.locator("#verdict h2").first).to_have_text("保持沉默")
    page.reload()
    expect(page.get_by_label("成员说")).to_have_value("今天风真大")


@pytest.mark.parametrize("size", SIZES)
def test_an_operator_takes_a_conversation_and_answers_in_it(
    room: Room, address: str, open_page: Open, elsewhere: Callable[..., Any], size: tuple[int, int]
) -> None:
    stage = room.stage
    elsewhere(stage.says, "小王", "坏果怎么赔")
    page = open_page(size)
    page.goto(f"{address}/handovers")
    expect(page.get_by_text("没有人在等")).to_be_visible()
    elsewhere(stage.says, "小王", "转人工")
    page.get_by_role("button", name="接手").click(timeout=15_000)
    page.get_by_label("回复 小王").fill("拍张照，坏几个退几个")
    assert fits(page)
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".said.ours .words").last).to_have_text("@小王 拍张照，坏几个退几个")
    elsewhere(stage.pass_time, 1)
    assert stage.channel.said[-1] == ("stage:g", "拍张照，坏几个退几个")
    elsewhere(stage.pass_time, 1)
    elsewhere(stage.says, "小王", "好的谢谢")
    expect(page.locator(".said .words").last).to_have_text("好的谢谢", timeout=15_000)
    page.get_by_role("button", name="结束", exact=True).click()
    expect(page.get_by_text("会话已结束")).to_be_visible()
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_text("周姐 处理中")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_no_page_is_wider_than_its_screen(
    room: Room, address: str, open_page: Open, elsewhere: Callable[..., Any], size: tuple[int, int]
) -> None:
    entry_id = room.stage.knows("可以送货上门吗？" * 20, "https://shop.example/" + "very-long-path/" * 20)
    product_id = room.stage.sells("云南高山奶油草莓" * 10, 12_345_678_900)
    elsewhere(room.stage.says, "长" * 60, "W" * 400)
    elsewhere(room.stage.says, "长" * 60, "转人工")
    member = room.stage.log()[0].member_id
    page = open_page(size)
    for path in (
        "handovers", "handovers/1", "faq", f"faq/{entry_id}", "faq/bench?q=可以送货上门吗&to=us", "products",
        f"products/{product_id}", "groups", "groups/stage:g", "groups/new", "members", f"members/{member}",
    ):
        page.goto(f"{address}/{path}")
        assert fits(page), path
