"""Commissions: what each order line earns, for whom, and where it stands; every change of it moves in the ledger too."""

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
    insert,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import ledger
from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of
from storage.terms import COUPON, LEVELS, POINTS, UNITS

PENDING, PAYABLE, PAID, REVERSED, HELD, REJECTED = "pending", "payable", "paid", "reversed", "held", "rejected"
STATES = (PENDING, PAYABLE, PAID, REVERSED, HELD, REJECTED)
EARNING = (PENDING, PAYABLE, PAID, HELD)  # still somebody's


class Commission(Base):
    """What one order line earns one member on one level. `base_fen` is what is paid and kept for the line, `amount` what
    that earns now; `wanted` and `granted` are what the rule gave and what budget and cap left of it when it began to earn.
    `due_at`: when a pending one becomes payable. A held one remembers what it was in `held_from`, why, and the evidence."""

    __tablename__ = "commissions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("attributions.order_id"))
    sku_id: Mapped[str] = mapped_column(String(80))
    level: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(8))
    member_id: Mapped[str] = mapped_column(String(120))
    campaign_id: Mapped[str] = mapped_column(String(40))
    base_fen: Mapped[int] = mapped_column(BigInteger)
    wanted: Mapped[int] = mapped_column(BigInteger)
    granted: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    accrued_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    payout_id: Mapped[str | None] = mapped_column(ForeignKey("payouts.id"), index=True)
    held_from: Mapped[str | None] = mapped_column(String(10))
    held_why: Mapped[str] = mapped_column(String(40))
    evidence: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("uq_commissions_line", "order_id", "sku_id", "level", "unit", "member_id", unique=True),
        CheckConstraint(f"level in ({', '.join(map(str, LEVELS))})", name="level"),
        CheckConstraint(one_of("unit", UNITS), name="unit"),
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint("amount >= 0 and amount <= granted and granted <= wanted", name="amount"),
        CheckConstraint("base_fen >= 0", name="base"),
        CheckConstraint("state not in ('reversed', 'rejected') or amount = 0", name="nothing"),
        CheckConstraint("(state = 'held') = (held_from is not null)", name="held"),
        Index("ix_commissions_member", "member_id", "accrued_at"),
        Index("ix_commissions_state", "state", "id"),
        Index("ix_commissions_campaign", "campaign_id", "id"),
        Index("ix_commissions_due", "due_at", sqlite_where=sql("state = 'pending'"), postgresql_where=sql("state = 'pending'")),
    )


TABLE = table_of(Commission)
