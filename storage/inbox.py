"""The inbox: one row an event with its outcome, which together are the interactions an admin reviews."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Float, Index, Integer, String, Text, case, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, as_text, as_time, insert_fast, rows_fast, table_of

DONE, WAITING, RESTING = "done", "waiting", "resting"


class Interaction(Base):
    """One event: what was heard, by whom, what was decided. state: done, waiting (for a retry), resting (poison)."""

    __tablename__ = "inbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    lane: Mapped[str] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(20))
    conversation: Mapped[str] = mapped_column(String(120))
    group_id: Mapped[str | None] = mapped_column(String(120))
    member_id: Mapped[str | None] = mapped_column(String(120))
    member_name: Mapped[str | None] = mapped_column(String(80))
    text: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(UtcTime)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcTime)
    error: Mapped[str | None] = mapped_column(Text)
    heard_by: Mapped[str | None] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(200))
    confidence: Mapped[float | None] = mapped_column(Float)
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    cause_id: Mapped[int | None] = mapped_column(BigId)

    __table_args__ = (
        Index("ix_inbox_conversation", "conversation", "id"),
        Index("ix_inbox_member", "member_id", "id"),
        Index("ix_inbox_heard_by", "heard_by", "id", sqlite_where=sql("heard_by is not null"), postgresql_where=sql("heard_by is not null")),
        Index("ix_inbox_outcome", "outcome", "id", sqlite_where=sql("outcome <> 'none'"), postgresql_where=sql("outcome <> 'none'")),
        Index("ix_inbox_received", "received_at"),
        Index(
            "ix_inbox_kind", "kind", "id",
            sqlite_where=sql("kind <> 'MessageReceived'"), postgresql_where=sql("kind <> 'MessageReceived'"),
        ),
        Index(
            "ix_inbox_undone", "state", "id",
            sqlite_where=sql("state <> 'done'"), postgresql_where=sql("state <> 'done'"),
        ),
        Index("ix_inbox_retry", "next_try_at", sqlite_where=sql("state <> 'done'"), postgresql_where=sql("state <> 'done'")),
    )


TABLE = table_of(Interaction)


def find_known(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """Which of these event keys are already kept, with their row ids."""
    connection = session.connection()
    # Straight to the driver, with one parameter: a list of hundreds is costly to compile in every batch.
    if connection.dialect.name == "sqlite":
        query = "select key, id from inbox where key in (select value from json_each(?))"
        return {row[0]: row[1] for row in connection.exec_driver_sql(query, (json.dumps(keys, ensure_ascii=False),))}
    query = "select key, id from inbox where key = any(%s)"
    return {row[0]: row[1] for row in connection.exec_driver_sql(query, (list(keys),))}


def find_last_of(session: Session, kind: str, group_id: str) -> int | None:
    """The newest event of a kind (other than a message) in a group; None when there was none."""
    query = select(TABLE.c.id).where(TABLE.c.kind == kind, TABLE.c.kind != "MessageReceived", TABLE.c.group_id == group_id)
    return session.execute(query.order_by(TABLE.c.id.desc()).limit(1)).scalar()


def reserve_ids(session: Session, count: int) -> Iterator[int]:
    """Rising ids for new rows, without end. On SQLite the writing lane owns the highest id until it commits."""
    if session.get_bind().dialect.name == "sqlite":
        highest = session.execute(select(func.max(TABLE.c.id))).scalar() or 0
        return itertools.count(highest + 1)
    return _ids_of_sequence(session, count)


def _ids_of_sequence(session: Session, count: int) -> Iterator[int]:
    while True:
        drawn = session.execute(select(func.nextval("inbox_id_seq")).select_from(func.generate_series(1, count)))
        yield from sorted(drawn.scalars())
        count = max(16, count // 2)  # for facts that handlers emit: a crowd's facts are as many as its events


_TIMES = ("occurred_at", "received_at", "next_try_at")
_OTHERS = tuple(column.name for column in TABLE.columns if column.name not in _TIMES)
_values = itemgetter(*_OTHERS)
_SQLITE_INSERT = (
    f"insert into inbox ({', '.join((*_OTHERS, *_TIMES))})"  # noqa: S608
    f" values ({', '.join('?' * (len(_OTHERS) + len(_TIMES)))})"
)


def insert_all(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write new interactions, each a dict with every column. This is the hot path: the rows go straight
    to the driver, which halves the time."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        values = [(*_values(row), *(row[name] for name in _TIMES)) for row in rows]
        insert_fast(connection, "inbox", (*_OTHERS, *_TIMES), values)
        return
    ready = [(*_values(row), *(as_text(row[name]) for name in _TIMES)) for row in rows]
    connection.exec_driver_sql(_SQLITE_INSERT, ready)


def settle(session: Session, row_id: int, values: dict[str, Any]) -> None:
    """Write the outcome of a retry, or the error it met, on its row."""
    session.execute(update(TABLE).where(TABLE.c.id == row_id).values(**values))


def is_unsettled(session: Session, row_id: int) -> bool:
    """True while an event still waits for a try that works."""
    state: str = session.execute(select(TABLE.c.state).where(TABLE.c.id == row_id)).scalar_one()
    return state != DONE


def get(session: Session, row_id: int) -> Interaction:
    return session.get_one(Interaction, row_id)


def find_due_retries(session: Session, now: datetime, limit: int = 100) -> Sequence[Interaction]:
    query = (
        select(Interaction)
        .where(Interaction.state == WAITING, Interaction.next_try_at <= now, sql("state <> 'done'"))
        .order_by(Interaction.next_try_at)
        .limit(limit)
    )
    return session.scalars(query).all()


def find_resting(session: Session, limit: int = 50) -> Sequence[Interaction]:
    """Poison events: given up after the last try, waiting for an operator."""
    # Standing in the query word for word, the condition of the partial index lets SQLite use it.
    is_undone = sql("state <> 'done'")
    query = select(Interaction).where(Interaction.state == RESTING, is_undone).order_by(Interaction.id.desc())
    return session.scalars(query.limit(limit)).all()


def find_troubled(session: Session, limit: int = 50) -> Sequence[Interaction]:
    """Events that failed: resting ones and those that wait for another try, newest first."""
    query = select(Interaction).where(Interaction.state.in_((WAITING, RESTING)), sql("state <> 'done'"))
    return session.scalars(query.order_by(Interaction.state, Interaction.id.desc()).limit(limit)).all()


def wake_resting(session: Session, now: datetime) -> int:
    """An operator asks for another try of every resting event; gives how many there were."""
    changed = session.execute(
        update(TABLE)
        .where(TABLE.c.state == RESTING, sql("state <> 'done'"))
        .values(state=WAITING, next_try_at=now, tries=0)
    )
    return int(getattr(changed, "rowcount", 0))


def wake(session: Session, row_id: int, now: datetime) -> bool:
    """An operator asks for another try of a resting or waiting event."""
    changed = session.execute(
        update(TABLE)
        .where(TABLE.c.id == row_id, TABLE.c.state != DONE)
        .values(state=WAITING, next_try_at=now, tries=0)
    )
    return bool(getattr(changed, "rowcount", 0))


def count_messages(session: Session, conversation: str, since: datetime, most: int = 50) -> int:
    """How many of the last events of a conversation, at most so many, are messages received since then."""
    query = "select kind, received_at from inbox where conversation = ? order by id desc limit ?"
    rows = rows_fast(session.connection(), query, conversation, most)
    return sum(kind == "MessageReceived" and as_time(received_at) >= since for kind, received_at in rows)


def find_recent(session: Session, conversation: str, since: datetime, limit: int) -> Sequence[AnyRow]:
    """What was heard in a conversation since then, newest first: id, kind, member_id, text, outcome, reason,
    received_at."""
    query = (
        select(
            TABLE.c.id, TABLE.c.kind, TABLE.c.member_id, TABLE.c.text, TABLE.c.outcome, TABLE.c.reason,
            TABLE.c.received_at,
        )
        .where(TABLE.c.conversation == conversation, TABLE.c.received_at >= since)
        .order_by(TABLE.c.id.desc())
        .limit(limit)
    )
    return session.execute(query).all()


def find_in_conversation(
    session: Session, conversation: str, *, after_id: int = 0, before_id: int | None = None, limit: int = 200,
    kinds: Iterable[str] = ("MessageReceived", "MemberJoined", "MemberLeft", "TopicChanged"),
) -> Sequence[Interaction]:
    """What was heard in a conversation, oldest first: the newest `limit` rows in the range."""
    query = select(Interaction).where(
        Interaction.conversation == conversation, Interaction.kind.in_(tuple(kinds)), Interaction.id > after_id
    )
    if before_id is not None:
        query = query.where(Interaction.id < before_id)
    return session.scalars(query.order_by(Interaction.id.desc()).limit(limit)).all()[::-1]


def count_by_group(session: Session, since: datetime) -> dict[str, tuple[int, int, int]]:
    """For each group since then: messages, questions for us, and those of them we answered."""
    asked = func.sum(case((TABLE.c.outcome.in_(("answered", "unanswered", "handover")), 1), else_=0))
    answered = func.sum(case((TABLE.c.outcome == "answered", 1), else_=0))
    query = (
        select(TABLE.c.group_id, func.count(), asked, answered)
        .where(TABLE.c.received_at >= since, TABLE.c.kind == "MessageReceived", TABLE.c.group_id.is_not(None))
        .group_by(TABLE.c.group_id)
    )
    return {row[0]: (row[1], int(row[2]), int(row[3])) for row in session.execute(query)}


def find_of_member(
    session: Session, member_id: str, *, before_id: int | None = None, limit: int = 50
) -> Sequence[Interaction]:
    """What a member did in every group and in private, newest first."""
    query = select(Interaction).where(Interaction.member_id == member_id).order_by(Interaction.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Interaction.id < before_id)
    return session.scalars(query).all()


def find_latest(session: Session, conversation: str | None, limit: int) -> Sequence[Interaction]:
    """The last interactions (of one conversation), oldest first."""
    query = select(Interaction)
    if conversation is not None:
        query = query.where(Interaction.conversation == conversation)
    return session.scalars(query.order_by(Interaction.id.desc()).limit(limit)).all()[::-1]


def find_answered_at(session: Session, conversation: str, member_id: str, after_id: int) -> datetime | None:
    """When a member first got an answer from what we know, after an interaction."""
    query = (
        select(TABLE.c.received_at)
        .where(
            TABLE.c.conversation == conversation, TABLE.c.id > after_id, TABLE.c.member_id == member_id,
            TABLE.c.outcome == "answered", TABLE.c.reason.like("%:%"),
        )
        .order_by(TABLE.c.id)
        .limit(1)
    )
    return session.execute(query).scalar()


def find_spoke_at(
    session: Session, conversation: str, member_ids: Collection[str], after_id: int
) -> datetime | None:
    """When one of these members first spoke in a conversation, after an interaction."""
    if not member_ids:
        return None
    query = (
        select(TABLE.c.received_at)
        .where(
            TABLE.c.conversation == conversation, TABLE.c.id > after_id, TABLE.c.member_id.in_(sorted(member_ids)),
            TABLE.c.kind == "MessageReceived",
        )
        .order_by(TABLE.c.id)
        .limit(1)
    )
    return session.execute(query).scalar()
