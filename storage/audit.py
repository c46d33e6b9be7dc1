"""The audit log: every operator action, who did it, to what, and from where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, UtcTime


class AuditEntry(Base):
    """One action. `detail` is JSON: what changed, from and to, without secrets."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    operator_id: Mapped[int | None] = mapped_column(BigId)
    operator_name: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(60))

    __table_args__ = (Index("ix_audit_subject", "subject"),)


def record(
    session: Session, *, at: datetime, operator_id: int | None, operator_name: str, action: str, subject: str,
    detail: Mapping[str, Any] | None = None, address: str = "",
) -> None:
    """Write an action down in the same transaction as what it did."""
    session.add(
        AuditEntry(
            at=at, operator_id=operator_id, operator_name=operator_name, action=action, subject=subject[:200],
            detail=json.dumps(detail or {}, ensure_ascii=False, default=str), address=address,
        )
    )


def find(
    session: Session, *, before_id: int | None = None, limit: int = 50, operator_id: int | None = None,
    words: str = "",
) -> Sequence[AuditEntry]:
    """Entries newest first, perhaps of one operator, or with these words in action or subject."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if operator_id is not None:
        query = query.where(AuditEntry.operator_id == operator_id)
    if words:
        query = query.where(
            AuditEntry.action.contains(words, autoescape=True) | AuditEntry.subject.contains(words, autoescape=True)
        )
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    return session.scalars(query).all()
