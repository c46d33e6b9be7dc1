"""Occurrences: one row for each plan, time and group, and what became of it. Rows are never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint, func, or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of

PLANNED, QUEUED, SENT = "planned", "queued", "sent"
SKIPPED, SUPPRESSED, ASKED, CANCELLED = "skipped", "suppressed", "asked", "cancelled"
STATES = (PLANNED, QUEUED, SENT, SKIPPED, SUPPRESSED, ASKED, CANCELLED)
REPLANNED = "the plan was changed"
MOMENT_GONE, MOMENT_PAST = "taken back", "too late for this"  # what a plan follows will not be, or came too near
MAY_COME_BACK = (REPLANNED, MOMENT_GONE, MOMENT_PAST)  # the reasons of rows that a later change may bring back
WITH_PLAN, BY_HAND = "the plan was cancelled", "cancelled by hand"
SAID = (QUEUED, SENT)


class Occurrence(Base):
    """One post in one group at one time. `slot` is what makes it this one (its first time, or what it is relative to);
    `planned_at` is when it should be said, `due_at` when we look at it next, because it may wait. States: planned,
    queued (in the outbox), sent, skipped (too late, or nothing to say), suppressed (by the mix guard), asked (an operator
    decides), cancelled; `reason` says why, also of a wait."""

    __tablename__ = "occurrences"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    plan_id: Mapped[int] = mapped_column(BigId)
    slot: Mapped[str] = mapped_column(String(160))
    group_id: Mapped[str] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(20))
    member_id: Mapped[str | None] = mapped_column(String(120))
    post_id: Mapped[int] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(12))
    version: Mapped[int | None] = mapped_column(Integer)
    planned_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(300))
    cause_id: Mapped[int | None] = mapped_column(BigId)
    queued_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        UniqueConstraint("plan_id", "slot", "group_id"),
        Index("ix_occurrences_due", "due_at", sqlite_where=sql("state = 'planned'"), postgresql_where=sql("state = 'planned'")),
        Index("ix_occurrences_queued", "id", sqlite_where=sql("state = 'queued'"), postgresql_where=sql("state = 'queued'")),
        Index("ix_occurrences_group", "group_id", "planned_at"),
        Index("ix_occurrences_planned", "planned_at"),
        Index("ix_occurrences_said", "group_id", "queued_at"),
        Index("ix_occurrences_post", "post_id"),
        Index("ix_occurrences_slot", "slot"),
    )


TABLE = table_of(Occurrence)
IS_PLANNED, IS_QUEUED = sql("occurrences.state = 'planned'"), sql("occurrences.state = 'queued'")  # word for word, as the indexes


def get(session: Session, occurrence_id: int) -> Occurrence:
    return session.get_one(Occurrence, occurrence_id)


def insert_once(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Keep new rows; gives how many. One that a changed plan or moment took back comes back, any other that is there stays."""
    if not rows:
        return 0
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(TABLE)
    statement = statement.on_conflict_do_update(
        index_elements=["plan_id", "slot", "group_id"],
        set_={
            "state": PLANNED, "reason": None, "tries": TABLE.c.tries + 1, "leased_until": None,
            **{name: statement.excluded[name] for name in ("planned_at", "due_at", "post_id", "kind")},
        },
        where=(TABLE.c.state == CANCELLED) & or_(*(TABLE.c.reason == one for one in MAY_COME_BACK)),
    )
    ready = [{"tries": 0, "state": PLANNED, "due_at": row["planned_at"], "member_id": None} | row for row in rows]
    done = session.connection().execute(statement, ready)
    return max(0, done.rowcount)


def take_back(session: Session, plan_id: int, since: datetime, reason: str = REPLANNED) -> int:
    """Cancel what a plan has ahead; gives how many."""
    return _change(session, [Occurrence.plan_id == plan_id, IS_PLANNED, Occurrence.planned_at >= since],
                   state=CANCELLED, reason=reason[:300], leased_until=None)  # fmt: skip


def take_back_slot(session: Session, slot: str, group_id: str, reason: str, plan_id: int | None = None) -> int:
    """Cancel what is planned around something, in one group or (with none) in all; gives how many."""
    which = [Occurrence.slot == slot, IS_PLANNED]
    which += [Occurrence.group_id == group_id] if group_id else []
    which += [Occurrence.plan_id == plan_id] if plan_id is not None else []
    return _change(session, which, state=CANCELLED, reason=reason[:300], leased_until=None)


def move_slot(session: Session, plan_id: int, slot: str, group_ids: Sequence[str], to: datetime) -> int:
    """Give what still waits another time; gives how many."""
    which = [Occurrence.plan_id == plan_id, Occurrence.slot == slot, Occurrence.group_id.in_(group_ids), IS_PLANNED]
    return _change(session, which, planned_at=to, due_at=to, leased_until=None, tries=Occurrence.tries + 1)


def give_back(session: Session, plan_id: int, reason: str, since: datetime) -> int:
    """Plan again what was cancelled for this reason and is still ahead; gives how many."""
    which = [Occurrence.plan_id == plan_id, Occurrence.state == CANCELLED, Occurrence.reason == reason]
    return _change(session, [*which, Occurrence.planned_at >= since], state=PLANNED, reason=None, tries=Occurrence.tries + 1)


def change_planned(session: Session, occurrence_id: int, **values: Any) -> bool:
    """Change a row that still waits for its time; False when it has moved on."""
    which = [Occurrence.id == occurrence_id, IS_PLANNED]
    return bool(_change(session, which, leased_until=None, tries=Occurrence.tries + 1, **values))


def change(session: Session, occurrence_id: int, states: Sequence[str], **values: Any) -> bool:
    """Change a row that is in one of these states; False when it has moved on."""
    which = [Occurrence.id == occurrence_id, Occurrence.state.in_(states)]
    return bool(_change(session, which, leased_until=None, tries=Occurrence.tries + 1, **values))


def _change(session: Session, which: Sequence[Any], **values: Any) -> int:
    done = session.execute(update(Occurrence).where(*which).values(**values).execution_options(synchronize_session=False))
    return int(getattr(done, "rowcount", 0))


def find_in_range(
    session: Session, since: datetime, until: datetime, *, group_ids: Sequence[str] = (), kinds: Sequence[str] = (),
    plan_id: int | None = None, limit: int = 50_000,
) -> Sequence[AnyRow]:
    """Rows planned in [since, until), in order: the columns of an occurrence."""
    query = select(*TABLE.c).where(TABLE.c.planned_at >= since, TABLE.c.planned_at < until)
    if group_ids:
        query = query.where(TABLE.c.group_id.in_(group_ids))
    if kinds:
        query = query.where(TABLE.c.kind.in_(kinds))
    if plan_id is not None:
        query = query.where(TABLE.c.plan_id == plan_id)
    return session.execute(query.order_by(TABLE.c.planned_at, TABLE.c.id).limit(limit)).all()


def find_slots(session: Session, since: datetime) -> dict[tuple[int, str], set[str]]:
    """Times of plans ahead that are rows already, because they were moved or cancelled by themselves, with their groups."""
    query = select(TABLE.c.plan_id, TABLE.c.slot, TABLE.c.group_id).where(TABLE.c.slot >= slot_of(since), TABLE.c.slot < "a")
    found: dict[tuple[int, str], set[str]] = {}
    for plan_id, slot, group_id in session.execute(query):
        found.setdefault((plan_id, slot), set()).add(group_id)
    return found


def find_by_state(session: Session, states: Sequence[str], limit: int = 100) -> Sequence[Occurrence]:
    """The newest rows in these states."""
    query = select(Occurrence).where(Occurrence.state.in_(states)).order_by(Occurrence.id.desc()).limit(limit)
    return session.scalars(query).all()


def find_waiting(session: Session, plan_id: int, reason: str) -> Sequence[Occurrence]:
    """Rows of a plan that were put off for this reason."""
    query = select(Occurrence).where(Occurrence.plan_id == plan_id, IS_PLANNED, Occurrence.reason == reason)
    return session.scalars(query).all()


def find_of_slot(session: Session, plan_id: int, slot: str, group_id: str = "") -> Sequence[Occurrence]:
    """The rows of one time of a plan, in one group or all."""
    query = select(Occurrence).where(Occurrence.plan_id == plan_id, Occurrence.slot == slot)
    if group_id:
        query = query.where(Occurrence.group_id == group_id)
    return session.scalars(query.order_by(Occurrence.id), execution_options={"populate_existing": True}).all()


def restore(session: Session, occurrence_ids: Sequence[int], reason: str) -> int:
    """Plan again what was cancelled for this reason; gives how many."""
    which = [Occurrence.id.in_(occurrence_ids), Occurrence.state == CANCELLED, Occurrence.reason == reason]
    return _change(session, which, state=PLANNED, reason=None, tries=Occurrence.tries + 1, leased_until=None)


def count_slots(
    session: Session, since: datetime, until: datetime, *, group_ids: Sequence[str] = (), kinds: Sequence[str] = ()
) -> Sequence[AnyRow]:
    """Rows planned in [since, until) by plan, slot and state: plan_id, slot, planned_at, state, kind, reason, groups."""
    query = (
        select(
            TABLE.c.plan_id, TABLE.c.slot, TABLE.c.state, TABLE.c.kind, func.min(TABLE.c.planned_at).label("planned_at"),
            func.min(TABLE.c.reason).label("reason"), func.count().label("groups"),
        )
        .where(TABLE.c.planned_at >= since, TABLE.c.planned_at < until, TABLE.c.member_id.is_(None))
        .group_by(TABLE.c.plan_id, TABLE.c.slot, TABLE.c.state, TABLE.c.kind)
    )
    if group_ids:
        query = query.where(TABLE.c.group_id.in_(group_ids))
    if kinds:
        query = query.where(TABLE.c.kind.in_(kinds))
    return session.execute(query).all()


def find_adverts(session: Session, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """Adverts of groups planned in [since, until) that were said, are on their way or may still be: plan_id, group_id,
    planned_at."""
    query = select(TABLE.c.plan_id, TABLE.c.group_id, TABLE.c.planned_at).where(
        TABLE.c.planned_at >= since, TABLE.c.planned_at < until, TABLE.c.kind == "advert", TABLE.c.member_id.is_(None),
        TABLE.c.state.in_((PLANNED, QUEUED, SENT, ASKED)),
    )
    return session.execute(query).all()


def find_of_plan(session: Session, plan_id: int, limit: int = 100) -> Sequence[Occurrence]:
    query = select(Occurrence).where(Occurrence.plan_id == plan_id).order_by(Occurrence.planned_at.desc()).limit(limit)
    return session.scalars(query).all()


def find_said(session: Session, group_id: str, since: datetime) -> Sequence[AnyRow]:
    """What was said in a group since then, or is on its way, oldest first: kind, queued_at. Trials do not count."""
    from storage.plans import TABLE as PLANS

    query = (
        select(TABLE.c.kind, TABLE.c.queued_at)
        .join(PLANS, PLANS.c.id == TABLE.c.plan_id)
        .where(
            TABLE.c.group_id == group_id, TABLE.c.queued_at >= since, TABLE.c.state.in_(SAID), TABLE.c.member_id.is_(None),
            PLANS.c.is_trial.is_(False),
        )
        .order_by(TABLE.c.queued_at)
    )
    return session.execute(query).all()


def find_last_adverts(session: Session, group_ids: Iterable[str]) -> dict[str, datetime]:
    """When each of these groups had its last advert."""
    query = (
        select(TABLE.c.group_id, func.max(TABLE.c.queued_at))
        .where(TABLE.c.group_id.in_(list(group_ids)), TABLE.c.kind == "advert", TABLE.c.state.in_(SAID))
        .group_by(TABLE.c.group_id)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[1] is not None}


def slot_of(moment: datetime) -> str:
    """A time as a slot: sortable UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
