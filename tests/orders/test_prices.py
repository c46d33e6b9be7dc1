"""Prices explained step by step, and parts that sum to the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from content.fen import split
from handlers.group_buy import rules
from handlers.orders import prices
from storage import orders
from tests.group_buy.stall import StallStage
from tests.stage import Stage


def test_every_step_to_the_total_is_told_and_they_sum_to_it(stage: Stage) -> None:
    drop = StallStage(stage, "threshold", steps=[{"kind": "threshold", "at": 5000, "fen": 600}])
    order_id = drop.join("小王", 2)
    with stage.database.write() as session:
        facts = prices.apply_discount(session, order_id, prices.COUPON, "cp_1", 380, "t1", stage.time)
        assert [type(one).__name__ for one in facts] == ["OrderChanged"]
        assert prices.apply_discount(session, order_id, prices.COUPON, "cp_1", 380, "t2", stage.time) == []
        steps = prices.explain_price(session, order_id)
    assert [(one.kind, one.fen) for one in steps] == [
        ("list", 7980), ("drop", -2000), ("threshold", -600), ("coupon", -380), ("total", 5000),
    ]
    drop.pay(order_id)
    assert drop.money().confirmed_fen == 5000


def test_a_coupon_stays_when_the_amount_changes(stage: Stage) -> None:
    drop = StallStage(stage)
    order_id = drop.join("小王", 2)
    with stage.database.write() as session:
        prices.apply_discount(session, order_id, prices.COUPON, "cp_1", 500, "t1", stage.time)
    drop.join("小王", 1, mode="set")
    assert drop.order(order_id).total_fen == 2490
    drop.money()


def test_a_coupon_worth_more_than_the_order_pays_it_and_no_more(stage: Stage) -> None:
    drop = StallStage(stage, pays="pickup")
    order_id = drop.join("小王")
    with stage.database.write() as session:
        prices.apply_discount(session, order_id, prices.POINTS, "pt_1", 99_999, "t1", stage.time)
        assert orders.get(session, order_id).total_fen == 0


def test_thresholds_are_advised_at_a_fifth_and_a_half_above_the_average() -> None:
    assert rules.advised_thresholds(4_990) == (6_000, 7_500)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_parts_always_sum_to_the_whole(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    if sum(weights):
        exact = [amount * weight / sum(weights) for weight in weights]
        assert all(abs(part - one) <= 1 + 1e-6 * one for part, one in zip(parts, exact, strict=True))
