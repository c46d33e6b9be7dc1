"""Drops of every kind: opened and closed by the clock, priced as published, never oversold, called off with refunds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.trading import DropJoinAsked, HelpAsked
from handlers.group_buy.actions import FaultyDrop
from tests.group_buy.stall import StallStage
from tests.stage import START, Stage


def test_a_scheduled_drop_opens_and_closes_by_the_clock_and_tells_the_group_its_rules(stage: Stage) -> None:
    drop = StallStage(
        stage, is_open=False, opens_at=START + timedelta(hours=1), closes_at=START + timedelta(hours=5), per_member=3
    )
    assert drop.join("小王") == "not_open"
    said = drop.pass_minutes(61)
    assert len([text for text in said if "草莓团" in text]) == 1
    assert "¥29.9（平时 ¥39.9），共 50 份" in said[0]
    assert "每人限 3 份" in said[0]
    assert drop.join("小王").startswith("ord_")
    assert any("截止" in text for text in drop.pass_minutes(185))
    drop.pass_minutes(60)
    assert drop.drop().status == "closed"
    assert drop.join("李四") == "not_open"


def test_nothing_is_sold_that_is_not_there(stage: Stage) -> None:
    drop = StallStage(stage, stock=5, stock_limit=3)
    assert drop.join("小王", 2).startswith("ord_")
    assert drop.join("李四", 2) == "sold_out"
    assert drop.join("李四", 1).startswith("ord_")
    assert drop.join("阿芳") == "sold_out"
    assert drop.left() == (2, 3)


def test_many_claims_in_one_batch_are_settled_in_their_order(stage: Stage) -> None:
    drop = StallStage(stage, stock=10)
    events = [
        DropJoinAsked(
            key=f"crowd:{number}", lane=f"drop:{drop.id}", occurred_at=stage.time, channel="stage",
            conversation=f"drop:{drop.id}", group_id="stage:g", member_id=f"stage:m{number % 25}", member_name=f"m{number % 25}",
            drop_id=drop.id, skus=(drop.sku,), quantities=(1,),
        )
        for number in range(30)
    ]
    handled = stage.hear(*events, *events)
    assert [one.outcome for one in handled[:30]] == ["done"] * 10 + ["refused"] * 20
    assert {one.outcome for one in handled[30:]} == {"known"}
    assert drop.left() == (0, 10)
    drop.money()


def test_adding_and_setting_change_one_unpaid_order(stage: Stage) -> None:
    drop = StallStage(stage, per_member=5)
    order_id = drop.join("小王", 2)
    assert drop.join("小王", 1) == order_id
    assert drop.join("小王", 4, mode="set") == order_id
    assert drop.order(order_id).total_fen == 4 * 2990
    assert drop.join("小王", 2) == "too_many"
    assert drop.left() == (46, 4)
    drop.join("小王", 0, mode="set")
    assert (drop.order(order_id).status, drop.left()) == ("cancelled", (50, 0))
    assert drop.join("小王", 0, mode="set") == "nothing_to_take_back"


def test_what_is_paid_is_not_made_fewer_by_a_word(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王", 2)
    drop.pay(order_id)
    assert drop.join("小王", 1, mode="set") == "paid_already"
    other = drop.join("小王", 3, mode="set")
    assert other not in (order_id, "paid_already")
    assert drop.order(other).total_fen == 2990
    drop.money()


@pytest.mark.parametrize("count", [-1, 0, 1000, 10**12])
def test_odd_amounts_are_refused(stage: Stage, count: int) -> None:
    drop = StallStage(stage)
    assert drop.join("小王", count) == "odd_amount"
    assert drop.left() == (50, 0)


def test_a_drop_is_for_its_groups(stage: Stage) -> None:
    drop = StallStage(stage)
    stage.joins("住客")
    assert drop.join("外人", group="h") == "not_for_you"
    assert drop.join("住客", group=None).startswith("ord_")


def test_a_group_drop_confirms_all_at_its_goal_or_pays_all_back(stage: Stage) -> None:
    drop = StallStage(stage, "group", goal=2)
    first = drop.join("小王")
    drop.pay(first)
    assert drop.money().waiting_fen == 2990
    drop.pay(drop.join("李四"))
    drop.pay(drop.join("阿芳"))
    assert drop.money().confirmed_fen == 3 * 2990
    drop.close()
    assert drop.drop().status == "closed"


def test_a_group_drop_without_its_goal_is_called_off(stage: Stage) -> None:
    drop = StallStage(stage, "group", goal=3)
    drop.pay(drop.join("小王"))
    drop.close()
    assert (drop.drop().status, drop.drop().reason) == ("cancelled", "goal not met")
    assert drop.money().due_fen == 2990
    assert any("没有满人" in text for _, text in stage.channel.said)


def test_a_tier_lowers_the_price_for_all_and_gives_the_difference_back(stage: Stage) -> None:
    drop = StallStage(stage, "tier", steps=[{"kind": "tier", "at": 2, "fen": 2590}])
    first, second = drop.join("小王", 2), drop.join("李四")
    drop.pay(first)
    drop.pay(second)
    assert [drop.order(one).total_fen for one in (first, second)] == [5180, 2590]
    assert sorted(drop.refunds()) == [("price_fell", 400, "by_hand"), ("price_fell", 800, "by_hand")]
    assert drop.order(drop.join("阿芳")).total_fen == 2590
    assert drop.money().confirmed_fen == 3 * 2590


def test_a_presale_takes_deposit_and_balance_or_pays_the_deposit_back(stage: Stage) -> None:
    due = START + timedelta(hours=40)
    drop = StallStage(stage, "presale", balance_due_at=due, offer={"deposit_fen": 500, "is_from_stock": False}, stock=0, stock_limit=9)
    paid, unpaid = drop.join("小王"), drop.join("李四")
    drop.pay(paid, 500)
    drop.pay(unpaid, 500)
    drop.pass_minutes(60)
    assert drop.order(paid).status == "placed"
    drop.pay(paid, 2490)
    assert drop.order(paid).status == "paid"
    drop.pass_minutes(40 * 60)
    assert drop.order(unpaid).status == "cancelled"
    assert drop.refunds() == [("ended", 500, "by_hand")]
    assert drop.money().confirmed_fen == 2990


def test_a_bargain_falls_by_published_cuts_once_a_helper_and_never_below_its_floor(stage: Stage) -> None:
    cuts = [{"kind": "cut", "at": number, "fen": fen} for number, fen in ((1, 500), (2, 300), (3, 900))]
    drop = StallStage(stage, "bargain", steps=cuts, offer={"floor_fen": 1500})
    order_id = drop.join("小王")

    def helps(who: str) -> str:
        return str(drop.hear(HelpAsked, who=who, order_id=order_id).reason)

    assert [helps(who) for who in ("小王", "李四", "李四", "阿芳", "老张", "赵姐")] == [
        "helped_already", "500", "helped_already", "300", "690", "lowest_already",
    ]
    assert drop.order(order_id).total_fen == 1500
    assert drop.join("小王", 0, mode="set") == "bargained"
    drop.pay(order_id)
    assert drop.money().confirmed_fen == 1500


def test_a_threshold_takes_off_what_it_says_and_follows_the_lines(stage: Stage) -> None:
    steps = [{"kind": "threshold", "at": 5000, "fen": 600}, {"kind": "threshold", "at": 10000, "fen": 1500}]
    drop = StallStage(stage, "threshold", steps=steps)
    order_id = drop.join("小王", 2)
    assert drop.order(order_id).total_fen == 5980 - 600
    drop.join("小王", 4, mode="set")
    assert drop.order(order_id).total_fen == 4 * 2990 - 1500
    drop.join("小王", 1, mode="set")
    assert drop.order(order_id).total_fen == 2990
    drop.money()


def test_a_drop_called_off_ends_every_order_and_owes_every_fen(stage: Stage) -> None:
    drop = StallStage(stage, "team", team_size=2)
    for name in ("小王", "李四", "阿芳"):
        drop.pay(drop.join(name))
    drop.join("老张")
    drop.call_off()
    assert drop.money().due_fen == 3 * 2990
    assert drop.left() == (50, 0)
    drop.call_off()
    assert len(drop.refunds()) == 3


def test_talk_joins_by_code_and_progress_is_summed_up_once(stage: Stage) -> None:
    drop = StallStage(stage)
    code = drop.drop().code
    assert "共 2 份，¥59.8" in stage.says("小王", f"参团 {code} 2份")
    assert "记下了" in stage.says("李四", f"参团{code.lower()}")
    said = stage.pass_time(25)
    assert len([text for text in said if "已有 2 人参加" in text]) == 1
    assert "没有找到口令" in stage.says("小王", "参团 ZZZZ")


def test_a_drop_that_cannot_work_is_not_planned(stage: Stage) -> None:
    with pytest.raises(FaultyDrop, match="no_team_size"):
        StallStage(stage, "team")
    with pytest.raises(FaultyDrop, match="no_goal"):
        StallStage(stage, "group")
