"""Orders said in a group: what became of each, so that they are answered together and can be taken back; and for whom
else a member ordered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, delete, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of

ACCEPTED, SAME, REFUSED, UNCLEAR, UNDONE = "accepted", "same", "refused", "unclear", "undone"
ANSWERED, WAITS = "answered", "waits"  # what we asked back was answered; roster rows that wait for an operator


class SaidClaim(Base):
    """One order said in a group. `detail` is JSON: what it changed (`delta`, SKU to count), for whom, and the words of its
    answer. `said_in` is the interaction whose saying answered it, `said_at` when; None while it waits for the summary."""

    __tablename__ = "said_claims"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"))
    drop_id: Mapped[str | None] = mapped_column(ForeignKey("drops.id"))
    member_id: Mapped[str] = mapped_column(String(120))
    member_name: Mapped[str] = mapped_column(String(80))
    inbox_id: Mapped[int] = mapped_column(BigId)
    message_id: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    said_in: Mapped[int | None] = mapped_column(BigId)
    said_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        Index("ix_said_claims_waiting", "group_id", "id", sqlite_where=sql("said_at is null"), postgresql_where=sql("said_at is null")),
        Index("ix_said_claims_said", "group_id", "said_at"),
        Index("ix_said_claims_member", "group_id", "member_id", "id"),
    )


class Portion(Base):
    """So many of a member's order are for somebody else, as the member calls them; the rest is the member's own."""

    __tablename__ = "portions"

    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    whose: Mapped[str] = mapped_column(String(80), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)


TABLE, PORTIONS = table_of(SaidClaim), table_of(Portion)


def keep(session: Session, **values: Any) -> int:
    """Note an order that was said; gives its number. Keys as the columns, `detail` as a mapping."""
    written = values | {"detail": json.dumps(values["detail"], ensure_ascii=False)}
    return int(session.execute(insert(TABLE).values(**written).returning(TABLE.c.id)).scalar_one())


def find_waiting(session: Session, group_id: str, limit: int = 2000) -> Sequence[AnyRow]:
    """What has not been answered yet in a group, in order."""
    query = select(TABLE).where(TABLE.c.group_id == group_id, sql("said_claims.said_at is null"))
    return session.execute(query.order_by(TABLE.c.id).limit(limit)).all()


def find_last_said_at(session: Session, group_id: str) -> datetime | None:
    """When we last answered orders in a group."""
    return session.execute(select(func.max(TABLE.c.said_at)).where(TABLE.c.group_id == group_id)).scalar()


def mark_said(session: Session, ids: Sequence[int], said_in: int, now: datetime) -> None:
    session.execute(update(TABLE).where(TABLE.c.id.in_(ids)).values(said_in=said_in, said_at=now))


def find_last_of(session: Session, group_id: str, member_id: str, since: datetime) -> AnyRow | None:
    """The member's newest order said in the group since then."""
    query = select(TABLE).where(TABLE.c.group_id == group_id, TABLE.c.member_id == member_id, TABLE.c.created_at >= since)
    return session.execute(query.order_by(TABLE.c.id.desc()).limit(1)).one_or_none()


def find_to_undo(
    session: Session, group_id: str, member_id: str, *, message_id: str = "", said_in: int | None = None, text: str = ""
) -> Sequence[AnyRow]:
    """A member's accepted orders that a message, a saying of ours or the words quoted stand for, newest first."""
    query = select(TABLE).where(TABLE.c.group_id == group_id, TABLE.c.member_id == member_id, TABLE.c.state == ACCEPTED)
    meant = (
        TABLE.c.message_id == message_id if message_id else TABLE.c.said_in == said_in if said_in else TABLE.c.text == text
    )
    return session.execute(query.where(meant).order_by(TABLE.c.id.desc()).limit(20)).all()


def change_state(session: Session, ids: Sequence[int], state: str) -> None:
    session.execute(update(TABLE).where(TABLE.c.id.in_(ids)).values(state=state))


def find_portions(session: Session, drop_id: str, member_id: str) -> dict[str, dict[str, int]]:
    """What of a member's order is for others: name to SKU to count."""
    query = select(PORTIONS).where(PORTIONS.c.drop_id == drop_id, PORTIONS.c.member_id == member_id)
    found: dict[str, dict[str, int]] = {}
    for row in session.execute(query.order_by(PORTIONS.c.whose, PORTIONS.c.sku_id)):
        found.setdefault(row.whose, {})[row.sku_id] = row.quantity
    return found


def find_all_portions(session: Session, drop_id: str) -> Sequence[AnyRow]:
    """Everything in a drop that is for others than who ordered it."""
    query = select(PORTIONS).where(PORTIONS.c.drop_id == drop_id)
    return session.execute(query.order_by(PORTIONS.c.member_id, PORTIONS.c.whose, PORTIONS.c.sku_id)).all()


def set_portions(session: Session, drop_id: str, member_id: str, portions: Mapping[str, Mapping[str, int]]) -> None:
    """From now on this is what of a member's order is for others."""
    session.execute(delete(PORTIONS).where(PORTIONS.c.drop_id == drop_id, PORTIONS.c.member_id == member_id))
    rows = [
        {"drop_id": drop_id, "member_id": member_id, "whose": whose, "sku_id": sku_id, "quantity": count}
        for whose, lines in portions.items() for sku_id, count in lines.items() if count > 0
    ]
    if rows:
        session.execute(insert(PORTIONS), rows)
