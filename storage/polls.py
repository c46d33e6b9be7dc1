"""Polls of groups and their votes: one open poll a group, one vote a member, counted from the rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, UtcTime, table_of

OPEN, CLOSED = "open", "closed"


class Poll(Base):
    """A question put to a group. `choices` is a JSON list; `right` the number of the right one in a quiz; `told` how many
    votes there were when we last said how it goes. `source` says where it comes from: a post, or an operator."""

    __tablename__ = "polls"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    group_id: Mapped[str] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(20))
    question: Mapped[str] = mapped_column(String(200))
    choices: Mapped[str] = mapped_column(Text)
    right: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(6))
    source: Mapped[str] = mapped_column(String(60))
    told: Mapped[int] = mapped_column(Integer, default=0)
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    closes_at: Mapped[datetime] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        Index(
            "uq_polls_open", "group_id", unique=True, sqlite_where=sql("status = 'open'"), postgresql_where=sql("status = 'open'"),
        ),
        Index("ix_polls_opened", "opened_at"),
    )  # fmt: skip

    @property
    def choice_list(self) -> list[str]:
        return list(json.loads(self.choices))


class Vote(Base):
    """One member's vote in a poll: the last one they gave."""

    __tablename__ = "poll_votes"

    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    choice: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (CheckConstraint("choice between 1 and 6", name="choice"),)


def add(session: Session, **values: Any) -> Poll:
    """Write a new open poll; `choices` is a list. A second open one in its group is an IntegrityError."""
    poll = Poll(**values | {"choices": json.dumps(list(values["choices"]), ensure_ascii=False), "status": OPEN, "told": 0})
    session.add(poll)
    session.flush()
    return poll


def find_open(session: Session, group_id: str, now: datetime) -> Poll | None:
    """The poll a number is a vote in now."""
    query = select(Poll).where(Poll.group_id == group_id, Poll.status == OPEN, Poll.closes_at > now)
    return session.scalars(query).first()


def find_unclosed(session: Session, group_id: str) -> Poll | None:
    """The poll of a group whose result was not said yet, even when its time is over."""
    return session.scalars(select(Poll).where(Poll.group_id == group_id, Poll.status == OPEN)).first()


def get(session: Session, poll_id: int) -> Poll:
    return session.get_one(Poll, poll_id)


def find(session: Session, *, group_id: str = "", limit: int = 50) -> Sequence[Poll]:
    """Polls, newest first, perhaps of one group."""
    query = select(Poll).where(Poll.group_id == group_id) if group_id else select(Poll)
    return session.scalars(query.order_by(Poll.opened_at.desc(), Poll.id.desc()).limit(limit)).all()


def vote(session: Session, poll_id: int, member_id: str, choice: int, now: datetime) -> None:
    """A member's vote, instead of the one they may have given before."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table_of(Vote))
    statement = statement.on_conflict_do_update(
        index_elements=["poll_id", "member_id"], set_={"choice": statement.excluded.choice, "at": statement.excluded.at}
    )
    session.connection().execute(statement, {"poll_id": poll_id, "member_id": member_id, "choice": choice, "at": now})


def find_vote(session: Session, poll_id: int, member_id: str) -> int | None:
    query = select(Vote.choice).where(Vote.poll_id == poll_id, Vote.member_id == member_id)
    return session.execute(query).scalar()


def count_votes(session: Session, poll: Poll) -> list[int]:
    """How many votes each choice has, in order."""
    query = select(Vote.choice, func.count()).where(Vote.poll_id == poll.id).group_by(Vote.choice)
    found = {row[0]: row[1] for row in session.execute(query)}
    return [found.get(number, 0) for number in range(1, len(poll.choice_list) + 1)]


def close(session: Session, poll_id: int, now: datetime) -> bool:
    """Close an open poll; False when it was closed before."""
    table = table_of(Poll)
    done = session.execute(
        update(table).where(table.c.id == poll_id, table.c.status == OPEN).values(status=CLOSED, closed_at=now)
    )
    return bool(getattr(done, "rowcount", 0))
