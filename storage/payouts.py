"""Payouts: what is payable, proposed together, approved by an admin, handed to a bank or WeChat, and marked as paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, UtcTime, table_of
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


def insert_once(session: Session, values: Mapping[str, Any]) -> bool:
    """A new proposal: id, minimum_fen, tax_note, proposed_at, proposed_by; False while another one is proposed."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    written = dialect.insert(TABLE).values(
        status=PROPOSED, members=0, total_fen=0, approved_by="", ended_by="", approved_at=None, ended_at=None, **values
    )
    return session.execute(written.on_conflict_do_nothing().returning(TABLE.c.id)).one_or_none() is not None


def add_lines(session: Session, payout_id: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """What each member is paid (member_id, member_name, amount_fen, tax_note); the batch's sums follow from it."""
    session.execute(insert(LINES), [{"payout_id": payout_id, "reference": "", **line} for line in lines])
    total = sum(int(line["amount_fen"]) for line in lines)
    session.execute(update(TABLE).where(TABLE.c.id == payout_id).values(members=len(lines), total_fen=total))


def get(session: Session, payout_id: str) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.id == payout_id)).one()


def find_all(session: Session, limit: int = 100) -> Sequence[AnyRow]:
    """Batches, newest first."""
    return session.execute(select(TABLE).order_by(TABLE.c.proposed_at.desc(), TABLE.c.id).limit(limit)).all()


def find_lines(session: Session, payout_id: str) -> Sequence[AnyRow]:
    query = select(LINES).where(LINES.c.payout_id == payout_id)
    return session.execute(query.order_by(LINES.c.amount_fen.desc(), LINES.c.member_id)).all()


def find_of_member(session: Session, member_id: str, limit: int = 50) -> Sequence[AnyRow]:
    """What a member was paid or is to be paid, newest first, with its batch's status and times."""
    columns: list[Any] = [LINES.c.payout_id, LINES.c.amount_fen, LINES.c.tax_note, TABLE.c.status, TABLE.c.proposed_at, TABLE.c.ended_at]
    query = select(*columns).join(TABLE, TABLE.c.id == LINES.c.payout_id).where(LINES.c.member_id == member_id)
    return session.execute(query.order_by(TABLE.c.proposed_at.desc()).limit(limit)).all()


def change(session: Session, payout_id: str, expected: Sequence[str], **values: Any) -> bool:
    """Change a batch that has one of these statuses; False when it has not."""
    statement = update(TABLE).where(TABLE.c.id == payout_id, TABLE.c.status.in_(expected)).values(**values)
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None
