"""Rosters (接龙) signed in groups: the copies members posted, how the roster stands, and what each copy changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of

APPLIED, PENDING, APPROVED, TURNED_DOWN, ASKED, FAILED = "applied", "pending", "approved", "refused", "asked", "failed"
STATES = (APPLIED, PENDING, APPROVED, TURNED_DOWN, ASKED, FAILED)


class RosterStand(Base):
    """How a drop's roster stands in a group: `entries` are the rows now, `base` those before the copies still compared
    (JSON lists of name, author, wanted)."""

    __tablename__ = "roster_stands"

    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id"), primary_key=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"), primary_key=True)
    base: Mapped[str] = mapped_column(Text)
    entries: Mapped[str] = mapped_column(Text)
    copies_after: Mapped[int] = mapped_column(BigId)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    closed_said_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RosterCopy(Base):
    """A copy somebody posted: the rows it holds, as JSON."""

    __tablename__ = "roster_copies"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id"))
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"))
    author_id: Mapped[str] = mapped_column(String(120))
    author_name: Mapped[str] = mapped_column(String(80))
    inbox_id: Mapped[int] = mapped_column(BigId)
    entries: Mapped[str] = mapped_column(Text)
    posted_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_roster_copies_group", "drop_id", "group_id", "id"),)


class RosterChange(Base):
    """What a copy did to one row: kind add, change or cancel, or ask (somebody else's row looks different there). `before`
    and `after` are JSON lists of {name, quantity, variant?, note?}. `why` a row waits: large, unclear; or why it failed."""

    __tablename__ = "roster_changes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200))
    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id"))
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"))
    copy_id: Mapped[int] = mapped_column(ForeignKey("roster_copies.id"))
    author_id: Mapped[str] = mapped_column(String(120))
    author_name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float] = mapped_column(Float)
    state: Mapped[str] = mapped_column(String(8))
    why: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_by: Mapped[str] = mapped_column(String(40), default="")

    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="state"),
        UniqueConstraint("key"),
        Index("ix_roster_changes_state", "state", "id"),
        Index("ix_roster_changes_drop", "drop_id", "group_id", "id"),
    )


STANDS, COPIES, CHANGES = table_of(RosterStand), table_of(RosterCopy), table_of(RosterChange)


def find_stand(session: Session, drop_id: str, group_id: str) -> AnyRow | None:
    query = select(STANDS).where(STANDS.c.drop_id == drop_id, STANDS.c.group_id == group_id)
    return session.execute(query).one_or_none()


def find_newest_stand(session: Session, group_id: str) -> AnyRow | None:
    """The roster last signed in a group."""
    query = select(STANDS).where(STANDS.c.group_id == group_id).order_by(STANDS.c.changed_at.desc(), STANDS.c.drop_id)
    return session.execute(query.limit(1)).one_or_none()


def set_stand(session: Session, drop_id: str, group_id: str, **values: Any) -> None:
    """How the roster stands from now on; keys as the columns. The drop's row is held by the caller."""
    here = (STANDS.c.drop_id == drop_id, STANDS.c.group_id == group_id)
    if session.execute(update(STANDS).where(*here).values(**values).returning(STANDS.c.drop_id)).one_or_none() is None:
        fresh = {"base": "[]", "entries": "[]", "copies_after": 0} | values
        session.execute(insert(STANDS).values(drop_id=drop_id, group_id=group_id, **fresh))


def add_copy(session: Session, **values: Any) -> int:
    return int(session.execute(insert(COPIES).values(**values).returning(COPIES.c.id)).scalar_one())


def find_copies(session: Session, drop_id: str, group_id: str, after: int) -> Sequence[AnyRow]:
    """The copies posted in a group after one, in order."""
    query = select(COPIES).where(COPIES.c.drop_id == drop_id, COPIES.c.group_id == group_id, COPIES.c.id > after)
    return session.execute(query.order_by(COPIES.c.id)).all()


def find_known_keys(session: Session, keys: Sequence[str]) -> set[str]:
    return set(session.scalars(select(CHANGES.c.key).where(CHANGES.c.key.in_(keys))))


def add_changes(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note what a copy changed; `before` and `after` as lists."""
    if rows:
        written = [
            row | {name: json.dumps(row[name], ensure_ascii=False) for name in ("before", "after")} for row in rows
        ]
        session.execute(insert(CHANGES), written)


def find_changes(session: Session, drop_id: str, states: Sequence[str] = STATES, limit: int = 500) -> Sequence[AnyRow]:
    """What copies changed in a drop's rosters, newest first."""
    query = select(CHANGES).where(CHANGES.c.drop_id == drop_id, CHANGES.c.state.in_(states))
    return session.execute(query.order_by(CHANGES.c.id.desc()).limit(limit)).all()


def find_pending(session: Session, limit: int = 500) -> Sequence[AnyRow]:
    """Rows of all rosters that wait for an operator, oldest first."""
    return session.execute(select(CHANGES).where(CHANGES.c.state == PENDING).order_by(CHANGES.c.id).limit(limit)).all()


def find_with_ids(session: Session, ids: Sequence[int]) -> Sequence[AnyRow]:
    """Changes as they stand now."""
    return session.execute(select(CHANGES).where(CHANGES.c.id.in_(ids)).order_by(CHANGES.c.id)).all()


def find_posted(session: Session, copy_ids: Sequence[int]) -> dict[int, AnyRow]:
    """The copies with these ids: author_id, author_name and posted_at of each."""
    query = select(COPIES.c.id, COPIES.c.author_id, COPIES.c.author_name, COPIES.c.posted_at).where(COPIES.c.id.in_(copy_ids))
    return {row.id: row for row in session.execute(query)}


def count_pending(session: Session) -> int:
    return session.execute(select(func.count()).where(CHANGES.c.state == PENDING)).scalar_one()


def settle(session: Session, group_id: str, ids: Sequence[int], state: str, by: str, now: datetime) -> Sequence[AnyRow]:
    """Settle rows of a group that wait; gives those that did wait."""
    statement = update(CHANGES).where(CHANGES.c.id.in_(ids), CHANGES.c.state == PENDING, CHANGES.c.group_id == group_id)
    done = session.execute(statement.values(state=state, settled_by=by, settled_at=now).returning(CHANGES.c.id)).all()
    query = select(CHANGES).where(CHANGES.c.id.in_([row.id for row in done]))
    return session.execute(query.order_by(CHANGES.c.id)).all()


def fail_row(session: Session, drop_id: str, group_id: str, author_id: str, name: str, why: str) -> None:
    """The newest change of this row could not become an order."""
    row = (CHANGES.c.drop_id == drop_id, CHANGES.c.group_id == group_id, CHANGES.c.author_id == author_id, CHANGES.c.name == name)
    newest = select(func.max(CHANGES.c.id)).where(*row, CHANGES.c.state.in_((APPLIED, APPROVED))).scalar_subquery()
    session.execute(update(CHANGES).where(CHANGES.c.id == newest).values(state=FAILED, why=why[:40]))
