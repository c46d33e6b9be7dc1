"""Teams and seats: formed by the last payment, expired with refunds, and money that comes late."""

from __future__ import annotations

from storage.orders import NEXT_TEAM
from tests.group_buy.stall import StallStage
from tests.stage import Stage


def team_drop(stage: Stage, **more: object) -> StallStage:
    return StallStage(stage, "team", team_size=2, **more)


def test_the_last_payment_forms_the_team(stage: Stage) -> None:
    drop = team_drop(stage)
    first, second = drop.join("小王"), drop.join("李四")
    assert drop.seat_states() == ["held", "held"]
    drop.pay(first)
    assert [team.status for team in drop.teams()] == ["forming"]
    drop.pay(second)
    assert [team.status for team in drop.teams()] == ["formed"]
    assert drop.seat_states() == ["confirmed", "confirmed"]
    assert any("成团了" in text for _, text in stage.channel.said)
    assert drop.money().confirmed_fen == 5980


def test_two_last_payments_in_one_batch_do_not_miss_each_other(stage: Stage) -> None:
    drop = StallStage(stage, "team", team_size=3)
    ids = [drop.join(name) for name in ("小王", "李四", "阿芳")]
    for order_id in ids:
        drop.pay(order_id)
    assert [team.status for team in drop.teams()] == ["formed"]
    assert drop.money().waiting_fen == 0


def test_a_team_not_formed_in_time_is_paid_back(stage: Stage) -> None:
    drop = team_drop(stage, team_hours=2)
    drop.pay(drop.join("小王"))
    drop.pass_minutes(121)
    assert [team.status for team in drop.teams()] == ["expired"]
    assert drop.seat_states() == ["refund_due"]
    assert drop.refunds() == [("ended", 2990, "by_hand")]
    assert drop.left() == (50, 0)
    assert drop.money().due_fen == 2990


def test_a_place_not_paid_in_time_is_free_again(stage: Stage) -> None:
    drop = team_drop(stage)
    order_id = drop.join("小王")
    drop.pass_minutes(31)
    assert (drop.order(order_id).status, drop.seat_states(), drop.left()) == ("cancelled", ["released"], (50, 0))
    assert [team.seats for team in drop.teams()] == [0]


def test_late_money_goes_to_the_next_team_where_the_member_chose_so(stage: Stage) -> None:
    drop = team_drop(stage)
    late = drop.join("小王", if_late=NEXT_TEAM)
    drop.pass_minutes(31)
    drop.pay(drop.join("李四"))
    assert drop.pay(late) == "late"
    assert drop.order(late).status == "paid"
    assert [team.status for team in drop.teams()] == ["formed"]
    assert drop.money().confirmed_fen == 5980


def test_late_money_goes_back_otherwise(stage: Stage) -> None:
    drop = team_drop(stage)
    late = drop.join("小王")
    drop.pass_minutes(31)
    assert drop.pay(late) == "late"
    assert drop.refunds() == [("late", 2990, "by_hand")]
    assert drop.money().due_fen == 2990


def test_late_money_goes_back_when_the_drop_is_over(stage: Stage) -> None:
    drop = team_drop(stage)
    late = drop.join("小王", if_late=NEXT_TEAM)
    drop.close()
    drop.pay(late)
    assert drop.refunds() == [("late", 2990, "by_hand")]
    assert drop.money().paid_fen == 2990


def test_a_member_has_one_seat_in_a_team_and_may_join_the_next(stage: Stage) -> None:
    drop = team_drop(stage)
    first = drop.join("小王")
    drop.pay(first)
    assert drop.join("小王", team="new") == "seated_already"
    drop.pay(drop.join("李四"))
    assert drop.join("小王").startswith("ord_")
    assert len(drop.teams()) == 2
    drop.money()


def test_a_full_team_says_so_and_its_code_is_kept_to(stage: Stage) -> None:
    drop = team_drop(stage)
    drop.join("小王")
    code = drop.teams()[0].code
    assert "还差" not in stage.says("李四", f"参团 {code}").split("报满")[0]
    assert "满员" in stage.says("阿芳", f"参团 {code}")
    assert [team.seats for team in drop.teams()] == [2]


def test_a_seat_given_up_before_the_team_is_formed_is_paid_back_and_free(stage: Stage) -> None:
    drop = team_drop(stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    assert drop.cancel(order_id, "李四").outcome == "refused"
    drop.cancel(order_id, "小王")
    assert drop.refunds() == [("ended", 2990, "by_hand")]
    assert [team.seats for team in drop.teams()] == [0]
    drop.money()


def test_paid_at_pickup_a_team_is_formed_by_signing(stage: Stage) -> None:
    drop = team_drop(stage, pays="pickup")
    first = drop.join("小王")
    drop.join("李四")
    assert [team.status for team in drop.teams()] == ["formed"]
    assert drop.order(first).confirmed_at is not None
    drop.pay(first)
    assert drop.order(first).status == "paid"
    assert drop.money().confirmed_fen == 2990
