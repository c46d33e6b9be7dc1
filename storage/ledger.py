"""The ledger: every fen, point and coupon fen that is earned, taken back or paid moves as two balanced entries, once a cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of
from storage.terms import FEN, UNITS

COST, PAID_OUT, SPENT = "shop:cost", "shop:paid", "shop:spent"  # where it comes from, and where it goes
PENDING, PAYABLE, HELD, PAYING = "pending", "payable", "held", "paying"  # the accounts of a member


class Transfer(Base):
    """What moved, and why: `cause` posts once. `subject` is the order or payout it belongs to."""

    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    cause: Mapped[str] = mapped_column(String(200), unique=True)
    unit: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (
        UniqueConstraint("id", "unit", "amount", name="uq_transfers_amount"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(one_of("unit", UNITS), name="unit"),
    )


class Entry(Base):
    """One side of a transfer on one account: `side` 1 adds, -1 takes. Amount and unit are the transfer's, so that its two
    entries always sum to nothing."""

    __tablename__ = "ledger_entries"

    transfer_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    side: Mapped[int] = mapped_column(Integer, primary_key=True)
    account: Mapped[str] = mapped_column(String(160))
    unit: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(
            ["transfer_id", "unit", "amount"], ["transfers.id", "transfers.unit", "transfers.amount"],
            name="fk_ledger_entries_transfer",
        ),
        CheckConstraint("side in (-1, 1)", name="side"),
        Index("ix_ledger_entries_account", "account", "unit", "side", "amount"),
    )


TABLE, ENTRIES = table_of(Transfer), table_of(Entry)


def account_of(member_id: str, kind: str) -> str:
    """A member's account: pending, payable, held or paying."""
    return f"{kind}:{member_id}"


def move(
    session: Session, cause: str, unit: str, amount: int, *, taken_from: str, put_to: str, subject: str, at: datetime
) -> bool:
    """Move an amount (> 0) from one account to another; False when this cause has moved already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    written = dialect.insert(TABLE).values(cause=cause[:200], unit=unit, amount=amount, subject=subject, at=at)
    transfer_id = session.execute(written.on_conflict_do_nothing(index_elements=["cause"]).returning(TABLE.c.id)).scalar()
    if transfer_id is None:
        return False
    sides = ((-1, taken_from), (1, put_to))
    session.execute(insert(ENTRIES), [
        {"transfer_id": transfer_id, "side": side, "account": account, "unit": unit, "amount": amount} for side, account in sides
    ])
    return True


def sum_balance(session: Session, account: str, unit: str = FEN) -> int:
    query = select(func.coalesce(func.sum(ENTRIES.c.side * ENTRIES.c.amount), 0))
    return int(session.execute(query.where(ENTRIES.c.account == account, ENTRIES.c.unit == unit)).scalar_one())


def sum_of_subject(session: Session, subject: str, account: str, unit: str) -> int:
    """What one order or payout moved on an account."""
    query = select(func.coalesce(func.sum(ENTRIES.c.side * ENTRIES.c.amount), 0)).join(TABLE, TABLE.c.id == ENTRIES.c.transfer_id)
    query = query.where(TABLE.c.subject == subject, ENTRIES.c.account == account, ENTRIES.c.unit == unit)
    return int(session.execute(query).scalar_one())


def sum_balances(session: Session, kind: str, unit: str = FEN) -> dict[str, int]:
    """The balance of every member who has one of this kind that is not nothing, by member."""
    total = func.sum(ENTRIES.c.side * ENTRIES.c.amount)
    begin, end = f"{kind}:", f"{kind};"  # the sign after the colon: a range the index serves
    query = select(ENTRIES.c.account, total).where(ENTRIES.c.account >= begin, ENTRIES.c.account < end, ENTRIES.c.unit == unit)
    rows = session.execute(query.group_by(ENTRIES.c.account).having(total != 0).order_by(ENTRIES.c.account))
    return {row[0][len(begin):]: int(row[1]) for row in rows}


def sum_all(session: Session) -> dict[str, int]:
    """Everything on all accounts, by unit: nothing, always."""
    query = select(ENTRIES.c.unit, func.sum(ENTRIES.c.side * ENTRIES.c.amount)).group_by(ENTRIES.c.unit)
    return {row[0]: int(row[1]) for row in session.execute(query)}


def count_lopsided(session: Session) -> int:
    """Transfers that have not both of their entries: none, always."""
    sides = select(ENTRIES.c.transfer_id).group_by(ENTRIES.c.transfer_id).having(func.count() == 2)
    query = select(func.count()).select_from(TABLE).where(TABLE.c.id.not_in(sides))
    return session.execute(query).scalar_one()


def find_of_member(session: Session, member_id: str, unit: str = FEN, limit: int = 200) -> Sequence[AnyRow]:
    """What moved on a member's accounts, newest first: account, side, and the transfer's cause, subject, amount, at."""
    kinds = [account_of(member_id, kind) for kind in (PENDING, PAYABLE, HELD, PAYING)]
    columns: list[Any] = [ENTRIES.c.account, ENTRIES.c.side, TABLE.c.cause, TABLE.c.subject, TABLE.c.amount, TABLE.c.at, TABLE.c.id]
    query = select(*columns).join(TABLE, TABLE.c.id == ENTRIES.c.transfer_id)
    query = query.where(ENTRIES.c.account.in_(kinds), ENTRIES.c.unit == unit)
    return session.execute(query.order_by(TABLE.c.id.desc()).limit(limit)).all()
