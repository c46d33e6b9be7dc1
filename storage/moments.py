"""Moments that plans are relative to: when a drop opens or closes, as the features that know tell us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, UtcTime


class Moment(Base):
    """When something is, or was: `anchor` says what kind of thing (drop_opens …), `subject` which one. An empty group
    means every group of a plan's audience."""

    __tablename__ = "moments"

    anchor: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_moments_at", "anchor", "at"),)


def save(session: Session, anchor: str, subject: str, group_id: str, at: datetime) -> Moment:
    """Keep when it is, or that it moved."""
    return session.merge(Moment(anchor=anchor, subject=subject, group_id=group_id, at=at))


def remove(session: Session, anchor: str, subject: str, group_id: str) -> None:
    """It will not happen."""
    which = (Moment.anchor == anchor, Moment.subject == subject, Moment.group_id == group_id)
    session.execute(delete(Moment).where(*which))


def find(session: Session, anchor: str, since: datetime) -> Sequence[Moment]:
    """What is or was since then."""
    return session.scalars(select(Moment).where(Moment.anchor == anchor, Moment.at >= since).order_by(Moment.at)).all()
