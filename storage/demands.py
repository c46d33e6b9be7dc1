"""Demand: what members wish for that the shop does not have now, by product, and who wished it in which group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of

RESTOCK, VARIANT, SOLD_OUT = "restock", "variant", "sold_out"
OPEN, ON_RESTOCK, ON_PRESALE, DONE, DISMISSED = "open", "restock", "presale", "done", "dismissed"
LISTED = (ON_RESTOCK, ON_PRESALE)


class Demand(Base):
    """One thing wished for: a product (empty when it was not named), what about it, and the words of a variant.
    States: open, restock and presale (on that list), done, dismissed."""

    __tablename__ = "demands"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    product_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(12))
    wanted: Mapped[str] = mapped_column(String(40))
    sample: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    first_at: Mapped[datetime] = mapped_column(UtcTime)
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    settled_by: Mapped[str | None] = mapped_column(String(60))
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (UniqueConstraint("product_id", "kind", "wanted"), Index("ix_demands_state", "state"))


class Wish(Base):
    """One member's wish in one group (empty for a private chat)."""

    __tablename__ = "wishes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    demand_id: Mapped[int] = mapped_column(ForeignKey("demands.id", ondelete="CASCADE"))
    member_id: Mapped[str] = mapped_column(String(120))
    group_id: Mapped[str] = mapped_column(String(120))
    count: Mapped[int] = mapped_column(Integer)
    inbox_id: Mapped[int] = mapped_column(BigId)
    last_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (UniqueConstraint("demand_id", "member_id", "group_id"),)


@dataclass(frozen=True, slots=True)
class Wished:
    """A wish met in the inbox."""

    product_id: str
    kind: str
    wanted: str
    sample: str
    member_id: str
    group_id: str
    inbox_id: int
    at: datetime


DEMANDS, WISHES = table_of(Demand), table_of(Wish)


def get(session: Session, demand_id: int) -> Demand:
    return session.get_one(Demand, demand_id)


def record(session: Session, wished: Wished) -> None:
    """Count a wish. What was done already is wished for anew; what was dismissed stays so."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    demand_id = session.execute(
        dialect.insert(DEMANDS)
        .values(
            product_id=wished.product_id, kind=wished.kind, wanted=wished.wanted, sample=wished.sample, state=OPEN,
            first_at=wished.at, last_at=wished.at,
        )
        .on_conflict_do_update(
            index_elements=["product_id", "kind", "wanted"], set_={"last_at": wished.at, "sample": wished.sample}
        )
        .returning(DEMANDS.c.id)
    ).scalar_one()
    session.execute(update(DEMANDS).where(DEMANDS.c.id == demand_id, DEMANDS.c.state == DONE).values(state=OPEN))
    session.execute(
        dialect.insert(WISHES)
        .values(
            demand_id=demand_id, member_id=wished.member_id, group_id=wished.group_id, count=1,
            inbox_id=wished.inbox_id, last_at=wished.at,
        )
        .on_conflict_do_update(
            index_elements=["demand_id", "member_id", "group_id"],
            set_={"count": WISHES.c.count + 1, "last_at": wished.at, "inbox_id": wished.inbox_id},
        )
    )


def find(session: Session, states: Sequence[str], group_id: str = "", limit: int = 200) -> Sequence[AnyRow]:
    """(Demand, members, times) in these states, wished for by most members first; perhaps of one group."""
    members, times = func.count(WISHES.c.member_id.distinct()).label("members"), func.sum(WISHES.c.count).label("times")
    counted = select(WISHES.c.demand_id, members, times).group_by(WISHES.c.demand_id)
    if group_id:
        counted = counted.where(WISHES.c.group_id == group_id)
    tally = counted.subquery()
    query = (
        select(Demand, tally.c.members, tally.c.times)
        .join(tally, tally.c.demand_id == Demand.id)
        .where(Demand.state.in_(states))
        .order_by(tally.c.members.desc(), tally.c.times.desc(), Demand.id)
        .limit(limit)
    )
    return session.execute(query).all()


def find_groups(session: Session, demand_ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """For each demand the groups with their number of members who wished, most first."""
    members = func.count(WISHES.c.member_id.distinct()).label("members")
    query = (
        select(WISHES.c.demand_id, WISHES.c.group_id, members)
        .where(WISHES.c.demand_id.in_(demand_ids))
        .group_by(WISHES.c.demand_id, WISHES.c.group_id)
        .order_by(members.desc(), WISHES.c.group_id)
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for demand_id, group_id, many in session.execute(query):
        found.setdefault(demand_id, []).append((group_id, many))
    return found


def count(session: Session) -> dict[str, int]:
    """How many demands are in each state."""
    return {row[0]: row[1] for row in session.execute(select(Demand.state, func.count()).group_by(Demand.state))}


def settle(session: Session, demand_id: int, state: str, *, by: str, now: datetime) -> None:
    """Put a demand on a list, or off it again. What is done keeps no wishes: the next ones count from nothing."""
    demand = get(session, demand_id)
    demand.state, demand.settled_by, demand.settled_at = state, by, now
    if state == DONE:
        session.execute(delete(WISHES).where(WISHES.c.demand_id == demand_id))
