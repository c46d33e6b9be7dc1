"""The guard over reward plans: which rule a plan breaks, why, what to do instead, and where the rule comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from content.findings import BLOCK, NOTE, WARN, WORST_FIRST, Finding
from content.lint import check as check_words
from content.lint.rules import Words
from content.plan_words import SAID
from content.reward_plan import FRIEND, REFERRER, UPPER, Pay, Plan

LAST_LEVEL, FULL_BP, LONGEST_WINDOW_DAYS, RETURN_DAYS = UPPER, 10_000, 365, 7
HIGH_MINIMUM_FEN = 10_000  # nobody should have to earn more than 100 yuan before they see any of it
HEADS, SHARES = ("join", "register", "recruit"), ("share", "click", "like", "help")
# Sharing is rewarded through a real order, and nothing is asked of the sharing itself (how many groups, proof, likes).
_ORDER_WORDS = re.compile(r"下单|付款|收货|签收|成交|购买|消费|order|purchase|buys|receiv")
_TASK_WORDS = re.compile(r"朋友圈|截[图屏]|集\s*\d*个?赞|点赞|助力|砍|转发|进群|入群|关注|注册|\d\s*个?群|群发|post it|screenshot|forward")
_ABOUT_SHARING = frozenset({"share_reward", "invite_reward"})
_WORD_RULES = frozenset({
    "share_reward", "invite_reward", "share_pressure", "multi_level", "group_growth", "promised_gain", "gambling",
})


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule: its id, how bad it is, and where a plan breaks it (the field, or several)."""

    id: str
    level: str
    broken_at: Callable[[Plan], Iterator[str]]

    @property
    def words(self) -> Words:
        return SAID[self.id]


def check(plan: Plan) -> list[Finding]:
    """What speaks against this plan, the worst first; nothing that blocks means that it may be switched on."""
    found = [
        Finding(
            rule.level, rule.id, place, said.why, said.rewrite, why_en=said.why_en, rewrite_en=said.rewrite_en,
            origin=said.origin,
        )
        for rule in RULES for place in list(rule.broken_at(plan))[:1] for said in (rule.words,)
    ]  # fmt: skip
    found += _wording(plan)
    return sorted(found, key=lambda one: WORST_FIRST.index(one.level))


def _wording(plan: Plan) -> Iterator[Finding]:
    said = SAID["wording"]
    for text in (plan.name, plan.text):
        for one in check_words(text):
            if one.rule in _ABOUT_SHARING and _is_of_orders(text, one.start):
                continue
            level = BLOCK if one.rule in _WORD_RULES else one.level
            yield Finding(
                level, "wording" if level == BLOCK else "wording_doubt", one.place, one.why or said.why,
                one.rewrite or said.rewrite, one.start, one.end, one.why_en or said.why_en,
                one.rewrite_en or said.rewrite_en, one.origin or said.origin,
            )


def _is_of_orders(text: str, place: int) -> bool:
    start = max(text.rfind(sign, 0, place) for sign in "。！!？?；;\n") + 1
    sentence = re.split(r"[。！!？?；;\n]", text[start:], maxsplit=1)[0]
    return bool(_ORDER_WORDS.search(sentence)) and not _TASK_WORDS.search(sentence)


def _when(is_broken: bool, place: str) -> Iterator[str]:
    if is_broken:
        yield place


def _pays(plan: Plan, is_broken: Callable[[Pay], bool], name: str) -> Iterator[str]:
    return (f"pays[{place}].{name}" for place, pay in enumerate(plan.pays) if is_broken(pay))


def worth_fen(pay: Pay, price_fen: int) -> int:
    """What a pay costs the shop for an order of this price, the fraction of a fen rounded up."""
    return pay.flat_fen + -(-price_fen * pay.rate_bp // FULL_BP)


def cost_fen(plan: Plan, price_fen: int) -> int:
    """What an order of this price costs in rewards, were every level paid everything it could be."""
    return sum(worth_fen(pay, price_fen) for pay in plan.pays)


def _level_two_upside_down(plan: Plan) -> bool:
    price = plan.price_fen or 10_000
    worth = {level: sum(worth_fen(pay, price) for pay in plan.pays if pay.level == level) for level in (REFERRER, UPPER)}
    return worth[UPPER] > worth[REFERRER]


def _over_margin(plan: Plan) -> bool:
    if plan.margin_fen is None:
        return False
    return cost_fen(plan, plan.price_fen or 0) > plan.margin_fen


def _over_price(plan: Plan) -> bool:
    if plan.price_fen is None:
        return sum(pay.rate_bp for pay in plan.pays) >= FULL_BP
    return bool(plan.pays) and cost_fen(plan, plan.price_fen) >= plan.price_fen


def _one_order_over(plan: Plan, bound_fen: int | None) -> bool:
    return bound_fen is not None and bound_fen > 0 and cost_fen(plan, plan.price_fen or 0) > bound_fen


RULES: tuple[_Rule, ...] = (
    _Rule("levels", BLOCK, lambda plan: _pays(plan, lambda pay: pay.level > LAST_LEVEL, "level")),
    _Rule("unknown_level", BLOCK, lambda plan: _pays(plan, lambda pay: pay.level < FRIEND, "level")),
    _Rule("level_two_off", BLOCK, lambda plan: _pays(
        plan, lambda pay: pay.level == UPPER and not plan.is_upper_level_on, "level")),
    _Rule("entry_fee", BLOCK, lambda plan: _when(plan.entry_fee_fen > 0, "entry_fee_fen")),
    _Rule("must_buy", BLOCK, lambda plan: _when(plan.must_buy_fen > 0, "must_buy_fen")),
    _Rule("head_count", BLOCK, lambda plan: _pays(
        plan, lambda pay: pay.event in HEADS or pay.needs in HEADS or pay.steps_by == "heads", "event")),
    _Rule("team_pay", BLOCK, lambda plan: _pays(
        plan, lambda pay: "team_sales" in (pay.event, pay.steps_by, pay.needs), "event")),
    _Rule("share_pay", BLOCK, lambda plan: _pays(plan, lambda pay: pay.event in SHARES or pay.needs in SHARES, "event")),
    _Rule("chance", BLOCK, lambda plan: _pays(plan, lambda pay: pay.kind == "chance", "kind")),
    _Rule("amount", BLOCK, lambda plan: _pays(
        plan, lambda pay: pay.rate_bp < 0 or pay.flat_fen < 0 or pay.rate_bp > FULL_BP or not (pay.rate_bp or pay.flat_fen),
        "rate_bp")),
    _Rule("no_pays", BLOCK, lambda plan: _when(not plan.pays, "pays")),
    _Rule("over_price", BLOCK, lambda plan: _when(_over_price(plan), "pays")),
    _Rule("over_margin", BLOCK, lambda plan: _when(_over_margin(plan), "margin_fen")),
    _Rule("no_window", BLOCK, lambda plan: _when(plan.window_days is None or plan.window_days <= 0, "window_days")),
    _Rule("long_window", BLOCK, lambda plan: _when((plan.window_days or 0) > LONGEST_WINDOW_DAYS, "window_days")),
    _Rule("endless_bond", BLOCK, lambda plan: _when(
        plan.model == "bound" and not (plan.protect_days is not None and 0 <= plan.protect_days <= LONGEST_WINDOW_DAYS), "protect_days")),
    _Rule("too_early", BLOCK, lambda plan: _when(plan.paid_when != "received" and _is_money(plan), "paid_when")),
    _Rule("no_hold", BLOCK, lambda plan: _when(plan.after_sale_days is None, "after_sale_days")),
    _Rule("short_hold", WARN, lambda plan: _when(
        plan.after_sale_days is not None and plan.after_sale_days < RETURN_DAYS, "after_sale_days")),
    _Rule("own_order", BLOCK, lambda plan: _when(plan.is_own_order_paid, "is_own_order_paid")),
    _Rule("past_orders", BLOCK, lambda plan: _when(plan.changes_past_orders, "changes_past_orders")),
    _Rule("keeps_refunded", BLOCK, lambda plan: _when(plan.keeps_refunded, "keeps_refunded")),
    _Rule("dates", BLOCK, lambda plan: _when(bool(plan.starts_on and plan.ends_on and plan.ends_on < plan.starts_on), "ends_on")),
    _Rule("goods", BLOCK, lambda plan: _when(_forbidden(plan.goods), "goods")),
    _Rule("over_budget", BLOCK, lambda plan: _when(_one_order_over(plan, plan.budget_fen), "budget_fen")),
    _Rule("upside_down", WARN, lambda plan: _when(_level_two_upside_down(plan), "pays")),
    _Rule("margin_unknown", WARN, lambda plan: _when(plan.margin_fen is None, "margin_fen")),
    _Rule("no_budget", WARN, lambda plan: _when(not plan.budget_fen, "budget_fen")),
    _Rule("high_minimum", WARN, lambda plan: _when(plan.payout_minimum_fen > HIGH_MINIMUM_FEN, "payout_minimum_fen")),
    _Rule("no_cap", NOTE, lambda plan: _when(not plan.member_cap_fen, "member_cap_fen")),
)  # fmt: skip


def _is_money(plan: Plan) -> bool:
    """Coupons and points for the friend may come when the order is paid: they are worth nothing without another one."""
    return any(pay.kind in ("commission", "goods") for pay in plan.pays)


def _forbidden(goods: str) -> bool:
    return any(word in goods for word in ("香烟", "卷烟", "电子烟", "处方药", "彩票", "婴儿配方", "1段奶粉", "一段奶粉", "烟草"))
