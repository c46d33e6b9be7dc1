"""A newcomer's first five minutes: the real process as `make run` starts it, a member's phone, an operator's desk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.crash import ROOT, free_port
from tests.needs import need

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)
PASSWORD = "a-long-enough-password"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@dataclass
class Running:
    """The real operator and where it is."""

    url: str
    one_time_password: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, port = tmp_path_factory.mktemp("home"), free_port()
    environment = os.environ | {"TUAN_HOME": str(folder / "data"), "TUAN_PORT": str(port), "TUAN_LANGUAGE": "zh"}
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", "from bot.cli import main; main()", "run"], cwd=ROOT, env=environment,
            stdout=file, stderr=subprocess.STDOUT,
        )
    try:
        yield Running(f"http://localhost:{port}", _wait_until_ready(port, output, process))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def _wait_until_ready(port: int, output: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://localhost:{port}/readyz").status_code == 200:
                found = re.search(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}", output.read_text("utf-8"))
                if found:
                    return found.group()
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(output.read_text("utf-8"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need(CHROMIUM, "no Chromium to drive")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


def _join(browser: Browser, url: str, name: str) -> Page:
    tab = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
    tab.goto(f"{url}/g/sunshine")
    tab.get_by_label("昵称").fill(name)
    tab.get_by_role("button", name="进群").click()
    expect(tab.locator("#text")).to_be_visible()
    return tab


def _say(tab: Page, text: str) -> None:
    tab.fill("#text", text)
    tab.press("#text", "Enter")
    expect(tab.locator(".row.is-mine:not(.is-unsent) .words").last).to_have_text(text)


def _sign_in(browser: Browser, running: Running) -> Page:
    desk = browser.new_context(viewport=DESK, locale="zh-CN").new_page()
    desk.goto(f"{running.url}/console")
    desk.get_by_label("名字").fill("admin")
    desk.get_by_label("密码").fill(running.one_time_password)
    desk.get_by_role("button", name="登录").click()
    desk.get_by_label("现在的密码").fill(running.one_time_password)
    desk.get_by_label("新密码", exact=True).fill(PASSWORD)
    desk.get_by_label("再输一次新密码").fill(PASSWORD)
    desk.get_by_role("button", name="保存").click()
    desk.wait_for_url("**/today")
    return desk


def test_from_joining_to_an_operators_answer_and_the_log(running: Running, browser: Browser) -> None:
    tab = _join(browser, running.url, "新来的")
    expect(tab.locator(".row.is-ours .words", has_text="欢迎新来的加入")).to_be_visible(timeout=10_000)
    _say(tab, "奶油草莓多少钱")
    expect(tab.locator(".row.is-ours .words", has_text="¥").last).to_contain_text("草莓")
    answers = tab.locator(".row.is-ours").count()
    _say(tab, "今天好冷")
    _say(tab, "@小团 亲子烘焙课还能报名吗")
    expect(tab.locator(".row.is-ours").last).to_contain_text("已经转给同事", timeout=10_000)
    assert tab.locator(".row.is-ours").count() == answers + 1

    desk = _sign_in(browser, running)
    desk.goto(f"{running.url}/console/handovers")
    line = desk.locator("li", has_text="新来的")
    expect(line).to_contain_text("亲子烘焙课")
    line.get_by_role("button", name="接手").click()
    desk.get_by_label("回复 新来的").fill("周六上午还有两个名额")
    desk.get_by_role("button", name="发送").click()
    expect(tab.locator(".row.is-ours .words").last).to_contain_text("周六上午还有两个名额", timeout=10_000)
    desk.get_by_role("button", name="结束", exact=True).click()
    expect(desk.get_by_text("会话已结束")).to_be_visible()

    desk.goto(f"{running.url}/console/log")
    desk.get_by_role("searchbox").first.fill("烘焙")
    desk.get_by_role("searchbox").first.press("Enter")
    expect(desk.locator("[data-row]", has_text="亲子烘焙课还能报名吗").first).to_be_visible()

    desk.goto(f"{running.url}/console/faq/bench")
    desk.get_by_label("成员说").fill("几点能自提")
    desk.get_by_role("button", name="看看").click()
    expect(desk.locator("#answer-words")).to_contain_text("下午3点")


def test_a_member_comes_back_to_what_was_said(running: Running, browser: Browser) -> None:
    tab = _join(browser, running.url, "回头客")
    _say(tab, "我先忙一会儿")
    other = _join(browser, running.url, "邻居甲")
    tab.reload()
    _say(other, "你走的时候说的")
    expect(tab.locator(".row .words", has_text="你走的时候说的")).to_have_count(1)
    expect(tab.locator(".row.is-mine .words", has_text="我先忙一会儿")).to_have_count(1)
