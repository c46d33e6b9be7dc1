"""Orders and their money: received once, refunded never above what was paid, tried again, handed over, proved."""

from __future__ import annotations

from bot.jobs import RefundWanted
from bot.payments.base import DONE, FAILED, REFUSED, Answer, MoneyBack
from bot.payments.refunding import Refunding
from bot.trading import OrderMarkAsked, PaymentReceived, RefundHandedOver, RefundRetryAsked
from storage import orders, payments, reconciling
from tests.group_buy.stall import StallStage
from tests.stage import Stage


class Till:
    """A provider that answers as the scene says, then pays back for good."""

    name = "offline"

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = list(outcomes)
        self.paid: dict[str, int] = {}

    async def refund(self, wanted: MoneyBack) -> Answer:
        outcome = self.outcomes.pop(0) if self.outcomes else DONE
        if outcome == "raise":
            raise ConnectionError("no answer")
        if outcome == DONE:
            self.paid[wanted.refund_id] = wanted.amount_fen
        return Answer(outcome, "back", "not now" if outcome != DONE else "")


def with_till(stage: Stage, *outcomes: str) -> Till:
    till = Till(*outcomes)
    stage.work[RefundWanted] = Refunding(stage.database, {"offline": till}, lambda: stage.time).refund
    return till


def test_the_same_notice_twice_is_one_payment(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王")
    assert [drop.pay(order_id, reference="wx-1") for _ in range(3)] == ["counted", "known", "known"]
    assert drop.order(order_id).status == "paid"
    assert drop.money().paid_fen == 2990


def test_paid_in_parts_and_too_much_gives_the_rest_back(stage: Stage) -> None:
    till = with_till(stage)
    drop = StallStage(stage)
    order_id = drop.join("小王")
    drop.pay(order_id, 1000)
    assert drop.order(order_id).status == "placed"
    drop.pay(order_id, 3000)
    assert drop.order(order_id).status == "paid"
    assert list(till.paid.values()) == [1010]
    assert drop.money().confirmed_fen == 2990


def test_odd_money_is_refused_and_money_for_nobody_is_kept_as_stray(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王")
    for amount in (0, -5, 10**12):
        assert drop.pay(order_id, amount) == "odd amount"
    assert drop.hear(PaymentReceived, order_id="ord_unknown", reference="wx-9", amount_fen=700).reason == "stray"
    with stage.database.read() as session:
        assert [(one.claimed_for, one.amount_fen) for one in payments.find_stray(session)] == [("ord_unknown", 700)]


def test_an_operator_refunds_a_part_and_then_never_above_what_was_paid(stage: Stage) -> None:
    till = with_till(stage)
    drop = StallStage(stage)
    order_id = drop.join("小王", 2)
    drop.pay(order_id)
    assert drop.refund(order_id, 1000) == "done"
    assert drop.order(order_id).status == "paid"
    assert drop.refund(order_id, 4981) == "more_than_paid"
    assert drop.money().confirmed_fen == 4980
    assert drop.refund(order_id) == "done"
    assert sum(till.paid.values()) == 5980
    assert drop.order(order_id).status == "refunded"
    assert drop.left() == (50, 0)
    assert drop.refund(order_id, 1) == "more_than_paid"
    assert drop.money().refunded_fen == 5980


def test_a_refund_that_fails_is_tried_again_under_the_same_id(stage: Stage) -> None:
    till = with_till(stage, FAILED, "raise")
    drop = StallStage(stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    drop.cancel(order_id, "小王")
    assert drop.order(order_id).status == "paid"  # confirmed: only an operator may
    drop.refund(order_id)
    assert drop.refunds() == [("ended", 2990, "due")]
    drop.pass_minutes(2)
    drop.pass_minutes(10)
    assert drop.refunds() == [("ended", 2990, "done")]
    assert len(till.paid) == 1
    assert drop.money().refunded_fen == 2990


def test_a_refund_given_up_is_dead_still_owed_and_can_be_tried_again(stage: Stage) -> None:
    with_till(stage, REFUSED)
    drop = StallStage(stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    drop.refund(order_id)
    assert drop.refunds() == [("ended", 2990, "dead")]
    assert drop.money().due_fen == 2990
    with stage.database.read() as session:
        dead = payments.find_owed(session, (payments.DEAD,))
    drop.hear(RefundRetryAsked, refund_id=dead[0].id)
    assert drop.refunds() == [("ended", 2990, "done")]


def test_offline_money_is_handed_back_by_an_operator_who_says_so(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    drop.refund(order_id)
    with stage.database.read() as session:
        waiting = payments.find_owed(session, (payments.BY_HAND,))
    assert [one.amount_fen for one in waiting] == [2990]
    drop.hear(RefundHandedOver, refund_id=waiting[0].id, by="operator:1")
    drop.hear(RefundHandedOver, refund_id=waiting[0].id, by="operator:1")
    assert drop.order(order_id).status == "refunded"
    assert drop.money().refunded_fen == 2990
    assert [text for place, text in stage.channel.said if "已退给您" in text and place == "stage:p:小王"] != []


def test_goods_move_once_paid_and_are_told_in_private(stage: Stage) -> None:
    drop = StallStage(stage, pickup_point="北门")
    paid, unpaid = drop.join("小王"), drop.join("李四")
    drop.pay(paid)
    row = drop.hear(OrderMarkAsked, order_ids=(paid, unpaid), mark="arrived", by="operator:1")
    assert row.reason == unpaid
    assert ("stage:p:小王", f"您的订单 {paid} 到货了，请到北门自提。") in stage.channel.said
    drop.hear(OrderMarkAsked, order_ids=(paid,), mark="received", by="operator:1")
    assert drop.order(paid).status == "received"
    assert drop.hear(OrderMarkAsked, order_ids=(paid,), mark="shipped", by="operator:1").outcome == "refused"
    with stage.database.read() as session:
        assert [one.what for one in orders.find_traces(session, paid)] == ["placed", "money", "confirmed", "arrived", "received"]


def test_order_state_is_told_in_private_only(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王", 2)
    assert "私聊" in stage.says("小王", "我的订单")
    told = stage.says("小王", "我的订单", group=None)
    assert order_id in told
    assert "×2" in told
    assert "已下单，待付款" in told
    assert "还没有订单" in stage.says("李四", "我的订单", group=None)


def test_a_fen_that_goes_astray_is_found_by_the_round(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    with stage.database.write() as session:
        orders.change(session, [order_id], (orders.PAID,), total_fen=2000)
    drop.pass_minutes(11)
    with stage.database.read() as session:
        troubled = reconciling.find_troubled(session)
    assert [(one.drop_id, one.title) for one in troubled] == [(drop.id, "草莓团")]
    assert order_id in troubled[0].problems
