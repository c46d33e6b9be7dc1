"""The calendar and its plans at the desk: every view, moving, cancelling, taking back, approval, the rules of the mix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.base import TryAgain
from handlers.posts import calendar, desk, month
from storage import mix
from tests.console.conftest import Room
from tests.console_posts.conftest import Planner, audited, said_in
from tests.posts.conftest import ZONE

PLAN: dict[str, object] = {
    "name": "晚间预告", "repeat": "weekly", "time": "20:00", "weekdays": ["2", "5"], "audience": "groups", "groups": ["stage:g"],
    "late_policy": "send", "late_minutes": "30", "unit": "days", "side": "after", "anchor": "join", "addressee": "group",
}
WEDNESDAY = "2026-03-04T04:00:00Z"


@pytest.mark.parametrize("view", ["month", "week", "agenda"])
def test_a_view_shows_what_is_planned_and_what_was_said(room: Room, planner: Planner, view: str) -> None:
    planner.plan(planner.post("早", title="问候"), "每天 12:00", name="午间问候")
    planner.at(12)
    planner.stage.settle()
    planner.at(12, day=3)
    browser = room.browser("viewer")
    page = browser.get(f"/calendar?view={view}&day=2026-03-02").text
    assert page.count("午间问候</a>") + page.count("午间问候<small>") == {"month": 35, "week": 7, "agenda": 7}[view]
    assert "午间问候" not in browser.get(f"/calendar?view={view}&day=2026-03-02&kind=advert").text
    assert "午间问候" not in browser.get(f"/calendar?view={view}&day=2026-03-02&group=stage:h").text
    assert "data-plan" not in page
    assert "Agenda" in room.browser("manager", "en").get("/calendar").text


def test_a_phone_begins_with_the_agenda(room: Room, planner: Planner) -> None:
    page = room.browser("viewer").get("/calendar", headers={"user-agent": "Mozilla/5.0 (iPhone) Mobile Mobi"}).text
    assert 'class="card flush calendar agenda"' in page


def test_many_days_at_once_are_the_same_as_one_entry_at_a_time(room: Room, planner: Planner) -> None:
    stage, post = planner.stage, planner.post()
    daily = planner.plan(post, "每天 12:00", groups=("g", "h"), skipped_days=["2026-03-07"], ends_on="2026-03-20")
    planner.plan(planner.post("广告", "advert"), "每周一、四 9:30", starts_on="2026-03-05", audience={"all": True}, groups=())
    planner.plan(post, minutes=3000)
    paused = planner.plan(post, "每月1日、15日 18:00", groups=("h",))
    planner.do(desk.pause_plan, paused, stage.time)
    planner.do(desk.move, daily, WEDNESDAY, stage.time + timedelta(days=6), stage.time, group_id="stage:h")
    planner.do(desk.cancel, daily, "2026-03-05T04:00:00Z", stage.time)
    planner.at(12)
    stage.settle()
    since, until = stage.time - timedelta(hours=36), stage.time + timedelta(days=30)
    for more in ({}, {"group_ids": ["stage:h"]}, {"kinds": ["advert"]}, {"group_ids": ["stage:x"]}):
        with stage.database.read() as session:
            entries = calendar.find_entries(session, since, until, stage.time, **more)  # type: ignore[arg-type]
            days = month.find_days(session, since, until, stage.time, ZONE, most=99, **more)  # type: ignore[arg-type]
        found = [entry for day in days for entry in day.first]
        assert found == entries
        assert sum(day.count for day in days) == len(entries)


def test_a_time_is_moved_by_the_form_and_back(room: Room, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "每天 12:00", name="午间")
    browser = room.browser("manager")
    page = browser.get(f"/calendar/one/{plan}?slot={WEDNESDAY}").text
    assert "移动这一次" in page
    to: dict[str, object] = {"slot": WEDNESDAY, "day": "2026-03-05", "time": "15:30", "back": "/console/calendar?view=agenda&day=2026-03-05"}
    page = browser.post(f"/calendar/one/{plan}/move", to).text
    assert "<b>15:30</b> 午间" in page
    assert "撤销" in page
    back: dict[str, object] = {"slot": WEDNESDAY, "day": "2026-03-04", "time": "12:00", "is_back": "1"}
    back["back"] = "/console/calendar?view=agenda&day=2026-03-04"
    assert "<b>12:00</b> 午间" in browser.post(f"/calendar/one/{plan}/move", back).text
    assert "这个时间已经过去" in browser.post(f"/calendar/one/{plan}/move", to | {"day": "2026-03-01"}).text
    assert "请选日期和时间" in browser.post(f"/calendar/one/{plan}/move", to | {"day": "soon"}).text
    assert browser.post(f"/calendar/one/{plan}/move", to | {"slot": "never"}).status_code == 404


def test_a_dragged_time_keeps_its_time_of_day(room: Room, planner: Planner) -> None:
    plan = planner.plan(planner.post("说一次"), "每天 12:00")
    browser = room.browser("manager")
    browser.get("/calendar?view=month&day=2026-03-02")
    browser.post(f"/calendar/one/{plan}/move", {"slot": "2026-03-02T04:00:00Z", "day": "2026-03-03"})
    planner.at(12)
    planner.stage.settle()
    assert said_in(planner) == []
    planner.at(12, day=3)
    planner.stage.settle()
    assert said_in(planner) == ["说一次", "说一次"]


def test_one_time_is_cancelled_and_restored_and_a_plan_paused(room: Room, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "每天 12:00")
    browser, here = room.browser("manager"), f"/console/calendar/one/1?slot={WEDNESDAY}"
    browser.get(f"/calendar/one/{plan}?slot={WEDNESDAY}")
    page = browser.post(f"/calendar/one/{plan}/cancel", {"slot": WEDNESDAY, "back": here}).text
    assert "手动取消" in page
    assert "恢复" in page
    assert "待发出" in browser.post(f"/calendar/one/{plan}/restore", {"slot": WEDNESDAY, "back": here}).text
    assert "恢复不了" in browser.post(f"/calendar/one/{plan}/restore", {"slot": WEDNESDAY, "back": here}).text
    browser.post(f"/calendar/plans/{plan}/pause")
    assert planner.get_plan(plan).state == "paused"
    browser.post(f"/calendar/plans/{plan}/resume")
    browser.post(f"/calendar/plans/{plan}/cancel")
    assert planner.get_plan(plan).state == "cancelled"
    actions = [entry[1] for entry in audited(room)]
    assert actions[1:] == ["occurrence.cancel", "occurrence.restore", "occurrence.restore", "plan.pause", "plan.resume", "plan.cancel"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, ("cron", "0 20 * * 2,5")), ({"repeat": "daily"}, ("cron", "0 20 * * *")),
        ({"repeat": "monthly", "monthdays": "1、15"}, ("cron", "0 20 1,15 * *")),
        ({"repeat": "cron", "cron": "工作日 9:00"}, ("cron", "0 9 * * 1-5")),
        ({"repeat": "once", "day": "2026-03-29"}, ("once", None)),
        ({"repeat": "after", "offset": "3", "at_time": "10:00", "addressee": "member"}, ("after", None)),
    ],
)  # fmt: skip
def test_every_kind_of_plan_is_written_and_read_back(
    room: Room, planner: Planner, typed: dict[str, object], kept: tuple[str, str | None]
) -> None:
    browser, post_id = room.browser("manager"), planner.post()
    browser.get("/calendar/plans/new")
    assert "已保存" in browser.post("/calendar/plans/new", PLAN | {"post_id": str(post_id)} | typed).text
    plan = planner.get_plan(1)
    assert (plan.when_kind, plan.cron) == kept
    page = browser.get("/calendar/plans/1").text
    chosen = str(typed.get("repeat", "weekly"))
    assert f'<option value="{"cron" if kept[1] == "0 9 * * 1-5" else chosen}" selected>' in page
    assert 'value="stage:g" checked' in page
    assert (plan.offset_minutes, plan.addressee) == ((3 * 1440, "member") if chosen == "after" else (0, "group"))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"repeat": "once", "day": "2026-03-01"}, "这个时间已经过去"), ({"repeat": "once", "day": ""}, "请选日期和时间"),
        ({"repeat": "cron", "cron": "0 9 30 2 *"}, "一次也不会发生"), ({"groups": []}, "请选群或标签"),
        ({"weekdays": []}, "写法有误"), ({"post_id": "77"}, "请填写"), ({"skipped_days": "明天"}, "日期写成 2026-10-01"),
        ({"time": "99:99"}, "写法有误"), ({"late_minutes": "x"}, "写法有误"), ({"min_members": "-3"}, "写法有误"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused_with_its_reason(
    room: Room, planner: Planner, typed: dict[str, object], words: str
) -> None:
    browser, post_id = room.browser("manager"), planner.post()
    browser.get("/calendar/plans/new")
    response = browser.post("/calendar/plans/new", PLAN | {"post_id": str(post_id)} | typed)
    assert response.status_code == 422
    assert words in response.text
    assert "还没有计划" in browser.get("/calendar/plans").text


def test_an_admin_says_yes_on_the_today_page_and_no_in_the_list(room: Room, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"approved_kinds": ["advert"]})
    browser, admin, post_id = room.browser("manager"), room.browser("admin"), planner.post("特价枇杷", "advert")
    browser.get("/calendar/plans/new")
    page = browser.post("/calendar/plans/new", PLAN | {"post_id": str(post_id), "repeat": "daily", "time": "12:00"}).text
    assert "等管理员批准" in page
    assert browser.get("/calendar/approvals").status_code == 403
    assert browser.post("/calendar/plans/1/approve").status_code == 403
    page = admin.get("/today").text
    assert "特价枇杷" in page
    assert "已批准" in admin.post("/calendar/plans/1/approve", {"back": "/console/today"}).text
    planner.at(12)
    planner.stage.settle()
    assert said_in(planner) == ["特价枇杷"]
    planner.post("又改了", "advert", post_id=post_id)
    assert "又改了" in admin.get("/calendar/approvals").text
    admin.post("/calendar/plans/1/refuse")
    assert planner.get_plan(1).approval == "refused"


def test_a_late_post_that_asks_is_answered(room: Room, planner: Planner) -> None:
    planner.plan(planner.post("迟到的话"), late_policy="ask")
    planner.stage.pass_time(3600)
    browser = room.browser("manager")
    assert "迟了的内容，等你决定" in browser.get("/today").text
    assert "迟了的内容，等你决定" in browser.get("/calendar").text
    assert "马上发出" in browser.post("/calendar/asked/1", {"say": "yes"}).text
    planner.stage.settle()
    assert said_in(planner) == ["迟到的话"]
    assert browser.post("/calendar/asked/1", {"say": "no"}).status_code == 404


def test_a_groups_calendar_shows_its_budget_and_what_the_rules_keep_back(room: Room, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"one_in": 1, "adverts_a_day": 1})
    for hour in (11, 16):
        planner.plan(planner.post("特价", "advert"), f"每天 {hour}:00", name=f"{hour}点广告")
    planner.at(11)
    planner.stage.settle()
    browser = room.browser("viewer")
    page = browser.get("/calendar?view=week&day=2026-03-02&group=stage:g").text
    assert "今天的广告 1 / 1" in page
    assert "当天广告已到上限" in page
    page = browser.get("/calendar/dry-run?group=stage:g").text
    assert page.count("被规则拦下") == 30
    assert browser.get("/calendar?group=stage:nowhere").status_code == 404


def test_the_rules_of_the_shop_and_of_a_group_are_written(room: Room, planner: Planner) -> None:
    rules: dict[str, object] = {
        "one_in": "3", "adverts_a_day": "1", "minutes_apart": "60", "quiet": "21:00-09:00", "busy_messages": "5",
        "busy_wait_minutes": "10", "tired_percent": "1.5", "tired_days_apart": "2", "approved_kinds": ["advert", "game"],
    }
    admin = room.browser("admin")
    admin.get("/calendar/rules")
    assert "已保存" in admin.post("/calendar/rules", rules).text
    assert "已保存" in admin.post("/calendar/rules", rules | {"group": "stage:h", "adverts_a_day": "0", "quiet": ""}).text
    with planner.stage.database.read() as session:
        assert mix.find_changes(session)["stage:h"] == {"adverts_a_day": 0, "quiet": ""}
        shop, group = mix.get_rules(session), mix.get_rules(session, "stage:h")
    assert (shop.one_in, shop.quiet, shop.approved_kinds) == (3, "21:00-09:00", ("advert", "game"))
    assert (group.one_in, group.adverts_a_day, group.quiet) == (3, 0, "")
    assert "h群 *" in admin.get("/calendar/rules").text
    faults: tuple[dict[str, object], ...] = ({"one_in": "0"}, {"quiet": "25:00"}, {"tired_percent": "many"}, {"minutes_apart": "-1"})
    for wrong in faults:
        assert admin.post("/calendar/rules", rules | wrong).status_code == 422, wrong
    manager = room.browser("manager")
    assert manager.get("/calendar/rules").status_code == 200
    assert manager.post("/calendar/rules", rules).status_code == 403


def test_conflicts_and_the_budget_of_today_stand_there_without_a_chosen_group(room: Room, planner: Planner) -> None:
    advert = planner.post("特价", "advert", title="特价")
    for hour in (12, 15, 18):
        planner.plan(advert, f"每天 {hour}:00", name=f"特价{hour}", groups=("g", "h") if hour == 18 else ("g",))
    planner.plan(advert, "每周三 23:00", name="夜里", groups=("h",))
    planner.plan(advert, "每周四 18:30", name="太近", groups=("h",))
    browser = room.browser("viewer")
    page = browser.get("/calendar?view=week&day=2026-03-02").text
    days = {part[:10]: part for part in page.split('data-day="')[1:]}
    assert "1 个群有冲突" in days["2026-03-03"]
    assert "广告超过当天上限 1: g群" in days["2026-03-03"]
    assert "落在安静时段 1" in days["2026-03-04"]
    assert "广告离得太近 1" in days["2026-03-05"]
    assert days["2026-03-03"].count(" kept") == 1
    assert "今天的广告（每群最多 2 条）：g群 3 · h群 1。1 个群已经排满。" in page
    planner.do(mix.save_rules, "stage:g", {"adverts_a_day": 3})
    assert "有冲突" not in {part[:10]: part for part in browser.get("/calendar?view=week&day=2026-03-02").text.split('data-day="')[1:]}["2026-03-03"]
    for quiet in ("/calendar?kind=talk", "/calendar?group=stage:h"):
        assert "个群有冲突" not in browser.get(quiet).text


def test_the_conflicts_are_those_of_what_was_said_moved_and_cancelled(room: Room, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"one_in": 1, "minutes_apart": 0, "adverts_a_day": 1})
    advert = planner.post("特价", "advert")
    first, second = planner.plan(advert, "每天 12:00"), planner.plan(advert, "每天 15:00")
    planner.at(12)
    planner.stage.settle()
    browser = room.browser("viewer")
    path = "/calendar?view=week&day=2026-03-02"
    assert browser.get(path).text.count("1 个群有冲突") == 7
    planner.do(desk.cancel, second, "2026-03-02T07:00:00Z", planner.stage.time)
    planner.do(desk.cancel, first, "2026-03-03T04:00:00Z", planner.stage.time)
    assert browser.get(path).text.count("1 个群有冲突") == 5


def test_what_was_taken_out_of_the_outbox_goes_back_within_ten_seconds(room: Room, planner: Planner) -> None:
    stage, plan = planner.stage, planner.plan(planner.post(), name="午间")
    stage.channel.troubles = [TryAgain("later", after=60)]
    stage.pass_time(600)
    slot = planner.rows(plan)[0].slot
    browser = room.browser("manager")
    browser.get(f"/calendar/one/{plan}?slot={slot}")
    page = browser.post(f"/calendar/one/{plan}/cancel", {"slot": slot, "back": f"/console/calendar/one/{plan}?slot={slot}"}).text
    assert "10 秒内可以撤销" in page
    stage.time += timedelta(seconds=8)
    assert "已恢复" in browser.post(f"/calendar/one/{plan}/restore", {"slot": slot}).text
    assert stage.pass_time(120) == ["大家好"]
    assert planner.states(plan) == [("sent", None)]


def test_after_ten_seconds_it_stays_out(room: Room, planner: Planner) -> None:
    stage, plan = planner.stage, planner.plan(planner.post())
    stage.channel.troubles = [TryAgain("later", after=60)]
    stage.pass_time(600)
    slot = planner.rows(plan)[0].slot
    browser = room.browser("manager")
    browser.get(f"/calendar/one/{plan}?slot={slot}")
    browser.post(f"/calendar/one/{plan}/cancel", {"slot": slot})
    stage.time += timedelta(seconds=20)
    assert "恢复不了" in browser.post(f"/calendar/one/{plan}/restore", {"slot": slot}).text
    assert stage.pass_time(120) == []


def test_a_plan_is_copied_to_be_changed(room: Room, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "每周二、五 20:00", name="晚间")
    page = room.browser("manager").get(f"/calendar/plans/new?copy={plan}").text
    assert 'value="晚间 (2)"' in page
    assert 'action="/console/calendar/plans/new"' in page
    assert page.count('name="weekdays" value="2" checked') == 1
