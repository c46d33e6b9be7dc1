"""Jobs: slow work asked for in a transaction, and events put off until a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text, delete, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, UtcTime, table_of

QUEUED, LEASED, DONE, RESTING = "queued", "leased", "done", "resting"


class Job(Base):
    """One piece of work with a lease and retries. `kind` names its dataclass, `payload` is its JSON."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    cause_id: Mapped[int | None] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_jobs_due", "due_at", sqlite_where=sql("state in ('queued','leased')"), postgresql_where=sql("state in ('queued','leased')")),
        Index("ix_jobs_resting", "id", sqlite_where=sql("state = 'resting'"), postgresql_where=sql("state = 'resting'")),
    )


TABLE = table_of(Job)
IS_OPEN = sql("jobs.state in ('queued','leased')")  # as in the index: a planner cannot tell that from a parameter


def insert_once(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Ask for work; a job whose key is known is not asked for twice."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # A crowd puts the same event off hundreds of times; one of them is enough to be written.
    first = {row["key"]: row for row in reversed(rows)}
    different = list(reversed(first.values()))
    session.connection().execute(dialect.insert(TABLE).on_conflict_do_nothing(index_elements=["key"]), different)


def lease_due(session: Session, now: datetime, until: datetime, limit: int = 100) -> list[Job]:
    """Lease what is due, and what was leased by somebody who did not come back in time."""
    query = (
        select(Job)
        .where(IS_OPEN, Job.due_at <= now)
        .where((Job.state == QUEUED) | (Job.leased_until <= now))
        .order_by(Job.due_at, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(query))
    if rows:
        session.execute(
            update(TABLE).where(TABLE.c.id.in_([row.id for row in rows])).values(state=LEASED, leased_until=until)
        )
    return rows


def mark_done(session: Session, row_ids: Sequence[int], now: datetime) -> None:
    session.execute(update(TABLE).where(TABLE.c.id.in_(row_ids)).values(state=DONE, done_at=now, leased_until=None))


def put_off(session: Session, row_id: int, *, tries: int, due_at: datetime, error: str, is_last: bool) -> None:
    """Try again later, or rest until an operator asks for another try."""
    state = RESTING if is_last else QUEUED
    session.execute(
        update(TABLE)
        .where(TABLE.c.id == row_id)
        .values(state=state, tries=tries, due_at=due_at, error=error, leased_until=None)
    )


def wake(session: Session, row_id: int, now: datetime) -> bool:
    """An operator asks for another try of a resting job."""
    changed = session.execute(
        update(TABLE).where(TABLE.c.id == row_id, TABLE.c.state == RESTING).values(state=QUEUED, tries=0, due_at=now)
    )
    return bool(getattr(changed, "rowcount", 0))


def expire_all_leases(session: Session, now: datetime) -> None:
    """The only process on this database has just started: nobody holds a lease any more."""
    session.execute(update(TABLE).where(TABLE.c.state == LEASED).values(leased_until=now))


def forget_done(session: Session, before: datetime) -> None:
    """Take away jobs that were done before this time: long enough that their keys cannot come again."""
    session.execute(delete(TABLE).where(TABLE.c.state == DONE, TABLE.c.done_at < before))


def find_resting(session: Session, limit: int = 50) -> Sequence[Job]:
    return session.scalars(select(Job).where(Job.state == RESTING).order_by(Job.id.desc()).limit(limit)).all()


def find_next_due(session: Session) -> datetime | None:
    query = select(TABLE.c.due_at).where(IS_OPEN).order_by(TABLE.c.due_at).limit(1)
    return session.execute(query).scalar()
