"""Times of plans: what operators write, clock changes, and that nothing is doubled or left out however the clock runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot import recurrence
from bot.recurrence import BadRecurrence
from handlers.posts import actions, planning
from handlers.posts.drafts import PlanDraft, PostDraft
from storage import groups, migrate, occurrences
from storage.database import Database
from tests.posts.conftest import MANAGER, VALUES

BERLIN = "Europe/Berlin"
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "cron"),
    [
        ("每天 20:00", "0 20 * * *"), ("每日9点半", "30 9 * * *"), ("每周二、五 20:00", "0 20 * * 2,5"),
        ("每周一至五 9:30", "30 9 * * 1,2,3,4,5"), ("周末 10:00", "0 10 * * 0,6"), ("工作日 09:00", "0 9 * * 1-5"),
        ("每星期日 8点", "0 8 * * 0"), ("每周六到日 8:00", "0 8 * * 6,0"), ("每月1日、15日 9:00", "0 9 1,15 * *"),
        ("每月最后一天 20:00", "0 20 last * *"), ("weekly tue, fri 20:00", "0 20 * * 2,5"), ("daily 7:05", "5 7 * * *"),
        ("*/30 9-12 * * 1-5", "*/30 9-12 * * 1-5"), ("  0   20 * *  0 ", "0 20 * * 0"),
    ],
)  # fmt: skip
def test_recurrence_is_read_as_people_write_it(written: str, cron: str) -> None:
    assert recurrence.read(written) == cron


@pytest.mark.parametrize(
    "written",
    [
        "", "20:00", "每天", "每周 20:00", "明天 20:00", "每天 25:00", "每周五至一 9:00", "0 0 30 2 *", "0 0 31 4,6 *", "* * * * *",
        "a b c d e", "60 0 * * *", "0 0 * * 9", "0 0 * *", "0 0 99999999999999999999 * *", "0 0 * * 1-9", "*/0 1 * * *", "0 0 1-0 * *",
        "x" * 5000, "0 0 * * */0",
    ],
)  # fmt: skip
def test_nonsense_and_what_never_comes_is_refused(written: str) -> None:
    with pytest.raises(BadRecurrence):
        recurrence.read(written)


def test_cron_counts_weekdays_from_sunday() -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    assert [next(recurrence.after(f"0 12 * * {day}", "UTC", monday)).day for day in range(8)] == [8, 2, 3, 4, 5, 6, 7, 8]
    assert recurrence.between("0 12 * * 5-7", "UTC", monday, monday + timedelta(days=7)) == [
        datetime(2026, 3, day, 12, tzinfo=UTC) for day in (6, 7, 8)
    ]


def test_a_time_left_out_comes_at_the_change_and_one_that_comes_twice_counts_once() -> None:
    spring = recurrence.between("30 2 * * *", BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC))
    assert spring == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
    autumn = recurrence.between("30 2 * * *", BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC))
    assert autumn == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]
    half = recurrence.to_utc(datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe")  # a change of half an hour
    assert half == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


FIELD = {"minute": st.sampled_from(["0", "30", "5,50", "*/20"]), "hour": st.sampled_from(["9", "0,23", "*/12", "2"])}
DAYS = st.sampled_from(["*", "1", "15,last", "1-7", "*/5", "31"])
WEEKDAYS = st.sampled_from(["*", "mon", "tue,fri", "sat-sun"])


@given(FIELD["minute"], FIELD["hour"], DAYS, WEEKDAYS, st.integers(0, 700))
@settings(max_examples=60, deadline=None)
def test_times_are_those_of_the_scheduler_library(minute: str, hour: str, day: str, weekday: str, start: int) -> None:
    cron = f"{minute} {hour} {day} * {weekday}"
    since = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC) + timedelta(days=start)
    trigger = CronTrigger(minute=minute, hour=hour, day=day, day_of_week=weekday, timezone="UTC")
    expected, last = [], None
    while len(expected) < 5:
        last = trigger.get_next_fire_time(last, last or since)
        expected.append(last)
    ours = recurrence.after(cron, "UTC", since)
    assert [next(ours) for _ in expected] == expected


ZONES = st.sampled_from([BERLIN, "Asia/Shanghai", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"])


@given(ZONES, st.sampled_from(["*/30 1-3 * * *", "0 0 * * *", "15 2 * * *"]), st.integers(2011, 2027), st.integers(1, 360), st.data())
@settings(max_examples=80, deadline=None)
def test_times_rise_and_are_the_same_wherever_one_looks_from(
    zone: str, cron: str, year: int, day: int, data: st.DataObject
) -> None:
    since = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day)
    until = since + timedelta(days=9)
    whole = recurrence.between(cron, zone, since, until)
    assert whole == sorted(set(whole))
    cut = since + timedelta(seconds=data.draw(st.integers(0, 9 * 86_400)))
    assert recurrence.between(cron, zone, since, cut) + recurrence.between(cron, zone, cut, until) == whole
    walls = {one.astimezone(ZoneInfo(zone)).date() for one in whole}
    assert len(walls) >= 8  # no day is left out


class Run:
    """A plan on a database of its own, and a clock that goes where it is told."""

    def __init__(self, path: Path) -> None:
        self.database = Database(f"sqlite:///{path}", is_durable=False)
        migrate.upgrade(self.database)

    def begin(self, cron: str, zone: str, now: datetime) -> int:
        with self.database.write() as session:
            for table in ("occurrences", "plans", "post_versions", "posts", "groups"):
                session.execute(text(f"delete from {table}"))
            groups.insert_once(session, [{
                "id": "t:g", "channel": "t", "code": "g", "name": "g", "topic": "", "language": "zh", "speaks": "confident",
                "is_welcoming": False, "created_at": now,
            }])  # fmt: skip
            post, _ = actions.save_post(session, PostDraft("t", "talk", [{"kind": "text", "text": "t"}]), MANAGER, VALUES, now)
            return actions.save_plan(session, PlanDraft("t", post.id, "cron", cron, zone, {"all": True}), MANAGER, now).id

    def write_ahead(self, now: datetime, is_killed: bool) -> None:
        try:
            with self.database.write() as session:
                while planning.write_ahead(session, now):
                    continue
                if is_killed:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            return

    def planned(self) -> list[datetime]:
        with self.database.read() as session:
            rows = session.query(occurrences.Occurrence).order_by(occurrences.Occurrence.planned_at)
            return [row.planned_at for row in rows]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    made = Run(tmp_path_factory.mktemp("times") / "t.db")
    yield made
    made.database.close()


STEPS = st.lists(
    st.tuples(st.sampled_from([60, 300, 900, 3600, -3600, 7200, 86_400, 5]), st.booleans()), min_size=1, max_size=25
)


@given(st.sampled_from(["0 * * * *", "*/20 1-3 * * *", "30 2 * * *"]), st.sampled_from([86, 297, 150]), STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_have_every_time_once_over_jumps_of_the_clock_and_kills(
    run: Run, cron: str, day: int, steps: list[tuple[int, bool]]
) -> None:
    start = now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=20)
    run.begin(cron, BERLIN, start)
    farthest = start
    for seconds, is_killed in steps:
        now = max(start, now + timedelta(seconds=seconds))
        run.write_ahead(now, is_killed)
        farthest = farthest if is_killed else max(farthest, now)
    run.write_ahead(farthest, False)
    expected = recurrence.between(cron, BERLIN, start - timedelta(microseconds=1), farthest + planning.AHEAD)
    assert run.planned() == expected


def test_a_plan_of_each_hour_goes_over_the_night_of_a_clock_change() -> None:
    assert [one.astimezone(ZoneInfo(BERLIN)).hour for one in recurrence.between(
        "0 * * * *", BERLIN, datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)
    )] == [1, 3, 4, 5]  # fmt: skip
