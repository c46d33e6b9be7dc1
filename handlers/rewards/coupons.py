"""Coupons and points: what a member has of them comes off an order not paid yet, and goes back when the order is ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.earning import DiscountDue
from bot.event import Event
from bot.telling import of_order
from storage import drops, ledger, members, orders, payments
from storage.terms import COUPON, POINTS

KINDS = (COUPON, POINTS)  # the units are the kinds of discounts too; a point takes one fen off


@dataclass(slots=True)
class Used:
    """What came of it: how much came off which order, and the total left; 0 where nothing did."""

    amount_fen: int = 0
    order_id: str = ""
    total_fen: int = 0
    facts: list[Event] = field(default_factory=list)


def use(session: Session, member_id: str, unit: str, cause: str, now: datetime) -> Used:
    """Take all a member has of a unit off their newest order that nobody has paid anything for."""
    members.lock(session, member_id)
    has = ledger.sum_balance(session, ledger.account_of(member_id, ledger.PAYABLE), unit)
    for row in orders.find_of_member(session, member_id):
        if row.status != orders.PLACED or row.total_fen == 0:
            continue
        if row.drop_id is not None:
            drops.lock(session, row.drop_id)
        order = orders.get(session, row.id)
        known = {one.kind for one in orders.find_discounts(session, order.id)}
        amount = min(has, order.total_fen)
        if order.status != orders.PLACED or payments.sum_kept(session, [order.id])[order.id] or unit in known or amount <= 0:
            continue
        _move(session, order.id, member_id, unit, amount, cause, now)
        fact = of_order(DiscountDue, order, f"{unit}:{cause}", now, unit=unit, amount_fen=amount)
        return Used(amount, order.id, order.total_fen - amount, [fact])
    return Used()


def follow(session: Session, order_id: str, cause: str, now: datetime) -> None:
    """What was used for an order is used while it lives, and the member's again once it is ended."""
    order = orders.get(session, order_id)
    for one in orders.find_discounts(session, order_id):
        if one.kind in KINDS:
            spent = ledger.sum_of_subject(session, _subject(order_id), ledger.SPENT, one.kind)
            wanted = one.amount_fen if order.status in orders.ALIVE else 0
            _move(session, order_id, order.member_id, one.kind, wanted - spent, cause, now)


def _move(session: Session, order_id: str, member_id: str, unit: str, amount: int, cause: str, now: datetime) -> None:
    """Spend an amount for an order, or (below nothing) give it back."""
    account, what = ledger.account_of(member_id, ledger.PAYABLE), "spend" if amount > 0 else "unspend"
    sides = (account, ledger.SPENT) if amount > 0 else (ledger.SPENT, account)
    if amount:
        ledger.move(
            session, f"{what}:{order_id}:{unit}:{cause}", unit, abs(amount), taken_from=sides[0], put_to=sides[1],
            subject=_subject(order_id), at=now,
        )


def _subject(order_id: str) -> str:
    """Not the order itself: what an order earns and what was used for it are two things."""
    return f"spend:{order_id}"
