"""What the WeCom channel must remember: chats, what is to be read again, how far 微信客服 was read, and group sends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Index, Integer, String, Text, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import inbox, outbox
from storage.base import Base, BigId, UtcTime, table_of
from storage.groups import Membership

ASKING, WAITING, DONE, FAILED, STOPPED = "asking", "waiting", "done", "failed", "stopped"
TASK, DRAFT = "task", "draft"


class Chat(Base):
    """A customer group: who owns it, and which version of its members was read."""

    __tablename__ = "wecom_chats"

    chat_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(String(40))
    owner: Mapped[str] = mapped_column(String(64))
    member_version: Mapped[str] = mapped_column(String(64), default="")
    read_at: Mapped[datetime] = mapped_column(UtcTime)


class Reread(Base):
    """Something WeCom told us of that is still to be read: a chat, or the messages of a 微信客服 account. `asks` counts
    the callbacks, so that one which comes while we read is not lost."""

    __tablename__ = "wecom_rereads"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    asks: Mapped[int] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    token: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)


class Cursor(Base):
    """How far the messages of a 微信客服 account were read and kept."""

    __tablename__ = "wecom_cursors"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    open_kfid: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[str] = mapped_column(String(200))
    read_at: Mapped[datetime] = mapped_column(UtcTime)


class GroupSend(Base):
    """An outbox row a staff member is asked to send. kind: task (群发助手), draft (words to copy). state: asking (the
    call may have been made), waiting, done, failed, stopped."""

    __tablename__ = "wecom_sends"

    outbox_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    chat_id: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    message_id: Mapped[str | None] = mapped_column(String(120))
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    reminders: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_wecom_sends_next", "state", "next_at"),)


class Made(Base):
    """Something we set up at WeCom once: a way to join (by its state), a welcome (by its name)."""

    __tablename__ = "wecom_made"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    remote_id: Mapped[str] = mapped_column(String(120))
    detail: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


def _insert(session: Session, table: Any) -> Any:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def save_chat(session: Session, chat_id: str, account: str, owner: str, version: str, now: datetime) -> None:
    values = {"account": account, "owner": owner, "member_version": version, "read_at": now}
    statement = _insert(session, table_of(Chat)).values(chat_id=chat_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["chat_id"], set_=values))


def find_chat(session: Session, chat_id: str) -> Chat | None:
    return session.get(Chat, chat_id)


def ask_reread(
    session: Session, account: str, kind: str, subject: str, due_at: datetime, *, token: str = "",
    named: dict[str, dict[str, int]] | None = None,
) -> None:
    """Keep that something is to be read at `due_at`; `named` are the members a callback named: {joined|left: {id: time}}."""
    table = table_of(Reread)
    statement = _insert(session, table).values(
        account=account, kind=kind, subject=subject, asks=0, tries=0, due_at=due_at, token="", detail="{}"
    )
    session.execute(statement.on_conflict_do_nothing())
    row = session.get_one(Reread, (account, kind, subject), with_for_update=True, populate_existing=True)
    row.asks, row.tries = row.asks + 1, 0
    row.due_at = min(row.due_at, due_at) if row.asks > 1 else due_at
    row.token = token or row.token
    if named:
        known = orjson.loads(row.detail)
        for what, people in named.items():
            known[what] = known.get(what, {}) | people
        row.detail = orjson.dumps(known).decode()


def find_due_rereads(session: Session, account: str, now: datetime, limit: int = 20) -> Sequence[Reread]:
    query = select(Reread).where(Reread.account == account, Reread.due_at <= now).order_by(Reread.due_at).limit(limit)
    return session.scalars(query).all()


def count_rereads(session: Session, account: str) -> int:
    return session.execute(select(func.count()).select_from(Reread).where(Reread.account == account)).scalar_one()


def settle_reread(session: Session, seen: Reread) -> None:
    """It was read; a callback that came meanwhile keeps the row."""
    session.execute(
        delete(Reread).where(
            Reread.account == seen.account, Reread.kind == seen.kind, Reread.subject == seen.subject,
            Reread.asks == seen.asks,
        )
    )


def put_off_reread(
    session: Session, seen: Reread, due_at: datetime, tries: int, opened: Mapping[str, float] | None = None
) -> None:
    """Read it later. A callback that came meanwhile has its own time; `opened` (whom we wait for, since when) is kept
    in any case, and replaces what was waited for."""
    row = session.get(Reread, (seen.account, seen.kind, seen.subject), with_for_update=True)
    if row is None:
        return
    if opened is not None:
        row.detail = orjson.dumps(orjson.loads(row.detail) | {"opened": dict(opened)}).decode()
    if row.asks == seen.asks:
        row.due_at, row.tries = due_at, tries


def find_cursor(session: Session, account: str, open_kfid: str) -> Cursor | None:
    return session.get(Cursor, (account, open_kfid))


def save_cursor(session: Session, account: str, open_kfid: str, cursor: str, now: datetime) -> None:
    values = {"cursor": cursor, "read_at": now}
    statement = _insert(session, table_of(Cursor)).values(account=account, open_kfid=open_kfid, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account", "open_kfid"], set_=values))


def find_send(session: Session, outbox_id: int) -> GroupSend | None:
    return session.get(GroupSend, outbox_id)


def find_asked(session: Session, outbox_ids: Collection[int]) -> set[int]:
    """Which of these rows a staff member was asked to send, and has not yet."""
    query = select(GroupSend.outbox_id).where(GroupSend.outbox_id.in_(outbox_ids), GroupSend.state == WAITING)
    return set(session.scalars(query)) if outbox_ids else set()


def begin_send(session: Session, outbox_id: int, values: dict[str, Any], now: datetime) -> None:
    """Keep that we are about to ask for a send; asking again changes nothing."""
    row = {"outbox_id": outbox_id, "state": ASKING, "asked_at": now, "reminders": 0, "next_at": now} | values
    session.execute(_insert(session, table_of(GroupSend)).values(row).on_conflict_do_nothing())


def set_send(session: Session, outbox_ids: Sequence[int], **values: Any) -> None:
    session.execute(update(GroupSend).where(GroupSend.outbox_id.in_(outbox_ids)).values(**values))


def find_due_sends(session: Session, account: str, now: datetime, limit: int = 100) -> Sequence[GroupSend]:
    """Sends that wait for a staff member and are to be looked at now."""
    query = (
        select(GroupSend)
        .where(GroupSend.account == account, GroupSend.state == WAITING, GroupSend.next_at <= now)
        .order_by(GroupSend.next_at)
        .limit(limit)
    )
    return session.scalars(query).all()


def find_made(session: Session, account: str, kind: str, name: str) -> Made | None:
    return session.get(Made, (account, kind, name))


def find_all_made(session: Session, account: str, kind: str) -> Sequence[Made]:
    return session.scalars(select(Made).where(Made.account == account, Made.kind == kind).order_by(Made.name)).all()


def save_made(
    session: Session, account: str, kind: str, name: str, remote_id: str, detail: str, now: datetime
) -> None:
    values = {"remote_id": remote_id, "detail": detail, "created_at": now}
    statement = _insert(session, table_of(Made)).values(account=account, kind=kind, name=name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account", "kind", "name"], set_=values))


def forget_made(session: Session, account: str, kind: str, name: str) -> None:
    session.execute(delete(Made).where(Made.account == account, Made.kind == kind, Made.name == name))


def find_last_heard(session: Session, conversation: str) -> tuple[datetime, datetime] | None:
    """When the newest message of a conversation was written, and when we heard it."""
    table = inbox.TABLE
    query = (
        select(table.c.occurred_at, table.c.received_at)
        .where(table.c.conversation == conversation, table.c.kind == "MessageReceived")
        .order_by(table.c.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def count_said_since(session: Session, conversation: str, since: datetime) -> int:
    table = outbox.TABLE
    query = select(func.count()).where(
        table.c.conversation == conversation, table.c.state == outbox.SENT, table.c.sent_at >= since
    )
    return session.execute(query).scalar_one()


def find_times(session: Session, group_id: str, member_id: str) -> Sequence[Membership]:
    """A member's times in a group, newest first, past ones included."""
    query = select(Membership).where(Membership.group_id == group_id, Membership.member_id == member_id)
    return session.scalars(query.order_by(Membership.id.desc())).all()
