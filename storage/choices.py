"""Choices: members who do not want to take part in referring, and those whose data was erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import referral_links, touches
from storage.base import Base, UtcTime, table_of

OPTED_OUT = "opted out"


class Choice(Base):
    """A member who stays out, since when; `erased_at` when their data was erased as well."""

    __tablename__ = "referral_choices"

    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"), primary_key=True)
    out_at: Mapped[datetime] = mapped_column(UtcTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcTime)


TABLE = table_of(Choice)


def find(session: Session, member_id: str) -> Choice | None:
    return session.get(Choice, member_id)


def opt_out(session: Session, member_ids: Sequence[str], now: datetime) -> None:
    """They stay out: their links are paused, and what they did so far brings nobody from now on."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"member_id": one, "out_at": now} for one in member_ids]
    session.execute(dialect.insert(TABLE).on_conflict_do_nothing(), rows)
    links = referral_links.TABLE
    paused = update(links).where(links.c.member_id.in_(member_ids), links.c.paused_at.is_(None))
    session.execute(paused.values(paused_at=now))
    void_touches(session, now)


def opt_in(session: Session, member_ids: Sequence[str]) -> None:
    """They take part again, with the links they had; touches from before stay void."""
    session.execute(delete(TABLE).where(TABLE.c.member_id.in_(member_ids)))
    links = referral_links.TABLE
    session.execute(update(links).where(links.c.member_id.in_(member_ids)).values(paused_at=None))


def void_touches(session: Session, now: datetime) -> None:
    """Nobody is brought by members who stay out."""
    c = touches.TABLE.c
    out = select(TABLE.c.member_id)
    session.execute(update(touches.TABLE).where(c.referrer_id.in_(out), c.void_at.is_(None)).values(void_at=now, void_why=OPTED_OUT))


def mark_erased(session: Session, member_ids: Sequence[str], now: datetime) -> None:
    session.execute(update(TABLE).where(TABLE.c.member_id.in_(member_ids)).values(erased_at=now))
