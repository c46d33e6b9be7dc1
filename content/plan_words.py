"""What the guard over reward plans says of each rule, in both languages, and where the rule comes from."""

from __future__ import annotations

from content.lint.rules import Words

_PYRAMID = "禁止传销条例 第七条"
_HOUSE = "本店规则"
_WECHAT = "微信外部链接内容管理规范（诱导分享）"
_FAIR = "反不正当竞争法 第十一条"
_TERMS = "电子商务法 第三十二条、第三十四条"

SAID: dict[str, Words] = {
    "levels": Words(
        "奖励超过两级：层级计酬是传销的特征", "pays more than two levels: pay by levels is how a pyramid works",
        "删去第三级及以上的奖励", "leave out every level beyond the second", f"{_PYRAMID}第（三）项",
    ),
    "unknown_level": Words(
        "级别只能是 0（好友）、1（推荐人）、2（推荐人的推荐人）", "a level is 0 (friend), 1 (referrer) or 2 (theirs)",
        "改成 0、1 或 2", "make it 0, 1 or 2", _HOUSE,
    ),
    "level_two_off": Words(
        "有第二级奖励，但本店没有打开第二级", "pays a second level that the shop has not switched on",
        "删去第二级，或由管理员打开第二级", "leave the second level out, or have an admin switch it on", _HOUSE,
    ),
    "entry_fee": Words(
        "交钱才能参加推荐：入门费是传销的特征", "asks for money to take part: an entry fee is how a pyramid works",
        "任何成员都免费参加", "let every member take part for nothing", f"{_PYRAMID}第（二）项",
    ),
    "must_buy": Words(
        "要先买满才能参加推荐，是变相的入门费", "asks for a purchase before taking part: an entry fee by another name",
        "不买东西也能推荐", "let people refer without buying", f"{_PYRAMID}第（二）项",
    ),
    "head_count": Words(
        "按拉来的人数给钱，没有真实订单", "pays for heads, not for real orders",
        "改成好友的订单签收后才奖励", "reward the friend's order once it is received", f"{_PYRAMID}第（一）项",
    ),
    "team_pay": Words(
        "按下线团队的业绩计酬", "pays by the sales of the people recruited",
        "只按自己直接带来的订单奖励", "pay only for orders one brought oneself", f"{_PYRAMID}第（三）项",
    ),
    "share_pay": Words(
        "奖励分享、点击、点赞或助力本身，是诱导分享", "rewards the act of sharing, clicking, liking or helping",
        "改成对真实订单的奖励", "reward real orders", _WECHAT,
    ),
    "chance": Words(
        "奖励靠抽奖：奖品、概率、金额都有法定限制，本店不用", "the reward is a draw: the law bounds prizes, the house has none",
        "改成人人相同的佣金、积分或券", "give commission, points or a coupon, the same for everybody", _FAIR,
    ),
    "amount": Words(
        "奖励数额不对：不能是零、负数或超过 100%", "an amount that cannot be: nothing, below nothing or over 100 %",
        "填一个正数，比例不超过 100%", "give a positive amount, at most 100 %", _HOUSE,
    ),
    "no_pays": Words(
        "没有任何奖励", "pays nobody anything", "至少写一条奖励", "name at least one reward", _HOUSE,
    ),
    "over_price": Words(
        "好友和推荐人的奖励加起来不低于售价", "what friend and referrer get comes to the price or more",
        "降低奖励，或设最低订单金额", "lower the rewards or set a smallest order", "价格法 第十四条；本店规则",
    ),
    "over_margin": Words(
        "奖励超过毛利，每单都亏", "the rewards are more than the margin: every order loses money",
        "把奖励合计降到毛利以内", "keep all rewards together within the margin", _HOUSE,
    ),
    "no_window": Words(
        "没有写触点有效多少天", "does not say for how many days a touch counts",
        "写明有效期，例如 30 天", "name a window, e.g. 30 days", _TERMS,
    ),
    "long_window": Words(
        "有效期超过一年，成员不会记得也查不清", "a window of over a year: nobody remembers and nothing can be checked",
        "有效期不超过 365 天", "at most 365 days", "个人信息保护法 第十九条",
    ),
    "endless_bond": Words(
        "绑定关系没有期限或超过一年：变成永久上下线", "binds people without end, or for over a year: lasting up- and downlines",
        "写明保护期，不超过 365 天", "name how long the bond is kept, at most 365 days", f"{_PYRAMID}；{_HOUSE}",
    ),
    "too_early": Words(
        "没签收就发佣金：退货后钱追不回来", "pays commission before the goods are received: a return cannot be taken back",
        "签收并过了售后期再发", "pay after receipt and the after-sale days", _HOUSE,
    ),
    "no_hold": Words(
        "没有写售后期要等多少天", "does not say how many after-sale days to wait",
        "写明天数，建议不少于 7 天", "name them, 7 days or more", "消费者权益保护法 第二十五条；本店规则",
    ),
    "short_hold": Words(
        "售后期少于 7 天，短于七日无理由退货", "fewer than 7 after-sale days: shorter than the right to return",
        "改成 7 天或以上（生鲜等不适用退货的可保留）", "make it 7 or more (fresh food may stay below)", "消费者权益保护法 第二十五条",
    ),
    "own_order": Words(
        "自己给自己推荐也有奖励", "pays for one's own orders",
        "自己的订单不算推荐", "leave one's own orders out", _HOUSE,
    ),
    "past_orders": Words(
        "新规则改动已经下的订单", "changes what holds for orders already placed",
        "订单按下单时的规则计算", "let orders keep the rule they were placed under", _TERMS,
    ),
    "keeps_refunded": Words(
        "退款后佣金不退：没有真实订单也有钱", "keeps the commission of a refunded order: money without a real order",
        "退多少，按比例收回多少佣金", "take back the part of what was refunded", f"{_PYRAMID}；{_HOUSE}",
    ),
    "dates": Words(
        "结束早于开始", "ends before it starts", "改正日期", "put the dates right", _HOUSE,
    ),
    "goods": Words(
        "烟草、处方药、彩票、婴儿配方奶粉不能做推荐奖励", "tobacco, prescription drugs, lotteries and infant formula cannot be pushed",
        "把这些商品排除在计划之外", "leave these goods out of the plan", "广告法 第十五条、第二十条、第二十二条",
    ),
    "over_budget": Words(
        "一单的奖励就超过整个预算", "one order's rewards are more than the whole budget",
        "提高预算或降低奖励", "raise the budget or lower the rewards", _HOUSE,
    ),
    "upside_down": Words(
        "第二级比第一级拿得多：卖货的人反而少", "level two gets more than level one, who brought the order",
        "第二级低于第一级", "make level two the smaller", f"{_PYRAMID}；{_HOUSE}",
    ),
    "margin_unknown": Words(
        "不知道毛利，没法检查会不会亏", "the margin is unknown: whether it loses money cannot be checked",
        "在商品资料里填成本", "give the goods' cost", _HOUSE,
    ),
    "no_budget": Words(
        "没有总预算", "has no budget", "填一个总预算", "set a budget", _HOUSE,
    ),
    "high_minimum": Words(
        "攒够很多才能提：很多人永远拿不到", "pays out only above a high sum: many will never see it",
        "最低结算额不超过 100 元", "make the smallest payout 100 yuan or less", "民法典 第四百九十六条、第四百九十七条",
    ),
    "no_cap": Words(
        "没有每人上限", "has no cap for one member", "考虑设一个每人上限", "consider a cap for each member", _HOUSE,
    ),
    "wording": Words(
        "计划里的话违反用语规则", "the plan's words break the rules over words", "换一个说法", "say it differently", _HOUSE,
    ),
}  # fmt: skip
