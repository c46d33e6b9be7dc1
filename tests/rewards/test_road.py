"""Rewards on the real road: drops, their orders and money, heard as facts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import insert

from bot.telling import lane_of
from bot.trading import OrderMarkAsked, PaymentReceived
from handlers.rewards import payouts, replay
from storage import campaigns, commissions, ledger, members, orders, touches
from storage.terms import COUPON, FLAT, Reward, Terms
from tests.group_buy.stall import StallStage
from tests.stage import Stage

FIVE = Reward(level=1, amount=500)


def run(stage: Stage, *rewards: Reward, **more: Any) -> None:
    """A campaign from now on, and 李四 brought by 小王."""
    with stage.database.write() as session:
        campaigns.insert_draft(session, {
            "id": "cmp_a", "name": "邻居推荐", "starts_at": stage.time, "ends_at": None, "created_at": stage.time, "created_by": "周姐",
        })
        campaigns.write_terms(session, Terms(campaign_id="cmp_a", version=1, rewards=rewards, **more), stage.time, "周姐")
        campaigns.change(session, "cmp_a", (campaigns.DRAFT,), status=campaigns.RUNNING)
        members.keep(session, [(f"stage:{name}", "stage", name) for name in ("小王", "李四")], stage.time)
        session.execute(insert(touches.TABLE).values(
            cause="t", kind="join", visitor_id="", member_id="stage:李四", referrer_id="stage:小王", link_id="", group_id="stage:g",
            drop_id="", product_id="", campaign_id="", at=stage.time, void_why="",
        ))
    stage.time = stage.time.replace(second=stage.time.second + 1)


def earned(stage: Stage, order_id: str) -> list[tuple[int, str]]:
    with stage.database.read() as session:
        assert list(replay.replay(session)) == []
        return [(row.amount, row.state) for row in commissions.find_of_order(session, order_id)]


def balance(stage: Stage, who: str, kind: str, unit: str = "fen") -> int:
    with stage.database.read() as session:
        return ledger.sum_balance(session, ledger.account_of(f"stage:{who}", kind), unit)


def test_a_team_that_expires_earns_nothing_and_one_that_forms_does(stage: Stage) -> None:
    run(stage, FIVE, Reward(level=1, kind=FLAT, amount=100, occasion="team"))
    drop = StallStage(stage, "team", team_size=2, team_hours=1)
    first = drop.join("李四")
    drop.pay(first)
    assert earned(stage, first) == []
    drop.pass_minutes(61)
    assert earned(stage, first) == []
    second = drop.join("李四")
    drop.pay(second)
    other = drop.join("阿芳", team=drop.teams()[-1].code)
    drop.pay(other)
    assert earned(stage, second) == [(149, "pending"), (100, "pending")]


def test_received_then_undone_waits_again_and_becomes_payable_in_the_end(stage: Stage) -> None:
    run(stage, FIVE, after_sale_days=7)
    drop = StallStage(stage)
    order_id = drop.join("李四")
    drop.pay(order_id)
    for mark in ("received", "unreceived"):
        drop.hear(OrderMarkAsked, order_ids=(order_id,), mark=mark, by="operator:1")
    drop.pass_minutes(8 * 1440)
    assert earned(stage, order_id) == [(149, "pending")]
    drop.hear(OrderMarkAsked, order_ids=(order_id,), mark="received", by="operator:1")
    drop.pass_minutes(7 * 1440)
    assert earned(stage, order_id) == [(149, "payable")]
    drop.refund(order_id, 1_000)
    assert earned(stage, order_id) == [(99, "payable")]
    assert balance(stage, "小王", "payable") == 99


def test_a_price_that_falls_takes_its_part_of_the_commission(stage: Stage) -> None:
    run(stage, FIVE)
    drop = StallStage(stage, "tier", steps=[{"kind": "tier", "at": 2, "fen": 1_990}])
    order_id = drop.join("李四")
    drop.pay(order_id)
    assert earned(stage, order_id) == [(149, "pending")]
    drop.pay(drop.join("阿芳"))
    assert earned(stage, order_id) == [(99, "pending")]


def test_an_order_called_off_gives_every_fen_back(stage: Stage) -> None:
    run(stage, FIVE)
    drop = StallStage(stage)
    order_id = drop.join("李四", 2)
    drop.pay(order_id)
    assert balance(stage, "小王", "pending") == 299
    drop.call_off()
    assert earned(stage, order_id) == [(0, "reversed")]
    assert balance(stage, "小王", "pending") == 0


def test_the_friends_coupon_comes_off_the_next_order_and_goes_back_with_it(stage: Stage) -> None:
    run(stage, Reward(level=0, unit=COUPON, kind=FLAT, amount=800, occasion="first_order"), FIVE)
    drop = StallStage(stage)
    assert "现在用不了优惠券" in stage.says("李四", "用券", group=None)
    drop.pay(drop.join("李四"))
    assert balance(stage, "李四", "payable", COUPON) == 800
    assert "请私聊我" in stage.says("李四", "用券")
    order_id = drop.join("李四")
    assert f"抵 ¥8，订单 {order_id} 还要付 ¥21.9" in stage.says("李四", "用券", group=None)
    assert drop.order(order_id).total_fen == 2_190
    assert balance(stage, "李四", "payable", COUPON) == 0
    assert "现在用不了优惠券" in stage.says("李四", "用券", group=None)
    drop.cancel(order_id, "李四")
    assert drop.order(order_id).status == orders.CANCELLED
    assert balance(stage, "李四", "payable", COUPON) == 800
    again = drop.join("李四")
    stage.says("李四", "use coupon", group=None)
    drop.pay(again)
    assert earned(stage, again) == [(109, "pending")]  # of what was really paid
    with stage.database.read() as session:
        assert set(ledger.sum_all(session).values()) == {0}


def test_nothing_is_said_of_talk_that_only_sounds_like_it(stage: Stage) -> None:
    for text in ("用券的时候怎么弄呀", "这个用积分吗？不用吧", "用" * 500):
        assert stage.says("李四", text) == ""


def test_a_budget_holds_when_orders_are_paid_at_once_on_several_lanes(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    run(stage, FIVE, budget_fen=1_000, member_cap_fen=900)
    stalls = [StallStage(stage) for _ in range(4)]
    placed = [(stall, stall.join("李四", 1 + number)) for number, stall in enumerate(stalls)]
    stage.hear(*[
        PaymentReceived(
            key=f"paid:{order_id}", lane=lane_of(stall.id), occurred_at=stage.time, channel="stage", conversation=lane_of(stall.id),
            order_id=order_id, reference=order_id, amount_fen=stall.order(order_id).total_fen, by="operator:1",
        )
        for stall, order_id in placed
    ])
    assert sum(amount for _, order_id in placed for amount, _ in earned(stage, order_id)) == 900
    with stage.database.read() as session:
        assert campaigns.find_granted(session, "cmp_a") == {campaigns.ALL: 900, "stage:小王": 900}


def test_two_who_propose_at_once_make_one_batch(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    run(stage, FIVE, after_sale_days=0)
    drop = StallStage(stage)
    order_id = drop.join("李四")
    drop.pay(order_id)
    drop.hear(OrderMarkAsked, order_ids=(order_id,), mark="received", by="operator:1")
    drop.pass_minutes(1)
    start, made = threading.Barrier(3), list[str | None]()

    def propose() -> None:
        start.wait()
        with stage.database.write() as session:
            made.append(payouts.propose(session, 1, "", "operator:1", stage.time))

    crowd = [threading.Thread(target=propose) for _ in range(3)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert sorted(made, key=str)[:2] == [None, None]
    assert (balance(stage, "小王", "payable"), balance(stage, "小王", "paying")) == (0, 149)
