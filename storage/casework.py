"""What vigilance asks of the books about one referrer: the orders credited to them, how drops fared, who came by them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage import attributions, commissions, orders, payments, touches
from storage.base import AnyRow


def find_credited(session: Session, referrer_ids: Sequence[str], since: datetime, limit: int) -> list[AnyRow]:
    """The latest paid orders credited to these members, oldest first: order_id, buyer_id, placed_at, total_fen, drop_id,
    status and `back_fen`, what went or goes back."""
    kept, order, refund = attributions.TABLE.c, orders.TABLE.c, payments.REFUNDS.c
    back = select(func.coalesce(func.sum(refund.amount_fen), 0)).where(refund.order_id == order.id).scalar_subquery()
    query = (
        select(
            order.id.label("order_id"), kept.buyer_id, order.placed_at, order.total_fen, order.drop_id, order.status,
            back.label("back_fen"),
        )
        .join(orders.TABLE, order.id == kept.order_id)
        .where(kept.referrer_id.in_(referrer_ids), kept.decided_at >= since, kept.accrued_at.is_not(None))
    )
    return list(reversed(session.execute(query.order_by(kept.decided_at.desc(), order.id.desc()).limit(limit)).all()))


def count_drop_refunds(session: Session, drop_ids: Collection[str], but: Collection[str]) -> dict[str, tuple[int, int]]:
    """Of each drop, its paid orders and those of them with at least half sent back, those of `but` left out."""
    order, refund = orders.TABLE.c, payments.REFUNDS.c
    back = select(func.coalesce(func.sum(refund.amount_fen), 0)).where(refund.order_id == order.id).scalar_subquery()
    rows = select(order.drop_id, order.total_fen, back.label("back_fen")).where(
        order.drop_id.in_(sorted(drop_ids)), order.paid_at.is_not(None), order.id.not_in(sorted(but))
    ).subquery()
    is_back = rows.c.back_fen * 2 >= rows.c.total_fen
    query = select(rows.c.drop_id, func.count(), func.count().filter(is_back, rows.c.total_fen > 0)).group_by(rows.c.drop_id)
    return {drop_id: (count, returned) for drop_id, count, returned in session.execute(query)}


def find_joins(session: Session, referrer_ids: Sequence[str], since: datetime, limit: int) -> list[AnyRow]:
    """The latest joins by these members, oldest first: member_id, at, void_at."""
    c = touches.TABLE.c
    query = select(c.member_id, c.at, c.void_at).where(c.referrer_id.in_(referrer_ids), c.kind == touches.JOIN, c.at >= since)
    return list(reversed(session.execute(query.order_by(c.at.desc(), c.id.desc()).limit(limit)).all()))


def find_buyers(session: Session, member_ids: Collection[str]) -> set[str]:
    """Those of these members who ever paid for an order."""
    order = orders.TABLE.c
    found: set[str] = set()
    listed = sorted(member_ids)
    for start in range(0, len(listed), 500):
        some = select(order.member_id).where(order.member_id.in_(listed[start : start + 500]), order.paid_at.is_not(None))
        found |= set(session.scalars(some.distinct()))
    return found


def find_holdable(session: Session, order_ids: Sequence[str]) -> dict[int, AnyRow]:
    """What these orders earn and can still be held, by its id: id, order_id, unit, amount."""
    c = commissions.TABLE.c
    free = (c.state.in_((commissions.PENDING, commissions.PAYABLE)), c.payout_id.is_(None))
    query = select(c.id, c.order_id, c.unit, c.amount).where(c.order_id.in_(order_ids), *free).order_by(c.id)
    return {row.id: row for row in session.execute(query)}
