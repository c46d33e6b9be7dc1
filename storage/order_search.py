"""Finding orders at the desk: by words and filters, for pages and exports, and what is to be picked for a drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from storage import drops, orders
from storage.base import AnyRow

ORDER, LINE = orders.TABLE, orders.LINES
_IS_PICKED = ORDER.c.confirmed_at.is_not(None) & ORDER.c.status.in_(orders.ALIVE) & (
    (ORDER.c.status != orders.PLACED) | (ORDER.c.pays == drops.PICKUP)
)
UNPAID, TO_SHIP, LATE = "unpaid", "to_ship", "late"  # states of the desk, besides an order's statuses
SHIP_WITHIN = timedelta(hours=72)  # what is paid for is to be sent in this time
IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders: words in id, member or products; a status or a state of the desk; drop, group, and days by placing."""

    words: str = ""
    state: str = ""
    drop_id: str = ""
    group_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """An order to be handed out: who takes what where, and what is to be paid then."""

    order_id: str
    member_id: str
    member: str
    group: str
    point: str
    lines: tuple[tuple[str, int], ...]
    note: str
    address: str
    owed_fen: int
    has_arrived: bool
    is_received: bool

    @property
    def tail(self) -> str:
        """The end of the order's id, by which it is called at the pick-up point."""
        return self.order_id[-4:].upper()

    @property
    def units(self) -> int:
        return sum(count for _, count in self.lines)


def _meant(wanted: Wanted, now: datetime) -> Select[AnyRow]:
    query = select(ORDER)
    if wanted.words:
        words = wanted.words.lower()
        has_product = select(LINE.c.order_id).where(LINE.c.order_id == ORDER.c.id, LINE.c.name.contains(wanted.words, autoescape=True))
        query = query.where(or_(
            ORDER.c.id == words, ORDER.c.id.endswith(words, autoescape=True), ORDER.c.member_id == wanted.words,
            ORDER.c.member_name.contains(wanted.words, autoescape=True), has_product.exists(),
        ))
    if wanted.state in (*orders.ALIVE, orders.REFUNDED, orders.CANCELLED):
        query = query.where(ORDER.c.status == wanted.state)
    elif wanted.state == UNPAID:
        query = query.where(ORDER.c.status == orders.PLACED)
    elif wanted.state in (TO_SHIP, LATE):
        query = query.where(ORDER.c.status == orders.PAID, ORDER.c.confirmed_at.is_not(None), ORDER.c.arrived_at.is_(None))
        if wanted.state == LATE:
            before = now - SHIP_WITHIN
            query = query.where(ORDER.c.paid_at <= before, ORDER.c.confirmed_at <= before)
    if wanted.drop_id:
        query = query.where(ORDER.c.drop_id == wanted.drop_id)
    if wanted.group_id:
        query = query.where(ORDER.c.group_id == wanted.group_id)
    if wanted.since is not None:
        query = query.where(ORDER.c.placed_at >= wanted.since)
    return query if wanted.until is None else query.where(ORDER.c.placed_at < wanted.until)


def find(session: Session, wanted: Wanted, now: datetime, *, after: str | None = None, limit: int = 50) -> Sequence[AnyRow]:
    """Orders, newest first, after the one with the id `after`."""
    query, last = _meant(wanted, now), orders.find(session, after) if after else None
    if last is not None:
        is_same = and_(ORDER.c.placed_at == last.placed_at, ORDER.c.id > last.id)
        query = query.where(or_(ORDER.c.placed_at < last.placed_at, is_same))
    return session.execute(query.order_by(ORDER.c.placed_at.desc(), ORDER.c.id).limit(limit)).all()


def count(session: Session, wanted: Wanted, now: datetime) -> tuple[int, int]:
    """How many orders, and what they cost together in fen."""
    some = _meant(wanted, now).subquery()
    found = session.execute(select(func.count(), func.coalesce(func.sum(some.c.total_fen), 0)).select_from(some)).one()
    return int(found[0]), int(found[1])


def sum_paid(session: Session, since: datetime) -> tuple[int, int]:
    """How many orders placed since then were paid and not given back, and what they came to before what was taken off."""
    is_paid = ORDER.c.status.in_(orders.ALIVE[1:]) & (ORDER.c.placed_at >= since)
    count = session.execute(select(func.count()).select_from(ORDER).where(is_paid)).scalar_one()
    goods = select(func.coalesce(func.sum(LINE.c.quantity * LINE.c.unit_fen), 0)).join(ORDER, ORDER.c.id == LINE.c.order_id)
    return int(count), int(session.execute(goods.where(is_paid)).scalar_one())


def ship_by(order: AnyRow) -> datetime | None:
    """When an order is to be on its way at the latest; None when that is done, or nothing is promised yet."""
    if order.status != orders.PAID or order.confirmed_at is None or order.arrived_at is not None:
        return None
    latest: datetime = max(order.paid_at or order.confirmed_at, order.confirmed_at) + SHIP_WITHIN
    return latest


def find_to_hand_out(session: Session, since: datetime, order_id: str = "", limit: int = 50_000) -> Sequence[AnyRow]:
    """Orders of drops placed since then that may be handed out, or were: id, drop_id, group_id; perhaps of one id only."""
    query = select(ORDER.c.id, ORDER.c.drop_id, ORDER.c.group_id).where(_IS_PICKED, ORDER.c.drop_id.is_not(None))
    if order_id:
        query = query.where(ORDER.c.id == order_id)
    return session.execute(query.where(ORDER.c.placed_at >= since).order_by(ORDER.c.placed_at.desc()).limit(limit)).all()


def find_picks(session: Session, drop_id: str, names: dict[str, str]) -> list[Pick]:
    """Every order of a drop whose promise is kept and that is paid, or paid at pick-up, by point, group and member.
    `names` are the groups'."""
    return _picks(session, ORDER.c.drop_id == drop_id, names)


def find_picks_of(session: Session, order_ids: Sequence[str], names: dict[str, str]) -> list[Pick]:
    """The same for some orders, of whatever drop."""
    return _picks(session, ORDER.c.id.in_(order_ids), names)


def _picks(session: Session, which: ColumnElement[bool], names: dict[str, str]) -> list[Pick]:
    is_meant = which & _IS_PICKED
    lines: dict[str, list[tuple[str, int]]] = {}
    bought = select(LINE.c.order_id, LINE.c.name, LINE.c.quantity).join(ORDER, ORDER.c.id == LINE.c.order_id)
    for order_id, name, quantity in session.execute(bought.where(is_meant).order_by(LINE.c.order_id, LINE.c.sku_id)):
        lines.setdefault(order_id, []).append((name, quantity))
    found = [
        Pick(
            row.id, row.member_id, row.member_name, names.get(row.group_id or "", row.group_id or ""), row.pickup_point,
            tuple(lines.get(row.id, ())), row.note, row.address or "", row.total_fen if row.status == orders.PLACED else 0,
            row.arrived_at is not None, row.status == orders.RECEIVED,
        )
        for row in session.execute(select(ORDER).where(is_meant))
    ]
    return sorted(found, key=lambda one: (one.point, one.group, one.member, one.order_id))
