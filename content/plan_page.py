"""A reward plan in plain words, for the members it holds for: questions and answers, written from the plan itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from content.reward_plan import FIRST_ORDER, FRIEND, REFERRER, TEAM_FORMED, UPPER, Pay, Plan


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing a member asks, and what holds, a sentence each."""

    question: str
    sentences: tuple[str, ...]


_QUESTIONS = {
    "who": ("谁能参加？要交钱吗？", "Who can take part, and what does it cost?"),
    "what": ("能得到什么？", "What do I get?"),
    "friend": ("朋友能得到什么？", "What does my friend get?"),
    "counts": ("怎样才算我推荐的？", "When is an order mine?"),
    "when": ("什么时候到账？", "When is it paid?"),
    "refund": ("朋友退款了怎么办？", "What if my friend sends something back?"),
    "not": ("哪些不算？", "What does not count?"),
    "bounds": ("有上限吗？", "Are there bounds?"),
    "data": ("我的信息怎么用？", "What happens to my data?"),
}
_WHEN = {
    FIRST_ORDER: ("好友的第一单", "a friend's first order"), TEAM_FORMED: ("好友参加的团成团", "a friend's team being formed"),
}  # fmt: skip
_KIND = {
    "commission": ("佣金", "in commission"), "points": ("积分", "in points"), "coupon": ("优惠券", "as a coupon"),
    "goods": ("商品", "in goods"), "chance": ("抽奖", "as a draw"),
}  # fmt: skip


def explained(plan: Plan, language: str = "zh") -> list[Answer]:
    """The plan in the member's language (zh or en). Everything that is said stands in the plan; nothing else is promised."""
    place = 0 if language == "zh" else 1
    asked = {
        "who": _who(plan), "what": _pays(plan, (REFERRER, UPPER)), "friend": _pays(plan, (FRIEND,)), "counts": _counts(plan),
        "when": _when(plan), "refund": _refund(), "not": _not(), "bounds": _bounds(plan), "data": _data(),
    }  # fmt: skip
    answers = [(key, tuple(pair[place] for pair in said)) for key, said in asked.items()]
    return [Answer(_QUESTIONS[key][place], said) for key, said in answers if said]


def amount_words(pay: Pay, language: str = "zh") -> str:
    """«实付金额的 3%», «5 元», and both where both are given."""
    place = 0 if language == "zh" else 1
    parts = []
    if pay.rate_bp and pay.kind == "points":
        parts.append((f"每实付 100 元 {pay.rate_bp} 分", f"{pay.rate_bp} points for every ¥100 paid")[place])
    elif pay.rate_bp:
        parts.append((f"实付金额的 {_decimal(pay.rate_bp)}%", f"{_decimal(pay.rate_bp)} % of what was paid")[place])
    if pay.flat_fen or not parts:
        points = pay.kind == "points"
        parts.append((f"{pay.flat_fen} 分", f"{pay.flat_fen} points")[place] if points else _yuan(pay.flat_fen)[place])
    return (" 加 ", " and ")[place].join(parts)


def _who(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.entry_fee_fen or plan.must_buy_fen:
        return
    yield "本店的每一位成员都能参加，不交钱，也不用先买东西。", "Every member of the shop, free of charge and without buying first."
    if plan.starts_on and plan.ends_on:
        yield f"活动从 {plan.starts_on} 到 {plan.ends_on}。", f"It runs from {plan.starts_on} to {plan.ends_on}."
    elif plan.ends_on:
        yield f"活动到 {plan.ends_on} 为止。", f"It runs until {plan.ends_on}."


def _pays(plan: Plan, levels: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    for pay in plan.pays:
        if pay.level not in levels:
            continue
        when, when_en = _WHEN.get(pay.event, ("好友的订单", "a friend's order"))
        got, got_en = amount_words(pay), amount_words(pay, "en")
        kind, kind_en = _KIND[pay.kind]
        if pay.only:
            when, when_en = f"{when}（只限{pay.only}）", f"{when_en} (only for {pay.only})"
        if pay.level == FRIEND:
            own, own_en = when.replace("好友", "朋友"), when_en.replace("a friend's", "their")
            yield f"{own}付款后，朋友得到{got}的{kind}。", f"Once {own_en} is paid, your friend gets {got_en}, {kind_en}."
        elif pay.level == REFERRER:
            yield f"{when}签收后，你得到{got}的{kind}。", f"For {when_en}, once received, you get {got_en}, {kind_en}."
        else:
            yield (
                f"朋友也成为推荐人以后，由他带来的订单签收后，另有{got}的{kind}给你。到此为止，没有第三级。",
                f"When somebody you brought brings another, you get {got_en}, {kind_en}, for that order once received. It ends there: "
                "there is no third level.",
            )
    if REFERRER in levels:
        yield "奖励只来自真实的订单；分享、点击、进群本身不算数。", (
            "Only real orders are rewarded: sharing, clicking, joining or bringing people alone is not."
        )


def _counts(plan: Plan) -> Iterator[tuple[str, str]]:
    days = plan.window_days or 0
    lasting = f"朋友点开你的链接，或者由你邀请进群，{days} 天内下单，就可能算你推荐的。"
    yield lasting, f"Your friend opened your link or came into the group by you, and orders within {days} days."
    if plan.model == "first":
        yield "朋友有几位推荐人时，算最早的一位。", "With several referrers, the earliest counts."
    elif plan.model == "bound":
        kept = plan.protect_days or 0
        yield f"第一位推荐人保护 {kept} 天，期间别人不能替换。", f"The first referrer is kept for {kept} days; nobody takes their place."
    else:
        yield "朋友有几位推荐人时，算下单前最近的一位。", "With several referrers, the last one before the order counts."
    yield "订单按下单时的规则计算，之后改规则不影响它。", "An order keeps the rules it was placed under."


def _when(plan: Plan) -> Iterator[tuple[str, str]]:
    days = plan.after_sale_days or 0
    yield f"朋友签收后等 {days} 天售后期，没有退款就可以结算。", f"{days} days after your friend has the goods, if nothing was sent back."
    if plan.payout_minimum_fen:
        least, least_en = _yuan(plan.payout_minimum_fen)
        yield f"余额到 {least}起结算。", f"Payouts start at {least_en}."


def _refund() -> Iterator[tuple[str, str]]:
    yield "退多少，就按比例收回多少；全退就全部收回。", "The part that was refunded is taken back; all of it for a full refund."
    yield "已经结算的，从以后的奖励里扣，不会向你收钱。", "What was paid out already comes off later rewards; you are not asked for money."


def _not() -> Iterator[tuple[str, str]]:
    yield "自己给自己下单：同一个人、同一付款人、同一手机号或同一户地址。", (
        "Orders for oneself: the same person, payer, phone number or home."
    )
    yield "用同一台设备开的几个号，或为了奖励下单再退款。", "Several accounts on one device, or orders made to be refunded."
    yield "进群 72 小时内退群的，重复进群的。", "Somebody who leaves the group within 72 hours, or comes back into it."
    yield "有疑问的奖励会先暂扣，由管理员看过证据再决定，你可以申诉。", (
        "Doubtful rewards are held; an admin looks at the evidence and decides, and you may object."
    )


def _bounds(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.member_cap_fen:
        cap, cap_en = _yuan(plan.member_cap_fen)
        yield f"每人最多 {cap}。", f"{cap_en} a member at most."
    if plan.budget_fen:
        whole, whole_en = _yuan(plan.budget_fen)
        yield f"总预算 {whole}，用完为止。", f"The whole budget is {whole_en}; it ends when that is spent."


def _data() -> Iterator[tuple[str, str]]:
    yield "我们记下谁的链接被点开、谁进群、谁下单，只为算清奖励；别人只看得到遮住的名字。", (
        "We keep whose link was opened, who joined and who ordered, only to settle rewards; others see masked names only."
    )
    yield "你随时可以在「我的推广」里退出，或删除个人信息；账目按法律保留，不再带你的名字。", (
        "You can stop or have your data erased on «My referrals» at any time; the books stay, as the law asks, without your name."
    )


def _decimal(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def _yuan(fen: int) -> tuple[str, str]:
    return f"{_decimal(fen)} 元", f"¥{_decimal(fen)}"
