"""A stage with a drop on it: how scenes of buying are set, paid and proved."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.telling import lane_of
from bot.trading import (
    DropCancelAsked,
    DropClosingDue,
    DropJoinAsked,
    DropOpeningDue,
    OrderCancelAsked,
    PaymentReceived,
    RefundAsked,
)
from handlers.group_buy import actions
from storage import drops, orders, payments, products, reconciling, teams
from storage.base import AnyRow
from tests.stage import Stage

_numbers = itertools.count(1)


class StallStage:
    """One drop on a stage, with the events that happen to it."""

    def __init__(self, stage: Stage, kind: str = "flash", *, price_fen: int = 2990, stock: int = 50, **more: Any) -> None:
        self.stage = stage
        stage.hear(stage.message("掌柜", "早上好"))  # so that the group is known
        self.product_id = stage.sells("奶油草莓", 3990, stock)
        self.sku = f"{self.product_id}-1"
        offer = {"sku_id": self.sku, "price_fen": price_fen, "stock_limit": more.pop("stock_limit", stock)} | more.pop("offer", {})
        steps: Sequence[Mapping[str, Any]] = [
            one | ({"sku_id": self.sku} if one["kind"] == "tier" else {}) for one in more.pop("steps", ())
        ]
        is_open = more.pop("is_open", True)
        values = {"kind": kind, "title": "草莓团", "hold_minutes": 30} | more
        with stage.database.write() as session:
            self.id = actions.plan_drop(session, values, [offer], ["stage:g"], stage.time, steps)
        if is_open:
            self.hear(DropOpeningDue, drop_id=self.id)

    def hear(self, kind: type[Any], *, who: str | None = None, key: str | None = None, group: str | None = "g", **values: Any) -> Any:
        """One event on the drop's lane; gives its outcome and reason."""
        event = kind(
            key=key or f"{kind.__name__}:{next(_numbers)}", lane=lane_of(self.id), occurred_at=self.stage.time,
            channel="stage", conversation=lane_of(self.id), group_id=group and f"stage:{group}",
            member_id=who and f"stage:{who}", member_name=who, **values,
        )
        handled = self.stage.hear(event)[0]
        self.stage.settle()
        return next(row for row in self.stage.log() if row.id == handled.inbox_id)

    def join(self, who: str, count: int = 1, **more: Any) -> str:
        """Claim places; gives the order's id, or the rule's no."""
        row = self.hear(DropJoinAsked, who=who, drop_id=self.id, skus=(self.sku,), quantities=(count,), **more)
        assert row.outcome in ("done", "refused"), row.error
        return str(row.reason)

    def pay(self, order_id: str, amount_fen: int | None = None, reference: str | None = None) -> str:
        """Money comes in for an order; gives what became of it."""
        amount = self.order(order_id).total_fen if amount_fen is None else amount_fen
        row = self.hear(
            PaymentReceived, order_id=order_id, reference=reference or f"wx{next(_numbers)}", amount_fen=amount, by="operator:1"
        )
        return str(row.reason)

    def cancel(self, order_id: str, who: str) -> Any:
        return self.hear(OrderCancelAsked, who=who, order_id=order_id)

    def refund(self, order_id: str, amount_fen: int = 0) -> str:
        return str(self.hear(RefundAsked, order_id=order_id, amount_fen=amount_fen, by="operator:1", text="少发了").reason)

    def close(self) -> None:
        self.hear(DropClosingDue, drop_id=self.id, is_early=True)

    def call_off(self) -> None:
        self.hear(DropCancelAsked, drop_id=self.id, by="operator:1", text="货没到")

    def pass_minutes(self, minutes: float) -> list[str]:
        return self.stage.pass_time(timedelta(minutes=minutes).total_seconds())

    def order(self, order_id: str) -> AnyRow:
        with self.stage.database.read() as session:
            return orders.get(session, order_id)

    def drop(self) -> AnyRow:
        with self.stage.database.read() as session:
            return drops.get(session, self.id)

    def teams(self) -> list[AnyRow]:
        with self.stage.database.read() as session:
            return list(session.execute(teams.TABLE.select().order_by(teams.TABLE.c.opened_at, teams.TABLE.c.id)))

    def seat_states(self) -> list[str]:
        with self.stage.database.read() as session:
            return sorted(row.status for row in session.execute(teams.SEATS.select()))

    def refunds(self) -> list[tuple[str, int, str]]:
        """Each refund as (why, fen, status)."""
        with self.stage.database.read() as session:
            rows = session.execute(payments.REFUNDS.select().order_by(payments.REFUNDS.c.created_at))
            return [(row.why, row.amount_fen, row.status) for row in rows]

    def left(self) -> tuple[int, int]:
        """What the shop has left of the SKU, and what the drop has taken."""
        with self.stage.database.read() as session:
            offer = drops.find_offers(session, self.id)[0]
            return products.find_skus(session, self.product_id)[0].stock, offer.taken

    def money(self) -> reconciling.Money:
        """Where the money is, after checking that nothing is amiss and no event failed."""
        assert [row.error for row in self.stage.log() if row.error] == []
        with self.stage.database.read() as session:
            assert reconciling.find_problems(session, self.id) == []
            return reconciling.sum_money(session, self.id)
