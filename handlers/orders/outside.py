"""Orders and refunds of an external shop: recorded here with the same facts as our own, so that every feature hears them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from bot.event import Event
from bot.outside import ShopOrderTold, ShopRefundTold
from bot.telling import of_order
from bot.trading import OrderCancelled, OrderPlaced
from handlers.orders import actions, refunds
from storage import orders, payments

PROVIDER = "shop"  # the shop took the money, and gives it back


def id_of(source: str, number: str) -> str:
    """Our id of the shop's order: always the same."""
    return "ord_" + hashlib.sha256(f"{source}\n{number}".encode()).hexdigest()[:24]


def order_told(session: Session, told: ShopOrderTold, cause: str, now: datetime) -> tuple[str, list[Event]]:
    """Bring our row to where the shop's order is; it only moves forward, in whatever order we are told. Gives what became
    of it, and the facts."""
    order_id = id_of(told.source, told.number)
    order, facts = orders.find(session, order_id), list[Event]()
    if order is None:
        _insert(session, order_id, told, now)
        order = orders.get(session, order_id)
        facts.append(of_order(OrderPlaced, order, cause, now, total_fen=order.total_fen))
    elif order.total_fen != told.total_fen:
        return "other_total", []
    by = f"shop:{told.source}"[:40]
    if told.status in (orders.PAID, orders.RECEIVED) and order.status == orders.PLACED and order.total_fen:
        facts += actions.payment_received(
            session, order_id, PROVIDER, f"{told.source}:{told.number}"[:120], order.total_fen, received_at=told.occurred_at, by=by,
            cause=cause, now=now,
        ).facts
    if told.status == orders.RECEIVED and order.status != orders.RECEIVED:
        facts += actions.mark(session, [order_id], "received", by, cause, now)[0]
    if told.status == orders.CANCELLED and order.status == orders.PLACED:
        orders.change(session, [order_id], (orders.PLACED,), status=orders.CANCELLED, ended_at=now, reason=by)
        orders.trace(session, [order_id], now, "cancelled", by)
        facts.append(of_order(OrderCancelled, order, cause, now))
    return order_id, facts


def _insert(session: Session, order_id: str, told: ShopOrderTold, now: datetime) -> None:
    row = {
        "id": order_id, "drop_id": None, "channel": told.channel, "group_id": told.group_id, "member_id": told.member_id,
        "member_name": told.member_name or "", "status": orders.PLACED, "total_fen": told.total_fen, "deposit_fen": 0,
        "pays": "before", "if_late": orders.REFUND, "pickup_point": "", "address": None, "note": f"{told.source} {told.number}"[:400],
        "source": "shop", "reason": "", "placed_at": told.occurred_at, "confirmed_at": now,
    }
    lines = zip(told.skus, told.names, told.quantities, told.units_fen, strict=True)
    orders.insert_all(session, [row], [(order_id, sku, name, count, fen, fen) for sku, name, count, fen in lines], [])
    orders.trace(session, [order_id], now, "placed", f"shop:{told.source}"[:40])


def refund_told(session: Session, told: ShopRefundTold, cause: str, now: datetime) -> tuple[str, list[Event]]:
    """The shop gave money back: kept once for its number, and never more than was paid."""
    order = actions.lock(session, id_of(told.source, told.number))
    if order is None:
        return "no_such_order", []
    posting = f"shop:{told.source}:{told.refund}"
    if any(one.cause.startswith(posting + ":") for one in payments.find_refunds(session, order.id)):
        return "known", []
    kept = payments.sum_kept(session, [order.id])[order.id]
    if not 0 < told.amount_fen <= kept:
        return "more_than_paid", []
    if told.amount_fen == kept:
        orders.change(session, [order.id], (orders.PAID,), status=orders.CANCELLED, ended_at=now, reason="refunded")
    facts: list[Event] = []
    for job in actions.owe(session, order.id, told.amount_fen, payments.PART, posting, now):
        facts += refunds.answered(session, job.refund_id, 0, "done", told.refund[:120], "", cause, now).facts
    return order.id, facts
