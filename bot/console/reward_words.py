"""How campaigns, rewards, commissions and attributions are told in words."""

from __future__ import annotations

from bot.console.language import mark
from bot.console.product_forms import yuan_of
from bot.console.visit import Visit
from handlers.rewards import rules
from storage import attributions, campaigns, commissions, ledger, payouts, terms, touches
from storage.terms import FEN, FLAT, POINTS, SHOP, Reward

CAMPAIGN_STATES = {
    campaigns.DRAFT: (mark("草稿"), ""), campaigns.RUNNING: (mark("进行中"), "green"), campaigns.ENDED: (mark("已结束"), ""),
}
STATES = {
    commissions.PENDING: (mark("待结算"), "amber"), commissions.PAYABLE: (mark("可结算"), "green"), commissions.PAID: (mark("已付"), "blue"),
    commissions.HELD: (mark("暂扣"), "violet"), commissions.REVERSED: (mark("已冲回"), ""), commissions.REJECTED: (mark("不给"), "red"),
}
PAYOUT_STATES = {
    payouts.PROPOSED: (mark("等审批"), "amber"), payouts.APPROVED: (mark("可付款"), "blue"), payouts.PAID: (mark("已付"), "green"),
    payouts.CANCELLED: (mark("已取消"), ""),
}
DISPUTE_STATES = {
    attributions.OPEN: (mark("待处理"), "amber"), attributions.CORRECTED: (mark("已更正"), "green"),
    attributions.DISMISSED: (mark("维持原判"), ""),
}
RULES = {terms.LAST: mark("最后一次触点"), terms.FIRST: mark("第一次触点"), terms.BOUND: mark("绑定，保护期内不换人")}
LEVELS = {terms.FRIEND: mark("下单的好友"), terms.REFERRER: mark("推荐人"), terms.UPPER: mark("推荐人的推荐人")}
UNITS = {terms.FEN: mark("佣金"), terms.POINTS: mark("积分"), terms.COUPON: mark("优惠券")}
KINDS = {terms.PERCENT: mark("按比例（%）"), terms.FLAT: mark("固定数额")}
OCCASIONS = {terms.ORDER: mark("每个订单"), terms.FIRST_ORDER: mark("好友首单"), terms.TEAM: mark("成团的订单")}
SCOPES = {terms.SHOP: mark("全店商品"), terms.DROP: mark("某个团购"), terms.PRODUCT: mark("某个商品")}
TOUCHES = {touches.CLICK: mark("点了链接"), touches.JOIN: mark("进了群"), touches.PAGE: mark("从链接来，在页面上参加")}
VERDICTS = {
    rules.WON: (mark("算数：订单归这一次"), "green"), rules.OWN: (mark("不算：自己推荐自己"), "red"),
    rules.VOID: (mark("不算：72 小时内退群"), ""), rules.EXPIRED: (mark("不算：过了有效期"), ""),
    rules.ELSEWHERE: (mark("不算：别的活动的链接"), ""), rules.EARLIER: (mark("不算：之后还有一次"), ""),
    rules.LATER: (mark("不算：之前已有一次"), ""), rules.PROTECTED: (mark("不算：绑定还在保护期内"), ""),
    rules.REBOUND: (mark("不算：后来换了人"), ""), rules.RENEWED: (mark("同一个人，绑定顺延"), ""),
}
WHYS = {
    terms.LAST: mark("下单前最后一次有效触点是 %(who)s 带来的，在 %(days)s 天有效期内。"),
    terms.FIRST: mark("有效期 %(days)s 天内第一次有效触点是 %(who)s 带来的。"),
    terms.BOUND: mark("好友已绑定 %(who)s，绑定在 %(days)s 天有效期内，没有被换走。"),
    rules.NO_TOUCH: mark("下单前没有任何触点：没点过链接，也不是谁拉进群的。"),
    rules.OWN: mark("最后的触点是买家自己的链接，自己推荐自己不算。"),
    rules.VOID: mark("最后的触点是一次入群，72 小时内又退了，不算。"),
    rules.EXPIRED: mark("最后一次触点到下单时已经超过 %(days)s 天有效期。"),
    rules.ELSEWHERE: mark("最后的触点来自别的活动的链接，这个活动不算。"),
}
MOVES = {
    "earn": mark("订单产生"), "follow": mark("退款冲回"), "due": mark("过了售后期"), "hold": mark("暂扣"), "unhold": mark("放回"),
    "reject": mark("核实后不给"), "correct": mark("归因更正"), "propose": mark("列入结算"), "cancel": mark("结算取消"), "paid": mark("已付款"),
    "spend": mark("下单抵用"), "unspend": mark("订单取消，退回"),
}
ACCOUNTS = {ledger.PENDING: mark("待结算"), ledger.PAYABLE: mark("可结算"), ledger.HELD: mark("暂扣"), ledger.PAYING: mark("付款中")}


def reward_words(visit: Visit, reward: Reward, targets: dict[str, str]) -> str:
    """One reward as a sentence: «推荐人：每个订单 5% 佣金（全店商品）»."""
    if reward.kind == FLAT:
        much = f"{reward.amount}" if reward.unit == POINTS else visit.translate("%(yuan)s 元", yuan=yuan_of(reward.amount))
    else:
        much = f"{yuan_of(reward.amount)}%"
    scope = visit.translate(SCOPES[reward.scope]) if reward.scope == SHOP else targets.get(reward.target, reward.target)
    return visit.translate(
        "%(who)s：%(occasion)s %(much)s %(unit)s（%(scope)s）", who=visit.translate(LEVELS[reward.level]), much=much, scope=scope,
        occasion=visit.translate(OCCASIONS[reward.occasion]), unit=visit.translate(UNITS[reward.unit]),
    )


def amount_words(visit: Visit, amount: int, unit: str) -> str:
    """An amount of a unit: fen and coupon fen as yuan, points as they are."""
    if unit == POINTS:
        return visit.translate("%(points)s 分", points=amount)
    sign = "-" if amount < 0 else ""
    return f"{sign}¥{abs(amount) // 100}.{abs(amount) % 100:02d}"


def why(visit: Visit, reason: str, who: str, window_days: int) -> str:
    """Why an order is credited as it is, in plain words."""
    if reason in WHYS:
        return visit.translate(WHYS[reason], who=who, days=window_days)
    return visit.translate(WHYS[rules.NO_TOUCH], who=who, days=window_days)


def unit_of(written: str) -> str:
    return written if written in UNITS else FEN
