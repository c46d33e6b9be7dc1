"""What one member may see of their own referring: visits, joins, orders, and what they earned by state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage import attributions, clicks, commissions, members, orders, referral_links, touches
from storage.base import AnyRow
from storage.terms import REFERRER

LATEST = 50


@dataclass(frozen=True, slots=True)
class Mine:
    """`earned` is (unit, state, amount), `latest` the newest orders: name, placed_at, unit, amount, state."""

    visits: int
    visitors: int
    joins: int
    orders: int
    earned: Sequence[tuple[str, str, int]]
    latest: Sequence[AnyRow]
    came: Sequence[AnyRow]


def look(session: Session, member_id: str) -> Mine:
    c, links, touched, kept = clicks.TABLE.c, referral_links.TABLE.c, touches.TABLE.c, attributions.TABLE.c
    seen = select(func.count(), func.count(func.distinct(c.visitor_id))).join(referral_links.TABLE, links.id == c.link_id)
    visits, visitors = session.execute(seen.where(links.member_id == member_id, c.verdict == clicks.COUNTED)).one()
    came = (touched.referrer_id == member_id, touched.kind == touches.JOIN, touched.void_at.is_(None))
    joins = session.execute(select(func.count()).select_from(touches.TABLE).where(*came)).scalar_one()
    count = select(func.count()).select_from(attributions.TABLE)
    credited = session.execute(count.where(kept.referrer_id == member_id, kept.accrued_at.is_not(None))).scalar_one()
    return Mine(visits, visitors, joins, credited, _earned(session, member_id), _latest(session, member_id), _came(session, came))


def _earned(session: Session, member_id: str) -> list[tuple[str, str, int]]:
    earned = commissions.TABLE.c
    query = select(earned.unit, earned.state, func.sum(earned.amount)).where(earned.member_id == member_id, earned.level > 0)
    rows = session.execute(query.group_by(earned.unit, earned.state).order_by(earned.unit, earned.state))
    return [(unit, state, int(amount)) for unit, state, amount in rows]


def _latest(session: Session, member_id: str) -> Sequence[AnyRow]:
    earned, order = commissions.TABLE.c, orders.TABLE.c
    query = (
        select(order.member_name, order.placed_at, earned.level, earned.unit, earned.state, func.sum(earned.amount).label("amount"))
        .join(orders.TABLE, order.id == earned.order_id).where(earned.member_id == member_id, earned.level >= REFERRER)
        .group_by(order.id, order.member_name, order.placed_at, earned.level, earned.unit, earned.state)
    )
    return session.execute(query.order_by(order.placed_at.desc(), order.id).limit(LATEST)).all()


def _came(session: Session, came: Sequence[object]) -> Sequence[AnyRow]:
    """Who came into a group by them, newest first: name, at."""
    touched, people = touches.TABLE.c, members.TABLE.c
    query = select(people.name, touched.at).select_from(touches.TABLE).join(members.TABLE, people.id == touched.member_id)
    for one in came:
        query = query.where(one)  # type: ignore[arg-type]
    return session.execute(query.order_by(touched.at.desc()).limit(LATEST)).all()
