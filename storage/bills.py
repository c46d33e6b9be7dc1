"""Bills: a provider's own list of a day's money compared with our rows, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, String, delete, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import payments
from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of

# What may differ: money we have no row of, money the provider does not know, and other amounts; the same for refunds.
KINDS = ("unknown_payment", "missing_payment", "other_amount", "unknown_refund", "other_refund")
UNKNOWN_PAYMENT, MISSING_PAYMENT, OTHER_AMOUNT, UNKNOWN_REFUND, OTHER_REFUND = KINDS


class Bill(Base):
    """A provider's bill of one day, once it was compared; sums in fen. `error`: why the last try failed."""

    __tablename__ = "bills"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UtcTime)
    payments: Mapped[int] = mapped_column(Integer)
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    refunds: Mapped[int] = mapped_column(Integer)
    refunded_fen: Mapped[int] = mapped_column(BigInteger)
    fees_fen: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(String(300))


class Difference(Base):
    """One thing that differs between a bill and our rows, until an operator says it is settled (with a note)."""

    __tablename__ = "bill_differences"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    provider: Mapped[str] = mapped_column(String(20))
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(16))
    reference: Mapped[str] = mapped_column(String(120))
    charge_id: Mapped[str] = mapped_column(String(120))
    ours_fen: Mapped[int] = mapped_column(BigInteger)
    theirs_fen: Mapped[int] = mapped_column(BigInteger)
    found_at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_by: Mapped[str] = mapped_column(String(60), default="")
    note: Mapped[str] = mapped_column(String(300), default="")

    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        Index("uq_bill_differences", "provider", "day", "kind", "reference", unique=True),
        Index("ix_bill_differences_open", "day", sqlite_where=sql("settled_at is null"), postgresql_where=sql("settled_at is null")),
    )


BILLS, TABLE = table_of(Bill), table_of(Difference)


def keep(session: Session, provider: str, day: date, sums: dict[str, Any], now: datetime, error: str = "") -> None:
    """Keep what a day's bill says; an earlier comparison of the day is replaced."""
    session.execute(delete(BILLS).where(BILLS.c.provider == provider, BILLS.c.day == day))
    none = {"payments": 0, "paid_fen": 0, "refunds": 0, "refunded_fen": 0, "fees_fen": 0}
    values = none | sums | {"provider": provider, "day": day, "checked_at": now, "error": error[:300]}
    session.execute(insert(BILLS).values(**values))


def keep_differences(session: Session, provider: str, day: date, found: Sequence[dict[str, Any]], now: datetime) -> int:
    """Keep what differs; what was open of the day and differs no longer goes. Gives how many were not known before."""
    known = {(row.kind, row.reference) for row in session.execute(select(TABLE).where(TABLE.c.provider == provider, TABLE.c.day == day))}
    gone = known - {(one["kind"], one["reference"]) for one in found}
    for kind, reference in gone:
        session.execute(delete(TABLE).where(
            TABLE.c.provider == provider, TABLE.c.day == day, TABLE.c.kind == kind, TABLE.c.reference == reference,
            TABLE.c.settled_at.is_(None),
        ))
    fresh = [one | {"provider": provider, "day": day, "found_at": now} for one in found if (one["kind"], one["reference"]) not in known]
    if fresh:
        session.execute(insert(TABLE), [{"settled_by": "", "note": ""} | one for one in fresh])
    return len(fresh)


def find_days(session: Session, provider: str, since: date) -> dict[date, AnyRow]:
    """The bills compared since this day."""
    rows = session.execute(select(BILLS).where(BILLS.c.provider == provider, BILLS.c.day >= since))
    return {row.day: row for row in rows}


def find_bills(session: Session, limit: int = 31) -> Sequence[AnyRow]:
    """Bills compared lately, the newest day first."""
    return session.execute(select(BILLS).order_by(BILLS.c.day.desc(), BILLS.c.provider).limit(limit)).all()


def find_differences(session: Session, *, is_open: bool = True, limit: int = 200) -> Sequence[AnyRow]:
    """What differs, oldest day first; with `is_open` only what nobody settled."""
    query = select(TABLE).order_by(TABLE.c.day, TABLE.c.id).limit(limit)
    return session.execute(query.where(sql("bill_differences.settled_at is null")) if is_open else query).all()


def find_settled(session: Session, limit: int = 50) -> Sequence[AnyRow]:
    """What differed and was settled, the latest first."""
    query = select(TABLE).where(TABLE.c.settled_at.is_not(None)).order_by(TABLE.c.settled_at.desc(), TABLE.c.id)
    return session.execute(query.limit(limit)).all()


def count_open(session: Session) -> int:
    query = select(func.count()).select_from(TABLE).where(sql("bill_differences.settled_at is null"))
    return session.execute(query).scalar_one()


def count_failed(session: Session, since: date) -> int:
    """Bills of days since this one that could not be had."""
    query = select(func.count()).select_from(BILLS).where(BILLS.c.day >= since, BILLS.c.error != "")
    return session.execute(query).scalar_one()


def settle(session: Session, difference_id: int, by: str, note: str, now: datetime) -> bool:
    """An operator looked and says what became of it."""
    statement = update(TABLE).where(TABLE.c.id == difference_id, TABLE.c.settled_at.is_(None))
    done = session.execute(statement.values(settled_at=now, settled_by=by[:60], note=note[:300]).returning(TABLE.c.id))
    return done.one_or_none() is not None


def find_ours(session: Session, provider: str, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """Our payments of a provider received in a time."""
    table = payments.TABLE
    query = select(table).where(table.c.provider == provider, table.c.received_at >= since, table.c.received_at < until)
    return session.execute(query).all()


def find_named(session: Session, provider: str, references: Sequence[str]) -> dict[str, AnyRow]:
    """Our payments with these references, whenever they came."""
    table = payments.TABLE
    found: dict[str, AnyRow] = {}
    for start in range(0, len(references), 500):
        some = references[start : start + 500]
        for row in session.execute(select(table).where(table.c.provider == provider, table.c.reference.in_(some))):
            found[row.reference] = row
    return found


def find_refunds_named(session: Session, refund_ids: Sequence[str]) -> dict[str, AnyRow]:
    table = payments.REFUNDS
    found: dict[str, AnyRow] = {}
    for start in range(0, len(refund_ids), 500):
        for row in session.execute(select(table).where(table.c.id.in_(refund_ids[start : start + 500]))):
            found[row.id] = row
    return found
