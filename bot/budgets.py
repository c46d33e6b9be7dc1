"""Budgets: what an account may say in a while, how much of that is used up, and when there is room again."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.base import Allowance

ACCOUNT, GROUP = "account", "group"


@dataclass(frozen=True, slots=True)
class Room:
    """When something more may be said (None: now), and the budget that is in the way."""

    free_at: datetime | None = None
    used_up: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A budget, how much of it is used, when it is used up if we go on as in the last hour, and when it frees again."""

    budget: Allowance
    used: int
    empty_at: datetime | None = None
    free_at: datetime | None = None

    @property
    def share(self) -> float:
        return min(1.0, self.used / self.budget.count) if self.budget.count else 1.0


def limits_of(allowances: Sequence[Allowance], own: Mapping[tuple[str, int], int]) -> tuple[Allowance, ...]:
    """The channel's allowances with an operator's own numbers in place of them, and the ones an operator added."""
    counts = {(one.whose, one.seconds): one.count for one in allowances} | dict(own)
    return tuple(Allowance(whose, seconds, count) for (whose, seconds), count in sorted(counts.items()))


class Ledger:
    """When one account said something, whole and by group; as long back as its longest budget reaches."""

    def __init__(self) -> None:
        self.last_no = 0
        self._all: list[datetime] = []
        self._by_group: dict[str, list[datetime]] = {}

    def add(self, rows: Iterable[tuple[int, str | None, datetime]], now: datetime) -> None:
        """Count sayings as (place, group, time). A time ahead of the clock, which was set back, counts as now."""
        for number, group_id, said_at in rows:
            moment = min(said_at, now)
            insort(self._all, moment)
            if group_id is not None:
                insort(self._by_group.setdefault(group_id, []), moment)
            self.last_no = max(self.last_no, number)

    def forget(self, before: datetime) -> None:
        """What no budget reaches any more need not be kept."""
        if not self._all or self._all[0] >= before:
            return
        del self._all[: bisect_right(self._all, before)]
        for group_id, times in list(self._by_group.items()):
            del times[: bisect_right(times, before)]
            if not times:
                del self._by_group[group_id]

    def find_room(
        self, limits: Sequence[Allowance], group_id: str | None, now: datetime, ahead: int, ahead_in_group: int
    ) -> Room:
        """May one more be said in this group (None: in private), with so many on their way already?"""
        worst = Room()
        for limit in limits:
            if limit.whose == GROUP and group_id is None:
                continue
            is_all = limit.whose == ACCOUNT
            times = self._all if is_all else self._by_group.get(group_id or "", [])
            free_at = _free_at(limit, times, now, ahead if is_all else ahead_in_group)
            if free_at is not None and (worst.free_at is None or free_at > worst.free_at):
                worst = Room(free_at, limit)
        return worst

    def find_uses(self, limits: Sequence[Allowance], now: datetime) -> list[Use]:
        """How each budget stands; of a budget per group, the group that used most of it."""
        return [self._use(limit, now) for limit in limits]

    def _use(self, limit: Allowance, now: datetime) -> Use:
        places = [self._all] if limit.whose == ACCOUNT else list(self._by_group.values())
        times = max(places, key=lambda one: _used(limit, one, now), default=[])
        used = _used(limit, times, now)
        free_at = _free_at(limit, times, now, 0)
        pace = timedelta(seconds=min(limit.seconds, 3600))
        lately = len(times) - bisect_right(times, now - pace)
        empty_at = None
        if free_at is None and lately:
            empty_at = now + pace * ((limit.count - used) / lately)
            # By then the oldest no longer count: at this speed it never runs out.
            if empty_at - now >= timedelta(seconds=limit.seconds):
                empty_at = None
        return Use(limit, used, empty_at, free_at)


def _used(limit: Allowance, times: Sequence[datetime], now: datetime) -> int:
    return len(times) - bisect_right(times, now - timedelta(seconds=limit.seconds))


def _free_at(limit: Allowance, times: Sequence[datetime], now: datetime, ahead: int) -> datetime | None:
    """When one more fits under the limit; None when it does now. Never further off than the limit's own span."""
    span = timedelta(seconds=limit.seconds)
    begin = bisect_right(times, now - span)
    used = len(times) - begin + ahead
    if used < limit.count:
        return None
    # So many must no longer count; what is only on its way counts from now.
    leaving = begin + used - limit.count
    if limit.count == 0 or leaving >= len(times):
        return now + span
    return min(times[leaving] + span, now + span)
