"""How drops stand, for the operators' board: members, units, money and groups, counted from orders and payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from storage import drops, groups, orders, payments, stock, teams
from storage.base import AnyRow

ORDER, LINE, PAYMENT = orders.TABLE, orders.LINES, payments.TABLE
NOT_SHIPPED = (orders.PLACED, orders.PAID)


@dataclass(frozen=True, slots=True)
class Standing:
    """What has come together: different members, living orders, units, orders paid, and what all of them cost."""

    heads: int = 0
    orders: int = 0
    units: int = 0
    paid: int = 0
    total_fen: int = 0


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """The same for the orders that came from one group; `name` is None for orders from no group."""

    group_id: str | None
    name: str | None
    standing: Standing


def find_page(session: Session, status: str = "", words: str = "", *, after: str | None = None, limit: int = 50) -> Sequence[AnyRow]:
    """Drops, newest first, after the one with the id `after`."""
    query = select(drops.TABLE)
    if status:
        query = query.where(drops.TABLE.c.status == status)
    if words:
        table = drops.TABLE.c
        query = query.where(table.title.contains(words, autoescape=True) | (table.code == words.upper()) | (table.id == words))
    last = drops.find(session, after) if after else None
    if last is not None:
        is_older = drops.TABLE.c.created_at < last.created_at
        query = query.where(is_older | ((drops.TABLE.c.created_at == last.created_at) & (drops.TABLE.c.id > last.id)))
    return session.execute(query.order_by(drops.TABLE.c.created_at.desc(), drops.TABLE.c.id).limit(limit)).all()


def count_by_status(session: Session) -> dict[str, int]:
    rows = session.execute(select(drops.TABLE.c.status, func.count()).group_by(drops.TABLE.c.status))
    return {row[0]: row[1] for row in rows}


_UNITS = func.coalesce(
    select(func.sum(LINE.c.quantity)).where(LINE.c.order_id == ORDER.c.id).correlate(ORDER).scalar_subquery(), 0
)
_FIGURES = (
    func.count(func.distinct(ORDER.c.member_id)), func.count(), func.sum(_UNITS),
    func.sum(case((ORDER.c.status.in_(orders.ALIVE[1:]), 1), else_=0)), func.sum(ORDER.c.total_fen),
)


def _standing(figures: Sequence[int]) -> Standing:
    return Standing(*(int(one) for one in figures))


def count_standings(session: Session, drop_ids: Sequence[str]) -> dict[str, Standing]:
    """How several drops stand."""
    query = select(ORDER.c.drop_id, *_FIGURES).where(ORDER.c.drop_id.in_(drop_ids), ORDER.c.status.in_(orders.ALIVE))
    found = {row[0]: _standing(row[1:]) for row in session.execute(query.group_by(ORDER.c.drop_id))}
    return dict.fromkeys(drop_ids, Standing()) | found


def find_by_group(session: Session, drop_id: str) -> list[GroupStanding]:
    """How a drop stands in each group it is for or was joined from, the largest first."""
    query = select(ORDER.c.group_id, *_FIGURES).where(ORDER.c.drop_id == drop_id, ORDER.c.status.in_(orders.ALIVE))
    found: dict[str | None, Standing] = dict.fromkeys(sorted(drops.find_groups(session, drop_id)), Standing())
    found |= {row[0]: _standing(row[1:]) for row in session.execute(query.group_by(ORDER.c.group_id))}
    names = groups.find_names(session, [one for one in found if one])
    shown = [GroupStanding(one, names.get(one or "", one), standing) for one, standing in found.items()]
    return sorted(shown, key=lambda one: (-one.standing.total_fen, one.group_id or ""))


def count_teams(session: Session, drop_id: str) -> dict[str, int]:
    """A drop's teams by status."""
    query = select(teams.TABLE.c.status, func.count()).where(teams.TABLE.c.drop_id == drop_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(teams.TABLE.c.status))}


def count_seats(session: Session, drop_id: str) -> dict[str, int]:
    """The seats of a drop's teams by status."""
    query = select(teams.SEATS.c.status, func.count()).join(teams.TABLE, teams.TABLE.c.id == teams.SEATS.c.team_id)
    rows = session.execute(query.where(teams.TABLE.c.drop_id == drop_id).group_by(teams.SEATS.c.status))
    return {row[0]: row[1] for row in rows}


def sum_cancelling(session: Session, drop_id: str) -> tuple[int, int]:
    """What calling a drop off would end and give back: orders not shipped, and the fen we hold for them."""
    is_meant = (ORDER.c.drop_id == drop_id) & ORDER.c.status.in_(NOT_SHIPPED)
    count = session.execute(select(func.count()).select_from(ORDER).where(is_meant)).scalar_one()
    kept = select(func.coalesce(func.sum(PAYMENT.c.amount_fen - PAYMENT.c.refunding_fen), 0))
    kept = kept.join(ORDER, ORDER.c.id == PAYMENT.c.order_id).where(is_meant)
    return count, int(session.execute(kept).scalar_one())


def find_refunds_owed(session: Session, drop_id: str, limit: int = 50) -> Sequence[AnyRow]:
    """A drop's refunds that have not reached the member, oldest first."""
    refund = payments.REFUNDS
    query = select(refund, ORDER.c.member_name).join(ORDER, ORDER.c.id == refund.c.order_id)
    query = query.where(ORDER.c.drop_id == drop_id, refund.c.status.in_(payments.OWED))
    return session.execute(query.order_by(refund.c.created_at, refund.c.id).limit(limit)).all()


def find_stock(session: Session, sku_ids: Sequence[str]) -> dict[str, int]:
    """What the shop has left of each SKU."""
    return {row.id: row.stock for row in session.execute(select(stock.SKUS.c.id, stock.SKUS.c.stock).where(stock.SKUS.c.id.in_(sku_ids)))}
