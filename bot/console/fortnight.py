"""The last fourteen days' figures: days that are over are counted once, today again every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage import figures
from storage.database import Database
from storage.figures import Day

DAYS = 14
TODAY_KEEPS = timedelta(seconds=5)
SETTLES_AFTER = timedelta(minutes=10)  # events received just before midnight may still be retried


class Fortnight:
    """Figures by day, kept in memory; safe for several threads."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database, self._zone = database, zone
        self._over: dict[date, Day] = {}
        self._today: tuple[date, datetime, Day] | None = None
        self._turn = threading.Lock()

    def find(self, now: datetime) -> Sequence[tuple[date, Day]]:
        """Fourteen days, the last one today."""
        today = now.astimezone(self._zone).date()
        with self._turn:
            days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
            found = [(day, self._of_today(day, now) if day == today else self._of(day, now)) for day in days]
            self._over = {day: known for day, known in self._over.items() if day in days}
        return found

    def _of(self, day: date, now: datetime) -> Day:
        known = self._over.get(day)
        if known is None:
            known = self._count(day)
            if now - self._midnight(day + timedelta(days=1)) > SETTLES_AFTER:
                self._over[day] = known
        return known

    def _of_today(self, day: date, now: datetime) -> Day:
        if (
            self._today is None
            or self._today[0] != day
            or not timedelta() <= now - self._today[1] < TODAY_KEEPS
        ):
            self._today = (day, now, self._count(day))
        return self._today[2]

    def _count(self, day: date) -> Day:
        with self._database.read() as session:
            return figures.find_day(session, self._midnight(day), self._midnight(day + timedelta(days=1)))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)
