"""Operators, their console sessions, and how often somebody tried to sign in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Boolean, ForeignKey, Index, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime

ADMIN, MANAGER, VIEWER = "admin", "manager", "viewer"


class Operator(Base):
    """A person who runs communities through the console. role: admin, manager, viewer."""

    __tablename__ = "operators"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    on_duty_since: Mapped[datetime | None] = mapped_column(UtcTime)


class OperatorSession(Base):
    """A signed-in browser; `token_hash` is the SHA-256 of the cookie's token."""

    __tablename__ = "operator_sessions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id"), index=True)
    browser: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class SignInFailure(Base):
    """A wrong password: for whom and from where, kept to slow guessing down."""

    __tablename__ = "sign_in_failures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_sign_in_failures_at", "at"),)


def get(session: Session, operator_id: int) -> Operator:
    return session.get_one(Operator, operator_id)


def find_by_name(session: Session, name: str) -> Operator | None:
    return session.scalars(select(Operator).where(Operator.name == name)).first()


def find_all(session: Session) -> Sequence[Operator]:
    return session.scalars(select(Operator).order_by(Operator.id)).all()


def count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(Operator)).scalar_one()


def count_admins(session: Session) -> int:
    query = select(func.count()).select_from(Operator).where(Operator.role == ADMIN, Operator.is_active)
    return session.execute(query).scalar_one()


def find_session(session: Session, token_hash: str, now: datetime) -> tuple[Operator, OperatorSession] | None:
    """The active operator behind a token that is neither expired nor revoked."""
    query = (
        select(Operator, OperatorSession)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(
            OperatorSession.token_hash == token_hash, OperatorSession.revoked_at.is_(None),
            OperatorSession.expires_at > now, Operator.is_active,
        )
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def find_sessions(session: Session, now: datetime, operator_id: int | None = None) -> Sequence[OperatorSession]:
    query = select(OperatorSession).where(OperatorSession.revoked_at.is_(None), OperatorSession.expires_at > now)
    if operator_id is not None:
        query = query.where(OperatorSession.operator_id == operator_id)
    return session.scalars(query.order_by(OperatorSession.seen_at.desc())).all()


def revoke_sessions(session: Session, operator_id: int, now: datetime, *, but: int | None = None) -> None:
    """Sign an operator out everywhere (except in the session `but`)."""
    statement = update(OperatorSession).where(
        OperatorSession.operator_id == operator_id, OperatorSession.revoked_at.is_(None)
    )
    if but is not None:
        statement = statement.where(OperatorSession.id != but)
    session.execute(statement.values(revoked_at=now))


def count_failures(session: Session, since: datetime, *, name: str | None = None, address: str | None = None) -> int:
    query = select(func.count()).select_from(SignInFailure).where(SignInFailure.at > since)
    if name is not None:
        query = query.where(SignInFailure.name == name)
    if address is not None:
        query = query.where(SignInFailure.address == address)
    return session.execute(query).scalar_one()


def lock_admins(session: Session) -> Sequence[int]:
    """The active admins' ids, held until the commit: two who demote each other do it one after the other."""
    query = select(Operator.id).where(Operator.role == ADMIN, Operator.is_active).order_by(Operator.id)
    return session.scalars(query.with_for_update()).all()


def touch_session(session: Session, session_id: int, now: datetime, expires_at: datetime) -> None:
    """Prolong a session that is in use, unless it was revoked meanwhile."""
    session.execute(
        update(OperatorSession)
        .where(OperatorSession.id == session_id, OperatorSession.revoked_at.is_(None))
        .values(seen_at=now, expires_at=expires_at)
    )


def revoke_session(session: Session, session_id: int, now: datetime) -> bool:
    """Sign one browser out."""
    changed = session.execute(
        update(OperatorSession)
        .where(OperatorSession.id == session_id, OperatorSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return bool(getattr(changed, "rowcount", 0))


def add_failure(session: Session, name: str, address: str, now: datetime) -> int:
    """Keep that a password is being tried, and forget what is older than a day; gives the row's id."""
    session.execute(delete(SignInFailure).where(SignInFailure.at < now - timedelta(days=1)))
    failure = SignInFailure(name=name, address=address, at=now)
    session.add(failure)
    session.flush()
    return failure.id


def find_last_failure(
    session: Session, since: datetime, *, name: str | None = None, address: str | None = None
) -> datetime | None:
    """When a password was last tried in vain for this name, from this address."""
    query = select(func.max(SignInFailure.at)).where(SignInFailure.at > since)
    if name is not None:
        query = query.where(SignInFailure.name == name)
    if address is not None:
        query = query.where(SignInFailure.address == address)
    return session.execute(query).scalar()


def forget_failures(session: Session, name: str, address: str) -> None:
    """The right password came from there: earlier slips no longer count."""
    session.execute(delete(SignInFailure).where(SignInFailure.name == name, SignInFailure.address == address))


def find_names(session: Session, operator_ids: Iterable[int]) -> dict[int, str]:
    rows = session.execute(select(Operator.id, Operator.name).where(Operator.id.in_(list(operator_ids))))
    return {row[0]: row[1] for row in rows}


def set_duty(session: Session, operator_id: int, since: datetime | None) -> None:
    """On duty since then, or off."""
    session.execute(update(Operator).where(Operator.id == operator_id).values(on_duty_since=since))


def find_on_duty(session: Session) -> Sequence[AnyRow]:
    """Who answers now: on duty, active, and allowed to speak: id, name."""
    query = select(Operator.id, Operator.name).where(
        Operator.on_duty_since.is_not(None), Operator.is_active, Operator.role.in_((ADMIN, MANAGER))
    )
    return session.execute(query.order_by(Operator.id)).all()


def find_admin_ids(session: Session) -> Sequence[int]:
    """The active admins, whom lateness is taken to."""
    return session.scalars(select(Operator.id).where(Operator.role == ADMIN, Operator.is_active)).all()
