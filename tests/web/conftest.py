"""Fixtures: places to talk, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.needs import need
from tests.web.place import Place

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
EXPECTED = ("WebSocket", "ERR_", "status of 415")  # the browser itself tells of broken connections and refusals
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture
def make_place(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Places with settings of the scene's own, closed after it."""
    made: list[Place] = []

    def make(**options: Any) -> Place:
        made.append(Place(tmp_path / "home", "" if database_url.startswith("sqlite") else database_url, **options))
        return made[-1]

    yield make
    for place in made:
        place.close()


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    """A place on SQLite with one group, for scenes in a browser."""
    place = Place(tmp_path / "home")
    place.group()
    yield place
    place.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    need(Path(CHROMIUM).exists(), f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@pytest.fixture
def open_tab(browser: Browser, here: Place) -> Iterator[Callable[..., Page]]:
    """Tabs that join as a member; a fault in any tab's console fails the scene."""
    faults: list[str] = []
    contexts = []

    def open_one(nickname: str | None = None, path: str = "/g/garden", **options: Any) -> Page:
        wanted = {"viewport": DESKTOP, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"} | options
        contexts.append(browser.new_context(**wanted))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(10_000)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        tab.goto(f"http://{here.host}{path}")
        if nickname is not None:
            tab.fill("#nickname", nickname)
            tab.click("#join-form button")
            tab.wait_for_selector("#dot.is-online")
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not any(known in fault for known in EXPECTED)] == []
