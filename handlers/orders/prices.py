"""«Explain my price»: how an order's total comes about, step by step; and how coupons and points take their part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.event import Event
from bot.telling import of_order
from bot.trading import OrderChanged
from handlers.orders.actions import lock
from storage import drops, orders, payments

COUPON, POINTS = "coupon", "points"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """One step to the total: list, drop, tier, threshold, cut, coupon, points, total. `fen` is added (below zero: less)."""

    kind: str
    fen: int
    reference: str = ""


def explain_price(session: Session, order_id: str) -> list[PriceStep]:
    """The steps from list prices to the total; all but the last sum to the last."""
    order, lines = orders.get(session, order_id), orders.find_lines(session, [order_id])[order_id]
    offers = {one.sku_id: one.price_fen for one in drops.find_offers(session, order.drop_id)} if order.drop_id else {}
    listed = sum(line.quantity * line.list_fen for line in lines)
    in_drop = sum(line.quantity * offers.get(line.sku_id, line.list_fen) for line in lines)
    goods = sum(line.quantity * line.unit_fen for line in lines)
    found = orders.find_discounts(session, order_id)
    steps = [PriceStep("list", listed), PriceStep("drop", in_drop - listed), PriceStep("tier", goods - in_drop)]
    steps += [PriceStep(one.kind, -one.amount_fen, one.reference) for one in sorted(found, key=lambda one: one.kind != "threshold")]
    kept = [step for step in steps if step.fen or step.kind == "list"]
    return [*kept, PriceStep("total", order.total_fen)]


def apply_discount(
    session: Session, order_id: str, kind: str, reference: str, amount_fen: int, cause: str, now: datetime
) -> list[Event]:
    """Take a coupon or points off an order nobody has paid for yet, once for a reference and never below nothing; an
    empty list when it does not apply."""
    order = lock(session, order_id)
    if order is None or order.status != orders.PLACED or payments.sum_kept(session, [order_id])[order_id]:
        return []
    known = {(one.kind, one.reference) for one in orders.find_discounts(session, order_id)}
    off = min(amount_fen, order.total_fen)
    if off <= 0 or (kind, reference) in known:
        return []
    total = order.total_fen - off
    orders.add_discounts(session, [(order_id, kind, reference, off, now)])
    orders.change(session, [order_id], (orders.PLACED,), total_fen=total, deposit_fen=min(order.deposit_fen, total))
    orders.trace(session, [order_id], now, "discount", "rule", kind=kind, reference=reference, fen=off)
    return [of_order(OrderChanged, order, f"{cause}:{kind}", now, total_fen=total)]
