"""Fixtures: a WeCom server and shops connected to it, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.channels.wecom_place import Shop
from tests.channels.wecom_server import WecomServer


@pytest.fixture
def wecom_server() -> Iterator[WecomServer]:
    server = WecomServer()
    yield server
    server.close()


@pytest.fixture
def make_wecom_shop(database_url: str, tmp_path: Path, wecom_server: WecomServer) -> Iterator[Callable[..., Shop]]:
    made: list[Shop] = []

    def make(**options: Any) -> Shop:
        url = "" if database_url.startswith("sqlite") else database_url
        made.append(Shop(tmp_path / "home", wecom_server, url, **options))
        return made[-1]

    yield make
    for shop in made:
        shop.close()


@pytest.fixture
def wecom_shop(make_wecom_shop: Callable[..., Shop]) -> Shop:
    return make_wecom_shop()
