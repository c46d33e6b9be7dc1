"""Finding payments at the desk: by words and filters, and orders that a stray payment may have been for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from storage import orders, payments
from storage.base import AnyRow

TABLE = payments.TABLE
STRAY, BACK = "stray", "back"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which payments: words in reference, payment or order id; provider; how they came in; and days by their recording."""

    words: str = ""
    provider: str = ""
    kind: str = ""  # stray, back (something goes or went back)
    since: datetime | None = None
    until: datetime | None = None


def _meant(wanted: Wanted) -> list[ColumnElement[bool]]:
    meant: list[ColumnElement[bool]] = []
    if wanted.words:
        found = (one.contains(wanted.words, autoescape=True) for one in (TABLE.c.reference, TABLE.c.id, TABLE.c.order_id))
        meant.append(or_(*found))
    if wanted.provider:
        meant.append(TABLE.c.provider == wanted.provider)
    if wanted.kind:
        meant.append(TABLE.c.order_id.is_(None) if wanted.kind == STRAY else TABLE.c.refunding_fen > 0)
    if wanted.since is not None:
        meant.append(TABLE.c.recorded_at >= wanted.since)
    if wanted.until is not None:
        meant.append(TABLE.c.recorded_at < wanted.until)
    return meant


def find_page(session: Session, wanted: Wanted, *, after: str = "", limit: int = 50) -> Sequence[AnyRow]:
    """Payments, the newest first, after the one with the id `after`."""
    query = select(TABLE).where(*_meant(wanted))
    last = session.execute(select(TABLE).where(TABLE.c.id == after)).one_or_none() if after else None
    if last is not None:
        is_same = and_(TABLE.c.recorded_at == last.recorded_at, TABLE.c.id > last.id)
        query = query.where(or_(TABLE.c.recorded_at < last.recorded_at, is_same))
    return session.execute(query.order_by(TABLE.c.recorded_at.desc(), TABLE.c.id).limit(limit)).all()


def sum_page(session: Session, wanted: Wanted) -> tuple[int, int, int]:
    """How many payments, what came in, and what goes or went back of it."""
    sums = (func.count(), func.coalesce(func.sum(TABLE.c.amount_fen), 0), func.coalesce(func.sum(TABLE.c.refunding_fen), 0))
    row = session.execute(select(*sums).select_from(TABLE).where(*_meant(wanted))).one()
    return int(row[0]), int(row[1]), int(row[2])


def find_providers(session: Session) -> list[str]:
    return list(session.scalars(select(TABLE.c.provider).distinct().order_by(TABLE.c.provider)))


def find_orders_owing(session: Session, amount_fen: int, limit: int = 20) -> Sequence[AnyRow]:
    """Orders not paid whose total, or deposit, is just this amount, the newest first."""
    order = orders.TABLE
    is_meant = or_(order.c.total_fen == amount_fen, order.c.deposit_fen == amount_fen)
    query = select(order).where(order.c.status == orders.PLACED, is_meant)
    return session.execute(query.order_by(order.c.placed_at.desc(), order.c.id).limit(limit)).all()
