"""Fixtures: a place with a drop, and visitors with cookies."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.telling import lane_of
from bot.trading import DropCancelAsked, DropClosingDue, DropJoinAsked, DropOpeningDue, PaymentReceived
from handlers.group_buy import actions
from storage import drops, orders, products
from storage.base import AnyRow
from tests.web.conftest import browser, here, open_tab
from tests.web.place import PATIENCE, Place

__all__ = ["browser", "here", "open_tab"]
_numbers = itertools.count(1)


class Market:
    """A drop in a group of a place."""

    def __init__(self, place: Place, kind: str = "flash", *, is_open: bool = True, names: Sequence[str] = ("奶油草莓",), **more: Any) -> None:
        self.place = place
        self.group_id = place.group()
        self.skus = [self._sells(name, more.pop("stock", 50) if number == 0 else 50) for number, name in enumerate(names)]
        steps: Sequence[Mapping[str, Any]] = [
            one | ({"sku_id": self.skus[0]} if one["kind"] == "tier" else {}) for one in more.pop("steps", ())
        ]
        limit, groups = more.pop("stock_limit", 40), more.pop("groups", [self.group_id])
        values = {"kind": kind, "title": "周末草莓团", "pays": "pickup", "pickup_point": "南门驿站"} | more
        offers = [{"sku_id": sku, "price_fen": 2990, "stock_limit": limit} for sku in self.skus]
        with place.database.write() as session:
            self.id = actions.plan_drop(session, values, offers, groups, place.operator.now(), steps)
            self.code = drops.get(session, self.id).code
        if is_open:
            self.hear(DropOpeningDue, drop_id=self.id)

    def _sells(self, name: str, stock: int) -> str:
        product_id = f"p{next(_numbers)}"
        values = {
            "id": product_id, "name": name, "brief": "", "unit": "份", "price_fen": 3990, "list_price_fen": None, "is_on_sale": True,
            "category": [], "aliases": [], "attributes": [],
        }
        skus = [{"id": f"{product_id}-1", "specs": ["标准"], "price_fen": 3990, "stock": stock}]
        with self.place.database.write() as session:
            products.save(session, values, skus, self.place.operator.now())
        return f"{product_id}-1"

    def event(self, kind: type[Any], *, who: str | None = None, **values: Any) -> Any:
        return kind(
            key=f"{kind.__name__}:{next(_numbers)}", lane=lane_of(self.id), occurred_at=self.place.operator.now(), channel="web",
            conversation=lane_of(self.id), group_id=self.group_id, member_id=who and f"web:m_{who}", member_name=who, **values,
        )

    def hear(self, kind: type[Any], **values: Any) -> Any:
        return self.place.operator.dispatcher.submit(self.event(kind, **values)).result(timeout=PATIENCE)

    def takes(self, who: str, count: int = 1, **more: Any) -> None:
        """Somebody joins by another way than the page."""
        handled = self.hear(DropJoinAsked, who=who, drop_id=self.id, skus=(self.skus[0],), quantities=(count,), **more)
        assert handled.outcome == "done", handled

    def pays(self, order_id: str, amount_fen: int) -> None:
        self.hear(PaymentReceived, order_id=order_id, reference=f"r{next(_numbers)}", amount_fen=amount_fen, by="operator:1")

    def close(self) -> None:
        self.hear(DropClosingDue, drop_id=self.id, is_early=True)

    def call_off(self) -> None:
        self.hear(DropCancelAsked, drop_id=self.id, by="operator:1", text="货没到")

    def shift(self, **times: timedelta) -> None:
        """Move times of the drop to so long from now."""
        now = self.place.operator.now()
        with self.place.database.write() as session:
            drops.change(session, self.id, drops.STATUSES, **{name: now + ahead for name, ahead in times.items()})

    def orders(self) -> Sequence[AnyRow]:
        with self.place.database.read() as session:
            return orders.find_alive(session, self.id)

    def visitor(self) -> Visitor:
        return Visitor(self)


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.client = httpx.Client(
            base_url=f"http://{market.place.host}", timeout=PATIENCE, headers={"Accept-Language": "zh-CN,zh;q=0.9"}
        )

    def get(self, tail: str = "", **options: Any) -> httpx.Response:
        return self.client.get(f"/d/{self.market.code}{tail}", **options)

    def form(self, **written: Any) -> dict[str, Any]:
        """The form as it was handed out, filled in."""
        page = self.get("/join").text
        found = re.search(r'name="ask" value="([^"]+)"', page)
        assert found is not None, page
        return {"ask": found[1], "offer": "A", "count": 1} | written

    def post(self, form: Mapping[str, Any], **options: Any) -> httpx.Response:
        return self.client.post(f"/d/{self.market.code}/join", data=dict(form), **options)

    def joins(self, nickname: str = "小王爷", count: int = 1, **more: Any) -> httpx.Response:
        return self.post(self.form(nickname=nickname, count=count, **more))


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
