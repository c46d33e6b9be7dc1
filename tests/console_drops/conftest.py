"""The room of the console's scenes with a stall in it: a product to sell, and drops that members join."""

from __future__ import annotations

import re
from typing import Any

from storage import drops, orders, products
from tests.console.conftest import Browser, Room, room
from tests.group_buy.stall import StallStage

__all__ = ["FORM", "draft", "nonce_of", "room", "stall", "stock_of"]

FORM = {
    "page": "3", "do": "save", "kind": "flash", "title": "草莓秒杀", "words": "今早现摘", "pays": "before", "hold_minutes": "30",
    "team_hours": "24", "price": "29.9", "limit": "20", "deposit": "", "floor": "", "group": "stage:g",
}


def stall(room: Room, kind: str = "flash", **more: Any) -> StallStage:
    """An open drop on the room's stage."""
    return StallStage(room.stage, kind, **more)


def draft(room: Room, browser: Browser, **more: object) -> str:
    """A drop written with the wizard; gives its id."""
    room.stage.hear(room.stage.message("掌柜", "早上好"))
    sku = room.stage.sells("奶油草莓", 3990, 50) + "-1"
    browser.get("/drops/new")
    answer = browser.post("/drops/new", FORM | {"sku": sku} | more)
    found = re.search(r"/console/drops/(drp_\w+)$", str(answer.url))
    assert found is not None, re.findall(r'class="fault[^>]*>([^<]+)', browser.page)
    return found[1]


def nonce_of(browser: Browser) -> str:
    """The number of the form on the page."""
    found = re.search(r'name="nonce" value="([0-9a-f]{24})"', browser.page)
    assert found is not None
    return found[1]


def stock_of(room: Room, sku_id: str) -> int:
    with room.stage.database.read() as session:
        return next(sku.stock for sku in products.find_skus(session, sku_id.rsplit("-", 1)[0]) if sku.id == sku_id)


def status_of(room: Room, drop_id: str) -> str:
    with room.stage.database.read() as session:
        return str(drops.get(session, drop_id).status)


def order_of(room: Room, order_id: str) -> Any:
    with room.stage.database.read() as session:
        return orders.get(session, order_id)
