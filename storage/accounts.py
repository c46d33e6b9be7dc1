"""Accounts: our logins on the channels, what each may say in a while, and which of them holds a private talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Integer, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import revisions
from storage.base import Base, UtcTime, table_of


class Account(Base):
    """One login of ours on a channel; the first of a channel has the channel's name. What it signs in with stays in
    the settings."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    is_paused: Mapped[bool] = mapped_column(Boolean, default=False)
    paused_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class Budget(Base):
    """How many messages an account, or each of its groups (`whose`: account, group), may be sent in so many seconds,
    where an operator chose another number than the channel's own."""

    __tablename__ = "budgets"

    account_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    whose: Mapped[str] = mapped_column(String(10), primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)

    __table_args__ = (CheckConstraint('"count" >= 0', name="count"),)


class PrivateTalk(Base):
    """The account a private conversation came in on, where that is not the channel's first."""

    __tablename__ = "private_talks"

    conversation: Mapped[str] = mapped_column(String(120), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(40))


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What the sender needs to know of an account: is it paused, and the operator's own numbers by (whose, seconds)."""

    is_paused: bool
    budgets: Mapping[tuple[str, int], int]


def keep(session: Session, known: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep accounts, as (id, channel), that we did not know yet."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"id": one, "channel": channel, "is_paused": False, "created_at": now} for one, channel in known]
    session.connection().execute(dialect.insert(table_of(Account)).on_conflict_do_nothing(), rows)


def get(session: Session, account_id: str) -> Account:
    return session.get_one(Account, account_id)


def find_all(session: Session) -> Sequence[Account]:
    return session.scalars(select(Account).order_by(Account.created_at, Account.id)).all()


def find_settings(session: Session) -> dict[str, AccountSettings]:
    """Every account's settings, by its id."""
    budgets: dict[str, dict[tuple[str, int], int]] = {}
    for row in session.scalars(select(Budget)):
        budgets.setdefault(row.account_id, {})[row.whose, row.seconds] = row.count
    return {row.id: AccountSettings(row.is_paused, budgets.get(row.id, {})) for row in find_all(session)}


def pause(session: Session, account_id: str, is_paused: bool, now: datetime) -> None:
    """Stop or go on saying anything from an account."""
    account = get(session, account_id)
    account.is_paused, account.paused_at = is_paused, now if is_paused else None
    revisions.rise(session, revisions.ACCOUNTS)


def set_budgets(session: Session, account_id: str, counts: Mapping[tuple[str, int], int]) -> None:
    """Replace the operator's own numbers by these, by (whose, seconds)."""
    session.execute(delete(Budget).where(Budget.account_id == account_id))
    for (whose, seconds), count in counts.items():
        session.add(Budget(account_id=account_id, whose=whose, seconds=seconds, count=count))
    revisions.rise(session, revisions.ACCOUNTS)


def keep_private(session: Session, talks: Mapping[str, str]) -> None:
    """Keep which account these private conversations came in on."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table_of(PrivateTalk))
    statement = statement.on_conflict_do_update(
        index_elements=["conversation"], set_={"account_id": statement.excluded.account_id}
    )
    rows = [{"conversation": one, "account_id": account} for one, account in sorted(talks.items())]
    session.connection().execute(statement, rows)


def find_private(session: Session, conversation: str) -> str | None:
    """The account a private conversation came in on, where that is not the channel's first."""
    talk = session.get(PrivateTalk, conversation)
    return None if talk is None else talk.account_id
