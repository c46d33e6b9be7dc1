"""Proof for every drop that paid = confirmed + waiting + refunded + due, and that every place is counted once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, ScalarSelect, Select, String, Text, case, func, or_, select
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import drops, orders, payments, stock, teams
from storage.base import AnyRow, Base, UtcTime, table_of

WATCHED = timedelta(days=60)  # after its end a drop is checked this long


class Check(Base):
    """The newest proof of a drop. `problems` is a JSON list of plain sentences, empty when all adds up."""

    __tablename__ = "drop_checks"

    drop_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UtcTime)
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    confirmed_fen: Mapped[int] = mapped_column(BigInteger)
    waiting_fen: Mapped[int] = mapped_column(BigInteger)
    refunded_fen: Mapped[int] = mapped_column(BigInteger)
    due_fen: Mapped[int] = mapped_column(BigInteger)
    problems: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_drop_checks_problems", "checked_at", sqlite_where=sql("problems <> '[]'"), postgresql_where=sql("problems <> '[]'")),
    )


TABLE = table_of(Check)


@dataclass(frozen=True, slots=True)
class Money:
    """Where a drop's money is, in fen. `waiting`: paid, and the drop's promise is still open."""

    paid_fen: int
    confirmed_fen: int
    waiting_fen: int
    refunded_fen: int
    due_fen: int


def sum_money(session: Session, drop_id: str) -> Money:
    """Sums over payments, refunds and orders, each taken from its own rows."""
    order, payment, refund = orders.TABLE, payments.TABLE, payments.REFUNDS
    paid = select(func.coalesce(func.sum(payment.c.amount_fen), 0)).join(order, order.c.id == payment.c.order_id)
    is_done = refund.c.status == payments.DONE
    back = (
        select(
            func.coalesce(func.sum(case((is_done, refund.c.amount_fen), else_=0)), 0),
            func.coalesce(func.sum(case((is_done, 0), else_=refund.c.amount_fen)), 0),
        )
        .join(payment, payment.c.id == refund.c.payment_id)
        .join(order, order.c.id == payment.c.order_id)
    )
    refunded, due = session.execute(back.where(order.c.drop_id == drop_id)).one()
    rows = session.execute(_orders_and_money(drop_id)).all()
    alive = [row for row in rows if row.status in orders.ALIVE]
    return Money(
        int(session.execute(paid.where(order.c.drop_id == drop_id)).scalar_one()),
        int(sum(row.paid - row.back for row in alive if row.confirmed_at is not None)),
        int(sum(row.paid - row.back for row in alive if row.confirmed_at is None)), int(refunded), int(due),
    )


def _orders_and_money(drop_id: str) -> Select[Any]:
    """Each order of a drop with what was paid, what goes or went back, how much of that as a part of a kept order, and
    what its lines less its discounts come to."""
    order, payment, refund, line, less = orders.TABLE, payments.TABLE, payments.REFUNDS, orders.LINES, orders.DISCOUNTS

    def total(column: ColumnElement[Any], condition: ColumnElement[bool]) -> ScalarSelect[Any]:
        return select(func.coalesce(func.sum(column), 0)).where(condition).correlate(order).scalar_subquery()

    return select(
        order,
        total(payment.c.amount_fen, payment.c.order_id == order.c.id).label("paid"),
        total(refund.c.amount_fen, refund.c.order_id == order.c.id).label("back"),
        total(refund.c.amount_fen, (refund.c.order_id == order.c.id) & (refund.c.why == payments.PART)).label("part"),
        total(line.c.quantity * line.c.unit_fen, line.c.order_id == order.c.id).label("goods"),
        total(less.c.amount_fen, less.c.order_id == order.c.id).label("less"),
    ).where(order.c.drop_id == drop_id)


def find_problems(session: Session, drop_id: str) -> list[str]:
    """What does not add up in a drop, in plain words; empty when all does."""
    drop, money = drops.get(session, drop_id), sum_money(session, drop_id)
    found = []
    if money.paid_fen != money.confirmed_fen + money.waiting_fen + money.refunded_fen + money.due_fen:
        found.append(f"paid {money.paid_fen} fen, accounted for otherwise: {asdict(money)}")
    for row in session.execute(_orders_and_money(drop_id)):
        found += _problems_of_order(row)
    return found + _problems_of_places(session, drop_id) + _problems_of_teams(session, drop)


def _problems_of_order(row: AnyRow) -> list[str]:
    kept, found = row.paid - row.back, []
    if max(0, row.goods - row.less) != row.total_fen and row.status in orders.ALIVE:
        found.append(f"{row.id}: lines come to {row.goods - row.less} fen, the total says {row.total_fen}")
    if row.status in (orders.CANCELLED, orders.REFUNDED) and kept != 0:
        found.append(f"{row.id}: ended, and holds {kept} fen")
    if row.status == orders.PLACED and not 0 <= kept <= row.total_fen:
        found.append(f"{row.id}: not paid up, and holds {kept} of {row.total_fen} fen")
    is_paid = row.paid_at is not None and row.status in orders.ALIVE
    if is_paid and kept + row.part != row.total_fen:
        found.append(f"{row.id}: paid, and holds {kept} of {row.total_fen} fen")
    return found


def _problems_of_places(session: Session, drop_id: str) -> list[str]:
    """Every place taken belongs to a reservation, and every reservation to an order that is not ended."""
    held, order, line = stock.TABLE, orders.TABLE, orders.LINES
    is_held = held.c.released_at.is_(None)
    sums = select(held.c.sku_id, func.sum(held.c.quantity)).where(held.c.drop_id == drop_id, is_held)
    reserved = {row[0]: int(row[1]) for row in session.execute(sums.group_by(held.c.sku_id))}
    found = [
        f"{offer.sku_id}: {offer.taken} taken, {reserved.get(offer.sku_id, 0)} reserved"
        for offer in drops.find_offers(session, drop_id) if offer.taken != reserved.get(offer.sku_id, 0)
    ]
    lines = (
        select(order.c.id, order.c.status, line.c.sku_id, line.c.quantity, held.c.quantity.label("held"))
        .join(line, line.c.order_id == order.c.id)
        .outerjoin(held, (held.c.order_id == order.c.id) & (held.c.sku_id == line.c.sku_id) & is_held)
    )
    is_alive = order.c.status.in_(orders.ALIVE)
    # What was handed out and refunded later does not come back to the shelf by itself.
    is_over = ~is_alive & order.c.shipped_at.is_(None) & order.c.received_at.is_(None)
    wrong = or_(is_alive & (func.coalesce(held.c.quantity, 0) != line.c.quantity), is_over & held.c.quantity.is_not(None))
    for row in session.execute(lines.where(order.c.drop_id == drop_id, wrong)):
        found.append(f"{row.id}: {row.status} with {row.quantity} of {row.sku_id}, {row.held or 0} reserved")
    return found


SEAT_OF = {
    teams.FORMING: teams.SEATED[:2], teams.FORMED: (teams.CONFIRMED,), teams.EXPIRED: (), teams.CANCELLED: (),
}


def _problems_of_teams(session: Session, drop: AnyRow) -> list[str]:
    """Teams hold as many seats as they say; a seat and its order agree."""
    if drop.kind != drops.TEAM:
        return []
    team, seat, order = teams.TABLE, teams.SEATS, orders.TABLE
    found: list[str] = []
    seated: dict[str, int] = {}
    query = select(seat.c.team_id, team.c.status, seat.c.status, order.c.status, order.c.id).join(
        team, team.c.id == seat.c.team_id
    ).join(order, order.c.id == seat.c.order_id)
    for team_id, team_status, seat_status, order_status, order_id in session.execute(query.where(team.c.drop_id == drop.id)):
        if seat_status in teams.SEATED:
            seated[team_id] = seated.get(team_id, 0) + 1
            if seat_status not in SEAT_OF[team_status] or order_status not in orders.ALIVE:
                found.append(f"{order_id}: seat {seat_status}, order {order_status}, team {team_status}")
    for row in session.execute(select(team).where(team.c.drop_id == drop.id)):
        # A seat of a formed team whose order was refunded later stays counted: the team was formed.
        count = row.size if row.status == teams.FORMED else seated.get(row.id, 0)
        if row.seats != count:
            found.append(f"{row.id}: {row.seats} seats counted, {count} there")
    return found


def keep(session: Session, drop_id: str, money: Money, problems: Sequence[str], now: datetime) -> None:
    """Keep the newest proof of a drop."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = asdict(money) | {"checked_at": now, "problems": json.dumps(list(problems), ensure_ascii=False)}
    statement = dialect.insert(TABLE).values(drop_id=drop_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["drop_id"], set_=values))


def find_troubled(session: Session) -> Sequence[AnyRow]:
    """Drops in which something does not add up, newest proof first: the check, and the drop's title."""
    query = select(TABLE, drops.TABLE.c.title).join(drops.TABLE, drops.TABLE.c.id == TABLE.c.drop_id)
    return session.execute(query.where(sql("problems <> '[]'")).order_by(TABLE.c.checked_at.desc())).all()


def find_check(session: Session, drop_id: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.drop_id == drop_id)).one_or_none()


def find_to_check(session: Session, now: datetime, every: timedelta, limit: int = 20) -> Sequence[AnyRow]:
    """Drops whose proof is old: id, checked_at (None before the first)."""
    drop = drops.TABLE
    query = select(drop.c.id, TABLE.c.checked_at).outerjoin(TABLE, TABLE.c.drop_id == drop.c.id)
    is_watched = (drop.c.opened_at.is_not(None)) & or_(drop.c.closed_at.is_(None), drop.c.closed_at > now - WATCHED)
    is_old = or_(TABLE.c.checked_at.is_(None), TABLE.c.checked_at <= now - every)
    return session.execute(query.where(is_watched, is_old).order_by(drop.c.id).limit(limit)).all()
