"""When something recurs: «每周二、五 20:00» or a cron line as times in UTC, on walls whose clocks are put forward and back.

APScheduler reads the fields and knows which days match. Times are counted on the wall and each is turned into UTC once:
one that a clock change leaves out happens at the change, of one that comes twice the first counts. So times never run
backwards, and a day has each of its times exactly once.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

MOST_A_DAY = 24
FARTHEST_MONTHS = 9 * 12  # 29 February comes again within eight years, over 2100 too
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as cron counts them
CHINESE_DAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 0, "天": 0, "七": 0}

_DAILY = re.compile(r"(?:每天|每日|daily|every day)")
_WEEKLY = re.compile(r"(?:每?(?:周|星期|礼拜))([一二三四五六日天七、,，和至到\-~周星期]+)")
_MONTHLY = re.compile(r"(?:每月|monthly)\s*((?:\d{1,2}[日号]?[、,，和\s]*)+|最后一[天日]|last)")
_ENGLISH_WEEKLY = re.compile(r"(?:weekly|every)\s+((?:sun|mon|tue|wed|thu|fri|sat)[a-z]*(?:[,\s]+(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*)*)")
_CLOCK = re.compile(r"(\d{1,2})(?:[:：](\d{2})|点半|点)$")


class BadRecurrence(ValueError):
    """What was written says no times, too many, or some that never come."""


def read(written: str) -> str:
    """A cron line (minute hour day month weekday) from what an operator wrote. Raises BadRecurrence."""
    words = " ".join(written.strip().lower().split())
    if len(words) > 100:
        raise BadRecurrence("too long")
    cron = words if re.fullmatch(r"\S+( \S+){4}", words) and not re.search(r"[\u4e00-\u9fff:：]", words) else _friendly(words)
    _parts(cron)
    return cron


def _friendly(words: str) -> str:
    clock = _CLOCK.search(words)
    if clock is None:
        raise BadRecurrence("the time of day is missing, like 20:00")
    hour, minute = int(clock[1]), int(clock[2] or (30 if "半" in clock[0] else 0))
    if hour > 23 or minute > 59:
        raise BadRecurrence("there is no such time of day")
    days, at = words[: clock.start()].strip(), f"{minute} {hour}"
    if _DAILY.fullmatch(days):
        return f"{at} * * *"
    if days in ("工作日", "每个工作日", "weekdays"):
        return f"{at} * * 1-5"
    if days in ("周末", "每周末", "weekends"):
        return f"{at} * * 0,6"
    if match := _WEEKLY.fullmatch(days):
        return f"{at} * * {_chinese_days(match[1])}"
    if match := _ENGLISH_WEEKLY.fullmatch(days):
        return f"{at} * * {','.join(str(WEEKDAYS.index(one[:3])) for one in re.split(r'[, ]+', match[1]))}"
    if match := _MONTHLY.fullmatch(days):
        return f"{at} {','.join(re.findall(r'[0-9]+', match[1])) or 'last'} * *"
    raise BadRecurrence("write it like 每天 20:00, 每周二、五 20:00, 每月1日 9:00, or as a cron line")


def _chinese_days(words: str) -> str:
    plain = re.sub(r"[周星期]", "", words)
    if span := re.fullmatch(r"([一二三四五六日天七])[至到\-~]([一二三四五六日天七])", plain):
        first, last = CHINESE_DAYS[span[1]], CHINESE_DAYS[span[2]] or 7
        if not first or first >= last:
            raise BadRecurrence("a span of days runs from Monday on")
        return ",".join(str(one % 7) for one in range(first, last + 1))
    if re.search(r"[至到\-~]", plain):
        raise BadRecurrence("a span of days stands alone")
    return ",".join(str(CHINESE_DAYS[one]) for one in plain if one in CHINESE_DAYS)


@lru_cache(maxsize=256)
def _weekdays(field: str) -> str:
    """Cron counts days from Sunday, APScheduler from Monday: numbers become names."""
    names: list[str] = []
    for part in field.split(","):
        match = re.fullmatch(r"(?:(\d)(?:-(\d))?|(\*))(?:/(\d))?", part)
        if match is None or part == "*":
            names.append(part)
            continue
        first = int(match[1] or 0)
        last = int(match[2]) if match[2] else 6 if match[3] or match[4] else first
        if last > 7 or first > last or match[4] == "0":
            raise BadRecurrence(f"«{field}» are no weekdays")
        names += [WEEKDAYS[one % 7] for one in range(first, last + 1, int(match[4] or 1))]
    return ",".join(names)


@lru_cache(maxsize=8192)
def _parts(cron: str) -> tuple[tuple[str, str, str], tuple[time, ...]]:
    """The fields that pick days, and the times of day."""
    fields = cron.split()
    if len(fields) != 5:
        raise BadRecurrence("a cron line has five fields: minute hour day month weekday")
    minute, hour, day, month, weekday = fields
    picks = (day, month, _weekdays(weekday))
    try:
        times = tuple(time(one, other) for one in _matching("hour", hour) for other in _matching("minute", minute))
        is_ever = _is_ever(picks)
    except (ValueError, OverflowError) as error:
        raise BadRecurrence(str(error)[:200]) from None
    if len(times) > MOST_A_DAY:
        raise BadRecurrence(f"more than {MOST_A_DAY} times a day")
    if not is_ever:
        raise BadRecurrence("no day of the calendar is like that: it would never happen")
    return picks, times


@lru_cache(maxsize=2048)
def _matching(name: str, written: str) -> tuple[int, ...]:
    """The hours or minutes that match."""
    (field,) = (one for one in _trigger(("*", "*", "*"), **{name: written}).fields if one.name == name)
    midnight = datetime(2001, 1, 1, tzinfo=UTC)
    numbers = range(24 if name == "hour" else 60)
    return tuple(one for one in numbers if field.get_next_value(midnight.replace(**{name: one})) == one)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _is_ever(picks: tuple[str, str, str]) -> bool:
    return any(True for _ in _days_from(picks, date(2023, 1, 1)))


def _trigger(picks: tuple[str, str, str], hour: str = "*", minute: str = "*") -> CronTrigger:
    day, month, weekday = picks
    return CronTrigger(day=day, month=month, day_of_week=weekday, hour=hour, minute=minute, timezone="UTC")


@lru_cache(maxsize=16_384)
def _days(picks: tuple[str, str, str], year: int, month: int) -> tuple[date, ...]:
    """The days of a month that match."""
    fields = [one for one in _trigger(picks).fields if one.name in ("month", "day", "day_of_week")]
    found = []
    for number in range(1, monthrange(year, month)[1] + 1):
        moment = datetime(year, month, number, tzinfo=UTC)
        if all(field.get_next_value(moment) == field.get_value(moment) for field in fields):
            found.append(moment.date())
    return tuple(found)


def _days_from(picks: tuple[str, str, str], first: date, months: int = FARTHEST_MONTHS) -> Iterator[date]:
    for number in range(months):
        years, month = divmod(first.month - 1 + number, 12)
        yield from (day for day in _days(picks, first.year + years, month + 1) if day >= first)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name. Raises BadRecurrence."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRecurrence(f"there is no time zone {name[:60]}") from None


def to_utc(wall: datetime, zone: str) -> datetime:
    """A time on the wall (without a zone) as UTC: the first of two, and the moment of the change for one left out."""
    local = wall.replace(tzinfo=zone_of(zone), fold=0)
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == wall:
        return moment
    # Of a time left out, fold 0 counts with the old offset, so it lies after the change by as much as on the wall.
    before = wall.replace(tzinfo=zone_of(zone), fold=1).astimezone(UTC)
    low, high = before - timedelta(seconds=1), moment
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(local.tzinfo).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def is_on_the_wall(wall: datetime, zone: str) -> bool:
    """False for a time that the clocks leave out on that day."""
    return to_utc(wall, zone).astimezone(zone_of(zone)).replace(tzinfo=None) == wall


@lru_cache(maxsize=4096)
def _offset_of(day: date, zone: str) -> timedelta | None:
    """What a wall is ahead of UTC by, all that day; None on the day of a change."""
    wall = zone_of(zone)
    begins, ends = (datetime.combine(one, time(), wall).utcoffset() for one in (day, day + timedelta(days=1)))
    return begins if begins == ends else None


def _on_day(day: date, at: time, zone: str) -> datetime:
    offset = _offset_of(day, zone)
    return to_utc(datetime.combine(day, at), zone) if offset is None else datetime.combine(day, at, UTC) - offset


@lru_cache(maxsize=32_768)
def of_month(cron: str, zone: str, year: int, month: int) -> tuple[datetime, ...]:
    """The times of a month on that wall, each once; hardly ever the last of one is the first of the next."""
    picks, times = _parts(cron)
    return tuple(dict.fromkeys(_on_day(day, one, zone) for day in _days(picks, year, month) for one in times))


def after(cron: str, zone: str, moment: datetime, months: int = FARTHEST_MONTHS) -> Iterator[datetime]:
    """The times after a moment, in order and each once, as far as those months go."""
    first = (moment - timedelta(days=1)).astimezone(zone_of(zone)).date()
    last = moment
    for number in range(months + 1):
        years, month = divmod(first.month - 1 + number, 12)
        for one in of_month(cron, zone, first.year + years, month + 1):
            if one > last:
                last = one
                yield one


def between(cron: str, zone: str, since: datetime, until: datetime) -> list[datetime]:
    """The times after `since` up to and with `until`."""
    months = (until.year - since.year) * 12 + until.month - since.month + 2
    found = []
    for one in after(cron, zone, since, months):
        if one > until:
            break
        found.append(one)
    return found


def from_event(moment: datetime, offset_minutes: int, at: time | None, zone: str) -> datetime:
    """So long before or after something; with a time of day, on that wall the day it falls on."""
    shifted = moment + timedelta(minutes=offset_minutes)
    if at is None:
        return shifted
    return to_utc(datetime.combine(shifted.astimezone(zone_of(zone)).date(), at), zone)
