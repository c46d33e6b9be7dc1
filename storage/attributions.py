"""Attributions: the stored answer to who brought an order, with its reason; and the disputes members raise about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of

OPEN, CORRECTED, DISMISSED = "open", "corrected", "dismissed"


class Attribution(Base):
    """Who brought an order, decided when it was placed, by the terms then in force; the rule's answer is never rewritten.
    `reason` is a code, `line` the touches looked at as JSON, each with why it won or lost, and who the buyer was known to
    be then; `seen_to` the last touch kept by then: one told later, of an earlier time, changes nothing. `accrued_at`: when
    it began to earn; `is_first`: it was then the buyer's first paid order."""

    __tablename__ = "attributions"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    buyer_id: Mapped[str] = mapped_column(String(120))
    referrer_id: Mapped[str | None] = mapped_column(String(120))
    upper_id: Mapped[str | None] = mapped_column(String(120))
    touch_id: Mapped[int | None] = mapped_column(BigId)
    campaign_id: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(20))
    line: Mapped[str] = mapped_column(Text)
    seen_to: Mapped[int] = mapped_column(BigId, default=0)
    decided_at: Mapped[datetime] = mapped_column(UtcTime)
    accrued_at: Mapped[datetime | None] = mapped_column(UtcTime)
    is_first: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (
        ForeignKeyConstraint(
            ["campaign_id", "version"], ["campaign_versions.campaign_id", "campaign_versions.version"],
            name="fk_attributions_version",
        ),
        CheckConstraint("(referrer_id is null) = (touch_id is null)", name="touch"),
        CheckConstraint("upper_id is null or (referrer_id is not null and upper_id <> referrer_id)", name="upper"),
        CheckConstraint("referrer_id is null or referrer_id <> buyer_id", name="self"),
        Index("ix_attributions_referrer", "referrer_id", "decided_at"),
        Index("ix_attributions_campaign", "campaign_id", "decided_at"),
        Index("ix_attributions_decided", "decided_at"),
    )


class Dispute(Base):
    """A member says an order was theirs to be credited with. An admin decides: corrected (to `referrer_id`, none: nobody),
    or dismissed. One open at a time for an order."""

    __tablename__ = "attribution_disputes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    member_id: Mapped[str] = mapped_column(String(120))
    words: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(10))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    opened_by: Mapped[str] = mapped_column(String(60))
    referrer_id: Mapped[str | None] = mapped_column(String(120))
    answer: Mapped[str] = mapped_column(String(400))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        CheckConstraint(one_of("state", (OPEN, CORRECTED, DISMISSED)), name="state"),
        CheckConstraint("(state = 'open') = (decided_at is null)", name="decided"),
        Index("uq_attribution_disputes_open", "order_id", unique=True, sqlite_where=sql("state = 'open'"), postgresql_where=sql("state = 'open'")),
        Index("ix_attribution_disputes_order", "order_id", "id"),
    )


TABLE, DISPUTES = table_of(Attribution), table_of(Dispute)


def insert_once(session: Session, values: Mapping[str, Any]) -> bool:
    """Keep the answer for an order; False when it has one already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    written = dialect.insert(TABLE).values(is_first=False, **values).on_conflict_do_nothing(index_elements=["order_id"])
    return session.execute(written.returning(TABLE.c.order_id)).one_or_none() is not None


def get(session: Session, order_id: str) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.order_id == order_id)).one()


def find(session: Session, order_id: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.order_id == order_id)).one_or_none()


def lock(session: Session, order_id: str) -> AnyRow | None:
    """As find, held until the commit: everything that earns by an order comes one after the other."""
    return session.execute(select(TABLE).where(TABLE.c.order_id == order_id).with_for_update()).one_or_none()


def begin(session: Session, order_id: str, now: datetime, *, is_first: bool) -> None:
    """The order begins to earn."""
    session.execute(update(TABLE).where(TABLE.c.order_id == order_id).values(accrued_at=now, is_first=is_first))


def find_after(session: Session, order_id: str, limit: int) -> Sequence[AnyRow]:
    """Attributions by order, those after one: for going through all of them."""
    return session.execute(select(TABLE).where(TABLE.c.order_id > order_id).order_by(TABLE.c.order_id).limit(limit)).all()


def find_page(
    session: Session, *, campaign_id: str = "", referrer_id: str = "", before: datetime | None = None, limit: int = 50
) -> Sequence[AnyRow]:
    """Attributions newest first."""
    query = select(TABLE).order_by(TABLE.c.decided_at.desc(), TABLE.c.order_id).limit(limit)
    if campaign_id:
        query = query.where(TABLE.c.campaign_id == campaign_id)
    if referrer_id:
        query = query.where(TABLE.c.referrer_id == referrer_id)
    if before is not None:
        query = query.where(TABLE.c.decided_at < before)
    return session.execute(query).all()


def open_dispute(session: Session, order_id: str, member_id: str, words: str, by: str, now: datetime) -> int | None:
    """A member disputes an order's attribution; None when a dispute about it is open already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    written = dialect.insert(DISPUTES).values(
        order_id=order_id, member_id=member_id, words=words[:400], state=OPEN, opened_at=now, opened_by=by[:60], answer="", decided_by="",
    )
    return session.execute(written.on_conflict_do_nothing().returning(DISPUTES.c.id)).scalar()


def get_dispute(session: Session, dispute_id: int) -> AnyRow:
    return session.execute(select(DISPUTES).where(DISPUTES.c.id == dispute_id)).one()


def find_disputes(session: Session, states: Sequence[str], limit: int = 100) -> Sequence[AnyRow]:
    """Disputes with one of these states, newest first."""
    return session.execute(select(DISPUTES).where(DISPUTES.c.state.in_(states)).order_by(DISPUTES.c.id.desc()).limit(limit)).all()


def find_of_order(session: Session, order_id: str) -> Sequence[AnyRow]:
    """Disputes about an order, newest first."""
    return session.execute(select(DISPUTES).where(DISPUTES.c.order_id == order_id).order_by(DISPUTES.c.id.desc())).all()


def find_correction(session: Session, order_id: str) -> AnyRow | None:
    """The last correction of an order's attribution, which stands above the rule's answer."""
    query = select(DISPUTES).where(DISPUTES.c.order_id == order_id, DISPUTES.c.state == CORRECTED)
    return session.execute(query.order_by(DISPUTES.c.id.desc()).limit(1)).one_or_none()


def decide(session: Session, dispute_id: int, state: str, referrer_id: str | None, answer: str, by: str, now: datetime) -> bool:
    """Settle an open dispute; False when it is settled already."""
    statement = update(DISPUTES).where(DISPUTES.c.id == dispute_id, DISPUTES.c.state == OPEN)
    values = {"state": state, "referrer_id": referrer_id, "answer": answer[:400], "decided_at": now, "decided_by": by[:60]}
    return session.execute(statement.values(**values).returning(DISPUTES.c.id)).one_or_none() is not None
