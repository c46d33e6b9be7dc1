"""Plans: which post is said when, in which groups, by which rules. The row is the schedule."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, hold, table_of
from storage.posts import Post

ONCE, CRON, AFTER = "once", "cron", "after"  # at one time, again and again, relative to something
JOIN, GROUP = "join", "group"  # what a plan may be relative to
DROP_OPENS, DROP_CLOSES, DROP_FORMS = OF_DROPS = ("drop_opens", "drop_closes", "drop_forms")
ANCHORS = (JOIN, GROUP, *OF_DROPS)
ACTIVE, PAUSED, CANCELLED = "active", "paused", "cancelled"
SEND, SKIP, ASK = "send", "skip", "ask"  # what becomes of a post that is late
NO_NEED, WAITING, APPROVED, REFUSED = "none", "waiting", "approved", "refused"  # an admin's yes
TO_GROUP, TO_MEMBER = "group", "member"


class Plan(Base):
    """When a post is said, and where. `audience` is JSON: {"all": true} or {"tags": […]} or {"groups": […]}, perhaps
    with min_members, max_members, active_days, quiet_days (since the last advert). `skipped_days` is a JSON list of dates
    on the wall. `next_at` is the first time that is not a row of occurrences yet: the watermark."""

    __tablename__ = "plans"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(120))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    when_kind: Mapped[str] = mapped_column(String(6))
    once_at: Mapped[datetime | None] = mapped_column(UtcTime)
    cron: Mapped[str | None] = mapped_column(String(100))
    anchor: Mapped[str | None] = mapped_column(String(40))
    offset_minutes: Mapped[int] = mapped_column(Integer, default=0)
    at_time: Mapped[str | None] = mapped_column(String(5))
    addressee: Mapped[str] = mapped_column(String(8), default=TO_GROUP)
    time_zone: Mapped[str] = mapped_column(String(60))
    starts_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcTime)
    skipped_days: Mapped[str] = mapped_column(Text, default="[]")
    skips_holidays: Mapped[bool] = mapped_column(Boolean, default=False)
    audience: Mapped[str] = mapped_column(Text)
    late_policy: Mapped[str] = mapped_column(String(6), default=SEND)
    late_minutes: Mapped[int] = mapped_column(Integer, default=60)
    next_at: Mapped[datetime | None] = mapped_column(UtcTime)
    approval: Mapped[str] = mapped_column(String(10), default=NO_NEED)
    approved_version: Mapped[int | None] = mapped_column(Integer)
    approved_by: Mapped[str | None] = mapped_column(String(60))
    approved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    is_trial: Mapped[bool] = mapped_column(Boolean, default=False)
    by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (
        Index(
            "ix_plans_next", "next_at",
            sqlite_where=sql("next_at is not null"), postgresql_where=sql("next_at is not null"),
        ),
        Index("ix_plans_anchor", "anchor", "state"),
        Index("ix_plans_approval", "approval"),
    )

    @property
    def audience_of(self) -> dict[str, Any]:
        return dict(json.loads(self.audience))

    @property
    def skipped_day_list(self) -> list[str]:
        return list(json.loads(self.skipped_days))


TABLE, POSTS = table_of(Plan), table_of(Post)


def get(session: Session, plan_id: int) -> Plan:
    return hold(session, session.get_one(Plan, plan_id))


def lock(session: Session, plan_id: int) -> Plan:
    return session.get_one(Plan, plan_id, with_for_update=True, populate_existing=True)


def find(
    session: Session, *, states: Sequence[str] = (ACTIVE, PAUSED), post_id: int | None = None, approval: str = "",
    limit: int = 10_000,
) -> Sequence[Plan]:
    """Plans in these states, newest first, perhaps of one post or waiting for a yes."""
    query = select(Plan).where(Plan.state.in_(states))
    if post_id is not None:
        query = query.where(Plan.post_id == post_id)
    if approval:
        query = query.where(Plan.approval == approval)
    return session.scalars(query.order_by(Plan.id.desc()).limit(limit)).all()


def find_facts(session: Session, ids: Collection[int]) -> Sequence[AnyRow]:
    """What the calendar shows of plans: id, name, post_id, state, approval, and of their posts title, kind."""
    names = ("id", "name", "post_id", "state", "approval")
    query = select(*(TABLE.c[name] for name in names), POSTS.c.title, POSTS.c.kind).join(POSTS, POSTS.c.id == TABLE.c.post_id)
    return session.execute(query.where(TABLE.c.id.in_(ids))).all() if ids else ()


def find_timed(session: Session, since: datetime, until: datetime, kinds: Sequence[str] = ()) -> Sequence[AnyRow]:
    """Active and paused plans that may have times of their own in [since, until) which are not rows yet: id, state,
    audience, next_at; once_at, cron, time_zone, starts_at, ends_at, skipped_days, skips_holidays."""
    names = (
        "id", "state", "audience", "next_at",
        "once_at", "cron", "time_zone", "starts_at", "ends_at", "skipped_days", "skips_holidays",
    )
    is_ahead = (TABLE.c.state == ACTIVE) & (TABLE.c.next_at < until)
    query = select(*(TABLE.c[name] for name in names)).where(
        is_ahead | (TABLE.c.state == PAUSED), (TABLE.c.when_kind == CRON) | (TABLE.c.once_at >= since)
    )
    if kinds:
        query = query.join(POSTS, POSTS.c.id == TABLE.c.post_id).where(POSTS.c.kind.in_(kinds))
    return session.execute(query).all()


def find_manners(session: Session, ids: Collection[int]) -> Sequence[AnyRow]:
    """What the rules of the mix want to know of plans: id, state, time_zone, late_policy, late_minutes, is_trial."""
    names = ("id", "state", "time_zone", "late_policy", "late_minutes", "is_trial")
    return session.execute(select(*(TABLE.c[name] for name in names)).where(TABLE.c.id.in_(ids))).all() if ids else ()


def lock_to_write_ahead(session: Session, until: datetime, limit: int) -> Sequence[Plan]:
    """Active plans with a time up to then that is not a row yet; another process takes others."""
    query = (
        select(Plan)
        .where(Plan.next_at.is_not(None), Plan.next_at <= until, Plan.state == ACTIVE)
        .order_by(Plan.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def find_relative(session: Session, anchor: str) -> Sequence[Plan]:
    """Active plans relative to this."""
    return session.scalars(select(Plan).where(Plan.anchor == anchor, Plan.state == ACTIVE).order_by(Plan.id)).all()


def ask_again(session: Session, post_id: int) -> int:
    """A post was edited: plans that had a yes wait for another; gives how many."""
    done = session.execute(
        update(TABLE).where(TABLE.c.post_id == post_id, TABLE.c.approval == APPROVED).values(approval=WAITING)
    )
    return int(getattr(done, "rowcount", 0))
