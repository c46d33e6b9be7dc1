"""Payments and refunds: money that came in, and money we owe back until it is handed over."""

from __future__ import annotations

from collections.abc import Sequence
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
    func,
    insert,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, UtcTime, table_of
from storage.drops import one_of

DUE, ASKED, BY_HAND, DONE, DEAD = "due", "asked", "by_hand", "done", "dead"
OWED = (DUE, ASKED, BY_HAND, DEAD)  # not back with the member yet
# Why money goes back: more than the price, too late, the order ended, the price fell, a part or all by an operator.
OVER, LATE, ENDED, PRICE_FELL, PART, STRAY = "over", "late", "ended", "price_fell", "part", "stray"


class Payment(Base):
    """Money received, once for a provider's reference. `order_id` is None where nobody knows what it was for;
    `refunding_fen` is what goes or went back of it, never more than came."""

    __tablename__ = "payments"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(120))
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    refunding_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    claimed_for: Mapped[str] = mapped_column(String(60), default="")
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)
    recorded_by: Mapped[str] = mapped_column(String(40))

    __table_args__ = (
        Index("uq_payments_reference", "provider", "reference", unique=True),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("refunding_fen >= 0 and refunding_fen <= amount_fen", name="refunding"),
        Index("ix_payments_recorded", "recorded_at"),
    )


class Refund(Base):
    """Money owed back out of one payment: due → asked (of the provider) → done; by_hand where an operator hands it over
    and says so; dead after the last try, still owed."""

    __tablename__ = "refunds"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"), index=True)
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"), index=True)
    why: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(200), unique=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(one_of("status", (*OWED, DONE)), name="status"),
        CheckConstraint(one_of("why", (OVER, LATE, ENDED, PRICE_FELL, PART, STRAY)), name="why"),
        Index("ix_refunds_owed", "status", "created_at", sqlite_where=sql("status <> 'done'"), postgresql_where=sql("status <> 'done'")),
    )


class RefundPart(Base):
    """How much of a refund falls on one order line, so that commission can follow; the parts sum to the refund."""

    __tablename__ = "refund_parts"

    refund_id: Mapped[str] = mapped_column(ForeignKey("refunds.id"), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("amount_fen >= 0", name="amount"),)


TABLE, REFUNDS, PARTS = table_of(Payment), table_of(Refund), table_of(RefundPart)


def insert_once(session: Session, values: dict[str, Any]) -> bool:
    """Keep money that came in; False when this reference is kept already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(TABLE).values(refunding_fen=0, **values)
    statement = statement.on_conflict_do_nothing(index_elements=["provider", "reference"])
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None


def get(session: Session, payment_id: str) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.id == payment_id)).one()


def find_by_reference(session: Session, provider: str, reference: str) -> AnyRow | None:
    query = select(TABLE).where(TABLE.c.provider == provider, TABLE.c.reference == reference)
    return session.execute(query).one_or_none()


def find_of(session: Session, order_id: str) -> Sequence[AnyRow]:
    """An order's payments, newest first: what goes back is taken from the last one first."""
    query = select(TABLE).where(TABLE.c.order_id == order_id)
    return session.execute(query.order_by(TABLE.c.recorded_at.desc(), TABLE.c.amount_fen.desc(), TABLE.c.id)).all()


def find_stray(session: Session, limit: int = 50) -> Sequence[AnyRow]:
    """Money whose order nobody knows."""
    query = select(TABLE).where(TABLE.c.order_id.is_(None)).order_by(TABLE.c.recorded_at.desc()).limit(limit)
    return session.execute(query).all()


def sum_kept(session: Session, order_ids: Sequence[str]) -> dict[str, int]:
    """What we hold for each order: paid, less all that goes or went back. Orders without a payment hold nothing."""
    query = select(TABLE.c.order_id, func.sum(TABLE.c.amount_fen - TABLE.c.refunding_fen))
    rows = session.execute(query.where(TABLE.c.order_id.in_(order_ids)).group_by(TABLE.c.order_id))
    return dict.fromkeys(order_ids, 0) | {row[0]: int(row[1]) for row in rows}


def sum_paid(session: Session, order_id: str) -> int:
    query = select(func.coalesce(func.sum(TABLE.c.amount_fen), 0)).where(TABLE.c.order_id == order_id)
    return int(session.execute(query).scalar_one())


def owe(session: Session, payment_id: str, values: dict[str, Any]) -> bool:
    """Owe money back out of a payment; False when it has not that much left, or this cause was booked already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    written = dialect.insert(REFUNDS).values(payment_id=payment_id, tries=0, **values).on_conflict_do_nothing()
    if session.execute(written.returning(REFUNDS.c.id)).one_or_none() is None:
        return False
    amount = values["amount_fen"]
    session.execute(update(TABLE).where(TABLE.c.id == payment_id).values(refunding_fen=TABLE.c.refunding_fen + amount))
    return True


def add_parts(session: Session, refund_id: str, parts: dict[str, int]) -> None:
    rows = [{"refund_id": refund_id, "sku_id": sku_id, "amount_fen": fen} for sku_id, fen in parts.items()]
    if rows:
        session.execute(insert(PARTS), rows)


def get_refund(session: Session, refund_id: str) -> AnyRow:
    return session.execute(select(REFUNDS).where(REFUNDS.c.id == refund_id)).one()


def find_refunds(session: Session, order_id: str) -> Sequence[AnyRow]:
    query = select(REFUNDS).where(REFUNDS.c.order_id == order_id)
    return session.execute(query.order_by(REFUNDS.c.created_at, REFUNDS.c.id)).all()


def find_parts(session: Session, refund_id: str) -> dict[str, int]:
    rows = session.execute(select(PARTS.c.sku_id, PARTS.c.amount_fen).where(PARTS.c.refund_id == refund_id))
    return {row.sku_id: row.amount_fen for row in rows}


def sum_parts(session: Session, order_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """What operators gave back of living orders, by order and SKU."""
    query = select(REFUNDS.c.order_id, PARTS.c.sku_id, func.sum(PARTS.c.amount_fen))
    query = query.join(PARTS, PARTS.c.refund_id == REFUNDS.c.id).where(REFUNDS.c.order_id.in_(order_ids), REFUNDS.c.why == PART)
    found: dict[str, dict[str, int]] = {}
    for order_id, sku_id, fen in session.execute(query.group_by(REFUNDS.c.order_id, PARTS.c.sku_id)):
        found.setdefault(order_id, {})[sku_id] = int(fen)
    return found


def change_refund(session: Session, refund_id: str, expected: Sequence[str], **values: Any) -> bool:
    """Change a refund if it has one of these statuses; False when it has not."""
    statement = update(REFUNDS).where(REFUNDS.c.id == refund_id, REFUNDS.c.status.in_(expected)).values(**values)
    return session.execute(statement.returning(REFUNDS.c.id)).one_or_none() is not None


def find_owed(session: Session, statuses: Sequence[str], limit: int = 50) -> Sequence[AnyRow]:
    """Refunds not handed over, oldest first: by_hand and dead ones wait for an operator."""
    query = select(REFUNDS).where(sql("refunds.status <> 'done'"), REFUNDS.c.status.in_(statuses))
    return session.execute(query.order_by(REFUNDS.c.created_at, REFUNDS.c.id).limit(limit)).all()


def count_owed(session: Session, statuses: Sequence[str]) -> int:
    query = select(func.count()).select_from(REFUNDS).where(sql("refunds.status <> 'done'"), REFUNDS.c.status.in_(statuses))
    return session.execute(query).scalar_one()


def find_stuck(session: Session, before: datetime, limit: int = 100) -> Sequence[AnyRow]:
    """Refunds asked for long ago without an answer."""
    query = select(REFUNDS).where(sql("refunds.status <> 'done'"), REFUNDS.c.status.in_((DUE, ASKED)))
    stuck = func.coalesce(REFUNDS.c.asked_at, REFUNDS.c.created_at) <= before
    return session.execute(query.where(stuck).order_by(REFUNDS.c.created_at).limit(limit)).all()
