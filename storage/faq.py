"""FAQ entries: a question, other phrasings of it, and the answer the shop stands by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import revisions
from storage.base import Base, UtcTime, rows_fast


class FaqEntry(Base):
    """`phrasings` is a JSON list; `answer` is an operator's template (sandboxed Jinja2)."""

    __tablename__ = "faq"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    category: Mapped[str] = mapped_column(String(80), default="")
    question: Mapped[str] = mapped_column(String(400))
    phrasings: Mapped[str] = mapped_column(Text, default="[]")
    answer: Mapped[str] = mapped_column(Text)
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    revision: Mapped[int] = mapped_column(Integer, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime)

    @property
    def phrasing_list(self) -> list[str]:
        return list(json.loads(self.phrasings))


def get(session: Session, entry_id: str) -> FaqEntry:
    return session.get_one(FaqEntry, entry_id)


def find(session: Session, entry_id: str) -> FaqEntry | None:
    """An entry that is not deleted."""
    entry = session.get(FaqEntry, entry_id)
    return None if entry is None or entry.deleted_at is not None else entry


_ANSWER = "select answer from faq where id = ? and is_enabled and deleted_at is null"


def find_answer(session: Session, entry_id: str) -> str | None:
    """The answer the shop stands by now; None when the entry is switched off or deleted."""
    rows = rows_fast(session.connection(), _ANSWER, entry_id)
    return str(rows[0][0]) if rows else None


def search(
    session: Session, words: str = "", category: str = "", *, after: str | None = None, limit: int = 50,
    is_enabled: bool | None = None,
) -> Sequence[FaqEntry]:
    """Entries whose question, phrasings or answer hold the words, by id."""
    query = select(FaqEntry).where(FaqEntry.deleted_at.is_(None)).order_by(FaqEntry.id).limit(limit)
    if words:
        query = query.where(
            FaqEntry.question.contains(words, autoescape=True)
            | FaqEntry.phrasings.contains(words, autoescape=True)
            | FaqEntry.answer.contains(words, autoescape=True)
        )
    if category:
        query = query.where(FaqEntry.category == category)
    if is_enabled is not None:
        query = query.where(FaqEntry.is_enabled.is_(is_enabled))
    if after:
        query = query.where(FaqEntry.id > after)
    return session.scalars(query).all()


def find_categories(session: Session) -> Sequence[str]:
    query = select(FaqEntry.category).where(FaqEntry.deleted_at.is_(None)).distinct().order_by(FaqEntry.category)
    return session.scalars(query).all()


def find_changed(session: Session, since_revision: int) -> Sequence[FaqEntry]:
    """Entries changed, disabled or deleted after this revision."""
    return session.scalars(select(FaqEntry).where(FaqEntry.revision > since_revision)).all()


def count(session: Session) -> int:
    return session.execute(
        select(func.count()).select_from(FaqEntry).where(FaqEntry.deleted_at.is_(None))
    ).scalar_one()


def find_existing_ids(session: Session, ids: Sequence[str]) -> set[str]:
    return set(session.scalars(select(FaqEntry.id).where(FaqEntry.id.in_(ids))))


def find_with_ids(session: Session, ids: Sequence[str]) -> dict[str, FaqEntry]:
    """Entries by id, deleted ones too."""
    return {entry.id: entry for entry in session.scalars(select(FaqEntry).where(FaqEntry.id.in_(ids)))}


def find_all_ids(session: Session) -> set[str]:
    """The ids of all entries that are not deleted."""
    return set(session.scalars(select(FaqEntry.id).where(FaqEntry.deleted_at.is_(None))))


def save(session: Session, values: Mapping[str, Any], now: datetime) -> FaqEntry:
    """Insert or update an entry; keys as the columns, phrasings as a list."""
    entry = session.get(FaqEntry, values["id"]) or FaqEntry(id=values["id"])
    for name in ("category", "question", "answer", "is_enabled"):
        if name in values:
            setattr(entry, name, values[name])
    if "phrasings" in values:
        entry.phrasings = json.dumps(list(values["phrasings"]), ensure_ascii=False)
    entry.revision, entry.updated_at, entry.deleted_at = revisions.rise(session), now, None
    session.add(entry)
    session.flush()
    return entry


def remove(session: Session, entry_id: str, now: datetime) -> None:
    entry = get(session, entry_id)
    entry.deleted_at, entry.revision = now, revisions.rise(session)


def restore(session: Session, entry_id: str, now: datetime) -> FaqEntry:
    """Undo a removal."""
    return save(session, {"id": entry_id}, now)


def find_wordings(session: Session) -> Sequence[FaqEntry]:
    """Every entry that is not deleted, for comparing how questions are put."""
    return session.scalars(select(FaqEntry).where(FaqEntry.deleted_at.is_(None)).order_by(FaqEntry.id)).all()


def find_any(session: Session, entry_id: str) -> FaqEntry | None:
    """An entry, deleted or not."""
    return session.get(FaqEntry, entry_id)
