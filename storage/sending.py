"""What an account said lately and what waits: the outbox as budgets, pauses and the console's channel page read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from storage.base import AnyRow
from storage.outbox import HELD, LEASED, QUEUED, TABLE, Saying

PAGE = 5_000
IS_OPEN = sql("outbox.state <> 'sent'")  # as in the index: a planner cannot tell that from a parameter


def find_said_after(session: Session, account_id: str, after_no: int) -> Sequence[AnyRow]:
    """What an account said after a place in the order of what was said: sent_no, group_id, sent_at."""
    query = select(TABLE.c.sent_no, TABLE.c.group_id, TABLE.c.sent_at).where(
        TABLE.c.account_id == account_id, TABLE.c.sent_no > after_no
    )
    return session.execute(query.order_by(TABLE.c.sent_no)).all()


def find_said_since(session: Session, account_id: str, since: datetime) -> list[AnyRow]:
    """What an account said since that time, oldest first, as above. Read backwards page by page, until a page holds
    nothing so new: a clock that was set back for a while hides nothing."""
    found: list[AnyRow] = []
    before: int | None = None
    while True:
        query = select(TABLE.c.sent_no, TABLE.c.group_id, TABLE.c.sent_at).where(TABLE.c.account_id == account_id)
        query = query.where(TABLE.c.sent_no.is_not(None) if before is None else TABLE.c.sent_no < before)
        rows = session.execute(query.order_by(TABLE.c.sent_no.desc()).limit(PAGE)).all()
        fresh = [row for row in rows if row.sent_at >= since]
        found.extend(fresh)
        if len(rows) < PAGE or not fresh:
            return found[::-1]
        before = rows[-1].sent_no


def count_last_no(session: Session) -> int:
    """The newest place in the order of what was said."""
    return session.execute(select(func.max(TABLE.c.sent_no))).scalar() or 0


def count_leased(session: Session, account_ids: Iterable[str]) -> dict[tuple[str, str | None], int]:
    """What is being said at this moment, by (account, group)."""
    query = (
        select(TABLE.c.account_id, TABLE.c.group_id, func.count())
        .where(IS_OPEN, TABLE.c.state == LEASED, TABLE.c.account_id.in_(list(account_ids)))
        .group_by(TABLE.c.account_id, TABLE.c.group_id)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def prolong(session: Session, row_ids: Sequence[int], until: datetime) -> None:
    """Still being said: the lease goes on."""
    session.execute(
        update(TABLE).where(TABLE.c.id.in_(row_ids), TABLE.c.state == LEASED).values(leased_until=until)
    )


def put_off(session: Session, row: Saying, until: datetime, reason: str, **values: Any) -> None:
    """To be said later; the time it was planned for stays known."""
    session.execute(
        update(TABLE)
        .where(TABLE.c.id == row.id)
        .values(
            state=QUEUED, due_at=until, planned_at=row.planned_at or row.due_at, reason=reason[:300],
            leased_until=None, **values,
        )
    )


def wake_put_off(session: Session, now: datetime, account_id: str | None = None, group_id: str | None = None) -> None:
    """What was put off is looked at again now: a budget or a pause was changed."""
    statement = update(TABLE).where(
        IS_OPEN, TABLE.c.state == QUEUED, TABLE.c.planned_at.is_not(None), TABLE.c.tries == 0, TABLE.c.due_at > now
    )
    if account_id is not None:
        statement = statement.where(TABLE.c.account_id == account_id)
    if group_id is not None:
        statement = statement.where(TABLE.c.group_id == group_id)
    session.execute(statement.values(due_at=now))


def find_held(session: Session, account_id: str, limit: int = 50) -> Sequence[Saying]:
    """What waits for an operator on an account, oldest first."""
    query = select(Saying).where(IS_OPEN, Saying.state == HELD, Saying.account_id == account_id)
    return session.scalars(query.order_by(Saying.id).limit(limit)).all()


def find_put_off(session: Session, account_id: str, limit: int = 50) -> Sequence[Saying]:
    """What was put off on an account and waits, the next first."""
    query = select(Saying).where(
        IS_OPEN, Saying.state == QUEUED, Saying.planned_at.is_not(None), Saying.account_id == account_id
    )
    return session.scalars(query.order_by(Saying.due_at, Saying.id).limit(limit)).all()


def count_open(session: Session) -> dict[tuple[str, str], int]:
    """How many rows wait by (account, state), of queued, held and unknown ones."""
    query = (
        select(TABLE.c.account_id, TABLE.c.state, func.count())
        .where(IS_OPEN, TABLE.c.state.in_((QUEUED, LEASED, HELD, "unknown")))
        .group_by(TABLE.c.account_id, TABLE.c.state)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}
