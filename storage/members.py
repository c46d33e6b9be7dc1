"""Members: people we know on one channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, UtcTime, execute_fast, table_of


class Member(Base):
    """A person on one channel; `id` is the channel's name and its own id for them (web:m_7k2q)."""

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(400), default="")
    language: Mapped[str | None] = mapped_column(String(5))
    created_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_members_name", "name"),)


TABLE = table_of(Member)


def get(session: Session, member_id: str) -> Member:
    return session.get_one(Member, member_id)


def find(session: Session, member_id: str) -> Member | None:
    return session.get(Member, member_id)


def keep(session: Session, people: Iterable[tuple[str, str, str]], now: datetime) -> None:
    """Keep people as (id, channel, name): new ones are added, a changed name is taken over."""
    statement = (
        "insert into members (id, channel, name, note, created_at) values (?, ?, ?, '', ?)"
        " on conflict (id) do update set name = excluded.name"
        " where excluded.name <> '' and excluded.name <> members.name"
    )
    execute_fast(session.connection(), statement, [(*person, now) for person in people])


def lock(session: Session, member_id: str) -> None:
    """Hold a member's row until the commit, so that what they have is used once."""
    session.execute(select(TABLE.c.id).where(TABLE.c.id == member_id).with_for_update()).one()


def search(session: Session, words: str, *, after: str | None = None, limit: int = 50) -> Sequence[Member]:
    """Members whose name or id holds the words, by id."""
    query = select(Member).order_by(Member.id).limit(limit)
    if words:
        query = query.where(Member.name.contains(words, autoescape=True) | (Member.id == words))
    if after:
        query = query.where(Member.id > after)
    return session.scalars(query).all()


def count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(TABLE)).scalar_one()


def find_names(session: Session, member_ids: Iterable[str]) -> dict[str, str]:
    rows: Iterable[Any] = session.execute(select(TABLE.c.id, TABLE.c.name).where(TABLE.c.id.in_(list(member_ids))))
    return {row.id: row.name for row in rows}


def find_with_ids(session: Session, member_ids: Sequence[str]) -> dict[str, Member]:
    return {one.id: one for one in session.scalars(select(Member).where(Member.id.in_(member_ids)))}


def save(session: Session, values: Mapping[str, Any], now: datetime) -> Member:
    """Insert or update a member; keys as the columns."""
    member = session.get(Member, values["id"]) or Member(id=values["id"], created_at=now)
    for name, value in values.items():
        setattr(member, name, value)
    session.add(member)
    session.flush()
    return member
