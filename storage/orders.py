"""Orders: purchases with their lines, discounts and the trail of what happened to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, execute_fast, insert_fast, table_of
from storage.drops import BEFORE, PICKUP, one_of

PLACED, PAID, SHIPPED, RECEIVED = "placed", "paid", "shipped", "received"
REFUNDED, CANCELLED = "refunded", "cancelled"
ALIVE = (PLACED, PAID, SHIPPED, RECEIVED)
REFUND, NEXT_TEAM = "refund", "next_team"  # what becomes of money that comes too late, as the member chose


class Order(Base):
    """A purchase. `total_fen` is what it costs after discounts; `confirmed_at`: its drop's promise is kept (team formed,
    goal met, or at once), so that the money is ours and the goods theirs."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    drop_id: Mapped[str | None] = mapped_column(ForeignKey("drops.id"))
    channel: Mapped[str] = mapped_column(String(20))
    group_id: Mapped[str | None] = mapped_column(String(120))
    member_id: Mapped[str] = mapped_column(String(120))
    member_name: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(10))
    total_fen: Mapped[int] = mapped_column(BigInteger)
    deposit_fen: Mapped[int] = mapped_column(BigInteger)
    pays: Mapped[str] = mapped_column(String(10))
    if_late: Mapped[str] = mapped_column(String(10))
    pickup_point: Mapped[str] = mapped_column(String(120))
    address: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(400))
    source: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200))
    placed_at: Mapped[datetime] = mapped_column(UtcTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    shipped_at: Mapped[datetime | None] = mapped_column(UtcTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint(one_of("status", (*ALIVE, REFUNDED, CANCELLED)), name="status"),
        CheckConstraint(one_of("pays", (BEFORE, PICKUP)), name="pays"),
        CheckConstraint(one_of("if_late", (REFUND, NEXT_TEAM)), name="if_late"),
        CheckConstraint("total_fen >= 0 and deposit_fen >= 0 and deposit_fen <= total_fen", name="money"),
        Index("ix_orders_drop", "drop_id", "member_id"),
        Index("ix_orders_member", "member_id", "placed_at"),
        Index("ix_orders_placed", "placed_at"),
    )


class Line(Base):
    """So many of one SKU at one price; `list_fen` is what one costs outside the drop."""

    __tablename__ = "order_lines"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_fen: Mapped[int] = mapped_column(BigInteger)
    list_fen: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity"),
        CheckConstraint("unit_fen >= 0", name="unit"),
    )


class Discount(Base):
    """What an order costs less, and why: threshold, cut (reference: the helper), coupon, points. Once for a reference."""

    __tablename__ = "order_discounts"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    reference: Mapped[str] = mapped_column(String(120), primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (CheckConstraint("amount_fen >= 0", name="amount"),)


class Trace(Base):
    """One thing that happened to an order: what, when, by whom («member», «operator:3», «rule»), with its figures."""

    __tablename__ = "order_traces"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    what: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_order_traces_order", "order_id", "id"),)


TABLE, LINES, DISCOUNTS, TRACES = table_of(Order), table_of(Line), table_of(Discount), table_of(Trace)
_COLUMNS = (
    "id", "drop_id", "channel", "group_id", "member_id", "member_name", "status", "total_fen", "deposit_fen", "pays",
    "if_late", "pickup_point", "address", "note", "source", "reason", "placed_at", "confirmed_at",
)


def get(session: Session, order_id: str) -> AnyRow:
    """The order's row as it is now. Raises RowMissing."""
    return session.execute(select(TABLE).where(TABLE.c.id == order_id)).one()


def find(session: Session, order_id: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.id == order_id)).one_or_none()


def find_with_ids(session: Session, order_ids: Sequence[str]) -> Sequence[AnyRow]:
    return session.execute(select(TABLE).where(TABLE.c.id.in_(order_ids)).order_by(TABLE.c.id)).all()


def find_page(session: Session, *, after: str = "", status: str = "", drop_id: str = "", limit: int = 50) -> Sequence[AnyRow]:
    """Orders by id, those after one id."""
    query = select(TABLE).where(TABLE.c.id > after)
    if status:
        query = query.where(TABLE.c.status == status)
    if drop_id:
        query = query.where(TABLE.c.drop_id == drop_id)
    return session.execute(query.order_by(TABLE.c.id).limit(limit)).all()


def find_of_member(session: Session, member_id: str, limit: int = 10) -> Sequence[AnyRow]:
    """A member's orders, newest first."""
    query = select(TABLE).where(TABLE.c.member_id == member_id)
    return session.execute(query.order_by(TABLE.c.placed_at.desc(), TABLE.c.id).limit(limit)).all()


def has_paid_before(session: Session, member_ids: Sequence[str], order_id: str, paid_at: datetime) -> bool:
    """Has one of these members another order that was paid by then, whatever became of it?"""
    query = select(TABLE.c.id).where(TABLE.c.member_id.in_(member_ids), TABLE.c.id != order_id, TABLE.c.paid_at <= paid_at)
    return session.execute(query.limit(1)).first() is not None


def find_alive(session: Session, drop_id: str, member_ids: Sequence[str] | None = None) -> Sequence[AnyRow]:
    """Orders of a drop that are not ended, perhaps of some members only, oldest first."""
    query = select(TABLE).where(TABLE.c.drop_id == drop_id, TABLE.c.status.in_(ALIVE))
    if member_ids is not None:
        query = query.where(TABLE.c.member_id.in_(member_ids))
    return session.execute(query.order_by(TABLE.c.placed_at, TABLE.c.id)).all()


def find_lines(session: Session, order_ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    """The lines of several orders."""
    found: dict[str, list[AnyRow]] = {order_id: [] for order_id in order_ids}
    for row in session.execute(select(LINES).where(LINES.c.order_id.in_(order_ids)).order_by(LINES.c.sku_id)):
        found[row.order_id].append(row)
    return found


def find_discounts(session: Session, order_id: str) -> Sequence[AnyRow]:
    query = select(DISCOUNTS).where(DISCOUNTS.c.order_id == order_id)
    return session.execute(query.order_by(DISCOUNTS.c.at, DISCOUNTS.c.kind, DISCOUNTS.c.reference)).all()


def find_traces(session: Session, order_id: str) -> Sequence[AnyRow]:
    return session.execute(select(TRACES).where(TRACES.c.order_id == order_id).order_by(TRACES.c.id)).all()


def count_heads(session: Session, drop_id: str, *, is_paid: bool) -> int:
    """How many different members have an order in the drop that is not ended (and is paid)."""
    query = select(func.count(func.distinct(TABLE.c.member_id))).where(TABLE.c.drop_id == drop_id)
    return session.execute(query.where(TABLE.c.status.in_(ALIVE[1:] if is_paid else ALIVE))).scalar_one()


def find_latest(session: Session, drop_id: str, limit: int) -> Sequence[AnyRow]:
    """The newest orders of a drop that are not ended: member_id, member_name, placed_at, and how many `things`."""
    newest = select(TABLE.c.id, TABLE.c.member_id, TABLE.c.member_name, TABLE.c.placed_at)
    newest = newest.where(TABLE.c.drop_id == drop_id, TABLE.c.status.in_(ALIVE))
    some = newest.order_by(TABLE.c.placed_at.desc(), TABLE.c.id).limit(limit).subquery()
    things = select(func.sum(LINES.c.quantity)).where(LINES.c.order_id == some.c.id).scalar_subquery()
    return session.execute(select(some, things.label("things")).order_by(some.c.placed_at.desc(), some.c.id)).all()


def insert_all(
    session: Session, orders: Sequence[Mapping[str, Any]], lines: Sequence[tuple[Any, ...]],
    discounts: Sequence[tuple[Any, ...]],
) -> None:
    """New orders as dicts; lines as (order_id, sku_id, name, quantity, unit_fen, list_fen); discounts as (order_id, kind,
    reference, amount_fen, at)."""
    connection = session.connection()
    insert_fast(connection, "orders", _COLUMNS, [tuple(order[name] for name in _COLUMNS) for order in orders])
    insert_fast(connection, "order_lines", ("order_id", "sku_id", "name", "quantity", "unit_fen", "list_fen"), lines)
    add_discounts(session, discounts)


def add_discounts(session: Session, discounts: Sequence[tuple[Any, ...]]) -> None:
    if discounts:
        execute_fast(
            session.connection(),
            "insert into order_discounts (order_id, kind, reference, amount_fen, at) values (?, ?, ?, ?, ?)", discounts,
        )


def replace_lines(session: Session, order_id: str, lines: Sequence[tuple[Any, ...]]) -> None:
    """The order has these lines from now on; its threshold discount goes, to be worked out anew."""
    session.execute(delete(LINES).where(LINES.c.order_id == order_id))
    session.execute(delete(DISCOUNTS).where(DISCOUNTS.c.order_id == order_id, DISCOUNTS.c.kind == "threshold"))
    execute_fast(
        session.connection(),
        "insert into order_lines (order_id, sku_id, name, quantity, unit_fen, list_fen) values (?, ?, ?, ?, ?, ?)", lines,
    )


def change(session: Session, order_ids: Sequence[str], expected: Sequence[str], **values: Any) -> list[str]:
    """Change these orders where they have one of these statuses; gives the ids of those changed."""
    statement = update(TABLE).where(TABLE.c.id.in_(order_ids), TABLE.c.status.in_(expected)).values(**values)
    return list(session.scalars(statement.returning(TABLE.c.id)))


def confirm(session: Session, order_ids: Sequence[str], now: datetime) -> list[str]:
    """The promise to these orders is kept; gives the ids of those that were not confirmed before."""
    statement = update(TABLE).where(TABLE.c.id.in_(order_ids), TABLE.c.confirmed_at.is_(None)).values(confirmed_at=now)
    return list(session.scalars(statement.where(TABLE.c.status.in_(ALIVE)).returning(TABLE.c.id)))


def trace(session: Session, order_ids: Sequence[str], at: datetime, what: str, by: str, **detail: Any) -> None:
    """Write down what happened to these orders."""
    words = json.dumps(detail, ensure_ascii=False, default=str) if detail else "{}"
    trace_all(session, [(order_id, at, what, by, words) for order_id in order_ids])


def trace_all(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """As (order_id, at, what, by, detail as JSON)."""
    insert_fast(session.connection(), "order_traces", ("order_id", "at", "what", "by", "detail"), rows)


def reprice(session: Session, order_id: str, units: Mapping[str, int]) -> None:
    """One of each SKU costs this from now on."""
    rows = [(fen, order_id, sku_id) for sku_id, fen in units.items()]
    execute_fast(session.connection(), "update order_lines set unit_fen = ? where order_id = ? and sku_id = ?", rows)
