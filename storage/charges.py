"""Charges: what a payment provider was asked to collect for an order, until it is paid or closed there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, UtcTime, table_of
from storage.drops import one_of

OPEN, PAID, CLOSED = "open", "paid", "closed"


class Charge(Base):
    """One asking for money at a provider; `id` is our number there. `way`: jsapi, h5, native; `payer`: the member's id at
    the provider where the way needs it; `answer`: what the member's phone needs to pay. At most one is open for one
    order, way, payer and amount."""

    __tablename__ = "charges"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    provider: Mapped[str] = mapped_column(String(20))
    way: Mapped[str] = mapped_column(String(10))
    payer: Mapped[str] = mapped_column(String(128))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(10))
    answer: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    error: Mapped[str] = mapped_column(String(300))
    looks: Mapped[int] = mapped_column(Integer)
    look_at: Mapped[datetime] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(one_of("status", (OPEN, PAID, CLOSED)), name="status"),
        Index(
            "uq_charges_open", "order_id", "provider", "way", "payer", "amount_fen", unique=True,
            sqlite_where=sql("status = 'open'"), postgresql_where=sql("status = 'open'"),
        ),
        Index("ix_charges_look", "look_at", sqlite_where=sql("status = 'open'"), postgresql_where=sql("status = 'open'")),
    )


TABLE = table_of(Charge)
_IS_OPEN = sql("charges.status = 'open'")


def insert_once(session: Session, values: dict[str, Any]) -> AnyRow:
    """A new open charge, or the one that is open for the same order, way, payer and amount."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    fresh = {"status": OPEN, "answer": "", "error": "", "looks": 0} | values
    session.execute(dialect.insert(TABLE).values(**fresh).on_conflict_do_nothing())
    query = select(TABLE).where(_IS_OPEN, *(TABLE.c[name] == values[name] for name in ("order_id", "provider", "way", "payer", "amount_fen")))
    return session.execute(query).one()


def get(session: Session, charge_id: str) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.id == charge_id)).one()


def find(session: Session, charge_id: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.id == charge_id)).one_or_none()


def find_of(session: Session, order_id: str) -> Sequence[AnyRow]:
    query = select(TABLE).where(TABLE.c.order_id == order_id)
    return session.execute(query.order_by(TABLE.c.created_at, TABLE.c.id)).all()


def find_to_look(session: Session, now: datetime, limit: int = 50) -> Sequence[AnyRow]:
    """Open charges whose provider is to be asked how they stand."""
    query = select(TABLE).where(_IS_OPEN, TABLE.c.look_at <= now)
    return session.execute(query.order_by(TABLE.c.look_at).limit(limit)).all()


def claim_look(session: Session, row: AnyRow, look_at: datetime) -> bool:
    """Be the one who looks now; the next look is at this time."""
    statement = update(TABLE).where(TABLE.c.id == row.id, TABLE.c.looks == row.looks, TABLE.c.status == OPEN)
    changed = session.execute(statement.values(looks=row.looks + 1, look_at=look_at).returning(TABLE.c.id))
    return changed.one_or_none() is not None


def change_open(session: Session, charge_id: str, **values: Any) -> bool:
    """Change a charge while it is open; False when it is not."""
    statement = update(TABLE).where(TABLE.c.id == charge_id, TABLE.c.status == OPEN).values(**values)
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None


def mark_paid(session: Session, charge_id: str, now: datetime) -> None:
    """Its money came in, perhaps after we closed it; the order's other open charges are looked at, and closed, at once."""
    order_id = session.scalar(update(TABLE).where(TABLE.c.id == charge_id).values(status=PAID, ended_at=now).returning(TABLE.c.order_id))
    if order_id is not None:
        session.execute(update(TABLE).where(TABLE.c.order_id == order_id, TABLE.c.status == OPEN).values(look_at=now))
