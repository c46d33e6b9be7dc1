"""Payouts: what is payable, proposed together, approved by an admin, handed to a bank or WeChat, and marked as paid."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, UtcTime, table_of
from storage.drops import one_of

PROPOSED, APPROVED, PAID, CANCELLED = "proposed", "approved", "paid", "cancelled"


class Payout(Base):
    """One batch: proposed → approved (by an admin) → paid, or cancelled. One is proposed at a time."""

    __tablename__ = "payouts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    minimum_fen: Mapped[int] = mapped_column(BigInteger)
    members: Mapped[int] = mapped_column(Integer)
    total_fen: Mapped[int] = mapped_column(BigInteger)
    tax_note: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcTime)
    proposed_by: Mapped[str] = mapped_column(String(60))
    approved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    approved_by: Mapped[str] = mapped_column(String(60))
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        CheckConstraint(one_of("status", (PROPOSED, APPROVED, PAID, CANCELLED)), name="status"),
        CheckConstraint("status not in ('approved', 'paid') or approved_at is not null", name="approved"),
        Index("uq_payouts_proposed", "status", unique=True, sqlite_where=sql("status = 'proposed'"), postgresql_where=sql("status = 'proposed'")),
    )


class PayoutLine(Base):
    """What one member is paid in a batch; `tax_note` says what was withheld or declared, where it was."""

    __tablename__ = "payout_lines"

    payout_id: Mapped[str] = mapped_column(ForeignKey("payouts.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    member_name: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(120))
    tax_note: Mapped[str] = mapped_column(String(200))

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("ix_payout_lines_member", "member_id"),
    )


TABLE, LINES = table_of(Payout), table_of(PayoutLine)
