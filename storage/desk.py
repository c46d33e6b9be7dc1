"""What operators keep at the desk: canned replies, notes on a handover, and drafts not sent yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, UtcTime


class CannedReply(Base):
    """Words ready to be sent, by a short title."""

    __tablename__ = "canned_replies"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(String(40), unique=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)


class Note(Base):
    """What an operator tells the others about a handover; members never read it."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"))
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_notes_handover", "handover_id", "id"),)


class Draft(Base):
    """An operator's reply on its way."""

    __tablename__ = "drafts"

    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)


def find_canned(session: Session) -> Sequence[CannedReply]:
    return session.scalars(select(CannedReply).order_by(CannedReply.title)).all()


def get_canned(session: Session, reply_id: int) -> CannedReply:
    return session.get_one(CannedReply, reply_id)


def is_title_taken(session: Session, title: str, but: int | None = None) -> bool:
    query = select(CannedReply.id).where(CannedReply.title == title)
    return session.scalars(query if but is None else query.where(CannedReply.id != but)).first() is not None


def save_canned(session: Session, reply_id: int | None, title: str, text: str, now: datetime) -> None:
    """A new canned reply, or other words for one. Raises RowMissing for an unknown id."""
    if reply_id is None:
        session.add(CannedReply(title=title, text=text, updated_at=now))
        return
    row = get_canned(session, reply_id)
    row.title, row.text, row.updated_at = title, text, now


def remove_canned(session: Session, reply_id: int) -> None:
    session.delete(get_canned(session, reply_id))


def add_note(session: Session, handover_id: int, operator_id: int, text: str, now: datetime) -> None:
    session.add(Note(handover_id=handover_id, operator_id=operator_id, text=text, at=now))


def find_notes(session: Session, handover_id: int) -> Sequence[Note]:
    """Oldest first."""
    return session.scalars(select(Note).where(Note.handover_id == handover_id).order_by(Note.id)).all()


def count_notes(session: Session, handover_ids: Sequence[int]) -> dict[int, int]:
    query = select(Note.handover_id, func.count()).where(Note.handover_id.in_(handover_ids)).group_by(Note.handover_id)
    return {row[0]: row[1] for row in session.execute(query)}


def find_draft(session: Session, handover_id: int, operator_id: int) -> str:
    row = session.get(Draft, (handover_id, operator_id))
    return "" if row is None else row.text


def keep_draft(session: Session, handover_id: int, operator_id: int, text: str, now: datetime) -> None:
    """Keep a reply that is not sent yet; empty words throw it away."""
    if text:
        session.merge(Draft(handover_id=handover_id, operator_id=operator_id, text=text, at=now))
    else:
        session.execute(delete(Draft).where(Draft.handover_id == handover_id, Draft.operator_id == operator_id))
