"""Tallies of knowledge by day and group: days that are over are counted once, today again every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage import health
from storage.database import Database
from storage.health import Tally

LONGEST = 30
FRESH_KEEPS = timedelta(seconds=5)
SETTLES_AFTER = timedelta(hours=1)  # an answer of the last minute may be asked again for half an hour

ByGroup = dict[str, Tally]


class HealthyDays:
    """The last days' tallies, kept in memory; safe for several threads."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database, self._zone = database, zone
        self._over: dict[date, ByGroup] = {}
        self._fresh: dict[date, tuple[datetime, ByGroup]] = {}
        self._turn = threading.Lock()

    def find(self, now: datetime, days: int, back: int = 0) -> Sequence[tuple[date, ByGroup]]:
        """So many days, the last one today, or so many days back."""
        today = now.astimezone(self._zone).date()
        with self._turn:
            wanted = [today - timedelta(days=back) for back in range(back + days - 1, back - 1, -1)]
            found = [(day, self._of(day, now)) for day in wanted]
            oldest = today - timedelta(days=LONGEST)
            self._over = {day: known for day, known in self._over.items() if day > oldest}
            self._fresh = {day: known for day, known in self._fresh.items() if day > oldest}
        return found

    def _of(self, day: date, now: datetime) -> ByGroup:
        if day in self._over:
            return self._over[day]
        fresh = self._fresh.get(day)
        if fresh is not None and timedelta() <= now - fresh[0] < FRESH_KEEPS:
            return fresh[1]
        start, end = self._midnight(day), self._midnight(day + timedelta(days=1))
        with self._database.read() as session:
            tallies = health.find_day(session, start, end)
        if now - end > SETTLES_AFTER:
            self._over[day] = tallies
        else:
            self._fresh[day] = (now, tallies)
        return tallies

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def total(tallies: Sequence[Tally]) -> Tally:
    return sum(tallies, Tally())
