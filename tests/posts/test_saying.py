"""Posts are said once, at their time, with live values, in parts; and what is late is handled by its plan's policy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.posts import actions, desk
from storage import occurrences, products
from tests.posts.conftest import ADMIN, MANAGER, Planner
from tests.stage import Stage


def test_a_post_is_said_once_at_its_time_with_live_price_and_stock(stage: Stage, planner: Planner) -> None:
    berries = stage.sells("丹东草莓", 3990, stock=50)
    post = planner.post("{{ product.name }}{{ product.price }}，还剩{{ product.stock }}份", product_id=berries)
    plan = planner.plan(post, minutes=10)
    assert stage.pass_time(9 * 60) == []
    with stage.database.write() as session:
        products.find_skus(session, berries)[0].price_fen = 2990
        products.find_skus(session, berries)[0].stock = 7
    assert stage.pass_time(60) == ["丹东草莓¥29.9，还剩7份"]
    assert stage.pass_time(3600) == []
    (row,) = planner.rows(plan)
    assert (row.state, row.version, row.reason) == ("sent", 1, None)
    assert row.sent_at is not None


def test_parts_are_said_in_order_and_each_group_has_its_own_words(stage: Stage, planner: Planner) -> None:
    post = planner.post(parts=[
        {"kind": "text", "text": "{{ group.name }}的各位"}, {"kind": "picture", "url": "/pictures/a.png", "text": "图"},
        {"kind": "card", "title": "{{ today.weekday }}团", "text": "来看", "url": "https://shop.example/a"},
        {"kind": "mini", "title": "下单", "app_id": "wx1", "path": "pages/a"},
    ])  # fmt: skip
    planner.plan(post, groups=("g", "h"))
    stage.pass_time(600)
    said = [text for here, text in stage.channel.said if here == "stage:h"]
    assert said == ["h群的各位", "图", "周一团\n来看", "下单"]
    keys = [row.key for row in stage.outbox() if row.group_id == "stage:h"]  # lanes of two groups may go in any order
    (second,) = [row for row in planner.rows() if row.group_id == "stage:h"]
    assert keys == [f"post:{second.id}:{number}" for number in range(4)]


def test_a_time_is_never_said_twice_whatever_is_fired_again(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "每天 10:30")
    stage.pass_time(30 * 60)
    (row,) = planner.rows(plan)
    with stage.database.write() as session:  # as if the row had gone back
        again = occurrences.get(session, row.id)
        again.state, again.tries = "planned", 0
    stage.pass_time(60)
    assert len(stage.channel.said) == 1


@pytest.mark.parametrize(
    ("policy", "minutes", "state"),
    [("send", 60, "sent"), ("send", 20, "skipped"), ("skip", 60, "skipped"), ("ask", 60, "asked")],
)
def test_a_late_post_is_handled_by_its_policy(
    stage: Stage, planner: Planner, policy: str, minutes: int, state: str
) -> None:
    plan = planner.plan(planner.post(), minutes=10, late_policy=policy, late_minutes=minutes)
    stage.pass_time(40 * 60)
    assert planner.states(plan)[0][0] == state
    assert planner.states(plan)[0][1] == (None if state == "sent" else "late: 30 min")


def test_an_operator_who_is_asked_decides(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), minutes=10, late_policy="ask", groups=("g", "h"))
    stage.pass_time(40 * 60)
    first, second = planner.rows(plan)
    assert planner.do(desk.answer, first.id, True, MANAGER, stage.time)
    assert planner.do(desk.answer, second.id, False, MANAGER, stage.time)
    assert not planner.do(desk.answer, second.id, True, MANAGER, stage.time)
    stage.settle()
    assert planner.states(plan) == [("skipped", "late: 阿明"), ("sent", None)]


def test_after_a_long_stop_every_time_has_its_row(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), "0 9-20 * * *", late_policy="skip")
    stage.pass_time(2 * 24 * 3600)  # from Monday 10:00 to Wednesday 10:00
    states = planner.states(plan)
    assert len(states) == 25  # 10–20 today, 9–20 tomorrow, 9 and 10 the day after
    assert [state for state, _ in states] == ["skipped"] * 24 + ["sent"]


def test_a_clock_that_jumps_back_and_forth_says_nothing_twice_and_leaves_nothing_out(
    stage: Stage, planner: Planner
) -> None:
    plan = planner.plan(planner.post("{{ today.time }}"), "0 * * * *", late_minutes=90)
    for jump in (1800, 3600, -3600, 1800, -3600, 3600, 3600, -1800, 3600):
        stage.pass_time(jump)
    hours = [row.planned_at.hour + 8 for row in planner.rows(plan) if row.state == "sent"]
    assert hours == list(range(10, 10 + len(hours)))
    assert len(stage.channel.said) == len(hours) == 3


def test_a_post_sent_now_can_be_undone_for_ten_seconds(stage: Stage, planner: Planner) -> None:
    post = planner.post("现在")
    here = {"groups": ["stage:g"]}
    undone = planner.do(actions.send_now, post, here, MANAGER, stage.time, zone="Asia/Shanghai")
    planner.do(desk.cancel_plan, undone.id, stage.time)
    assert stage.pass_time(60) == []
    planner.do(actions.send_now, post, here, MANAGER, stage.time, zone="Asia/Shanghai")
    assert stage.pass_time(9) == []
    assert stage.pass_time(1) == ["现在"]


def test_what_the_post_names_is_gone_so_it_is_not_said(stage: Stage, planner: Planner) -> None:
    berries = stage.sells("丹东草莓", 3990)
    plan = planner.plan(planner.post("{{ product.name }}来了", product_id=berries))
    quiet = planner.plan(planner.post("草莓来了", product_id=berries))
    with stage.database.write() as session:
        products.remove(session, berries, stage.time)
    assert stage.pass_time(600) == []
    assert planner.states(plan) == [("skipped", "missing: product")]
    assert planner.states(quiet) == [("skipped", "blocked: product_gone")]


def test_a_group_that_was_left_or_listens_only_hears_nothing_and_the_row_says_why(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), groups=("g", "h"))
    stage.set_group(closed_at=stage.time)
    with stage.database.write() as session:
        from storage import groups

        groups.get(session, "stage:h").speaks = "off"
    assert stage.pass_time(600) == []
    assert planner.states(plan) == [("suppressed", "group_closed"), ("suppressed", "listens_only")]


def test_posts_are_said_after_answers(stage: Stage, planner: Planner) -> None:
    from bot.outbox import POST

    planner.plan(planner.post())
    stage.pass_time(600)
    assert [row.priority for row in stage.outbox()] == [POST]
    assert stage.outbox()[0].cause_id == planner.rows()[0].cause_id


def test_an_edited_plan_says_what_it_plans_now_and_nothing_it_planned_before(stage: Stage, planner: Planner) -> None:
    post = planner.post()
    plan = planner.plan(post, minutes=10)
    planner.plan(post, minutes=12, plan_id=plan, groups=("h",))
    planner.plan(post, minutes=10, plan_id=plan)  # and back: the first row is planned again
    stage.pass_time(1200)
    assert [here for here, _ in stage.channel.said] == ["stage:g"]
    assert sorted(planner.states(plan)) == [("cancelled", occurrences.REPLANNED), ("sent", None)]


def test_an_admin_sees_who_is_told_what_was_planned(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post(), editor=ADMIN)
    stage.pass_time(600)
    (due,) = [one for one in stage.log() if one.kind == "PostDue"]
    assert (due.outcome, due.reason, due.group_id) == ("done", f"plan {plan}", "stage:g")
    assert planner.rows(plan)[0].queued_at is not None
    assert planner.rows(plan)[0].queued_at - planner.rows(plan)[0].planned_at < timedelta(seconds=1)  # type: ignore[operator]
