"""The rules page says what the plan says, and promises nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from content.lint import check as check_words
from content.plan_page import explained
from content.reward_plan import Pay, Plan, read

PLAN = Plan(
    pays=(Pay(level=0, kind="coupon", event="first_order", flat_fen=500), Pay(rate_bp=350), Pay(level=2, rate_bp=50)),
    window_days=14, after_sale_days=8, budget_fen=1_234_500, member_cap_fen=50_050, is_upper_level_on=True,
    payout_minimum_fen=1000, starts_on="2026-12-01", ends_on="2026-12-31",
)  # fmt: skip
LAWFUL = [
    pytest.param(row["plan"], id=row["about"])
    for line in Path(__file__).with_name("plans.jsonl").read_text("utf-8").splitlines()
    if not (row := json.loads(line))["breaks"]
]


def page(plan: Plan, language: str = "zh") -> str:
    return "\n".join(sentence for answer in explained(plan, language) for sentence in (answer.question, *answer.sentences))


def test_every_figure_of_the_plan_stands_on_its_page() -> None:
    chinese, english = page(PLAN), page(PLAN, "en")
    for figure in ("3.5%", "0.5%", "5 元", "14 天", "8 天", "12345 元", "500.5 元", "10 元", "2026-12-31"):
        assert figure in chinese
    for figure in ("3.5 %", "0.5 %", "¥5", "14 days", "8 days", "¥12345", "¥500.5", "¥10", "2026-12-31"):
        assert figure in english


def test_it_says_that_the_levels_end_at_two_only_where_there_is_a_second() -> None:
    assert "没有第三级" in page(PLAN)
    assert "第三级" not in page(Plan(pays=(Pay(rate_bp=300),), window_days=30, after_sale_days=7))


def test_the_rule_of_attribution_is_said_as_it_is() -> None:
    assert "最近的一位" in page(Plan(model="last", window_days=1))
    assert "最早的一位" in page(Plan(model="first", window_days=1))
    assert "保护 90 天" in page(Plan(model="bound", protect_days=90, window_days=1))


def test_nothing_is_said_of_bounds_and_friends_that_the_plan_does_not_name() -> None:
    bare = page(Plan(pays=(Pay(rate_bp=300),), window_days=30, after_sale_days=7))
    assert "上限" not in bare
    assert "朋友能得到" not in bare


@pytest.mark.parametrize("given", LAWFUL)
def test_a_lawful_plans_page_breaks_none_of_the_rules_over_words(given: dict[str, object]) -> None:
    assert [one.rule for one in check_words(page(read(given)))] == []


def test_the_page_is_in_one_language() -> None:
    english = page(PLAN, "en")
    assert [sign for sign in english if "\u4e00" <= sign <= "\u9fff"] == []
