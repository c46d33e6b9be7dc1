"""Trials of a plan's variants: which posts, which group chance gave which at which time, and what the groups did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.groups import Membership
from storage.inbox import TABLE as INBOX
from storage.orders import TABLE as ORDERS

RUNNING, PROPOSED, ENDED = "running", "proposed", "ended"
ALIVE = (RUNNING, PROPOSED)
Span = tuple[str, datetime, datetime]  # a group, from then, until then


class Trial(Base):
    """A plan whose times say several posts by turns of chance, and the outcome chosen beforehand that decides. `winner` is the
    variant that the statistics propose, or that an operator took when it ended."""

    __tablename__ = "trials"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plans.id", ondelete="CASCADE"))
    outcome: Mapped[str] = mapped_column(String(20))
    seed: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10))
    winner: Mapped[int | None] = mapped_column(Integer)
    by: Mapped[str] = mapped_column(String(60))
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    proposed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        Index(
            "uq_trials_alive", "plan_id", unique=True, sqlite_where=sql("state <> 'ended'"),
            postgresql_where=sql("state <> 'ended'"),
        ),
    )  # fmt: skip


class Variant(Base):
    """One of a trial's posts, in the version it had when the trial began."""

    __tablename__ = "trial_variants"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    post_id: Mapped[int] = mapped_column(BigId)
    version: Mapped[int] = mapped_column(Integer)


class TrialPlace(Base):
    """The variant chance gave a group at one time; and, once counted, what the group did for each of its members."""

    __tablename__ = "trial_places"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[str] = mapped_column(String(160), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    block: Mapped[int] = mapped_column(Integer)
    variant: Mapped[int] = mapped_column(Integer)
    members: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[float | None] = mapped_column(Float)
    counted_at: Mapped[datetime | None] = mapped_column(UtcTime)


def add(session: Session, versions: Sequence[tuple[int, int]], **values: Any) -> Trial:
    """Write a new trial of posts in versions. A second one alive on its plan is an IntegrityError."""
    trial = Trial(**values, state=RUNNING)
    session.add(trial)
    session.flush()
    session.add_all([
        Variant(trial_id=trial.id, number=number, post_id=post_id, version=version)
        for number, (post_id, version) in enumerate(versions)
    ])  # fmt: skip
    session.flush()
    session.info.pop("trials", None)
    return trial


def get(session: Session, trial_id: int) -> Trial:
    return session.get_one(Trial, trial_id)


def lock(session: Session, trial_id: int) -> Trial:
    return session.get_one(Trial, trial_id, with_for_update=True, populate_existing=True)


def find(session: Session, limit: int = 50) -> Sequence[Trial]:
    """Trials, newest first."""
    return session.scalars(select(Trial).order_by(Trial.id.desc()).limit(limit)).all()


def find_alive(session: Session, plan_id: int) -> int | None:
    """The trial that is going on with a plan. All are read once in a transaction: there are few."""
    known: dict[int, int] | None = session.info.get("trials")
    if known is None:
        rows = session.execute(select(Trial.plan_id, Trial.id).where(Trial.state != ENDED))
        known = session.info["trials"] = {row[0]: row[1] for row in rows}
    return known.get(plan_id)


def find_variants(session: Session, trial_id: int) -> Sequence[Variant]:
    return session.scalars(select(Variant).where(Variant.trial_id == trial_id).order_by(Variant.number)).all()


def add_places(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table_of(TrialPlace)), rows)


def find_places(session: Session, trial_id: int, slot: str = "") -> Sequence[AnyRow]:
    """The places of one time, or all in the order they were counted."""
    table = table_of(TrialPlace)
    query = select(table).where(table.c.trial_id == trial_id)
    if slot:
        query = query.where(table.c.slot == slot)
    return session.execute(query.order_by(table.c.counted_at, table.c.slot, table.c.block, table.c.variant)).all()


def count_place(session: Session, trial_id: int, slot: str, group_id: str, outcome: float | None, now: datetime) -> None:
    """Keep what a group did; None where the post was not said there."""
    table = table_of(TrialPlace)
    which = (table.c.trial_id == trial_id, table.c.slot == slot, table.c.group_id == group_id)
    session.execute(update(table).where(*which).values(outcome=outcome, counted_at=now))


def count_messages(session: Session, group_ids: Sequence[str], since: datetime) -> dict[str, int]:
    """How many messages each group had since then."""
    query = select(INBOX.c.group_id, func.count()).where(INBOX.c.received_at >= since, INBOX.c.kind == "MessageReceived")
    wanted = set(group_ids)
    return {row[0]: row[1] for row in session.execute(query.group_by(INBOX.c.group_id)) if row[0] in wanted}


def count_repliers(session: Session, spans: Sequence[Span]) -> dict[str, int]:
    """How many different members wrote in each group in its time."""
    columns = (INBOX.c.group_id, INBOX.c.received_at, INBOX.c.member_id)
    rows = _within(session, select(*columns).where(INBOX.c.kind == "MessageReceived"), INBOX.c.received_at, spans)
    return _count({(group_id, member_id) for group_id, member_id in rows})


def count_leaves(session: Session, spans: Sequence[Span]) -> dict[str, int]:
    """How many members left each group in its time."""
    columns = (Membership.group_id, Membership.left_at, Membership.id)
    return _count(_within(session, select(*columns), Membership.left_at, spans))


def count_orders(session: Session, spans: Sequence[Span]) -> dict[str, int]:
    """How many orders came from each group in its time."""
    return _count(_within(session, select(ORDERS.c.group_id, ORDERS.c.placed_at, ORDERS.c.id), ORDERS.c.placed_at, spans))


def _within(session: Session, query: Any, at: Any, spans: Sequence[Span]) -> Iterable[tuple[str, Any]]:
    """Rows (group, time, what) of a query that fall into their group's time, as (group, what)."""
    if not spans:
        return []
    by_group = {group_id: (since, until) for group_id, since, until in spans}
    query = query.where(at >= min(one[1] for one in spans), at < max(one[2] for one in spans))
    return [
        (row[0], row[2]) for row in session.execute(query)
        if row[0] in by_group and by_group[row[0]][0] <= row[1] < by_group[row[0]][1]
    ]  # fmt: skip


def _count(rows: Iterable[tuple[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for group_id, _ in rows:
        found[group_id] = found.get(group_id, 0) + 1
    return found
