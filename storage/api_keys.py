"""API keys: who may use the API, for what; a key itself is shown once and kept only as its digest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, UtcTime, table_of

SCOPES = ("products:read", "products:write", "orders:read", "orders:write", "drops:read", "drops:write", "members:read")
TOUCHED_EVERY = timedelta(minutes=10)


class ApiKey(Base):
    """One key with its scopes (by space). 256 random bits need no slow digest."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(60))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)

    @property
    def scope_set(self) -> frozenset[str]:
        return frozenset(self.scopes.split())


TABLE = table_of(ApiKey)


def create(session: Session, name: str, scopes: Iterable[str], now: datetime) -> str:
    """A new key, given back this once. Raises ValueError for an unknown scope."""
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(SCOPES):
        raise ValueError(", ".join(sorted(set(wanted) - set(SCOPES))) or "no scope")
    key = "tuan_" + secrets.token_urlsafe(32)
    session.add(ApiKey(name=name[:60], digest=_digest(key), scopes=" ".join(wanted), created_at=now))
    return key


def find(session: Session, key: str, now: datetime) -> ApiKey | None:
    """The row of a key that is not revoked."""
    row = session.scalars(select(ApiKey).where(ApiKey.digest == _digest(key))).one_or_none()
    return row if row is not None and (row.revoked_at is None or row.revoked_at > now) else None


def touch(session: Session, key_id: int, now: datetime) -> None:
    session.execute(update(TABLE).where(TABLE.c.id == key_id).values(used_at=now))


def find_all(session: Session) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).order_by(ApiKey.id)).all()


def revoke(session: Session, key_id: int, now: datetime) -> bool:
    """The key opens nothing from now on; False when it is unknown or revoked already."""
    statement = update(TABLE).where(TABLE.c.id == key_id, TABLE.c.revoked_at.is_(None)).values(revoked_at=now)
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
