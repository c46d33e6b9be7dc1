"""The outbox: what we decided to say, in order per conversation, until it is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text, and_, exists, func, insert, or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, channel_of_row, execute_fast, table_of

QUEUED, LEASED, SENT, FAILED, UNKNOWN, HELD, SUPPRESSED = (
    "queued", "leased", "sent", "failed", "unknown", "held", "suppressed",
)


class Saying(Base):
    """One thing to say. States: queued, leased, sent, failed, unknown (an operator decides), held (waits for an
    operator), suppressed (with the reason). `planned_at` is when it should have been said, once it was put off."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[str] = mapped_column(String(40), default=channel_of_row, server_default="")
    conversation: Mapped[str] = mapped_column(String(120))
    group_id: Mapped[str | None] = mapped_column(String(120))
    member_id: Mapped[str | None] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    feature: Mapped[str] = mapped_column(String(40))
    cause_id: Mapped[int | None] = mapped_column(BigId)
    operator_id: Mapped[int | None] = mapped_column(BigId)
    priority: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(300))
    tries: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    planned_at: Mapped[datetime | None] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_no: Mapped[int | None] = mapped_column(BigId, unique=True)
    channel_message_id: Mapped[str | None] = mapped_column(String(120))

    __table_args__ = (
        Index("ix_outbox_conversation", "conversation", "id"),
        Index("ix_outbox_cause", "cause_id"),
        Index(
            "ix_outbox_open", "conversation", "id",
            sqlite_where=sql("state in ('queued','leased')"), postgresql_where=sql("state in ('queued','leased')"),
        ),
        Index("ix_outbox_state", "state", "due_at", sqlite_where=sql("state <> 'sent'"), postgresql_where=sql("state <> 'sent'")),
        Index("ix_outbox_said", "conversation", "sent_no"),
        Index(
            "ix_outbox_account", "account_id", "sent_no",
            sqlite_where=sql("sent_no is not null"), postgresql_where=sql("sent_no is not null"),
        ),
    )


TABLE = table_of(Saying)
IS_OPEN = sql("outbox.state <> 'sent'")  # as in the index: a planner cannot tell that from a parameter


def insert_all(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    session.connection().execute(insert(TABLE), rows)


def get(session: Session, row_id: int) -> Saying:
    return session.get_one(Saying, row_id)


def take_turn(session: Session) -> None:
    """One process at a time chooses what to say, so that order and budgets hold over all of them."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(func.pg_advisory_xact_lock(7_201_002)))


def find_due(
    session: Session, now: datetime, limit: int = 200, accounts: Sequence[str] | None = None
) -> list[Saying]:
    """What is due (of these accounts), answers first: only where nothing earlier of the same conversation is
    leased, waits for a retry, or was put off and is as urgent."""
    earlier = aliased(Saying, name="earlier")
    blocked = exists().where(
        earlier.conversation == Saying.conversation,
        earlier.id < Saying.id,
        sql("earlier.state in ('queued','leased')"),
        or_(
            earlier.state == LEASED,
            and_(earlier.tries > 0, earlier.due_at > now),
            and_(earlier.planned_at.is_not(None), earlier.due_at > now, earlier.priority <= Saying.priority),
        ),
    )
    query = (
        select(Saying)
        .where(IS_OPEN, Saying.state == QUEUED, Saying.due_at <= now, ~blocked)
        .order_by(Saying.priority, Saying.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if accounts is not None:
        query = query.where(Saying.account_id.in_(accounts))
    return list(session.scalars(query))


def lease(session: Session, rows: Sequence[Saying], until: datetime) -> None:
    if rows:
        session.execute(
            update(TABLE).where(TABLE.c.id.in_([row.id for row in rows])).values(state=LEASED, leased_until=until)
        )


def lease_due(session: Session, now: datetime, until: datetime, limit: int = 200) -> list[Saying]:
    """Lease what is due; in the order of its ids."""
    rows = find_due(session, now, limit)
    lease(session, rows, until)
    return sorted(rows, key=lambda row: row.id)


def mark_sent(session: Session, sent: Sequence[tuple[int, str | None]], now: datetime) -> dict[int, int]:
    """Record deliveries as (row id, the channel's message id); gives each its place in the order of what was said."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(func.pg_advisory_xact_lock(7_201_001)))
    number = session.execute(select(func.max(TABLE.c.sent_no))).scalar() or 0
    places = {}
    rows = []
    for row_id, message_id in sent:
        number += 1
        places[row_id] = number
        rows.append((now, number, message_id, row_id))
    if rows:
        execute_fast(
            session.connection(),
            "update outbox set state = 'sent', sent_at = ?, sent_no = ?, channel_message_id = ?, leased_until = null where id = ?",
            rows,
        )
    return places


def mark(session: Session, row_id: int, *, state: str, reason: str | None = None, **values: Any) -> None:
    session.execute(
        update(TABLE).where(TABLE.c.id == row_id).values(state=state, reason=reason, leased_until=None, **values)
    )


def find_expired(session: Session, now: datetime) -> Sequence[Saying]:
    """Leased by somebody who did not come back in time."""
    return session.scalars(select(Saying).where(IS_OPEN, Saying.state == LEASED, Saying.leased_until <= now)).all()


def expire_all_leases(session: Session, now: datetime) -> None:
    """The only process on this database has just started: nobody holds a lease any more."""
    session.execute(update(TABLE).where(TABLE.c.state == LEASED).values(leased_until=now))


def find_by_state(session: Session, states: Sequence[str], limit: int = 50) -> Sequence[Saying]:
    """The newest rows in these states, which must not include sent."""
    # Standing in the query word for word, the condition of the partial index lets SQLite use it; ordered after that.
    ids = select(TABLE.c.id).where(TABLE.c.state.in_(states), sql("state <> 'sent'")).subquery()
    query = select(Saying).where(Saying.id.in_(select(ids.c.id))).order_by(Saying.id.desc()).limit(limit)
    return session.scalars(query).all()


def count_by_state(session: Session) -> dict[str, int]:
    """How many rows are in each state but sent."""
    query = select(TABLE.c.state, func.count()).where(TABLE.c.state != SENT).group_by(TABLE.c.state)
    return {row[0]: row[1] for row in session.execute(query)}


def find_of_causes(session: Session, cause_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """What was said because of each of these interactions."""
    query = (
        select(TABLE.c.cause_id, TABLE.c.id, TABLE.c.text, TABLE.c.state, TABLE.c.reason, TABLE.c.sent_at)
        .where(TABLE.c.cause_id.in_(cause_ids))
        .order_by(TABLE.c.id)
    )
    said: dict[int, list[AnyRow]] = {}
    for row in session.execute(query):
        said.setdefault(row.cause_id, []).append(row)
    return said


def find_answer(session: Session, cause_id: int) -> Saying | None:
    """What we said of ourselves to an interaction, as long as it is or will be there to be read."""
    query = select(Saying).where(
        Saying.cause_id == cause_id, Saying.operator_id.is_(None), Saying.state.in_((QUEUED, LEASED, SENT))
    )
    return session.scalars(query.order_by(Saying.id).limit(1)).first()


def find_cause(session: Session, conversation: str, channel_message_id: str) -> int | None:
    """The interaction that led to what we said, by the channel's id of it."""
    query = select(TABLE.c.cause_id).where(TABLE.c.conversation == conversation, TABLE.c.channel_message_id == channel_message_id)
    return session.execute(query.order_by(TABLE.c.id.desc()).limit(1)).scalar()


def find_said(
    session: Session, conversation: str, *, after_no: int = 0, before_no: int | None = None, limit: int = 200
) -> Sequence[Saying]:
    """What was really said in a conversation, oldest first: the newest `limit` rows in the range of `sent_no`."""
    query = select(Saying).where(Saying.conversation == conversation, Saying.sent_no > after_no)
    if before_no is not None:
        query = query.where(Saying.sent_no < before_no)
    return session.scalars(query.order_by(Saying.sent_no.desc()).limit(limit)).all()[::-1]


def find_in_conversation(session: Session, conversation: str, *, limit: int = 100) -> Sequence[Saying]:
    """The newest sayings of a conversation in whatever state, oldest first."""
    query = select(Saying).where(Saying.conversation == conversation).order_by(Saying.id.desc()).limit(limit)
    return session.scalars(query).all()[::-1]


def take_back(session: Session, row_id: int, states: Sequence[str]) -> bool:
    """Own a row that is in one of these states until the commit; False when it has moved on."""
    changed = session.execute(
        update(TABLE).where(TABLE.c.id == row_id, TABLE.c.state.in_(states)).values(state=LEASED, leased_until=None)
    )
    return bool(getattr(changed, "rowcount", 0))


def count_stuck(session: Session, due_before: datetime) -> int:
    """How many rows are still waiting although they were due before that time."""
    # Standing in the query word for word, the condition of the partial index lets SQLite use it.
    query = select(func.count()).where(
        TABLE.c.state.in_((QUEUED, LEASED)), TABLE.c.due_at < due_before, sql("state <> 'sent'")
    )
    return session.execute(query).scalar_one()


def find_operator_spoke_at(session: Session, conversation: str, after_cause_id: int) -> datetime | None:
    """When an operator first said something in a conversation from the console, after an interaction."""
    query = (
        select(TABLE.c.created_at)
        .where(
            TABLE.c.conversation == conversation, TABLE.c.operator_id.is_not(None), TABLE.c.cause_id > after_cause_id
        )
        .order_by(TABLE.c.id)
        .limit(1)
    )
    return session.execute(query).scalar()
