"""Many days of the calendar at once: how much there is on each, and the first of it; cheap with thousands of plans."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from bot import recurrence
from bot.recurrence import zone_of
from handlers.posts import planning
from handlers.posts.calendar import Entry
from storage import audiences, groups, occurrences, plans
from storage.base import AnyRow
from storage.occurrences import PLANNED
from storage.plans import ACTIVE, PAUSED

Spot = tuple[datetime, int, dict[str, int], str | None, str]  # at, plan, states, reason, slot
Times = Sequence[tuple[datetime, date]]
Months = tuple[tuple[int, int], tuple[int, int]]  # the first and the last, as year and month
BY_TIME = itemgetter(0, 1)
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Day:
    """One day on the wall: how many times of plans it has, and the first as entries."""

    day: date
    count: int = 0
    first: list[Entry] = field(default_factory=list)


class Days:
    """Counts the times of each day and keeps the first of them; what comes after those is counted only."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.counts: dict[date, int] = {}
        self._first: dict[date, list[Spot]] = {}
        self._last: dict[date, datetime] = {}

    def add(self, day: date, spot: Spot) -> None:
        self.add_run(((spot[0], day),), [(spot[1], spot[2])], spot[3], spot[4])

    def add_run(
        self, times: Times, plans_there: Sequence[tuple[int, dict[str, int]]], reason: str | None = None, slot: str = ""
    ) -> None:
        """Plans, by number, that share these times, each with what its groups are."""
        count, counts, last, first = len(plans_there), self.counts, self._last, plans_there[: self.most]
        for at, day in times:
            counts[day] = counts.get(day, 0) + count
            if at <= last.get(day, LAST):
                kept = self._first.setdefault(day, [])
                kept.extend([(at, plan_id, states, reason, slot) for plan_id, states in first])
                if len(kept) > 2 * self.most:
                    kept.sort(key=BY_TIME)
                    del kept[self.most :]
                    last[day] = kept[-1][0]

    def first_of(self, day: date) -> list[Spot]:
        return sorted(self._first.get(day, ()), key=BY_TIME)[: self.most]


def find_days(
    session: Session, since: datetime, until: datetime, now: datetime, zone: str, *, most: int = 4,
    group_ids: Sequence[str] = (), kinds: Sequence[str] = (),
) -> list[Day]:
    """The days of [since, until) on this wall, each with its first `most` entries; the same entries as find_entries."""
    found, wall, days = Days(most), zone_of(zone), []
    spots = _written(session, since, until, group_ids, kinds)
    _add_ahead(session, found, spots, since, until, now, zone, group_ids, kinds)
    for spot in spots.values():
        found.add(spot[0].astimezone(wall).date(), spot)
    day, last = since.astimezone(wall).date(), (until - timedelta(microseconds=1)).astimezone(wall).date()
    while day <= last:
        days.append(day)
        day += timedelta(days=1)
    firsts = [found.first_of(day) for day in days]
    rows = {row.id: row for row in plans.find_facts(session, {spot[1] for first in firsts for spot in first})}
    return [
        Day(day, found.counts.get(day, 0), [_entry(rows[spot[1]], spot) for spot in first if spot[1] in rows])
        for day, first in zip(days, firsts, strict=True)
    ]


def _entry(row: AnyRow, spot: Spot) -> Entry:
    at, plan_id, states, reason, slot = spot
    return Entry(
        plan_id, row.name, row.post_id, row.title, row.kind, slot or occurrences.slot_of(at), at, dict(states), reason,
        row.state == PAUSED, row.approval,
    )


def _written(
    session: Session, since: datetime, until: datetime, group_ids: Sequence[str], kinds: Sequence[str]
) -> dict[tuple[int, str], Spot]:
    spots: dict[tuple[int, str], Spot] = {}
    for row in occurrences.count_slots(session, since, until, group_ids=group_ids, kinds=kinds):
        if row.reason == occurrences.REPLANNED:
            continue
        before = spots.get((row.plan_id, row.slot))
        states = before[2] if before else {}
        states[row.state] = states.get(row.state, 0) + row.groups
        at, reason = (before[0], before[3] or row.reason) if before else (row.planned_at, row.reason)
        spots[row.plan_id, row.slot] = (at, row.plan_id, states, reason, row.slot)
    return spots


def _add_ahead(
    session: Session, days: Days, spots: dict[tuple[int, str], Spot], since: datetime, until: datetime, now: datetime,
    zone: str, group_ids: Sequence[str], kinds: Sequence[str],
) -> None:
    """Times that are not rows yet. Plans with the same times are looked at together; one with rows ahead, of times moved or
    cancelled by themselves, time by time."""
    written, closed = occurrences.find_slots(session, now), planning.find_closed_days(session)
    touched, wanted = {plan_id for plan_id, _ in written}, frozenset(group_ids)
    ahead, months = plans.find_timed(session, since, until, kinds), months_of(since, until)
    groups_of = find_audiences(session, {row.audience for row in ahead}, now, wanted)
    states_of = {audience: {PLANNED: len(meant)} for audience, meant in groups_of.items() if meant or not wanted}
    runs: dict[tuple[Any, ...], list[tuple[int, dict[str, int]]]] = {}
    for plan_id, state, audience, next_at, *facts in ahead:
        if audience not in states_of:
            continue
        begin = next_at if state == ACTIVE and next_at > since else since if state == ACTIVE else max(now, since)
        if plan_id in touched:
            times = times_of(facts, begin, until, zone, closed, months)
            _add_touched(spots, plan_id, times, groups_of[audience], written)
        else:
            runs.setdefault((*facts, begin), []).append((plan_id, states_of[audience]))
    for (*facts, begin), together in runs.items():
        days.add_run(times_of(facts, begin, until, zone, closed, months), sorted(together, key=itemgetter(0)))


def _add_touched(
    spots: dict[tuple[int, str], Spot], plan_id: int, times: Times, meant: frozenset[str],
    written: Mapping[tuple[int, str], Collection[str]],
) -> None:
    for at, _day in times:
        slot = occurrences.slot_of(at)
        there, left = spots.get((plan_id, slot)), len(meant.difference(written.get((plan_id, slot), ())))
        if there is None and (left or not meant):
            spots[plan_id, slot] = (at, plan_id, {PLANNED: left}, None, slot)
        elif there is not None and left:
            there[2][PLANNED] = there[2].get(PLANNED, 0) + left


def find_audiences(
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


def times_of(
    facts: Sequence[Any], begin: datetime, until: datetime, zone: str, closed: frozenset[str], months: Months
) -> Times:
    """A plan's times in [begin, until), each with its day on the calendar's wall; `facts` as plans.find_timed ends."""
    once_at, cron, time_zone, starts_at, ends_at, skipped_days, skips_holidays = facts
    if once_at is None:
        times: Times = _recurring(cron, time_zone, *months, zone)
        first = begin if starts_at is None else max(begin, starts_at)
        low, high = bisect_left(times, (first, date.min)), bisect_left(times, (until, date.min))
        if ends_at is not None:
            high = min(high, bisect_right(times, (ends_at, date.max)))
        times = times[low:high]
    else:
        times = ((once_at, once_at.astimezone(zone_of(zone)).date()),) if begin <= once_at < until else ()
    if not skips_holidays and skipped_days == "[]":
        return times
    skipped = {*json.loads(skipped_days), *(closed if skips_holidays else ())}
    wall = zone_of(time_zone)
    return [one for one in times if one[0].astimezone(wall).date().isoformat() not in skipped]


def months_of(begin: datetime, until: datetime) -> Months:
    before, after = begin - timedelta(days=1), until + timedelta(days=1)
    return (before.year, before.month), (after.year, after.month)


@lru_cache(maxsize=8192)
def _recurring(
    cron: str, plan_zone: str, first: tuple[int, int], last: tuple[int, int], zone: str
) -> tuple[tuple[datetime, date], ...]:
    """The times of whole months: many plans have the same, and a plan the same for many pages."""
    (year, month), found = first, list[tuple[datetime, date]]()
    wall, before = zone_of(zone), datetime.min.replace(tzinfo=UTC)
    while (year, month) <= last:
        for at in recurrence.of_month(cron, plan_zone, year, month):
            if at > before:
                found.append((at, at.astimezone(wall).date()))
                before = at
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return tuple(found)
