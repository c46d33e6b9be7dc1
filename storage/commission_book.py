"""The commission book: finding commissions by state, campaign, member and day, and what they sum to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, or_, select
from sqlalchemy.orm import Session

from storage import members, orders
from storage.base import AnyRow
from storage.commissions import TABLE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty is everything. `words`: a member's name or id, or an order's id."""

    words: str = ""
    state: str = ""
    campaign_id: str = ""
    unit: str = ""
    since: datetime | None = None
    until: datetime | None = None


def find(session: Session, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Sequence[AnyRow]:
    """Commissions with the names of who earns and who bought, newest first, those before one id."""
    columns: list[Any] = [
        *TABLE.c, members.TABLE.c.name.label("member_name"), orders.TABLE.c.member_name.label("buyer_name"),
        orders.LINES.c.name.label("goods"),
    ]
    line = (orders.LINES.c.order_id == TABLE.c.order_id) & (orders.LINES.c.sku_id == TABLE.c.sku_id)
    query = (
        select(*columns).outerjoin(members.TABLE, members.TABLE.c.id == TABLE.c.member_id)
        .join(orders.TABLE, orders.TABLE.c.id == TABLE.c.order_id).outerjoin(orders.LINES, line)
    )
    query = _limited(query, wanted).order_by(TABLE.c.id.desc()).limit(limit)
    return session.execute(query if before is None else query.where(TABLE.c.id < before)).all()


def sum_by_state(session: Session, wanted: Wanted) -> Sequence[AnyRow]:
    """How many commissions there are and what they are worth, by (unit, state)."""
    query = select(TABLE.c.unit, TABLE.c.state, func.count().label("number"), cast(func.sum(TABLE.c.amount), BigInteger).label("amount"))
    query = query.outerjoin(members.TABLE, members.TABLE.c.id == TABLE.c.member_id)
    return session.execute(_limited(query, wanted).group_by(TABLE.c.unit, TABLE.c.state).order_by(TABLE.c.unit, TABLE.c.state)).all()


def _limited(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.words:
        is_named = members.TABLE.c.name.contains(wanted.words, autoescape=True)
        query = query.where(or_(TABLE.c.member_id == wanted.words, TABLE.c.order_id == wanted.words, is_named))
    for column, value in ((TABLE.c.state, wanted.state), (TABLE.c.campaign_id, wanted.campaign_id), (TABLE.c.unit, wanted.unit)):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(TABLE.c.accrued_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(TABLE.c.accrued_at < wanted.until)
    return query


def find_totals(session: Session, campaign_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each campaign: how many orders earn by it, and what commission (fen) is somebody's now."""
    query = select(TABLE.c.campaign_id, func.count(func.distinct(TABLE.c.order_id)), func.sum(TABLE.c.amount))
    rows = session.execute(query.where(TABLE.c.campaign_id.in_(campaign_ids), TABLE.c.unit == "fen").group_by(TABLE.c.campaign_id))
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}
