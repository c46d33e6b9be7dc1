"""A manager's post may need an admin's yes; an edit asks again."""

from __future__ import annotations

import pytest

from handlers.posts import actions
from storage import mix, plans
from tests.posts.conftest import ADMIN, MANAGER, Planner
from tests.stage import Stage


@pytest.fixture
def strict(planner: Planner) -> Planner:
    planner.do(mix.save_rules, "", {"approved_kinds": ["advert"]})
    return planner


def test_without_a_yes_a_post_waits_as_long_as_it_may_be_late_and_is_left(stage: Stage, strict: Planner) -> None:
    plan = strict.plan(strict.post("特价", "advert"), late_minutes=30)
    free = strict.plan(strict.post("早安"))
    assert strict.get_plan(plan).approval == plans.WAITING
    assert stage.pass_time(600) == ["早安"]
    assert strict.states(plan) == [("planned", "not_approved")]
    for _ in range(31):
        stage.pass_time(60)
    assert strict.states(plan) == [("skipped", "not_approved")]
    assert strict.get_plan(free).approval == plans.NO_NEED


def test_with_a_yes_it_is_said_even_when_the_yes_comes_late(stage: Stage, strict: Planner) -> None:
    plan = strict.plan(strict.post("特价", "advert"), late_minutes=30)
    stage.pass_time(1200)
    with pytest.raises(PermissionError):
        strict.do(actions.approve, plan, MANAGER, stage.time)
    strict.do(actions.approve, plan, ADMIN, stage.time)
    assert stage.pass_time(1) == ["特价"]
    assert strict.get_plan(plan).approved_by == "老板"


def test_an_edit_after_the_yes_asks_again(stage: Stage, strict: Planner) -> None:
    post = strict.post("特价", "advert")
    plan = strict.plan(post, "每天 12:00", late_minutes=10)
    strict.do(actions.approve, plan, ADMIN, stage.time)
    strict.post("更特价", "advert", post_id=post)
    assert strict.get_plan(plan).approval == plans.WAITING
    strict.do(actions.approve, plan, ADMIN, stage.time)
    assert strict.get_plan(plan).approved_version == 2
    strict.plan(post, "每天 12:05", plan_id=plan)
    assert strict.get_plan(plan).approval == plans.WAITING
    strict.post("更特价", "advert", post_id=post, title="只改了名字")
    strict.post("最后的价", "advert", post_id=post, editor=ADMIN)
    assert (strict.get_plan(plan).approval, strict.get_plan(plan).approved_version) == (plans.APPROVED, 3)


def test_what_an_admin_plans_needs_no_other_yes(stage: Stage, strict: Planner) -> None:
    strict.plan(strict.post("特价", "advert"), editor=ADMIN)
    assert stage.pass_time(600) == ["特价"]


def test_a_refused_plan_says_nothing(stage: Stage, strict: Planner) -> None:
    plan = strict.plan(strict.post("特价", "advert"))
    strict.do(actions.refuse, plan, ADMIN, stage.time)
    assert stage.pass_time(600) == []
    assert strict.states(plan) == [("cancelled", "refused")]


def test_one_group_may_ask_for_a_yes_where_the_shop_does_not(stage: Stage, planner: Planner) -> None:
    planner.do(mix.save_rules, "stage:h", {"approved_kinds": ["talk"]})
    plan = planner.plan(planner.post(), groups=("g", "h"))
    assert planner.get_plan(plan).approval == plans.WAITING
    alone = planner.plan(planner.post(), groups=("g",))
    assert planner.get_plan(alone).approval == plans.NO_NEED


def test_a_rule_written_after_the_plan_holds_for_it_too(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), late_minutes=0)
    planner.do(mix.save_rules, "", {"approved_kinds": ["talk"]})
    assert stage.pass_time(600) == []
    assert planner.states(plan) == [("skipped", "not_approved")]
    assert planner.get_plan(plan).approval == plans.WAITING
