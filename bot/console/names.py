"""What rows of the log are called on the page: features, outcomes, kinds, states, and why something was decided."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.console.language import mark

# name → (words, colour of the badge)
FEATURES = {
    "faq": (mark("问答"), "blue"),
    "service": (mark("人工"), "amber"),
    "welcome": (mark("欢迎"), "green"),
    "menu": (mark("菜单"), "violet"),
    "community": (mark("群务"), ""),
    "clocks": (mark("时限"), "amber"),
    "complaints": (mark("投诉"), "red"),
    "ratings": (mark("评价"), "green"),
}
OUTCOMES = {
    "answered": (mark("已回答"), "green"),
    "unanswered": (mark("未答"), "amber"),
    "pointed": (mark("指给上面"), "green"),
    "asked_back": (mark("反问"), "blue"),
    "asked_model": (mark("问模型"), "violet"),
    "handover": (mark("已转人工"), "blue"),
    "done": (mark("已办"), "green"),
    "silent": (mark("不出声"), ""),
    "none": (mark("闲聊"), ""),
    "warned": (mark("已提醒"), "amber"),
    "late": (mark("超时了"), "red"),
    "known": (mark("早知道了"), ""),
    "deaf": (mark("听不到"), "amber"),
    "refused": (mark("已拒绝"), "amber"),
    "failed": (mark("出错"), "red"),
}
KINDS = {
    "MessageReceived": mark("消息"),
    "MemberJoined": mark("入群"),
    "MemberLeft": mark("退群"),
    "GroupFound": mark("发现群"),
    "GroupClosed": mark("群解散"),
    "MembersListed": mark("核对成员"),
    "HearingLost": mark("断线，听不到了"),
    "HearingBack": mark("又听到了"),
    "TopicChanged": mark("改群名"),
    "GreetingDue": mark("该欢迎了"),
    "QuestionUnanswered": mark("没答上的提问"),
    "OperatorSpoke": mark("运营发言"),
    "ModelAnswered": mark("模型的回答"),
    "QuestionOpened": mark("问题待答"),
    "HandoverOpened": mark("转给人工"),
    "MemberSpokeAgain": mark("成员追问"),
    "DeadlineReached": mark("到了时限"),
    "JudgingDue": mark("评判回答"),
    "DropOpeningDue": mark("该开团了"),
    "DropClosingDue": mark("该截止了"),
    "DropReminderDue": mark("该提醒了"),
    "DropProgressDue": mark("该报进度了"),
    "HoldsDue": mark("名额到时"),
    "TeamExpiryDue": mark("拼团到时"),
    "ReconcileDue": mark("该对账了"),
    "DropCancelAsked": mark("取消团购"),
    "DropJoinAsked": mark("参团"),
    "HelpAsked": mark("帮砍价"),
    "OrderCancelAsked": mark("取消订单"),
    "PaymentReceived": mark("收到款"),
    "PaymentReminderAsked": mark("催付款"),
    "ShopProductTold": mark("外店商品"),
    "ShopOrderTold": mark("外店订单"),
    "ShopRefundTold": mark("外店退款"),
    "RefundAsked": mark("要退款"),
    "RefundAnswered": mark("退款有回音"),
    "RefundHandedOver": mark("款已退还"),
    "RefundRetryAsked": mark("再退一次"),
    "OrderMarkAsked": mark("标记订单"),
    "DropOpened": mark("开团了"),
    "DropClosed": mark("团购截止"),
    "DropCancelled": mark("团购取消"),
    "GoalReached": mark("人数达标"),
    "SeatTaken": mark("占了名额"),
    "TeamFormed": mark("成团"),
    "TeamExpired": mark("没有成团"),
    "OrderPlaced": mark("下单"),
    "OrderChanged": mark("订单改动"),
    "OrderPaid": mark("订单付清"),
    "LateMoneyArrived": mark("晚到的款"),
    "OrderConfirmed": mark("订单确认"),
    "OrderCancelled": mark("订单取消"),
    "RefundDue": mark("该退款"),
    "OrderRefunded": mark("已退款"),
    "OrderShipped": mark("已发货"),
    "OrderArrived": mark("已到货"),
    "OrderReceived": mark("已收货"),
    "ClicksCame": mark("推广点击"),
    "VisitorKnown": mark("访客成了成员"),
    "IdentityLearnt": mark("认出同一人"),
    "LinkAsked": mark("要推广链接"),
}
STATES = {
    "done": (mark("已处理"), ""),
    "waiting": (mark("等待重试"), "amber"),
    "resting": (mark("已搁置"), "red"),
}
SAYING_STATES = {
    "queued": (mark("待发"), "amber"),
    "leased": (mark("发送中"), "amber"),
    "sent": (mark("已发"), "green"),
    "failed": (mark("发送失败"), "red"),
    "unknown": (mark("不知是否发出"), "red"),
    "held": (mark("等你确认"), "amber"),
    "suppressed": (mark("没有发"), ""),
}
REASONS = {
    "switched off in this group": mark("这个群设为只听不说"),
    "speaks only when mentioned": mark("这个群设为被 @ 才说"),
    "an operator is talking": mark("运营正在说话，不插嘴"),
    "nothing known": mark("没有相关的知识"),
    "asked for a person": mark("成员要找人工"),
    "already waiting": mark("已经在等人工"),
    "answered meanwhile": mark("等的时候已经有人回答"),
    "no answer we stand by": mark("没有有把握的答案"),
    "stopped while sending": mark("发送途中程序停了"),
    "too late for an answer": mark("太晚了，再答反而奇怪"),
    "complaint": mark("投诉"),
    "already in the group": mark("已经在群里"),
    "nobody to greet": mark("没有要欢迎的人"),
    "too old": mark("说了太久才听到，不再答"),
    "said by staff": mark("自己人说的"),
    "wants no reply": mark("不用再回"),
    "group is closed": mark("群已关闭"),
    "account is paused": mark("账号暂停了"),
    "group is paused": mark("这个群暂停了"),
    "group is not under management": mark("这个群还没由我们管，只听不说"),
    "too late for a notice": mark("太晚了，不再说"),
    "too late for a post": mark("太晚了，不再发"),
}
PREFIXES = {
    "unsure: ": mark("没有把握，最接近的是"),
    "just answered: ": mark("刚刚答过同样的"),
    "by model: ": mark("模型挑选，依据"),
    "not by model: ": mark("模型没有可用的回答："),
    "since ": mark("听不到是从"),
    "said by ": mark("说的人："),
    "too late for a notice; ": mark("太晚了，不再说："),
    "too late for a post; ": mark("太晚了，不再发："),
    "budget: account ": mark("账号的发送额度用完了："),
    "budget: group ": mark("这个群的发送额度用完了："),
}
SPAN = re.compile(r"\b(\d+) in (\d+) s$")  # of a budget: so many in so many seconds
PAGES = {"faq": "/console/faq", "product": "/console/products"}


@dataclass(frozen=True, slots=True)
class Why:
    """A reason to read: words still to be translated, what stands as it is, and the page about it."""

    words: str
    rest: str = ""
    url: str = ""


def why(reason: str | None) -> Why | None:
    """What a row's `reason` means; a passage id becomes a link to its FAQ entry or product."""
    if not reason:
        return None
    if reason in REASONS:
        return Why(REASONS[reason])
    for prefix, words in PREFIXES.items():
        if reason.startswith(prefix):
            rest = reason.removeprefix(prefix)
            return Why(words, SPAN.sub(_span, rest), page_of(rest))
    url = page_of(reason)
    return Why(mark("依据"), reason, url) if url else Why("", reason)


def _span(found: re.Match[str]) -> str:
    """20 in 3600 s → 20 / 1 h, as short in every language."""
    count, seconds = found[1], int(found[2])
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{count} / {seconds // size} {unit}"
    return f"{count} / {seconds} s"


def page_of(passage_id: str) -> str:
    """The console page of a passage ("faq:faq_x", "product:prd_x price"); empty for anything else."""
    kind, _, row_id = passage_id.partition(" ")[0].partition(":")
    is_plain = (
        bool(row_id) and all(sign.isalnum() or sign in "_-." for sign in row_id) and row_id not in (".", "..")
    )
    return f"{PAGES[kind]}/{row_id}" if kind in PAGES and is_plain else ""
