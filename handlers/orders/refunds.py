"""Refunds: asked by operators, answered by providers, tried again, given up, handed over by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.event import Event
from bot.jobs import RefundWanted
from bot.telling import of_order
from bot.trading import OrderCancelAsked, OrderRefunded, RefundDue
from handlers.orders import rules
from handlers.orders.actions import lock
from storage import orders, payments
from storage.base import AnyRow


@dataclass(slots=True)
class Answered:
    """What became of a refund: outcome, facts to be told, and the next try with its seconds from now."""

    outcome: str
    facts: list[Event] = field(default_factory=list)
    job: RefundWanted | None = None
    seconds: int = 0


def ask(session: Session, order_id: str, amount_fen: int, sku_id: str, why: str, by: str, cause: str, now: datetime) -> Answered:
    """An operator gives money back. All of it (0) ends an order not shipped yet; more than is kept is refused."""
    order = lock(session, order_id)
    if order is None:
        return Answered("no_such_order")
    kept = payments.sum_kept(session, [order_id])[order_id]
    if amount_fen < 0 or amount_fen > kept or not kept:
        return Answered("more_than_paid")
    if order.status in (orders.PLACED, orders.PAID) and amount_fen in (0, kept):
        return Answered("done", [of_order(OrderCancelAsked, order, cause, now, by=by, text=why)])
    return Answered("done", [of_order(
        RefundDue, order, cause, now, amount_fen=amount_fen or kept, why=payments.PART, posting=f"part:{order_id}:{cause}",
        sku_id=sku_id, text=why,
    )])


def answered(session: Session, refund_id: str, attempt: int, outcome: str, reference: str, error: str, cause: str, now: datetime) -> Answered:
    """What a provider made of a refund; an answer to an earlier try changes nothing unless the money is back."""
    refund = payments.get_refund(session, refund_id)
    if refund.status == payments.DONE or (attempt != refund.tries and outcome != "done"):
        return Answered("known")
    if outcome == "done":
        return _done(session, refund, reference, cause, now)
    if outcome == "by_hand":
        payments.change_refund(session, refund_id, payments.OWED, status=payments.BY_HAND)
        return Answered("by_hand")
    tries = refund.tries + 1
    seconds = None if outcome == "refused" else rules.LOOK_AGAIN if outcome == "pending" else rules.next_try(tries)
    status = payments.DEAD if seconds is None else payments.DUE
    payments.change_refund(session, refund_id, payments.OWED, status=status, tries=tries, error=error[:500])
    if seconds is None:
        return Answered("dead")
    job = RefundWanted(key=f"refund:{refund_id}:{tries}", refund_id=refund_id, attempt=tries)
    return Answered("put_off", job=job, seconds=seconds)


def handed_over(session: Session, refund_id: str, by: str, cause: str, now: datetime) -> Answered:
    """An operator gave the money back by hand."""
    refund = payments.get_refund(session, refund_id)
    if refund.status not in (payments.BY_HAND, payments.DEAD):
        return Answered("known")
    return _done(session, refund, f"by hand: {by}", cause, now)


def retry(session: Session, refund_id: str) -> Answered:
    """Try a refund again that was given up or got no answer."""
    refund = payments.get_refund(session, refund_id)
    if refund.status not in (payments.DEAD, payments.DUE, payments.ASKED):
        return Answered("known")
    tries = refund.tries + 1
    payments.change_refund(session, refund_id, payments.OWED, status=payments.ASKED, tries=tries)
    return Answered("asked", job=RefundWanted(key=f"refund:{refund_id}:{tries}", refund_id=refund_id, attempt=tries))


def _done(session: Session, refund: AnyRow, reference: str, cause: str, now: datetime) -> Answered:
    if refund.order_id is not None:
        lock(session, refund.order_id)
    values = {"status": payments.DONE, "done_at": now, "reference": reference[:120]}
    if not payments.change_refund(session, refund.id, payments.OWED, **values):
        return Answered("known")
    if refund.order_id is None:
        return Answered("done")
    order = orders.get(session, refund.order_id)
    owed = [one for one in payments.find_refunds(session, order.id) if one.status != payments.DONE]
    if not owed and not payments.sum_kept(session, [order.id])[order.id]:
        orders.change(session, [order.id], (orders.CANCELLED, orders.SHIPPED, orders.RECEIVED), status=orders.REFUNDED, ended_at=now)
    orders.trace(session, [order.id], now, "refunded", "rule", refund=refund.id, fen=refund.amount_fen)
    order = orders.get(session, order.id)
    fact = of_order(OrderRefunded, order, f"{refund.id}:{cause}", now, refund_id=refund.id, amount_fen=refund.amount_fen)
    return Answered("done", [fact])
