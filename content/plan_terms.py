"""A campaign's terms as the plan that the lint checks and the rules page is written from."""

from __future__ import annotations

from collections.abc import Mapping

from content.reward_plan import FIRST_ORDER, ORDER, TEAM_FORMED, Pay, Plan
from storage import terms as written
from storage.terms import Reward, Terms

_KINDS = {written.FEN: "commission", written.POINTS: "points", written.COUPON: "coupon"}
_EVENTS = {written.ORDER: ORDER, written.FIRST_ORDER: FIRST_ORDER, written.TEAM: TEAM_FORMED}


def plan_of(
    terms: Terms, name: str = "", *, text: str = "", starts_on: str = "", ends_on: str = "",
    price_fen: int | None = None, margin_fen: int | None = None, names: Mapping[str, str] | None = None,
    payout_minimum_fen: int = 0,
) -> Plan:
    """The plan of these terms. `names` are those of the products and drops its rewards are for; `price_fen` and `margin_fen`
    of the cheapest order it holds for, where they are known."""
    called = names or {}
    return Plan(
        name=name, text=text, goods=" ".join(called.values()), pays=tuple(_pay(one, called) for one in terms.rewards),
        model=terms.rule, window_days=terms.window_days,
        protect_days=terms.protection_days if terms.rule == written.BOUND else None, after_sale_days=terms.after_sale_days,
        price_fen=price_fen, margin_fen=margin_fen, budget_fen=terms.budget_fen, member_cap_fen=terms.member_cap_fen,
        payout_minimum_fen=payout_minimum_fen, is_upper_level_on=terms.top_level == written.UPPER,
        starts_on=starts_on, ends_on=ends_on,
    )  # fmt: skip


def _pay(reward: Reward, called: Mapping[str, str]) -> Pay:
    is_rate = reward.kind == written.PERCENT
    return Pay(
        level=reward.level, kind=_KINDS[reward.unit], event=_EVENTS[reward.occasion], rate_bp=reward.amount if is_rate else 0,
        flat_fen=0 if is_rate else reward.amount, only=called.get(reward.target, reward.target),
    )
