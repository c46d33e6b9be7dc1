"""Fixtures for scenes at the desk: a stage with a console in front of it, and operators of each role."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.console import app as console
from bot.console.passwords import hash_password
from bot.context import Shop
from bot.sender import Sender
from bot.settings import Settings
from storage.operators import Operator
from tests.stage import START, Stage

PASSWORD = "春天的第一箱草莓"
HASH = hash_password(PASSWORD)
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Browser:
    """One browser at the console: follows redirects, keeps cookies, fills in the form's token."""

    def __init__(self, app: Starlette, language: str = "zh") -> None:
        self.client = TestClient(app, headers={"accept-language": language}, raise_server_exceptions=True)
        self.page = ""

    def get(self, path: str, **more: object) -> httpx.Response:
        response = self.client.get(f"/console{path}", **more)  # type: ignore[arg-type]
        if response.headers.get("content-type", "").startswith("text/html"):
            self.page = response.text
        return response

    def post(self, path: str, data: dict[str, object] | None = None, **more: object) -> httpx.Response:
        """Send a form with the token of the last page seen."""
        found = CSRF.search(self.page)
        token = found.group(1) if found else ""
        response = self.client.post(f"/console{path}", data={"csrf": token} | (data or {}), **more)  # type: ignore[arg-type]
        self.page = response.text
        return response

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        self.get("/sign-in")
        return self.post("/sign-in", {"name": name, "password": password})


class Room:
    """A stage, its console, and browsers for operators."""

    def __init__(self, stage: Stage, home: Path) -> None:
        self.stage = stage
        settings = Settings(home=home, _env_file=None)  # type: ignore[call-arg]
        sender = Sender(stage.database, {"stage": stage.channel}, lambda: stage.time)
        self.desk = console.Desk(
            settings,
            stage.database,
            stage.dispatcher,
            sender,
            stage.shelf,
            Shop("阳光邻里", "小团", "http://localhost:8700"),
            lambda: stage.time,
        )
        self.app = Starlette(routes=console.routes(self.desk))

    def hire(self, name: str, role: str) -> None:
        """An operator whose password is PASSWORD."""
        with self.stage.database.write() as session:
            session.add(
                Operator(
                    name=name, role=role, password_hash=HASH, created_at=START, must_change_password=False
                )
            )

    def browser(self, role: str | None = None, language: str = "zh") -> Browser:
        """A browser, signed in as an operator of this role."""
        browser = Browser(self.app, language)
        if role is not None:
            name = {"admin": "老板", "manager": "周姐", "viewer": "小李"}[role]
            with self.stage.database.read() as session:
                is_known = session.query(Operator).filter(Operator.name == name).first() is not None
            if not is_known:
                self.hire(name, role)
            assert browser.sign_in(name).status_code == 200
        return browser


@pytest.fixture
def room(make_stage: Callable[..., Stage], tmp_path: Path) -> Room:
    return Room(make_stage(), tmp_path)
