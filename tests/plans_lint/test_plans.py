"""Lawful and unlawful plans, each with the rules it breaks; and plans that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.findings import BLOCK, is_blocked
from content.plan_lint import RULES, check, cost_fen
from content.plan_words import SAID
from content.reward_plan import MOST_PAYS, Pay, Plan, PlanUnread, read

PLANS = [json.loads(line) for line in Path(__file__).with_name("plans.jsonl").read_text("utf-8").splitlines()]
COMPLIANCE = Path(__file__).parents[2] / "docs" / "compliance.md"
LAWFUL = {"window_days": 30, "after_sale_days": 7, "price_fen": 5000, "margin_fen": 1500, "pays": [{"rate_bp": 300}]}


@pytest.mark.parametrize("labelled", PLANS, ids=[row["about"] for row in PLANS])
def test_a_plan_is_refused_for_what_it_breaks_and_for_nothing_else(labelled: dict[str, Any]) -> None:
    found = check(read(labelled["plan"]))
    assert sorted({one.rule for one in found if one.level == BLOCK}) == labelled["breaks"]


def test_the_set_is_large_enough_and_breaks_every_rule_that_refuses() -> None:
    assert len(PLANS) >= 60
    assert sum(not row["breaks"] for row in PLANS) >= 25
    broken = {rule for row in PLANS for rule in row["breaks"]}
    assert {rule.id for rule in RULES if rule.level == BLOCK} - broken == set()


def test_a_finding_says_which_rule_why_what_to_do_and_where_the_rule_is_from() -> None:
    for found in check(read({"pays": [{"level": 3, "rate_bp": 100}], "entry_fee_fen": 100, "text": "发展下线躺赚"})):
        assert all((found.rule, found.place, found.why, found.why_en, found.rewrite, found.rewrite_en, found.origin))


def test_every_rule_has_its_words_and_stands_in_the_book_of_rules() -> None:
    book = COMPLIANCE.read_text("utf-8")
    for rule in RULES:
        assert all((SAID[rule.id].why, SAID[rule.id].why_en, SAID[rule.id].rewrite_en, SAID[rule.id].origin)), rule.id
        assert f"`{rule.id}`" in book, rule.id


@pytest.mark.parametrize(
    ("given_plan", "field"),
    [
        ({"levels": 3}, "levels"), ({"window_days": "30"}, "window_days"), ({"window_days": True}, "window_days"),
        ({"entry_fee_fen": None}, "entry_fee_fen"), ({"entry_fee_fen": 1.5}, "entry_fee_fen"), ({"pays": {"level": 1}}, "pays"),
        ({"pays": [1]}, "pays[0]"), ({"pays": [{"kind": "gold"}]}, "pays[0].kind"), ({"model": "always"}, "model"),
        ({"pays": [{"event": "breathing"}]}, "pays[0].event"), ({"text": "长" * 5000}, "text"),
        ({"price_fen": 10**30}, "price_fen"), ({"pays": [{}] * (MOST_PAYS + 1)}, "pays"), ({"is_own_order_paid": 1}, "is_own_order_paid"),
        ({"pays": [{"steps_by": "luck"}]}, "pays[0].steps_by"), ({"paid_when": "never"}, "paid_when"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_read_is_refused_with_the_field(given_plan: dict[str, Any], field: str) -> None:
    with pytest.raises(PlanUnread) as refused:
        read(given_plan)
    assert refused.value.field == field


@settings(max_examples=200, deadline=None)
@given(
    rate=st.integers(1, 10_000), flat=st.integers(0, 10_000), price=st.integers(1, 100_000), margin=st.integers(0, 100_000)
)  # fmt: skip
def test_what_passes_never_costs_more_than_the_margin(rate: int, flat: int, price: int, margin: int) -> None:
    plan = Plan(
        pays=(Pay(rate_bp=rate, flat_fen=flat),), window_days=30, after_sale_days=7, price_fen=price, margin_fen=margin
    )
    if not is_blocked(check(plan)):
        assert cost_fen(plan, price) <= min(margin, price - 1)


@given(level=st.integers(-5, 50))
def test_no_plan_with_a_level_outside_the_two_passes(level: int) -> None:
    plan = read(LAWFUL | {"pays": [{"level": level, "rate_bp": 10}], "is_upper_level_on": True})
    assert is_blocked(check(plan)) == (level not in (0, 1, 2))
