"""What people and networks get wrong around drops: each is told plainly, and nothing of it is kept as an order or lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.trading import PaymentReceived
from storage import orders, payments, rosters
from tests.group_buy.test_rosters import changes, roster, settle, signs
from tests.group_buy.test_talking import held, shop
from tests.stage import Stage


def test_a_roster_of_five_hundred_rows_waits_whole_and_can_be_approved(stage: Stage) -> None:
    drop = shop(stage, stock=600, stock_limit=600)
    said = signs(stage, "小王", *(f"邻居{number}号 1份" for number in range(500)))
    assert "500 行等团长确认" in said
    waiting = changes(stage, drop, rosters.PENDING)
    assert len(waiting) == 500
    assert held(stage, drop) == {}
    settle(stage, [row.id for row in waiting[:3]], True)
    assert held(stage, drop) == {"小王": 3}
    drop.money()


def test_names_of_nothing_but_emoji_order_and_are_answered(stage: Stage) -> None:
    drop = shop(stage)
    assert "记下了" in stage.says("🐳🐳", "+1")
    stage.pass_time(30)
    signs(stage, "🌸", "🌸 2份")
    stage.says("\u200b\u200d", "+1")
    stage.pass_time(30)
    assert sorted(held(stage, drop).values()) == [1, 1, 2]
    assert held(stage, drop)["🌸"] == 2
    drop.money()


def test_one_name_by_two_people_is_two_orders(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "王芳", "王芳 2份")
    stage.hear(replace(stage.message("王芳", roster("王芳 2份", "王芳 1份")), member_id="stage:another"))
    stage.pass_time(30)
    assert sorted(row.author_id for row in changes(stage, drop, "applied")) == ["stage:another", "stage:王芳"]
    with stage.database.read() as session:
        alive = orders.find_alive(session, drop.id)
        counts = {row.member_id: [line.quantity for line in orders.find_lines(session, [row.id])[row.id]] for row in alive}
    assert counts == {"stage:王芳": [2], "stage:another": [1]}
    drop.money()


@pytest.mark.parametrize("row", ["小王 -3份", "小王 99999999999999999999份", "小王 0.5份", "小王 2.5盒"])
def test_odd_quantities_in_a_roster_wait_for_an_operator(stage: Stage, row: str) -> None:
    drop = shop(stage)
    assert "1 行等团长确认" in signs(stage, "小王", row)
    assert [one.why for one in changes(stage, drop, rosters.PENDING)] == ["unclear"]
    assert held(stage, drop) == {}
    drop.money()


def test_a_drop_that_closes_while_a_member_pays_gives_the_money_back_and_says_so(stage: Stage) -> None:
    drop = shop(stage, kind="team", team_size=3, pays="before")
    order_id = drop.join("小王")
    drop.close()
    assert drop.order(order_id).status == "cancelled"
    assert drop.pay(order_id) == "late"
    assert [(why, fen) for why, fen, _ in drop.refunds()] == [(payments.LATE, 2990)]
    assert "not_open" in drop.join("小王")
    drop.money()


@pytest.mark.parametrize("paid_at", ["9999-12-31T23:59:59+08:00", "0001-01-01T00:00:00+08:00", "yesterday", "2026-03-02T12:00:00", ""])
def test_a_clock_that_goes_wrong_elsewhere_loses_no_money(stage: Stage, paid_at: str) -> None:
    drop = shop(stage, pays="before")
    order_id = drop.join("小王")
    row = drop.hear(PaymentReceived, order_id=order_id, reference="w1", amount_fen=2990, paid_at=paid_at)
    assert (row.outcome, row.reason) == ("done", "counted")
    assert drop.order(order_id).status == "paid"
    drop.money()


def test_a_message_from_a_clock_ahead_or_behind_is_an_order_all_the_same(stage: Stage) -> None:
    drop = shop(stage)
    for number, away in enumerate((timedelta(minutes=9), timedelta(minutes=-9))):
        stage.hear(replace(stage.message(f"邻居{number}", "+1"), occurred_at=stage.time + away))
        stage.pass_time(30)
    assert sum(held(stage, drop).values()) == 2
