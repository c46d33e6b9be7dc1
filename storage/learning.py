"""What reading the inbox has taught: how far it was read, which answers did not help, which passages were used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Index, Integer, String, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.inbox import DONE
from storage.inbox import TABLE as INBOX


class ReadMark(Base):
    """How far a reader has come: the id of the last interaction it has read."""

    __tablename__ = "read_marks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    row_id: Mapped[int] = mapped_column(BigId)


class Unresolved(Base):
    """An answer that did not help: within half an hour the member asked again (`asked_again`) or reached a person
    (`person`)."""

    __tablename__ = "unresolved"

    inbox_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    by_id: Mapped[int] = mapped_column(BigId)
    why: Mapped[str] = mapped_column(String(12))
    group_id: Mapped[str | None] = mapped_column(String(120))
    passage_id: Mapped[str] = mapped_column(String(100))
    answered_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_unresolved_answered_at", "answered_at"),)


class PassageUse(Base):
    """How often a passage answered, and when last."""

    __tablename__ = "passage_uses"

    passage_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcTime)


MARKS, UNRESOLVED, USES = table_of(ReadMark), table_of(Unresolved), table_of(PassageUse)
HEARD = (
    INBOX.c.id, INBOX.c.kind, INBOX.c.conversation, INBOX.c.group_id, INBOX.c.member_id, INBOX.c.text, INBOX.c.detail,
    INBOX.c.received_at, INBOX.c.outcome, INBOX.c.reason, INBOX.c.heard_by,
)


class MovedOn(Exception):
    """Another process has read on from here."""


def find_mark(session: Session, name: str) -> int | None:
    return session.execute(select(MARKS.c.row_id).where(MARKS.c.name == name)).scalar()


def find_start(session: Session, since: datetime) -> int:
    """The mark of somebody who begins with what was received since then."""
    first = select(INBOX.c.id).where(INBOX.c.received_at >= since).order_by(INBOX.c.received_at, INBOX.c.id).limit(1)
    row_id = session.execute(first).scalar()
    if row_id is None:
        row_id = (session.execute(select(func.max(INBOX.c.id))).scalar() or 0) + 1
    return row_id - 1


def move_mark(session: Session, name: str, seen: int | None, row_id: int) -> None:
    """Record how far was read, held until the commit. Raises MovedOn when the mark is not where it was seen."""
    if seen is None:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        made = session.execute(
            dialect.insert(MARKS).values(name=name, row_id=row_id).on_conflict_do_nothing().returning(MARKS.c.row_id)
        ).scalar()
        if made is None:
            raise MovedOn
        return
    changed = session.execute(
        update(MARKS).where(MARKS.c.name == name, MARKS.c.row_id == seen).values(row_id=row_id)
    )
    if not getattr(changed, "rowcount", 0):
        raise MovedOn


def find_new(session: Session, after: int, until: datetime, limit: int) -> Sequence[AnyRow]:
    """What members and operators said after this id and before that time, oldest first, with the outcome."""
    window = select(*HEARD, INBOX.c.state).where(INBOX.c.id > after).order_by(INBOX.c.id).limit(limit)
    found = []
    for row in session.execute(window):
        # Ids and times rise together but for lanes side by side: what is too fresh ends this round.
        if row.received_at >= until:
            break
        found.append(row)
    return found


def is_read(row: AnyRow) -> bool:
    """Said by somebody, with an outcome that stands."""
    return row.state == DONE and row.kind in ("MessageReceived", "OperatorSpoke") and bool(row.text)


def find_around(
    session: Session, member_id: str, conversation: str, *, since: datetime, until: datetime, limit: int = 12
) -> Sequence[AnyRow]:
    """What a member said in a conversation in this time, newest first."""
    query = (
        select(*HEARD)
        .where(
            INBOX.c.member_id == member_id, INBOX.c.conversation == conversation, INBOX.c.kind == "MessageReceived",
            INBOX.c.received_at >= since, INBOX.c.received_at <= until,
        )
        .order_by(INBOX.c.id.desc())
        .limit(limit)
    )
    if session.get_bind().dialect.name == "sqlite":
        # Without statistics SQLite would walk the conversation; the member's own rows are far fewer.
        query = query.with_hint(INBOX, "indexed by ix_inbox_member", "sqlite")
    return session.execute(query).all()


def find_product_spoken_of(session: Session, conversation: str, before_id: int, since: datetime) -> str | None:
    """The reason of the last answer about a product in this conversation."""
    query = (
        select(INBOX.c.reason)
        .where(
            INBOX.c.conversation == conversation, INBOX.c.id < before_id, INBOX.c.received_at >= since,
            INBOX.c.outcome == "answered", INBOX.c.reason.startswith("product:"), sql("outcome <> 'none'"),
        )
        .order_by(INBOX.c.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar()


def is_unresolved(session: Session, inbox_id: int) -> bool:
    """Is it kept already that this answer did not help?"""
    return session.execute(select(UNRESOLVED.c.inbox_id).where(UNRESOLVED.c.inbox_id == inbox_id)).scalar() is not None


def mark_unresolved(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep that answers did not help, each once. Keys as the columns."""
    if rows:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        session.execute(dialect.insert(UNRESOLVED).on_conflict_do_nothing(), list(rows))


def count_uses(session: Session, uses: Mapping[str, tuple[int, datetime]]) -> None:
    """Add (times, last time) to what each passage was used."""
    for passage_id, (times, last_at) in sorted(uses.items()):
        known = session.execute(
            update(USES).where(USES.c.passage_id == passage_id).values(count=USES.c.count + times, last_at=last_at)
        )
        if not getattr(known, "rowcount", 0):
            session.execute(insert(USES).values(passage_id=passage_id, count=times, last_at=last_at))


def find_uses(session: Session) -> dict[str, tuple[int, datetime]]:
    """How often each passage answered, and when last."""
    return {row[0]: (row[1], row[2]) for row in session.execute(select(USES.c.passage_id, USES.c.count, USES.c.last_at))}


def find_least_helpful(session: Session, since: datetime, limit: int = 10) -> Sequence[AnyRow]:
    """(passage id, times) of answers after which members asked again or reached a person, worst first."""
    times = func.count().label("times")
    query = (
        select(UNRESOLVED.c.passage_id, times)
        .where(UNRESOLVED.c.answered_at >= since)
        .group_by(UNRESOLVED.c.passage_id)
        .order_by(times.desc(), UNRESOLVED.c.passage_id)
        .limit(limit)
    )
    return session.execute(query).all()
