"""Occurrences that are due: leased, looked at, put off, settled. The hot path of posts, straight on the driver."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from storage import outbox
from storage.base import AnyRow, as_time, execute_fast, rows_fast
from storage.occurrences import IS_PLANNED, IS_QUEUED, QUEUED, SUPPRESSED, TABLE, Occurrence


class Due(NamedTuple):
    """What a post's handler needs of an occurrence."""

    id: int
    plan_id: int
    slot: str
    group_id: str
    channel: str
    member_id: str | None
    tries: int
    state: str
    planned_at: datetime
    due_at: datetime


_DUE = (
    "select id, plan_id, slot, group_id, channel, member_id, tries, state, planned_at, due_at from occurrences where id = ?"
)


def lock(session: Session, occurrence_id: int) -> Due | None:
    """The row as it is now, held until the commit."""
    connection = session.connection()
    rows = rows_fast(connection, _DUE if connection.dialect.name == "sqlite" else f"{_DUE} for update", occurrence_id)
    return Due._make((*rows[0][:8], as_time(rows[0][8]), as_time(rows[0][9]))) if rows else None


def put_off(session: Session, occurrence_id: int, until: datetime, reason: str) -> None:
    """Look at it again later; its next event has another key."""
    statement = "update occurrences set due_at = ?, reason = ?, tries = tries + 1, leased_until = null where id = ?"
    execute_fast(session.connection(), statement, [(until, reason[:300], occurrence_id)])


def settle(session: Session, occurrence_id: int, state: str, reason: str | None) -> None:
    """It ends in this state."""
    statement = "update occurrences set state = ?, reason = ?, leased_until = null where id = ?"
    execute_fast(session.connection(), statement, [(state, reason and reason[:300], occurrence_id)])


def queue(session: Session, occurrence_id: int, *, cause_id: int, post_id: int, kind: str, version: int, now: datetime) -> None:
    """Its parts are in the outbox."""
    statement = (
        f"update occurrences set state = '{QUEUED}', reason = null, leased_until = null, cause_id = ?, post_id = ?, kind = ?,"  # noqa: S608
        " version = ?, queued_at = ? where id = ?"
    )
    execute_fast(session.connection(), statement, [(cause_id, post_id, kind, version, now, occurrence_id)])


def has_due(session: Session, now: datetime) -> bool:
    """Is there something to lease? Cheap, so that it can be asked often."""
    query = select(Occurrence.id).where(IS_PLANNED, Occurrence.due_at <= now, _is_free(now)).limit(1)
    return session.execute(query).first() is not None


def lease_due(session: Session, now: datetime, until: datetime, limit: int) -> Sequence[AnyRow]:
    """Lease what is due, soonest first: id, group_id, channel, member_id, due_at, planned_at, tries, plan_id, slot. Two
    processes get different rows."""
    query = (
        select(
            TABLE.c.id, TABLE.c.group_id, TABLE.c.channel, TABLE.c.member_id, TABLE.c.due_at, TABLE.c.planned_at,
            TABLE.c.tries, TABLE.c.plan_id, TABLE.c.slot,
        )
        .where(IS_PLANNED, TABLE.c.due_at <= now, _is_free(now))
        .order_by(TABLE.c.due_at, TABLE.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(query).all()
    if rows:
        session.execute(update(TABLE).where(TABLE.c.id.in_([row.id for row in rows])).values(leased_until=until))
    return rows


def _is_free(now: datetime) -> Any:
    return or_(TABLE.c.leased_until.is_(None), TABLE.c.leased_until <= now)


def free_all(session: Session) -> None:
    """The only process on this database has just started: nobody holds a lease any more."""
    session.execute(update(TABLE).where(IS_PLANNED, TABLE.c.leased_until.is_not(None)).values(leased_until=None))


def settle_said(session: Session, after_id: int, limit: int = 500) -> int | None:
    """Mark what the sender has dealt with among the next rows: sent when every part was, suppressed with the reason when
    one never will be. Gives the last row looked at, None at the end."""
    rows = session.execute(
        select(TABLE.c.id, TABLE.c.cause_id).where(IS_QUEUED, TABLE.c.id > after_id).order_by(TABLE.c.id).limit(limit)
    ).all()  # fmt: skip
    said = outbox.find_of_causes(session, [row.cause_id for row in rows if row.cause_id is not None])
    sent: list[tuple[Any, ...]] = []
    for row in rows:
        parts = said.get(row.cause_id or 0, [])
        lost = next((part for part in parts if part.state in (outbox.FAILED, outbox.SUPPRESSED)), None)
        if lost is not None:
            values: dict[str, Any] = {"state": SUPPRESSED, "reason": (lost.reason or lost.state)[:300]}
        elif parts and all(part.state == outbox.SENT for part in parts):
            sent.append((min(part.sent_at for part in parts), row.id))
            continue
        else:
            continue
        session.execute(update(TABLE).where(TABLE.c.id == row.id, IS_QUEUED).values(**values))
    if sent:
        statement = "update occurrences set state = 'sent', sent_at = ? where id = ? and state = 'queued'"
        execute_fast(session.connection(), statement, sent)
    return rows[-1].id if len(rows) == limit else None
