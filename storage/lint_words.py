"""The shop's own dictionary for the guard over words: words with a level, phrases that are fine, our own numbers and hosts,
and rules switched off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, UtcTime

WORD, ALLOWED, CONTACT, HOST, OFF = "word", "allowed", "contact", "host", "off"
KINDS = (WORD, ALLOWED, CONTACT, HOST, OFF)
LEVELS = ("block", "warn", "note")
LONGEST, MOST = 60, 500  # characters of an entry; entries of a shop


class LintWord(Base):
    """One entry of the dictionary. `level` is only for words; of a rule switched off `text` is the rule's id."""

    __tablename__ = "lint_words"
    __table_args__ = (
        CheckConstraint("kind in ('word', 'allowed', 'contact', 'host', 'off')", name="kind"),
        CheckConstraint("(kind = 'word') = (level in ('block', 'warn', 'note'))", name="level"),
    )

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    text: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    level: Mapped[str] = mapped_column(String(5), default="")
    set_by: Mapped[str] = mapped_column(String(60))
    set_at: Mapped[datetime] = mapped_column(UtcTime)


def find_all(session: Session) -> Sequence[LintWord]:
    """The whole dictionary, by kind and words."""
    return session.scalars(select(LintWord).order_by(LintWord.kind, LintWord.text)).all()


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(LintWord)) or 0


def save(session: Session, kind: str, text: str, level: str, by: str, now: datetime) -> LintWord:
    """Keep an entry; one that is there gets the new level."""
    row = session.get(LintWord, (kind, text))
    if row is None:
        row = LintWord(kind=kind, text=text)
        session.add(row)
    row.level, row.set_by, row.set_at = level if kind == WORD else "", by, now
    return row


def remove(session: Session, kind: str, text: str) -> bool:
    """Take an entry out; whether it was there."""
    row = session.get(LintWord, (kind, text))
    if row is None:
        return False
    session.delete(row)
    return True
