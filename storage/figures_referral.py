"""What referring brought in a time: K-factor and share rate, and by member, group or link visits, joins, new members, money."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from storage import attributions, clicks, commissions, members, orders, payments, referral_links, touches
from storage.terms import FEN

BY_MEMBER, BY_GROUP, BY_LINK = "member", "group", "link"
BY = (BY_MEMBER, BY_GROUP, BY_LINK)
COLUMNS = ("visits", "visitors", "joins", "newcomers", "orders", "revenue_fen", "commission_fen")


@dataclass(frozen=True, slots=True)
class Whole:
    """The shop's figures: members who were not brought in this time, members whose links were opened, distinct visitors, members who came
    anew by somebody, orders credited, what was kept of their money, and the commission for them."""

    members: int
    sharers: int
    visitors: int
    newcomers: int
    orders: int
    revenue_fen: int
    commission_fen: int

    @property
    def share_rate(self) -> float:
        """Of the members, the part whose link somebody opened."""
        return self.sharers / self.members if self.members else 0.0

    @property
    def visitors_a_member(self) -> float:
        return self.visitors / self.members if self.members else 0.0

    @property
    def conversion(self) -> float:
        """Of the visitors, the part who became members."""
        return self.newcomers / self.visitors if self.visitors else 0.0

    @property
    def k_factor(self) -> float:
        """New members that each member brought: visitors a member × conversion."""
        return self.newcomers / self.members if self.members else 0.0


@dataclass(slots=True)
class Brought:
    """One row: what a member, a group or a link brought."""

    key: str
    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))


def whole(session: Session, since: datetime, until: datetime) -> Whole:
    """The shop's figures from `since` on and before `until`."""
    c, links, people = clicks.TABLE.c, referral_links.TABLE, members.TABLE.c
    counted = (c.verdict == clicks.COUNTED, c.at >= since, c.at < until)
    opened = select(func.count(func.distinct(links.c.member_id)), func.count(func.distinct(c.visitor_id)))
    sharers, visitors = session.execute(opened.join(links, links.c.id == c.link_id).where(*counted)).one()
    known = session.execute(select(func.count()).where(people.created_at < until)).scalar_one()
    rows = by(session, BY_MEMBER, since, until)
    summed = {name: sum(row.figures[name] for row in rows) for name in COLUMNS}
    return Whole(
        max(0, known - summed["newcomers"]), sharers, visitors, summed["newcomers"], summed["orders"], summed["revenue_fen"], summed["commission_fen"]
    )


def by(session: Session, what: str, since: datetime, until: datetime, limit: int = 0) -> list[Brought]:
    """The rows by member, group or link, those that brought most money first; `limit` 0: all. A row without a key (a visit
    to no group, an invitation without a link) is left out."""
    found: dict[str, Brought] = {}
    for query, names in (_visits(what, since, until), _joins(what, since, until), _orders(what, since, until)):
        for one in session.execute(query):
            if one[0]:
                figures = found.setdefault(one[0], Brought(one[0])).figures
                figures |= {name: int(one[place] or 0) for place, name in enumerate(names, 1)}
    ranked = sorted(found.values(), key=lambda row: (-row.figures["revenue_fen"], -row.figures["visits"], row.key))
    return ranked[:limit] if limit else ranked


Asked = tuple[Select[Any], tuple[str, ...]]


def _visits(what: str, since: datetime, until: datetime) -> Asked:
    c, links = clicks.TABLE.c, referral_links.TABLE.c
    key = {BY_MEMBER: links.member_id, BY_GROUP: links.group_id, BY_LINK: links.id}[what]
    query = select(key, func.count(), func.count(func.distinct(c.visitor_id)))
    query = query.join(referral_links.TABLE, links.id == c.link_id)
    return query.where(c.verdict == clicks.COUNTED, c.at >= since, c.at < until).group_by(key), ("visits", "visitors")


def _joins(what: str, since: datetime, until: datetime) -> Asked:
    """A newcomer is a member we first met in this time and who came by somebody, counted where they came first."""
    c, people = touches.TABLE.c, members.TABLE.c
    key = {BY_MEMBER: c.referrer_id, BY_GROUP: c.group_id, BY_LINK: c.link_id}[what]
    first = (
        select(c.member_id, func.min(c.id).label("id")).where(c.member_id != "", c.void_at.is_(None)).group_by(c.member_id)
    ).subquery()
    is_new = (people.created_at >= since) & (people.created_at < until) & (first.c.id == c.id)
    query = select(key, func.count().filter(c.kind == touches.JOIN), func.count().filter(is_new))
    query = query.outerjoin(members.TABLE, people.id == c.member_id).outerjoin(first, first.c.id == c.id)
    return query.where(c.at >= since, c.at < until, c.void_at.is_(None)).group_by(key), ("joins", "newcomers")


def _orders(what: str, since: datetime, until: datetime) -> Asked:
    """Paid orders placed in this time and credited to somebody; what went or goes back is taken off."""
    kept, order, refund, touched = attributions.TABLE.c, orders.TABLE.c, payments.REFUNDS.c, touches.TABLE.c
    earned = commissions.TABLE.c
    key = {BY_MEMBER: kept.referrer_id, BY_GROUP: order.group_id, BY_LINK: touched.link_id}[what]
    back = select(func.coalesce(func.sum(refund.amount_fen), 0)).where(refund.order_id == order.id).scalar_subquery()
    pay = select(func.coalesce(func.sum(earned.amount), 0)).where(earned.order_id == order.id, earned.unit == FEN, earned.level > 0)
    query = select(key, func.count(), func.sum(order.total_fen - back), func.sum(pay.scalar_subquery()))
    query = query.join(orders.TABLE, order.id == kept.order_id)
    if what == BY_LINK:
        query = query.join(touches.TABLE, touched.id == kept.touch_id)
    query = query.where(kept.referrer_id.is_not(None), kept.accrued_at.is_not(None), order.placed_at >= since, order.placed_at < until)
    return query.group_by(key), ("orders", "revenue_fen", "commission_fen")
