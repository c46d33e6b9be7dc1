"""Suspicions: what a rule of vigilance doubts, with its evidence, until an admin decides; never deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, cast, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of

OPEN, CONFIRMED, CLEARED = "open", "confirmed", "cleared"
STATES = (OPEN, CONFIRMED, CLEARED)
RULES = ("self", "household", "ring", "velocity", "join_farm", "refund_ring")


class Suspicion(Base):
    """One rule's doubt about a referrer. `mark` tells it from others of the rule: a buyer, a shared sign, a day. It is open
    once at a time; what a later look finds goes into the open one."""

    __tablename__ = "suspicions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    rule: Mapped[str] = mapped_column(String(12))
    referrer_id: Mapped[str] = mapped_column(String(120))
    mark: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10))
    evidence: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str] = mapped_column(String(60))
    words: Mapped[str] = mapped_column(String(400))

    __table_args__ = (
        CheckConstraint(one_of("rule", RULES), name="rule"),
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint("(state = 'open') = (decided_at is null)", name="decided"),
        Index(
            "uq_suspicions_open", "referrer_id", "rule", "mark", unique=True, sqlite_where=sql("state = 'open'"),
            postgresql_where=sql("state = 'open'"),
        ),
        Index("ix_suspicions_referrer", "referrer_id", "rule", "mark"),
        Index("ix_suspicions_state", "state", "id"),
    )


class SuspectedOrder(Base):
    """An order that is doubted, and how much commission (fen) was held for it then."""

    __tablename__ = "suspected_orders"

    suspicion_id: Mapped[int] = mapped_column(ForeignKey("suspicions.id"), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    held_fen: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_suspected_orders_order", "order_id"),)


TABLE, ORDERS = table_of(Suspicion), table_of(SuspectedOrder)


def get(session: Session, suspicion_id: int) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.id == suspicion_id)).one()


def lock(session: Session, suspicion_id: int) -> AnyRow:
    """As get, held until the commit."""
    return session.execute(select(TABLE).where(TABLE.c.id == suspicion_id).with_for_update()).one()


def find_last(session: Session, referrer_id: str, rule: str, mark: str) -> AnyRow | None:
    """What was last made of the same doubt."""
    same = (TABLE.c.referrer_id == referrer_id, TABLE.c.rule == rule, TABLE.c.mark == mark)
    return session.execute(select(TABLE).where(*same).order_by(TABLE.c.id.desc()).limit(1)).one_or_none()


def open_once(
    session: Session, referrer_id: str, rule: str, mark: str, evidence: Mapping[str, Any], now: datetime
) -> tuple[int, bool]:
    """The open suspicion of this doubt and whether it is new; one that is open already takes over the evidence."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    words = json.dumps(evidence, ensure_ascii=False, default=str)
    row = {
        "rule": rule, "referrer_id": referrer_id, "mark": mark, "state": OPEN, "evidence": words, "opened_at": now,
        "changed_at": now, "decided_by": "", "words": "",
    }
    added = session.execute(dialect.insert(TABLE).values(row).on_conflict_do_nothing().returning(TABLE.c.id)).scalar()
    if added is not None:
        return int(added), True
    same = (TABLE.c.referrer_id == referrer_id, TABLE.c.rule == rule, TABLE.c.mark == mark, TABLE.c.state == OPEN)
    changed = update(TABLE).where(*same, TABLE.c.evidence != words).values(evidence=words, changed_at=now)
    session.execute(changed)
    return int(session.execute(select(TABLE.c.id).where(*same)).scalar_one()), False


def find_orders(session: Session, suspicion_id: int) -> Sequence[AnyRow]:
    """Its orders, as they were added."""
    query = select(ORDERS).where(ORDERS.c.suspicion_id == suspicion_id)
    return session.execute(query.order_by(ORDERS.c.at, ORDERS.c.order_id)).all()


def find_known(session: Session, referrer_id: str, rule: str, mark: str) -> set[str]:
    """Every order that ever stood in a suspicion of the same doubt."""
    query = select(ORDERS.c.order_id).join(TABLE, TABLE.c.id == ORDERS.c.suspicion_id)
    same = (TABLE.c.referrer_id == referrer_id, TABLE.c.rule == rule, TABLE.c.mark == mark)
    return set(session.scalars(query.where(*same)))


def add_orders(session: Session, suspicion_id: int, held: Mapping[str, int], now: datetime) -> None:
    """These orders are doubted too, with what was held for each in fen."""
    rows = [
        {"suspicion_id": suspicion_id, "order_id": order_id, "held_fen": fen, "at": now} for order_id, fen in held.items()
    ]
    if rows:
        session.execute(insert(ORDERS), rows)


def find_doubted(session: Session, order_ids: Sequence[str], *, without: int = 0) -> set[str]:
    """Those of these orders that stand in an open suspicion (other than one)."""
    query = select(ORDERS.c.order_id).join(TABLE, TABLE.c.id == ORDERS.c.suspicion_id)
    query = query.where(ORDERS.c.order_id.in_(order_ids), TABLE.c.state == OPEN, TABLE.c.id != without)
    return set(session.scalars(query))


def decide(session: Session, suspicion_id: int, state: str, by: str, words: str, now: datetime) -> bool:
    """Settle an open suspicion; False when it is settled already."""
    statement = update(TABLE).where(TABLE.c.id == suspicion_id, TABLE.c.state == OPEN)
    values = {"state": state, "decided_by": by[:60], "words": words[:400], "decided_at": now, "changed_at": now}
    return session.execute(statement.values(**values).returning(TABLE.c.id)).one_or_none() is not None


def find_page(
    session: Session, *, state: str = OPEN, rule: str = "", referrer_id: str = "", before: int = 0, limit: int = 50
) -> Sequence[AnyRow]:
    """Suspicions newest first, with how many `orders` each has and how much was held for them (`held_fen`)."""
    orders = select(func.count()).where(ORDERS.c.suspicion_id == TABLE.c.id).scalar_subquery().label("orders")
    # a sum of whole numbers is a decimal on PostgreSQL
    total = cast(func.coalesce(func.sum(ORDERS.c.held_fen), 0), BigInteger)
    held = select(total).where(ORDERS.c.suspicion_id == TABLE.c.id)
    query = select(TABLE, orders, held.scalar_subquery().label("held_fen")).order_by(TABLE.c.id.desc()).limit(limit)
    for column, value in ((TABLE.c.state, state), (TABLE.c.rule, rule), (TABLE.c.referrer_id, referrer_id)):
        if value:
            query = query.where(column == value)
    if before:
        query = query.where(TABLE.c.id < before)
    return session.execute(query).all()


def count_open(session: Session) -> int:
    return session.execute(select(func.count()).select_from(TABLE).where(TABLE.c.state == OPEN)).scalar_one()
