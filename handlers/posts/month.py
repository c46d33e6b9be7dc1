"""Many days of the calendar at once: how much there is on each, and the first of it; cheap with thousands of plans."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from heapq import nsmallest
from operator import itemgetter

from sqlalchemy.orm import Session

from bot import recurrence
from bot.recurrence import zone_of
from handlers.posts import planning
from handlers.posts.calendar import Entry
from storage import audiences, groups, occurrences, plans
from storage.base import AnyRow
from storage.occurrences import PLANNED
from storage.plans import ACTIVE, CRON, ONCE, PAUSED

Spot = tuple[datetime, int, AnyRow, dict[str, int], str | None, str]  # at, plan, plan's row, states, reason, slot
Months = tuple[tuple[int, int], tuple[int, int]]  # the first and the last, as year and month
BY_TIME = itemgetter(0, 1)


@dataclass(slots=True)
class Day:
    """One day on the wall: how many times of plans it has, and the first as entries."""

    day: date
    count: int = 0
    first: list[Entry] = field(default_factory=list)


def find_days(
    session: Session, since: datetime, until: datetime, now: datetime, zone: str, *, most: int = 4,
    group_ids: Sequence[str] = (), kinds: Sequence[str] = (),
) -> list[Day]:
    """The days of [since, until) on this wall, each with its first `most` entries; the same entries as find_entries."""
    spots: dict[date, list[Spot]] = {}
    wall = zone_of(zone)
    for spot in _written(session, since, until, group_ids, kinds):
        spots.setdefault(spot[0].astimezone(wall).date(), []).append(spot)
    _add_ahead(session, spots, since, until, now, zone, group_ids, kinds)
    day, last, days = since.astimezone(wall).date(), (until - timedelta(microseconds=1)).astimezone(wall).date(), []
    while day <= last:
        days.append(_day(day, spots.get(day, []), most))
        day += timedelta(days=1)
    return days


def _day(day: date, spots: Sequence[Spot], most: int) -> Day:
    first = nsmallest(most, spots, key=BY_TIME) if len(spots) > most else sorted(spots, key=BY_TIME)
    return Day(day, len(spots), [_entry(*spot) for spot in first])


def _entry(
    at: datetime, plan_id: int, row: AnyRow, states: dict[str, int], reason: str | None, slot: str
) -> Entry:
    return Entry(
        plan_id, row.name, row.post_id, row.title, row.kind, slot or occurrences.slot_of(at), at, dict(states), reason,
        row.state == PAUSED, row.approval,
    )


def _written(
    session: Session, since: datetime, until: datetime, group_ids: Sequence[str], kinds: Sequence[str]
) -> list[Spot]:
    spots: dict[tuple[int, str], Spot] = {}
    rows = occurrences.count_slots(session, since, until, group_ids=group_ids, kinds=kinds)
    found = {row.id: row for row in plans.find_facts(session, ids={row.plan_id for row in rows})} if rows else {}
    for row in rows:
        plan = found.get(row.plan_id)
        if plan is None or row.reason == occurrences.REPLANNED:
            continue
        before = spots.get((row.plan_id, row.slot))
        states = before[3] if before else {}
        states[row.state] = states.get(row.state, 0) + row.groups
        at, reason = (before[0], before[4] or row.reason) if before else (row.planned_at, row.reason)
        spots[row.plan_id, row.slot] = (at, row.plan_id, plan, states, reason, row.slot)
    return list(spots.values())


def _add_ahead(
    session: Session, spots: dict[date, list[Spot]], since: datetime, until: datetime, now: datetime, zone: str,
    group_ids: Sequence[str], kinds: Sequence[str],
) -> None:
    """Times that are not rows yet; a plan with rows ahead, of times moved or cancelled by themselves, is looked at time by
    time."""
    written, closed = occurrences.find_slots(session, now), planning.find_closed_days(session)
    touched, wanted = {plan_id for plan_id, _ in written}, frozenset(group_ids)
    shown = {(spot[1], spot[5]): spot for day in spots.values() for spot in day if spot[1] in touched}
    ahead = [row for row in plans.find_facts(session, until=until) if not kinds or row.kind in kinds]
    months = _months(since, until)
    groups_of = _audiences(session, {row.audience for row in ahead}, now, wanted)
    for plan in ahead:
        meant = groups_of[plan.audience]
        if wanted and not meant:
            continue
        begin = plan.next_at if plan.state == ACTIVE else now
        times = _times_of(plan, max(begin, since), until, zone, closed, months)
        states, plan_id = {PLANNED: len(meant)}, plan.id
        for at, day in times:
            if plan_id not in touched:
                spots.setdefault(day, []).append((at, plan_id, plan, states, None, ""))
                continue
            slot = occurrences.slot_of(at)
            left = len(meant - written.get((plan_id, slot), frozenset()))
            if left and (plan_id, slot) in shown:
                there = shown[plan_id, slot][3]
                there[PLANNED] = there.get(PLANNED, 0) + left
            elif left or (not meant and (plan_id, slot) not in shown):
                spots.setdefault(day, []).append((at, plan_id, plan, {PLANNED: left}, None, slot))


def _audiences(
    session: Session, written: Iterable[str], now: datetime, wanted: frozenset[str]
) -> dict[str, frozenset[str]]:
    """The groups each audience means now. Those that only name groups are looked up together."""
    read = {one: json.loads(one) for one in written}
    named = {name for audience in read.values() if set(audience) == {"groups"} for name in audience["groups"]}
    known = frozenset(groups.find_existing_ids(session, sorted(named))) if named else frozenset()
    found = {}
    for one, audience in read.items():
        if set(audience) == {"groups"}:
            found[one] = known.intersection(audience["groups"])
        else:
            found[one] = frozenset(group.id for group in audiences.find_groups(session, audience, now))
    return {one: ids & wanted for one, ids in found.items()} if wanted else found


def _times_of(
    plan: AnyRow, begin: datetime, until: datetime, zone: str, closed: frozenset[str], months: Months
) -> Sequence[tuple[datetime, date]]:
    """A plan's times in [begin, until), each with its day on the calendar's wall."""
    if plan.when_kind == CRON:
        times: Sequence[tuple[datetime, date]] = _recurring(plan.cron, plan.time_zone, *months, zone)
        first = begin if plan.starts_at is None else max(begin, plan.starts_at)
        low, high = bisect_left(times, (first, date.min)), bisect_left(times, (until, date.min))
        if plan.ends_at is not None:
            high = min(high, bisect_right(times, (plan.ends_at, date.max)))
        times = times[low:high]
    elif plan.when_kind == ONCE and plan.once_at is not None and begin <= plan.once_at < until:
        times = ((plan.once_at, plan.once_at.astimezone(zone_of(zone)).date()),)
    else:
        return ()
    if not plan.skips_holidays and plan.skipped_days == "[]":
        return times
    skipped = {*json.loads(plan.skipped_days), *(closed if plan.skips_holidays else ())}
    wall = zone_of(plan.time_zone)
    return [one for one in times if one[0].astimezone(wall).date().isoformat() not in skipped]


def _months(begin: datetime, until: datetime) -> Months:
    before, after = begin - timedelta(days=1), until + timedelta(days=1)
    return (before.year, before.month), (after.year, after.month)


@lru_cache(maxsize=8192)
def _recurring(
    cron: str, plan_zone: str, first: tuple[int, int], last: tuple[int, int], zone: str
) -> tuple[tuple[datetime, date], ...]:
    """The times of whole months: many plans have the same, and a plan the same for many pages."""
    since, until = datetime(*first, 1, tzinfo=UTC), datetime(*last, 1, tzinfo=UTC) + timedelta(days=32)
    wall = zone_of(zone)
    found = recurrence.between(cron, plan_zone, since - timedelta(days=1), until)
    return tuple((at, at.astimezone(wall).date()) for at in found)
