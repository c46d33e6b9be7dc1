"""The mix of a group: few adverts among other posts, quiet nights, no post into a conversation, rest for tired groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.posts import actions, rules
from handlers.posts.rules import Case, History, Said, judge
from storage import mix
from storage.mix import MixRules
from tests.posts.conftest import MANAGER, Planner
from tests.stage import Stage

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def case(now: datetime = NOON, **more: Any) -> Case:
    given = {"kind": "advert", "now": now, "planned_at": now, "due_at": now, "zone": "Asia/Shanghai", "rules": MixRules()}
    return Case(**(given | more | {"said": History(more.get("said", ()))}))


def ago(kind: str, **time: float) -> Said:
    return Said(kind, NOON - timedelta(**time))


def test_a_second_advert_within_three_hours_waits_and_is_said_then(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"one_in": 1})
    first = planner.plan(planner.post("甲", "advert"), minutes=10)
    second = planner.plan(planner.post("乙", "advert"), minutes=20, late_minutes=300)
    third = planner.plan(planner.post("丙", "advert"), minutes=21)
    stage.pass_time(21 * 60)
    assert planner.states(first) == [("sent", None)]
    assert planner.states(second) == [("planned", "adverts_apart: 180 min")]
    assert planner.states(third) == [("suppressed", "adverts_apart: 180 min")]
    assert stage.pass_time(179 * 60) == []
    assert stage.pass_time(60) == ["乙"]


def test_the_third_advert_of_a_day_is_suppressed(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"one_in": 1, "minutes_apart": 0})
    plans = [planner.plan(planner.post(f"{number}", "advert"), minutes=10 * number) for number in (1, 2, 3)]
    for _ in plans:
        stage.pass_time(600)
    assert [planner.states(plan)[0] for plan in plans] == [("sent", None), ("sent", None), ("suppressed", "adverts_a_day: 2")]


def test_of_four_posts_in_a_week_one_may_be_an_advert() -> None:
    week = [ago("advert", days=2), ago("talk", days=2), ago("service", days=1)]
    assert judge(case(said=[])).do == rules.SAY
    assert judge(case(said=week)).reason == "advert_share: 1/3, 1/4"
    more = [*week, ago("talk", hours=20), ago("talk", hours=10), ago("game", hours=8), ago("knowledge", hours=2)]
    assert judge(case(said=more)).do == rules.SAY
    assert judge(case(kind="talk", said=week)).do == rules.SAY
    assert judge(case(said=[ago("advert", days=8), *week[1:]])).do == rules.SAY


def test_the_rules_of_one_group_hold_for_it_alone(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"adverts_a_day": 0})
    planner.do(mix.save_rules, "stage:h", {"adverts_a_day": 1})
    plan = planner.plan(planner.post("特价", "advert"), groups=("g", "h"))
    stage.pass_time(600)
    assert planner.states(plan) == [("suppressed", "adverts_a_day: 0"), ("sent", None)]
    with pytest.raises(TypeError):
        planner.do(mix.save_rules, "", {"adverts_a_decade": 1})


def test_at_night_a_post_waits_for_the_morning_where_its_plan_allows_it(stage: Stage, planner: Planner) -> None:
    planner.at(22, 50)
    patient = planner.plan(planner.post("早"), minutes=10, late_minutes=600)
    urgent = planner.plan(planner.post("急"), minutes=10)
    assert stage.pass_time(600) == []
    assert planner.states(patient) == [("planned", "quiet_hours: 22:00-08:00")]
    assert planner.states(urgent) == [("suppressed", "quiet_hours: 22:00-08:00")]
    assert stage.pass_time(9 * 3600 - 60) == []
    assert stage.pass_time(60) == ["早"]


@pytest.mark.parametrize(
    ("wall", "until"),
    [((21, 59), None), ((22, 0), (3, 8)), ((23, 59), (3, 8)), ((0, 0), (2, 8)), ((7, 59), (2, 8)), ((8, 0), None)],
)
def test_quiet_hours_go_past_midnight(wall: tuple[int, int], until: tuple[int, int] | None) -> None:
    shanghai = timedelta(hours=8)
    moment = datetime(2026, 3, 2, *wall, tzinfo=UTC) - shanghai
    found = rules.quiet_until(moment, "22:00-08:00", "Asia/Shanghai")
    assert found == (None if until is None else datetime(2026, 3, *until, tzinfo=UTC) - shanghai)
    assert rules.quiet_until(moment, "", "Asia/Shanghai") is None


def test_quiet_hours_end_on_the_wall_in_the_night_of_a_clock_change() -> None:
    moment = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)  # 23:00 in Berlin; the clocks go forward at 2:00
    assert rules.quiet_until(moment, "22:00-08:00", "Europe/Berlin") == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)


def test_a_post_waits_for_a_pause_in_a_lively_conversation(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post("插一句"), minutes=10)
    stage.pass_time(9 * 60)
    for number in range(8):
        stage.says(f"邻居{number}", "哈哈哈")
    assert "插一句" not in stage.pass_time(60)
    assert planner.states(plan) == [("planned", "busy: 8")]
    stage.pass_time(60)
    assert "插一句" in stage.pass_time(60)


def test_it_does_not_wait_for_ever(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"busy_messages": 2, "busy_wait_minutes": 3})
    planner.plan(planner.post("插一句"), minutes=1)
    said: list[str] = []
    for _ in range(5):
        stage.says("小王", "哈哈哈")
        stage.says("小李", "哈哈哈")
        said.append("插一句" if "插一句" in stage.pass_time(60) else "")
    assert said == ["", "", "", "插一句", ""]


def test_a_group_that_members_leave_after_adverts_gets_a_rest() -> None:
    said = [ago("advert", days=5), ago("advert", days=2), *[ago("talk", hours=number) for number in range(1, 12)]]
    tired = {"said": said, "left": 6, "members": 100, "adverts": 2}
    assert judge(case(**tired)).reason == "tired: 6/100"
    assert judge(case(**(tired | {"left": 3}))).do == rules.SAY
    assert judge(case(**(tired | {"rules": MixRules(tired_days_apart=1)}))).do == rules.SAY
    assert judge(case(**(tired | {"adverts": 1}))).do == rules.SAY


def test_leaves_after_adverts_are_counted_from_the_rows(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "", {"one_in": 1, "tired_days_apart": 10})
    names = [f"邻居{number}" for number in range(20)]
    stage.joins(*names)
    plan = planner.plan(planner.post("特价", "advert"), "每天 12:00", late_minutes=60)
    for name in names[:6]:
        planner.at(12, day=2 + names.index(name) // 3)
        stage.settle()
        stage.time += timedelta(hours=1)
        stage.leaves(name)
    planner.at(12, day=4)
    stage.settle()
    planner.at(12, day=5)
    stage.settle()
    states = [state for state, _ in planner.states(plan)]
    assert states == ["sent", "sent", "suppressed", "suppressed"]
    assert planner.states(plan)[-1][1] == "tired: 6/14"


def test_a_trial_is_outside_the_rules_and_not_counted(stage: Stage, planner: Planner) -> None:
    planner.at(23)
    post, here = planner.post("特价", "advert"), {"groups": ["stage:g"]}
    for _ in range(3):
        planner.do(actions.send_now, post, here, MANAGER, stage.time, zone="Asia/Shanghai", is_trial=True)
    assert stage.pass_time(10) == ["特价"] * 3
    planner.at(10, day=3)
    planner.do(actions.send_now, post, here, MANAGER, stage.time, zone="Asia/Shanghai")
    assert stage.pass_time(10) == ["特价"]
