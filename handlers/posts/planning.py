"""Writes occurrences ahead: what is due within the next minutes becomes rows, and the plan's watermark moves with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from handlers.posts import schedule
from storage import audiences, hours, moments, occurrences, plans, posts
from storage.plans import AFTER, GROUP, JOIN, Plan

AHEAD = timedelta(minutes=15)
LOOK_AGAIN = timedelta(minutes=5)  # at the groups of a plan that is relative to their beginning
MOST_PLANS, MOST_TIMES = 50, 24  # in one transaction


def write_ahead(session: Session, now: datetime) -> int:
    """Write what some plans have within the next minutes; gives how many plans there were, so that it is called again
    until there are none."""
    found = plans.lock_to_write_ahead(session, now + AHEAD, MOST_PLANS)
    if found:
        closed = find_closed_days(session)
        for plan in found:
            write_plan(session, plan, now, closed)
    return len(found)


def write_plan(session: Session, plan: Plan, now: datetime, closed: frozenset[str]) -> None:
    """Write a plan's times from its watermark on, and move it, in one transaction."""
    if plan.next_at is None:
        return
    if plan.when_kind == AFTER:
        _write_group_starts(session, plan, now, closed)
        plan.next_at = now + AHEAD + LOOK_AGAIN
        return
    times = schedule.times_between(plan, plan.next_at - timedelta(microseconds=1), now + AHEAD, closed, MOST_TIMES)
    groups = audiences.find_groups(session, plan.audience_of, now) if times else ()
    kind = posts.get(session, plan.post_id).kind
    rows = [row_of(plan, kind, group, at, occurrences.slot_of(at)) for at in times for group in groups]
    occurrences.insert_once(session, rows)
    plan.next_at = schedule.first_after(plan, times[-1] if times else max(plan.next_at, now + AHEAD), closed)


def _write_group_starts(session: Session, plan: Plan, now: datetime, closed: frozenset[str]) -> None:
    kind = posts.get(session, plan.post_id).kind
    rows = []
    for group in audiences.find_groups(session, plan.audience_of, now):
        at = schedule.relative_time(plan, group.created_at)
        if at >= plan.updated_at and schedule.is_within(plan, at, closed):
            rows.append(row_of(plan, kind, group, at, GROUP))
    occurrences.insert_once(session, rows)


def begin(session: Session, plan: Plan, now: datetime) -> None:
    """A plan is new, changed, or goes on: find its next time and write what is near."""
    closed = find_closed_days(session)
    if plan.when_kind == AFTER:
        plan.next_at = now if plan.anchor == GROUP else None
        if plan.anchor not in (GROUP, JOIN):
            for moment in moments.find(session, plan.anchor or "", now - timedelta(days=60)):
                _write_moment(session, plan, moment, now, closed)
    else:
        plan.next_at = schedule.first_after(plan, now - timedelta(microseconds=1), closed)
    if plan.next_at is not None and plan.next_at <= now + AHEAD:
        write_plan(session, plan, now, closed)


def member_joined(session: Session, group_id: str, member_id: str, now: datetime) -> int:
    """Write what the plans relative to a join have for a new member; gives how many posts. A member who comes back is not
    told twice."""
    rows = []
    for plan in plans.find_relative(session, JOIN):
        at = schedule.relative_time(plan, now)
        group = _find_group(session, plan, group_id, now)
        if group is not None and at >= now and schedule.is_within(plan, at, find_closed_days(session)):
            kind = posts.get(session, plan.post_id).kind
            rows.append(row_of(plan, kind, group, at, f"{JOIN}:{member_id}", member_id))
    return occurrences.insert_once(session, rows)


def moment_set(session: Session, anchor: str, subject: str, group_id: str, at: datetime | None, now: datetime) -> None:
    """Keep a moment, or that it was taken back, and move the posts planned around it."""
    if at is None:
        moments.remove(session, anchor, subject, group_id)
        occurrences.take_back_slot(session, f"{anchor}:{subject}", group_id, occurrences.MOMENT_GONE)
        return
    moment = moments.save(session, anchor, subject, group_id, at)
    for plan in plans.find_relative(session, anchor):
        _write_moment(session, plan, moment, now, find_closed_days(session))


def _write_moment(
    session: Session, plan: Plan, moment: moments.Moment, now: datetime, closed: frozenset[str]
) -> None:
    at = schedule.relative_time(plan, moment.at)
    kind, slot = posts.get(session, plan.post_id).kind, f"{moment.anchor}:{moment.subject}"
    if at < now or not schedule.is_within(plan, at, closed):
        occurrences.take_back_slot(session, slot, moment.group_id, occurrences.MOMENT_PAST, plan.id)
        return
    groups = audiences.find_groups(session, plan.audience_of, now)
    rows = [row_of(plan, kind, group, at, slot) for group in groups if moment.group_id in ("", group.id)]
    occurrences.insert_once(session, rows)
    occurrences.move_slot(session, plan.id, slot, [row["group_id"] for row in rows], at)


def _find_group(session: Session, plan: Plan, group_id: str, now: datetime) -> Any:
    found = audiences.find_groups(session, plan.audience_of, now)
    return next((group for group in found if group.id == group_id), None)


def row_of(
    plan: Plan, kind: str, group: Any, at: datetime, slot: str, member_id: str | None = None
) -> dict[str, Any]:
    return {
        "plan_id": plan.id, "slot": slot[:160], "group_id": group.id, "channel": group.channel, "member_id": member_id,
        "post_id": plan.post_id, "kind": kind, "planned_at": at,
    }  # fmt: skip


def write_slot(session: Session, plan: Plan, slot: str, at: datetime, group_ids: Sequence[str], now: datetime) -> None:
    """Make rows of one time of a plan before its turn, so that it can be moved or cancelled by itself."""
    kind = posts.get(session, plan.post_id).kind
    groups = [one for one in audiences.find_groups(session, plan.audience_of, now) if not group_ids or one.id in group_ids]
    occurrences.insert_once(session, [row_of(plan, kind, group, at, slot) for group in groups])


def time_of(plan: Plan, slot: str) -> datetime | None:
    """The time a slot stands for, where it is one of the plan's times."""
    try:
        at = datetime.strptime(slot, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return at if schedule.first_after(plan, at - timedelta(seconds=1)) == at else None


def find_closed_days(session: Session) -> frozenset[str]:
    """The dates on which the shop is closed."""
    return frozenset(row.day for row in hours.find_all(session) if len(row.day) == 10 and not row.spans)
