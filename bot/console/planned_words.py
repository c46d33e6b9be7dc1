"""What posts and plans are called on their pages: kinds, states, reasons, and what is wrong with a draft."""

from __future__ import annotations

from bot.console import template_faults
from bot.console.language import mark
from bot.console.visit import Visit
from handlers.posts import rules
from storage import occurrences, plans, posts

# name → (words, colour)
KINDS = {
    posts.ADVERT: (mark("广告"), "amber"), posts.SERVICE: (mark("服务通知"), "blue"),
    posts.KNOWLEDGE: (mark("知识"), "green"), posts.TALK: (mark("聊天话题"), "violet"), posts.GAME: (mark("游戏"), "red"),
}
PARTS = {
    posts.TEXT: mark("文字"), posts.PICTURE: mark("图片"), posts.CARD: mark("链接卡片"), posts.MINI: mark("小程序卡片"),
    posts.POLL: mark("投票"),
}
STATES = {
    occurrences.PLANNED: (mark("待发出"), ""), occurrences.QUEUED: (mark("排队中"), "blue"),
    occurrences.SENT: (mark("发出了"), "green"), occurrences.SKIPPED: (mark("跳过"), "amber"),
    occurrences.SUPPRESSED: (mark("被规则拦下"), "red"), occurrences.ASKED: (mark("等你定"), "amber"),
    occurrences.CANCELLED: (mark("已取消"), ""), rules.SAY: (mark("会发"), "green"), rules.WAIT: (mark("推迟"), "amber"),
    plans.PAUSED: (mark("暂停中"), ""),
}
PLAN_STATES = {
    plans.ACTIVE: (mark("进行中"), "green"), plans.PAUSED: (mark("暂停中"), "amber"), plans.CANCELLED: (mark("已取消"), ""),
}
APPROVALS = {
    plans.NO_NEED: ("", ""), plans.WAITING: (mark("等管理员批准"), "amber"), plans.APPROVED: (mark("已批准"), "green"),
    plans.REFUSED: (mark("没有批准"), "red"),
}
REASONS = {
    rules.LATE: mark("迟了"), rules.QUIET: mark("安静时段"), rules.ADVERTS_A_DAY: mark("当天广告已到上限"),
    rules.ADVERTS_APART: mark("离上一条广告太近"), rules.SHARE: mark("一周里广告占比太高"), rules.TIRED: mark("广告后退群多，群累了"),
    rules.BUSY: mark("群里聊得正热"), rules.UNAPPROVED: mark("等管理员批准"), rules.PAUSED: mark("计划暂停"),
    rules.CLOSED: mark("群已关闭"), rules.LISTENS: mark("这个群只听不说"), rules.LEFT: mark("成员已退群"),
    rules.BROKEN: mark("模板写法有误"), rules.MISSING: mark("缺少要用的值"), rules.BLOCKED: mark("内容检查不通过"),
    rules.REFUSED: mark("没有批准"), occurrences.REPLANNED: mark("计划改过"), occurrences.WITH_PLAN: mark("计划取消了"),
    occurrences.BY_HAND: mark("手动取消"), occurrences.MOMENT_GONE: mark("跟着的时间取消了"), occurrences.MOMENT_PAST: mark("跟着的时间太近，来不及"),
}
FINDINGS = {
    "block": (mark("不能发"), "red"), "warn": (mark("请留意"), "amber"), "note": (mark("提示"), "blue"),
}
# What handlers.posts.drafts and bot.recurrence say, for a reader.
FAULTS = {
    "is missing": mark("请填写"), "is past": mark("这个时间已经过去"), "is too far away": mark("时间太远"),
    "a title has 1 to 120 characters": mark("标题 1 到 120 个字"), "a name has 1 to 120 characters": mark("名称 1 到 120 个字"),
    "a post has 1 to 6 parts": mark("至少写一段，最多六段"),
    "is an address that begins with https://, http:// or /": mark("地址以 https://、http:// 或 / 开头"),
    "is a date and a time, like 2026-03-29T20:00": mark("请选日期和时间"),
    "the clocks leave this time out on that day": mark("那天调钟，没有这个时刻"),
    "are dates like 2026-10-01": mark("日期写成 2026-10-01"), "is a time of day, like 10:00": mark("时间写成 10:00"),
    "the time of day is missing, like 20:00": mark("请写时间，例如 20:00"),
    "it would never happen: start, end and days off leave no time": mark("按起止日期和休息日，一次也不会发生"),
    "no day of the calendar is like that: it would never happen": mark("没有这样的日子，一次也不会发生"),
    "a cron line has five fields: minute hour day month weekday": mark("cron 有五段：分 时 日 月 周"),
    "more than 24 times a day": mark("一天最多 24 次"),
    "is all, tags or groups, perhaps with a segment": mark("请选群或标签"),
    "only a post that follows a join can go to the member alone": mark("只有跟着入群的内容才能单独发给成员"),
    "up to a year, and not before a join": mark("最多一年，也不能早于入群"),
    "a post has one poll at most": mark("一篇最多一个投票"),
    "a question has 1 to 200 characters": mark("问题 1 到 200 个字"),
    "a poll has 2 to 6 different choices, a line each": mark("选项 2 到 6 个，各不相同，一行一个"),
    "a choice has 1 to 40 characters": mark("选项最多 40 个字"),
    "variants need an active plan at times of its own, said in groups": mark("要选一个进行中、有自己时间、发到群里的计划"),
    "are 2 to 4 different posts": mark("请选 1 到 3 篇别的写法"),
    "are posts of one kind, none of them put away": mark("要同一种类、没有归档的内容"),
    "has a trial going on": mark("这个计划正在试"),
    "has ended": mark("已经结束了"),
}


def why(visit: Visit, reason: str | None) -> str:
    """A reason as an operator reads it, with its details."""
    if not reason:
        return ""
    word, _, rest = reason.partition(": ")
    words = visit.translate(REASONS[word]) if word in REASONS else word
    rest = template_faults.find(visit, rest) or rest if word == rules.BROKEN else rest
    return f"{words} ({rest})" if rest else words


def fault(visit: Visit, words: str) -> str:
    """What a draft was refused for; what has no words of its own is said as it is."""
    if words in FAULTS:
        return visit.translate(FAULTS[words])
    return template_faults.find(visit, words) or visit.translate("写法有误：%(why)s", why=words)
