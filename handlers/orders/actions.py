"""Money of orders: received once, settled against the total, owed back; and the marks of goods on their way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.event import Event
from bot.fulfilling import OrderReceiptUndone
from bot.jobs import RefundWanted
from bot.telling import of_order
from bot.trading import (
    LateMoneyArrived,
    OrderArrived,
    OrderPaid,
    OrderReceived,
    OrderShipped,
    RefundDue,
)
from content.fen import split
from handlers.orders import rules
from storage import drops, orders, payments, stock
from storage.base import AnyRow
from storage.ids import new_id


@dataclass(slots=True)
class Received:
    """What became of money that came in: known, stray, late or counted; with the facts to be told."""

    outcome: str
    facts: list[Event] = field(default_factory=list)


def payment_received(
    session: Session, order_id: str, provider: str, reference: str, amount_fen: int, *, received_at: datetime, by: str,
    cause: str, now: datetime,
) -> Received:
    """Keep money that came in, once for a reference, whatever the state of its order; then see what it settles."""
    order = lock(session, order_id)
    is_new = payments.insert_once(session, {
        "id": new_id("pay"), "provider": provider, "reference": reference, "order_id": order and order.id,
        "amount_fen": amount_fen, "claimed_for": order_id[:60], "received_at": received_at, "recorded_at": now,
        "recorded_by": by[:40],
    })
    if not is_new:
        return Received("known")
    if order is None:
        return Received("stray")
    return _count(session, order, amount_fen, provider, reference, by=by, cause=cause, now=now)


def _count(
    session: Session, order: AnyRow, amount_fen: int, provider: str, reference: str, *, by: str, cause: str, now: datetime
) -> Received:
    """Count kept money for its order; for an ended one it is late."""
    orders.trace(session, [order.id], now, "money", by, fen=amount_fen, provider=provider, reference=reference)
    if order.status not in orders.ALIVE:
        if order.drop_id is None:
            return Received("late", [of_order(RefundDue, order, cause, now, why=payments.LATE, posting=f"late:{order.id}:{cause}")])
        return Received("late", [of_order(LateMoneyArrived, order, cause, now, amount_fen=amount_fen, if_late=order.if_late)])
    return Received("counted", settle(session, order.id, cause, now))


def assign_stray(session: Session, payment_id: str, order_id: str, by: str, cause: str, now: datetime) -> Received:
    """Stray money is this order's: it counts as if it had come for it."""
    order = lock(session, order_id)
    if order is None:
        return Received("no_such_order")
    if not payments.assign(session, payment_id, order.id):
        return Received("known")
    paid = payments.get(session, payment_id)
    return _count(session, order, paid.amount_fen, paid.provider, paid.reference, by=by, cause=cause, now=now)


def return_stray(session: Session, payment_id: str, now: datetime) -> RefundWanted | None:
    """Give back money that belongs to no order; None where it is settled already."""
    refund_id = new_id("rfd")
    is_free = payments.give_back(session, payment_id, {
        "id": refund_id, "why": payments.STRAY, "cause": f"stray:{payment_id}", "status": payments.ASKED, "created_at": now,
        "asked_at": now,
    })
    return RefundWanted(key=f"refund:{refund_id}:0", refund_id=refund_id, attempt=0) if is_free else None


def lock(session: Session, order_id: str) -> AnyRow | None:
    """An order with its drop held until the commit; None when nobody knows it."""
    order = orders.find(session, order_id)
    if order is not None and order.drop_id is not None:
        drops.lock(session, order.drop_id)
        order = orders.find(session, order_id)
    return order


def settle(session: Session, order_id: str, cause: str, now: datetime, why: str = payments.OVER) -> list[Event]:
    """Compare what is kept for a living order with its total: paid up, too much, or its deposit is there."""
    order = orders.get(session, order_id)
    if order.status not in orders.ALIVE:
        return []
    parts = sum(one.amount_fen for one in payments.find_refunds(session, order_id) if one.why == payments.PART)
    kept = payments.sum_kept(session, [order_id])[order_id] + parts
    facts: list[Event] = []
    if kept > order.total_fen:
        over = kept - order.total_fen
        facts.append(of_order(RefundDue, order, f"{why}:{cause}", now, amount_fen=over, why=why, posting=f"{why}:{order_id}:{cause}"))
    if order.status == orders.PLACED and kept >= order.total_fen:
        orders.change(session, [order_id], (orders.PLACED,), status=orders.PAID, paid_at=now)
        stock.keep(session, [order_id])
        facts.insert(0, of_order(OrderPaid, order, cause, now, total_fen=order.total_fen))
    elif order.status == orders.PLACED and 0 < order.deposit_fen <= kept:
        stock.keep(session, [order_id], drops.get(session, order.drop_id).balance_due_at)
    return facts


def owe(
    session: Session, order_id: str, amount_fen: int, why: str, cause: str, now: datetime, sku_id: str = ""
) -> list[RefundWanted]:
    """Owe money back out of an order's payments, the last first; 0 is all that is kept, and never more than that. Gives
    the jobs that hand it over."""
    lock(session, order_id)
    kept = payments.sum_kept(session, [order_id])[order_id]
    left = min(amount_fen or kept, kept)
    wanted = []
    for payment in payments.find_of(session, order_id):
        part = min(left, payment.amount_fen - payment.refunding_fen)
        if part <= 0:
            continue
        refund_id = new_id("rfd")
        is_new = payments.owe(session, payment.id, {
            "id": refund_id, "order_id": order_id, "why": why, "cause": f"{cause}:{payment.id}", "amount_fen": part,
            "status": payments.ASKED, "created_at": now, "asked_at": now,
        })
        if is_new:
            payments.add_parts(session, refund_id, _parts(session, order_id, part, sku_id))
            orders.trace(session, [order_id], now, "refund_due", "rule", refund=refund_id, fen=part, why=why)
            wanted.append(RefundWanted(key=f"refund:{refund_id}:0", refund_id=refund_id, attempt=0))
        left -= part
    return wanted


def _parts(session: Session, order_id: str, amount_fen: int, sku_id: str) -> dict[str, int]:
    """How a refund falls on the order's lines: on the one named, or by their worth."""
    lines = orders.find_lines(session, [order_id])[order_id]
    if sku_id in {line.sku_id for line in lines}:
        return {sku_id: amount_fen}
    parts = split(amount_fen, [line.quantity * line.unit_fen for line in lines])
    return {line.sku_id: part for line, part in zip(lines, parts, strict=True)}


def mark(session: Session, order_ids: Sequence[str], mark_name: str, by: str, cause: str, now: datetime) -> tuple[list[Event], list[str]]:
    """Mark orders shipped, arrived or received; gives the facts, and the ids of orders that may not be marked so."""
    kinds: dict[str, type[Any]] = {"shipped": OrderShipped, "arrived": OrderArrived, "received": OrderReceived}
    facts: list[Event] = []
    refused: list[str] = []
    for order_id in order_ids:
        order = lock(session, order_id)
        if order is None or not rules.may_mark(mark_name, order.status, order.pays, order.confirmed_at is not None):
            refused.append(order_id)
            continue
        values = {"status": rules.status_after(mark_name, order.status), f"{mark_name}_at": now}
        orders.change(session, [order_id], (order.status,), **values)
        orders.trace(session, [order_id], now, mark_name, by)
        facts.append(of_order(kinds[mark_name], order, cause, now))
    return facts, refused


def undo_receipt(session: Session, order_ids: Sequence[str], by: str, cause: str, now: datetime) -> tuple[list[Event], list[str]]:
    """Take back a receipt ticked by mistake; gives the facts, and the ids of orders where it is too late."""
    facts: list[Event] = []
    refused: list[str] = []
    for order_id in order_ids:
        order = lock(session, order_id)
        if order is None or not rules.may_undo(order.received_at, order.status, now):
            refused.append(order_id)
            continue
        status = orders.PAID if order.shipped_at is None else orders.SHIPPED
        orders.change(session, [order_id], (orders.RECEIVED,), status=status, received_at=None)
        orders.trace(session, [order_id], now, rules.UNDONE_MARK, by)
        facts.append(of_order(OrderReceiptUndone, order, cause, now))
    return facts, refused


def remind(session: Session, order_ids: Sequence[str], by: str, now: datetime) -> list[AnyRow]:
    """Orders whose members are to be reminded now: not paid, and not reminded within a day; noted in their traces."""
    found = []
    for order_id in order_ids:
        order = lock(session, order_id)
        if order is None or order.status != orders.PLACED or payments.sum_kept(session, [order_id])[order_id] >= order.total_fen:
            continue
        reminded = [one.at for one in orders.find_traces(session, order_id) if one.what == "reminded"]
        if reminded and now - max(reminded) < rules.REMIND_AFTER:
            continue
        orders.trace(session, [order_id], now, "reminded", by)
        found.append(order)
    return found
