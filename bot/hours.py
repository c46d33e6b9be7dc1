"""Business hours as pure rules: when somebody is there, and when so many open seconds have passed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.recurrence import to_utc, zone_of

DAY = 24 * 60  # minutes
MOST_SPANS = 6
FARTHEST_DAYS = 400  # we look no farther for the next opening; a shop closed that long is not one
SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至到]\s*(\d{1,2}):(\d{2})")
BETWEEN = re.compile(r"[,，;；、\s]+")

Span = tuple[int, int]  # minutes after midnight; an end beyond 24:00 is on the next day


class BadSpans(ValueError):
    """What was written is no list of spans like «09:00-12:00,13:30-18:00»."""


def read_spans(written: str) -> tuple[Span, ...]:
    """Spans in their order. One that ends at or before its start goes past midnight. Raises BadSpans."""
    found = []
    if BETWEEN.sub("", SPAN.sub("", written)):
        raise BadSpans(written)
    for match in SPAN.finditer(written):
        from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
        start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if from_minute > 59 or to_minute > 59 or start >= DAY or end > DAY:
            raise BadSpans(written)
        found.append((start, end if end > start else end + DAY))
    found.sort()
    if len(found) > MOST_SPANS or any(later[0] < earlier[1] for earlier, later in pairwise(found)):
        raise BadSpans(written)
    return tuple(found)


def write_spans(spans: Iterable[Span]) -> str:
    """Spans as they are kept and shown."""
    return ",".join(f"{_clock(start)}-{_clock(end if end <= DAY else end - DAY)}" for start, end in spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@dataclass(frozen=True, slots=True)
class Hours:
    """The week (Monday first) and the days that are different, in the shop's time zone. No week: always open."""

    zone: ZoneInfo
    week: Sequence[Sequence[Span]] = ()
    days: Mapping[date, Sequence[Span]] | None = None

    @classmethod
    def of(cls, zone: str, rows: Iterable[tuple[str, str]]) -> Hours:
        """From the rows (day, spans) an operator wrote."""
        written = {day: read_spans(spans) for day, spans in rows}
        has_week = any(len(day) == 1 for day in written)
        always: tuple[Span, ...] = ((0, DAY),)
        week = [written.get(str(number), () if has_week else always) for number in range(7)]
        days = {date.fromisoformat(day): spans for day, spans in written.items() if len(day) > 1}
        return cls(ZoneInfo(zone), week if has_week or days else (), days)

    @property
    def is_always(self) -> bool:
        return not self.week

    def is_open(self, moment: datetime) -> bool:
        return self.is_always or any(start <= moment < end for start, end in self._around(moment, 1))

    def opens_at(self, moment: datetime) -> datetime | None:
        """This moment when somebody is there, else when somebody comes; None when nobody ever does."""
        if self.is_always:
            return moment
        return next((max(start, moment) for start, end in self._around(moment, FARTHEST_DAYS) if end > moment), None)

    def after(self, moment: datetime, seconds: float) -> datetime:
        """When so many open seconds have passed. Where nobody ever comes, closed seconds count like open ones."""
        left = timedelta(seconds=seconds)
        if self.is_always:
            return moment + left
        for start, end in self._around(moment, FARTHEST_DAYS):
            begins = max(start, moment)
            if end <= begins:
                continue
            if end - begins >= left:
                return begins + left
            left -= end - begins
        return moment + timedelta(seconds=seconds)

    def spans_of(self, day: date) -> Sequence[Span]:
        """What is written for one day of the calendar."""
        special = (self.days or {}).get(day)
        return self.week[day.weekday()] if special is None else special

    def _around(self, moment: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Open times in UTC from the evening before (a span may reach past midnight) on."""
        first = moment.astimezone(self.zone).date() - timedelta(days=1)
        for number in range(days + 2):
            day = first + timedelta(days=number)
            for start, end in self.spans_of(day):
                yield self._moment(day, start), self._moment(day, end)

    def _moment(self, day: date, minute: int) -> datetime:
        """A time on the wall as UTC. One that a clock change leaves out counts from before the change; of one that
        comes twice the first counts."""
        days, rest = divmod(minute, DAY)
        wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), self.zone)
        return wall.astimezone(UTC)


def quiet_until(moment: datetime, quiet: str, zone: str) -> datetime | None:
    """When the quiet hours this moment falls into end; None outside them."""
    wall = moment.astimezone(zone_of(zone)).replace(tzinfo=None)
    minute = wall.hour * 60 + wall.minute
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    for start, end in read_spans(quiet):
        for days in (0, 1):
            if start - days * DAY <= minute < end - days * DAY:
                return to_utc(midnight + timedelta(minutes=end - days * DAY), zone)
    return None


def is_within(minute: int, spans: Iterable[Span]) -> bool:
    """Is a minute of the wall's day in one of the spans, those past midnight too?"""
    return any(start <= minute < end or start <= minute + DAY < end for start, end in spans)
