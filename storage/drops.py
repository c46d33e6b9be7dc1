"""Drops: timed offers to groups, with what they offer and the figures of their kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import revisions
from storage.base import AnyRow, Base, UtcTime, rows_fast, table_of

TEAM, GROUP, TIER, FLASH, PRESALE, BARGAIN, THRESHOLD = "team", "group", "tier", "flash", "presale", "bargain", "threshold"
KINDS = (TEAM, GROUP, TIER, FLASH, PRESALE, BARGAIN, THRESHOLD)
DRAFT, SCHEDULED, OPEN, CLOSED, CANCELLED = "draft", "scheduled", "open", "closed", "cancelled"
STATUSES = (DRAFT, SCHEDULED, OPEN, CLOSED, CANCELLED)
BEFORE, PICKUP = "before", "pickup"  # when a seat counts: once it is paid, or once it is signed (paid at pick-up)


def one_of(column: str, values: Sequence[str]) -> str:
    """A CHECK's words: the column holds one of these."""
    return f"{column} in ({', '.join(repr(one) for one in values)})"


class Drop(Base):
    """One timed offer. `goal`: members a group drop needs; `reached`: the highest head-count whose promise is given (a
    price never rises again); `hold_minutes`: how long an unpaid place is kept, None until the drop closes."""

    __tablename__ = "drops"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10), default=DRAFT)
    title: Mapped[str] = mapped_column(String(120))
    words: Mapped[str] = mapped_column(Text, default="")
    pays: Mapped[str] = mapped_column(String(10), default=BEFORE)
    provider: Mapped[str] = mapped_column(String(20), default="offline")
    pickup_point: Mapped[str] = mapped_column(String(120), default="")
    hold_minutes: Mapped[int | None] = mapped_column(Integer, default=30)
    per_member: Mapped[int | None] = mapped_column(Integer)
    goal: Mapped[int | None] = mapped_column(Integer)
    reached: Mapped[int] = mapped_column(Integer, default=0)
    team_size: Mapped[int | None] = mapped_column(Integer)
    team_hours: Mapped[int] = mapped_column(Integer, default=24)
    has_one_team: Mapped[bool] = mapped_column(Boolean, default=False)
    balance_due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    opens_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint(one_of("pays", (BEFORE, PICKUP)), name="pays"),
        CheckConstraint("(kind = 'team') = (team_size is not null)", name="team"),
        CheckConstraint("team_size is null or team_size >= 2", name="team_size"),
        CheckConstraint("goal is null or goal >= 2", name="goal"),
        CheckConstraint("per_member is null or per_member >= 1", name="per_member"),
        Index("ix_drops_opens", "opens_at", sqlite_where=sql("status = 'scheduled'"), postgresql_where=sql("status = 'scheduled'")),
        Index("ix_drops_closes", "closes_at", sqlite_where=sql("status = 'open'"), postgresql_where=sql("status = 'open'")),
    )


class Offer(Base):
    """One SKU in a drop, called by its `mark` (A, B …). `taken` counts what orders hold of it; `stock_limit` bounds that.
    `is_from_stock`: places come out of the shop's stock too (a presale sells what is not there yet)."""

    __tablename__ = "drop_offers"

    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id", ondelete="CASCADE"), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    mark: Mapped[str] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(200))
    list_fen: Mapped[int] = mapped_column(BigInteger)
    price_fen: Mapped[int] = mapped_column(BigInteger)
    deposit_fen: Mapped[int | None] = mapped_column(BigInteger)
    floor_fen: Mapped[int | None] = mapped_column(BigInteger)
    stock_limit: Mapped[int | None] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, default=0)
    is_from_stock: Mapped[bool] = mapped_column(Boolean, default=True)

    __table_args__ = (
        CheckConstraint("price_fen >= 0 and list_fen >= price_fen", name="price"),
        CheckConstraint("deposit_fen is null or (deposit_fen > 0 and deposit_fen <= price_fen)", name="deposit"),
        CheckConstraint("floor_fen is null or (floor_fen >= 0 and floor_fen <= price_fen)", name="floor"),
        CheckConstraint("taken >= 0 and (stock_limit is null or taken <= stock_limit)", name="taken"),
        Index("uq_drop_offers_mark", "drop_id", "mark", unique=True),
    )


class DropGroup(Base):
    """A group a drop is for; a drop without any is for everybody."""

    __tablename__ = "drop_groups"

    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"), primary_key=True, index=True)


class Step(Base):
    """A published figure of a drop. tier: from `at` heads on, `sku_id` costs `fen`; threshold: from `at` fen on, `fen` off;
    cut: the helper number `at` takes `fen` off."""

    __tablename__ = "drop_steps"

    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(80), primary_key=True, default="")
    fen: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("kind in ('tier', 'threshold', 'cut')", name="kind"),
        CheckConstraint("at >= 1 and fen >= 0", name="figures"),
    )


@dataclass(frozen=True, slots=True)
class OnOffer:
    """A SKU that an open drop offers to a group, with the words members may use for it."""

    drop_id: str
    title: str
    code: str
    sku_id: str
    mark: str
    name: str
    unit: str
    aliases: tuple[str, ...]


TABLE, OFFERS, GROUPS, STEPS = table_of(Drop), table_of(Offer), table_of(DropGroup), table_of(Step)


def get(session: Session, drop_id: str) -> AnyRow:
    """The drop's row as it is now. Raises RowMissing."""
    return session.execute(select(TABLE).where(TABLE.c.id == drop_id)).one()


def find(session: Session, drop_id: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.id == drop_id)).one_or_none()


def lock(session: Session, drop_id: str) -> AnyRow:
    """The drop's row, held until the commit: whatever changes its places, teams and money does this first."""
    return session.execute(select(TABLE).where(TABLE.c.id == drop_id).with_for_update(key_share=True)).one()


def find_by_code(session: Session, code: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.code == code.upper())).one_or_none()


def find_page(session: Session, *, after: str = "", status: str = "", limit: int = 50) -> Sequence[AnyRow]:
    """Drops by id, those after one id."""
    query = select(TABLE).where(TABLE.c.id > after)
    if status:
        query = query.where(TABLE.c.status == status)
    return session.execute(query.order_by(TABLE.c.id).limit(limit)).all()


def find_open(session: Session, group_id: str | None) -> Sequence[AnyRow]:
    """Open drops a group may join, newest first."""
    meant = select(GROUPS.c.drop_id).where(GROUPS.c.drop_id == TABLE.c.id)
    is_for_us = ~meant.exists() | meant.where(GROUPS.c.group_id == group_id).exists()
    query = select(TABLE).where(TABLE.c.status == OPEN, is_for_us)
    return session.execute(query.order_by(TABLE.c.opened_at.desc(), TABLE.c.id)).all()


_OFFERED = """select d.id, d.title, d.code, o.sku_id, o.mark, o.name, p.unit, p.aliases from drops d
    join drop_offers o on o.drop_id = d.id left join skus s on s.id = o.sku_id left join products p on p.id = s.product_id"""
_HERE = """ where d.status = 'open' and (not exists (select 1 from drop_groups g where g.drop_id = d.id)
    or exists (select 1 from drop_groups g where g.drop_id = d.id and g.group_id = ?))
    order by d.opened_at desc, d.id, o.mark"""


def find_on_offer(session: Session, group_id: str) -> tuple[OnOffer, ...]:
    """What open drops offer to a group, newest drop first, by mark."""
    return _offered(rows_fast(session.connection(), _OFFERED + _HERE, group_id))


def find_offered(session: Session, drop_id: str) -> tuple[OnOffer, ...]:
    """What a drop offers, by mark, with the words for it."""
    return _offered(rows_fast(session.connection(), _OFFERED + " where d.id = ? order by o.mark", drop_id))


def _offered(rows: Sequence[tuple[Any, ...]]) -> tuple[OnOffer, ...]:
    return tuple(
        OnOffer(drop_id, title, code, sku_id, mark, name, unit or "", tuple(json.loads(aliases or "[]")))
        for drop_id, title, code, sku_id, mark, name, unit, aliases in rows
    )


def find_closed(session: Session, group_id: str, since: datetime) -> Sequence[AnyRow]:
    """Drops a group could join that closed since then, newest first."""
    meant = select(GROUPS.c.drop_id).where(GROUPS.c.drop_id == TABLE.c.id, GROUPS.c.group_id == group_id)
    query = select(TABLE).where(TABLE.c.status.in_((CLOSED, CANCELLED)), TABLE.c.closed_at >= since, meant.exists())
    return session.execute(query.order_by(TABLE.c.closed_at.desc(), TABLE.c.id).limit(5)).all()


def find_offers(session: Session, drop_id: str) -> Sequence[AnyRow]:
    """What a drop offers, by mark."""
    return session.execute(select(OFFERS).where(OFFERS.c.drop_id == drop_id).order_by(OFFERS.c.mark)).all()


def find_groups(session: Session, drop_id: str) -> set[str]:
    return set(session.scalars(select(GROUPS.c.group_id).where(GROUPS.c.drop_id == drop_id)))


def find_steps(session: Session, drop_id: str) -> Sequence[AnyRow]:
    """The drop's published figures, lowest first."""
    return session.execute(select(STEPS).where(STEPS.c.drop_id == drop_id).order_by(STEPS.c.kind, STEPS.c.at)).all()


def create(
    session: Session, values: dict[str, Any], offers: Sequence[dict[str, Any]], groups: Sequence[str] = (),
    steps: Sequence[dict[str, Any]] = (),
) -> None:
    """Write a drop with all that belongs to it; keys as the columns."""
    session.execute(insert(TABLE), [values])
    _write_parts(session, values["id"], offers, groups, steps)


def _write_parts(
    session: Session, drop_id: str, offers: Sequence[dict[str, Any]], groups: Sequence[str], steps: Sequence[dict[str, Any]]
) -> None:
    session.execute(insert(OFFERS), [one | {"drop_id": drop_id} for one in offers])
    if groups:
        session.execute(insert(GROUPS), [{"drop_id": drop_id, "group_id": one} for one in groups])
    if steps:
        session.execute(insert(STEPS), [{"sku_id": ""} | one | {"drop_id": drop_id} for one in steps])


def rewrite(
    session: Session, drop_id: str, values: dict[str, Any], offers: Sequence[dict[str, Any]], groups: Sequence[str],
    steps: Sequence[dict[str, Any]],
) -> None:
    """Write a drop anew that nobody could join yet; the caller holds it and knows its status."""
    for table in (OFFERS, GROUPS, STEPS):
        session.execute(delete(table).where(table.c.drop_id == drop_id))
    session.execute(update(TABLE).where(TABLE.c.id == drop_id).values(**values))
    _write_parts(session, drop_id, offers, groups, steps)


def change(session: Session, drop_id: str, expected: Sequence[str], **values: Any) -> bool:
    """Change a drop if it has one of these statuses; False when it has not. Whoever keeps in memory what is on offer in
    a group is told."""
    statement = update(TABLE).where(TABLE.c.id == drop_id, TABLE.c.status.in_(expected)).values(**values)
    if "status" in values:
        revisions.rise(session, revisions.GROUPS)
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None


def find_to_open(session: Session, now: datetime, limit: int = 100) -> Sequence[AnyRow]:
    """Scheduled drops whose time has come."""
    query = select(TABLE).where(sql("drops.status = 'scheduled'"), TABLE.c.opens_at <= now)
    return session.execute(query.order_by(TABLE.c.opens_at).limit(limit)).all()


def find_to_close(session: Session, now: datetime, limit: int = 100) -> Sequence[AnyRow]:
    """Open drops whose time is over."""
    query = select(TABLE).where(sql("drops.status = 'open'"), TABLE.c.closes_at <= now)
    return session.execute(query.order_by(TABLE.c.closes_at).limit(limit)).all()
