"""The calendar: what is written and what will be, moved, cancelled and taken back by themselves; the dry run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers.posts import calendar, desk, forecast
from handlers.posts.drafts import BadPlan
from storage import hours, mix
from tests.posts.conftest import MANAGER, Planner
from tests.stage import Stage

DAY = timedelta(days=1)


def entries(planner: Planner, days: int = 7, **more: object) -> list[calendar.Entry]:
    now = planner.stage.time
    with planner.stage.database.read() as session:
        return calendar.find_entries(session, now - DAY, now + days * DAY, now, **more)  # type: ignore[arg-type]


def shown(planner: Planner, days: int = 7) -> list[tuple[int, int, dict[str, int]]]:
    return [((one.at + timedelta(hours=8)).day, (one.at + timedelta(hours=8)).hour, one.states) for one in entries(planner, days)]


def test_what_was_said_and_what_will_be_stand_side_by_side(stage: Stage, planner: Planner) -> None:
    planner.plan(planner.post(), "每周一、三 12:00", groups=("g", "h"))
    planner.at(12)
    stage.settle()
    assert shown(planner, 8) == [(2, 12, {"sent": 2}), (4, 12, {"planned": 2}), (9, 12, {"planned": 2})]
    assert [one.title for one in entries(planner)] == ["一条", "一条"]
    assert entries(planner, group_ids=["stage:x"]) == []
    assert entries(planner, kinds=["advert"]) == []
    assert [one.groups for one in entries(planner, group_ids=["stage:h"])] == [1, 1]


def test_one_time_is_moved_in_all_groups_or_in_one_and_back(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "每天 12:00", groups=("g", "h"))
    wednesday = "2026-03-04T04:00:00Z"
    to = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
    assert [one for one in shown(planner) if one[0] == 4] == [(4, 12, {"planned": 2})]
    assert planner.do(desk.move, plan, wednesday, to, stage.time, group_id="stage:h") == 1
    for day in (2, 3, 4):
        planner.at(12, day=day)
        stage.settle()
    assert sorted(here for here, _ in stage.channel.said) == ["stage:g"] * 3 + ["stage:h"] * 2
    assert planner.do(desk.move, plan, wednesday, to, stage.time) == 1  # what is said does not move
    planner.at(14, day=4)
    stage.settle()
    assert [here for here, _ in stage.channel.said][5:] == ["stage:h"]
    with pytest.raises(BadPlan):
        planner.do(desk.move, plan, wednesday, stage.time - DAY, stage.time)


def test_one_time_is_cancelled_and_taken_back(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "每天 12:00", groups=("g", "h"))
    tuesday, wednesday = "2026-03-03T04:00:00Z", "2026-03-04T04:00:00Z"
    assert len(planner.do(desk.cancel, plan, tuesday, stage.time)) == 2
    gone = planner.do(desk.cancel, plan, wednesday, stage.time, group_id="stage:g")
    assert [states for day, _, states in shown(planner) if day in (3, 4)] == [{"cancelled": 2}, {"cancelled": 1, "planned": 1}]
    assert planner.do(desk.restore, gone, stage.time) == 1
    assert planner.do(desk.cancel, plan, "2026-03-04T05:00:00Z", stage.time) == []
    for day in (2, 3, 4):
        planner.at(12, day=day)
        stage.settle()
    assert len(stage.channel.said) == 4


def test_what_waits_in_the_outbox_can_still_be_cancelled(stage: Stage, planner: Planner) -> None:
    from bot.channels.base import TryAgain

    plan = planner.plan(planner.post())
    stage.channel.troubles = [TryAgain("later", after=60)]
    stage.pass_time(600)
    (row,) = planner.rows(plan)
    assert row.state == "queued"
    assert planner.do(desk.cancel, plan, row.slot, stage.time) == [row.id]
    assert stage.pass_time(120) == []
    assert planner.states(plan) == [("cancelled", "cancelled by hand")]
    assert planner.do(desk.restore, [row.id], stage.time) == 0


def test_a_paused_plan_says_nothing_and_makes_nothing_up(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "0 * * * *")
    stage.pass_time(50 * 60)
    planner.do(desk.pause_plan, plan, stage.time)
    assert all(one.is_paused for one in entries(planner))
    stage.pass_time(3600)
    planner.do(desk.resume_plan, plan, stage.time)
    planner.do(desk.pause_plan, plan, stage.time)
    planner.do(desk.resume_plan, plan, stage.time)  # 11:50
    stage.pass_time(600)
    assert [(row.planned_at.hour + 8, row.state) for row in planner.rows(plan)] == [(10, "sent"), (11, "cancelled"), (12, "sent")]


def test_days_off_holidays_start_and_end_are_left_out(stage: Stage, planner: Planner) -> None:
    with stage.database.write() as session:
        hours.save_day(session, "2026-03-05", "", "盘点")
    planner.plan(
        planner.post(), "每天 12:00", starts_on="2026-03-03", ends_on="2026-03-06", skipped_days=["2026-03-04"], skips_holidays=True
    )
    assert [day for day, _, _ in shown(planner, 30)] == [3, 6]


def test_the_dry_run_tells_what_the_rules_will_keep_back(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"one_in": 2})
    planner.plan(planner.post("特价", "advert"), "每天 12:00")
    planner.plan(planner.post("闲聊"), "0 9 * * 2")
    planner.plan(planner.post("夜里"), "30 22 * * 3", late_minutes=600)
    planner.plan(planner.post("别的群"), "每天 9:00", groups=("h",))
    with stage.database.read() as session:
        told = forecast.dry_run(session, "stage:g", stage.time, days=4)
    found = [((one.entry.at + timedelta(hours=8)).strftime("%d %H:%M"), one.verdict.do, one.verdict.reason) for one in told]
    assert found == [
        ("02 12:00", "say", None), ("03 09:00", "say", None), ("03 12:00", "suppressed", "advert_share: 1/2, 1/2"),
        ("04 12:00", "suppressed", "advert_share: 1/2, 1/2"), ("04 22:30", "say", None),
        ("05 12:00", "say", None),
    ]  # fmt: skip
    assert told[4].verdict.until == datetime(2026, 3, 5, 0, 0, tzinfo=UTC)


def test_a_copy_is_a_post_of_its_own(planner: Planner) -> None:
    first = planner.post("{{ group.name }}")
    copy = planner.do(desk.duplicate_post, first, MANAGER, planner.stage.time)
    assert (copy.title, copy.version) == ("一条 (2)", 1)
    assert copy.id != first
