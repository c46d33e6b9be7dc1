"""Handovers: conversations passed to an operator, from asked to closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.inbox import Interaction

OPEN, TAKEN, CLOSED = "open", "taken", "closed"
COMPLAINT = "complaint"  # the reason of a handover that is one


class Handover(Base):
    """A member's request for a person in one conversation. At most one not closed for a member and conversation."""

    __tablename__ = "handovers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    conversation: Mapped[str] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(20))
    group_id: Mapped[str | None] = mapped_column(String(120))
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"))
    reason: Mapped[str] = mapped_column(String(20))
    question: Mapped[str] = mapped_column(Text)
    cause_id: Mapped[int | None] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(String(10))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    heard_id: Mapped[int | None] = mapped_column(BigId)  # what the member said up to here needs no reply of its own

    __table_args__ = (
        Index(
            "uq_handovers_open", "conversation", "member_id", unique=True,
            sqlite_where=sql("state <> 'closed'"), postgresql_where=sql("state <> 'closed'"),
        ),
        Index("ix_handovers_state", "state", "id"),
    )


def get(session: Session, handover_id: int) -> Handover:
    return session.get_one(Handover, handover_id)


def find_by_id(session: Session, handover_id: int) -> Handover | None:
    return session.get(Handover, handover_id)


def open_once(
    session: Session, *, conversation: str, channel: str, group_id: str | None, member_id: str, reason: str,
    question: str, cause_id: int | None, now: datetime,
) -> int | None:
    """Open a handover; None when this member already waits for a person in this conversation."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(table_of(Handover))
        .values(
            conversation=conversation, channel=channel, group_id=group_id, member_id=member_id, reason=reason,
            question=question, cause_id=cause_id, state=OPEN, opened_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Handover.id)
    )
    opened: int | None = session.execute(statement).scalar()
    return opened


def find_active(session: Session, conversation: str, member_id: str | None = None) -> Handover | None:
    """A handover not closed in this conversation (of this member)."""
    query = select(Handover).where(Handover.conversation == conversation, Handover.state != CLOSED)
    if member_id is not None:
        query = query.where(Handover.member_id == member_id)
    return session.scalars(query.order_by(Handover.id.desc())).first()


def find(session: Session, states: Sequence[str], limit: int = 100) -> Sequence[Handover]:
    """Handovers in these states: waiting ones oldest first, closed ones newest first."""
    order = Handover.id.desc() if CLOSED in states else Handover.id
    return session.scalars(select(Handover).where(Handover.state.in_(states)).order_by(order).limit(limit)).all()


def count(session: Session) -> dict[str, int]:
    query = select(Handover.state, func.count()).where(Handover.state != CLOSED).group_by(Handover.state)
    return {row[0]: row[1] for row in session.execute(query)}


def take(session: Session, handover_id: int, operator_id: int, now: datetime) -> bool:
    """Claim an open handover; False when somebody else was faster."""
    changed = session.execute(
        update(Handover)
        .where(Handover.id == handover_id, Handover.state == OPEN)
        .values(state=TAKEN, operator_id=operator_id, taken_at=now)
    )
    return bool(getattr(changed, "rowcount", 0))


def mark_heard(session: Session, handover_id: int, inbox_id: int) -> None:
    """What the member said until this interaction is dealt with."""
    session.execute(update(Handover).where(Handover.id == handover_id).values(heard_id=inbox_id))


def find_spoken_again(session: Session) -> Sequence[AnyRow]:
    """The first message after an operator's last reply in each taken handover: handover id, conversation, channel,
    group_id, member_id, and the message's id, text and received_at."""
    first = (
        select(Handover.id.label("handover_id"), func.min(Interaction.id).label("message_id"))
        .join(Interaction, Interaction.member_id == Handover.member_id)
        .where(
            Handover.state == TAKEN, Handover.heard_id.is_not(None), Interaction.id > Handover.heard_id,
            Interaction.conversation == Handover.conversation, Interaction.kind == "MessageReceived",
        )
        .group_by(Handover.id)
        .subquery()
    )
    query = (
        select(
            Handover.id, Handover.conversation, Handover.channel, Handover.group_id, Handover.member_id,
            Interaction.id.label("message_id"), Interaction.text, Interaction.received_at,
        )
        .join(first, first.c.handover_id == Handover.id)
        .join(Interaction, Interaction.id == first.c.message_id)
    )
    return session.execute(query).all()


def make_complaint(session: Session, handover_id: int) -> None:
    """What a member waits for turns out to be a complaint."""
    session.execute(update(Handover).where(Handover.id == handover_id).values(reason=COMPLAINT))


def count_taken(session: Session) -> dict[int, int]:
    """How many conversations each operator has in hand."""
    query = select(Handover.operator_id, func.count()).where(Handover.state == TAKEN).group_by(Handover.operator_id)
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}


def mark_answered(session: Session, handover_id: int, now: datetime) -> None:
    session.execute(
        update(Handover).where(Handover.id == handover_id, Handover.answered_at.is_(None)).values(answered_at=now)
    )


def close(session: Session, handover_id: int, now: datetime) -> bool:
    changed = session.execute(
        update(Handover).where(Handover.id == handover_id, Handover.state != CLOSED).values(state=CLOSED, closed_at=now)
    )
    return bool(getattr(changed, "rowcount", 0))


def hand_back(session: Session, handover_id: int) -> bool:
    """Put a taken handover back into the queue for another operator."""
    changed = session.execute(
        update(Handover)
        .where(Handover.id == handover_id, Handover.state == TAKEN)
        .values(state=OPEN, operator_id=None, taken_at=None)
    )
    return bool(getattr(changed, "rowcount", 0))


def reopen(session: Session, handover_id: int) -> bool:
    """Undo a close; False when it is not closed, or when the member has asked again there since."""
    closed = session.get_one(Handover, handover_id)
    if find_active(session, closed.conversation, closed.member_id) is not None:
        return False
    changed = session.execute(
        update(Handover)
        .where(Handover.id == handover_id, Handover.state == CLOSED)
        .values(state=OPEN if closed.operator_id is None else TAKEN, closed_at=None)
    )
    return bool(getattr(changed, "rowcount", 0))


def find_of_member(session: Session, member_id: str, limit: int = 20) -> Sequence[Handover]:
    """A member's handovers, newest first."""
    query = select(Handover).where(Handover.member_id == member_id).order_by(Handover.id.desc()).limit(limit)
    return session.scalars(query).all()
