"""What is said when, for the calendar: rows where there are some, times of plans where there are none yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from handlers.posts import planning, schedule
from storage import audiences, occurrences, plans, posts
from storage.occurrences import PLANNED
from storage.plans import ACTIVE, PAUSED, Plan
from storage.posts import Post


@dataclass(slots=True)
class Entry:
    """One time of a plan. `states` counts its groups by state; an entry that is not written yet is all planned.
    `reason` is one of its rows' reasons. `slot` names it for desk.move and desk.cancel."""

    plan_id: int
    plan: str
    post_id: int
    title: str
    kind: str
    slot: str
    at: datetime
    states: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    is_paused: bool = False
    approval: str = plans.NO_NEED

    @property
    def groups(self) -> int:
        return sum(self.states.values())


def find_entries(
    session: Session, since: datetime, until: datetime, now: datetime, *, group_ids: Sequence[str] = (),
    kinds: Sequence[str] = (), plan_ids: Collection[int] = (),
) -> list[Entry]:
    """What is or was planned in [since, until), in order; posts to single members are left out."""
    found_plans = {plan.id: plan for plan in plans.find(session, states=(ACTIVE, PAUSED, plans.CANCELLED))}
    found_posts = posts.find_with_ids(session, [*{plan.post_id for plan in found_plans.values()}])
    entries: dict[tuple[int, str], Entry] = {}
    for row in occurrences.count_slots(session, since, until, group_ids=group_ids, kinds=kinds):
        plan = found_plans.get(row.plan_id)
        if plan is None or (plan_ids and plan.id not in plan_ids) or row.reason == occurrences.REPLANNED:
            continue
        key = (row.plan_id, row.slot)
        entry = entries.get(key)
        if entry is None:
            entry = entries[key] = _entry(plan, found_posts[plan.post_id], row.slot, row.planned_at)
        entry.states[row.state] = entry.states.get(row.state, 0) + row.groups
        entry.reason = entry.reason or row.reason
    ahead = [plan for plan in found_plans.values() if plan.state != plans.CANCELLED]
    if plan_ids:
        ahead = [plan for plan in ahead if plan.id in plan_ids]
    if kinds:
        ahead = [plan for plan in ahead if found_posts[plan.post_id].kind in kinds]
    _add_ahead(session, entries, ahead, found_posts, since, until, now, group_ids)
    return sorted(entries.values(), key=lambda entry: (entry.at, entry.plan_id))


def _entry(plan: Plan, post: Post, slot: str, at: datetime) -> Entry:
    return Entry(
        plan.id, plan.name, post.id, post.title, post.kind, slot, at, is_paused=plan.state == PAUSED, approval=plan.approval
    )


def _add_ahead(
    session: Session, entries: dict[tuple[int, str], Entry], ahead: Sequence[Plan], found_posts: Mapping[int, Post],
    since: datetime, until: datetime, now: datetime, group_ids: Sequence[str],
) -> None:
    """Times that are not rows yet, less those that were moved or cancelled by themselves."""
    written, closed = occurrences.find_slots(session, now), planning.find_closed_days(session)
    audience_groups: dict[str, frozenset[str]] = {}
    for plan in ahead:
        begin = plan.next_at if plan.state == ACTIVE else max(now, since)
        if begin is None or begin >= until:
            continue
        begin = max(begin, since) - timedelta(microseconds=1)
        times = schedule.times_between(plan, begin, until - timedelta(microseconds=1), closed)
        if not times:
            continue
        groups = audience_groups.get(plan.audience)
        if groups is None:
            named = audiences.find_groups(session, plan.audience_of, now)
            groups = audience_groups[plan.audience] = frozenset(one.id for one in named)
        wanted = groups & frozenset(group_ids) if group_ids else groups
        for at in times if wanted or not group_ids else ():
            slot = occurrences.slot_of(at)
            left = len(wanted - written.get((plan.id, slot), frozenset()))
            if left or not wanted:
                entry = entries.setdefault((plan.id, slot), _entry(plan, found_posts[plan.post_id], slot, at))
                entry.states[PLANNED] = entry.states.get(PLANNED, 0) + left
