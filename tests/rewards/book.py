"""A small shop's book for scenes of money: orders, touches, payments and refunds put straight through the actions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from handlers.orders import actions as order_actions
from handlers.orders import refunds
from handlers.rewards import actions, attributing, replay
from storage import attributions, campaigns, commissions, ledger, orders, payments, touches
from storage.base import AnyRow
from storage.terms import Reward, Terms
from tests.stage import START


class Book:
    """Everything happens in one session, one second after the other."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, START
        self._numbers = itertools.count(1)

    def tick(self, **more: float) -> datetime:
        self.now += timedelta(**(more or {"seconds": 1}))
        return self.now

    def cause(self) -> str:
        return str(next(self._numbers))

    def campaign(self, *rewards: Reward, name: str = "cmp_a", **terms: Any) -> Terms:
        """A running campaign, or the next version of its terms."""
        known = campaigns.find(self.session, name)
        if known is None:
            campaigns.insert_draft(self.session, {
                "id": name, "name": name, "starts_at": self.now, "ends_at": None, "created_at": self.now, "created_by": "周姐",
            })
        self.session.info.pop("campaigns", None)
        written = Terms(campaign_id=name, version=1 if known is None else known.version + 1, rewards=rewards, **terms)
        campaigns.write_terms(self.session, written, self.tick(), "周姐")
        campaigns.change(self.session, name, (campaigns.DRAFT,), status=campaigns.RUNNING)
        return written

    def touch(self, who: str, by: str, kind: str = "click", **more: Any) -> int:
        values = {
            "cause": f"t{next(self._numbers)}", "kind": kind, "member_id": who, "visitor_id": "", "referrer_id": by,
            "link_id": "", "group_id": "", "drop_id": "", "product_id": "", "campaign_id": "", "at": self.tick(), "void_at": None,
            "void_why": "",
        } | more
        return int(self.session.execute(touches.TABLE.insert().values(**values).returning(touches.TABLE.c.id)).scalar_one())

    def place(self, who: str, lines: Sequence[tuple[str, int, int]] = (("s1", 1, 10_000),), discount_fen: int = 0, **more: Any) -> str:
        """An order; lines as (sku, count, price of one)."""
        order_id = f"ord_{next(self._numbers):05d}"
        total = sum(count * fen for _, count, fen in lines) - discount_fen
        row = {
            "id": order_id, "drop_id": None, "channel": "stage", "group_id": None, "member_id": who, "member_name": who,
            "status": orders.PLACED, "total_fen": total, "deposit_fen": 0, "pays": "before", "if_late": orders.REFUND,
            "pickup_point": "", "address": None, "note": "", "source": "desk", "reason": "", "placed_at": self.tick(),
            "confirmed_at": self.now,
        } | more
        orders.insert_all(self.session, [row], [(order_id, sku, sku, count, fen, fen) for sku, count, fen in lines], [])
        attributing.attribute_order(self.session, order_id, self.cause(), self.now)
        return order_id

    def pay(self, order_id: str) -> None:
        total = orders.get(self.session, order_id).total_fen
        order_actions.payment_received(
            self.session, order_id, "offline", f"r{next(self._numbers)}", max(1, total), received_at=self.tick(), by="operator:1",
            cause=self.cause(), now=self.now,
        )
        actions.accrue(self.session, order_id, self.cause(), self.now)

    def bought(self, who: str, *lines: tuple[str, int, int], **more: Any) -> str:
        order_id = self.place(who, lines or (("s1", 1, 10_000),), **more)
        self.pay(order_id)
        return order_id

    def refund(self, order_id: str, fen: int = 0, sku: str = "") -> str:
        """An operator gives back a part, or (0) everything."""
        asked = refunds.ask(self.session, order_id, fen, sku, "少发了", "operator:1", self.cause(), self.tick())
        for fact in asked.facts:
            if type(fact).__name__ == "OrderCancelAsked":
                orders.change(self.session, [order_id], (orders.PLACED, orders.PAID), status=orders.CANCELLED, ended_at=self.now)
                order_actions.owe(self.session, order_id, 0, payments.ENDED, self.cause(), self.now)
            else:
                order_actions.owe(self.session, order_id, fen, payments.PART, self.cause(), self.now, sku)
        self.follow(order_id)
        return asked.outcome

    def follow(self, order_id: str) -> None:
        actions.follow(self.session, order_id, self.cause(), self.tick())

    def receive(self, order_id: str) -> bool:
        changed = orders.change(self.session, [order_id], (orders.PAID,), status=orders.RECEIVED, received_at=self.tick())
        if changed:
            actions.goods_received(self.session, order_id, self.now)
        return bool(changed)

    def pass_days(self, days: float) -> None:
        self.tick(days=days)
        for row in commissions.find_due(self.session, self.now):
            actions.make_payable(self.session, row.order_id, self.cause(), self.now)

    def attribution(self, order_id: str) -> AnyRow:
        return attributions.get(self.session, order_id)

    def earned(self, order_id: str) -> list[tuple[int, str, str, int, str]]:
        """An order's commissions as (level, member, sku, amount, state)."""
        rows = commissions.find_of_order(self.session, order_id)
        return [(row.level, row.member_id, row.sku_id, row.amount, row.state) for row in rows]

    def balance(self, member: str, kind: str, unit: str = "fen") -> int:
        return ledger.sum_balance(self.session, ledger.account_of(member, kind), unit)

    def prove(self) -> None:
        """The ledger is nothing in sum, every transfer has both sides, and everything comes out the same again."""
        assert set(ledger.sum_all(self.session).values()) <= {0}
        assert ledger.count_lopsided(self.session) == 0
        assert list(replay.replay(self.session)) == []
