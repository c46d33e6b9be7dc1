"""What a channel's page says in plain words: its name, how it stands, what it can and cannot do, its budgets."""

from __future__ import annotations

from bot.budgets import ACCOUNT
from bot.channels.base import Capabilities, Hears, Link, Says
from bot.console.language import mark

NAMES = {
    "web": mark("网页群"), "terminal": mark("终端"), "wecom": mark("企业微信"), "wechaty": mark("微信（Wechaty 网关）"),
    "matrix": mark("Matrix"),
}
# state → (words, colour of the badge)
LINKS = {
    Link.STOPPED: (mark("没有启动"), ""),
    Link.CONNECTING: (mark("正在连接"), "blue"),
    Link.SCAN: (mark("等人扫码登录"), "amber"),
    Link.CONNECTED: (mark("已连接"), "green"),
    Link.DEAF: (mark("断线了，正在重连"), "amber"),
    Link.REFUSED: (mark("要人处理"), "red"),
}
HEARS = {
    Hears.GROUP_TEXT: mark("听见群里的话"),
    Hears.PRIVATE_TEXT: mark("听见私聊"),
    Hears.JOIN: mark("知道谁进群"),
    Hears.JOIN_INVITER: mark("知道谁邀请来的"),
    Hears.LEAVE: mark("知道谁退群"),
    Hears.TOPIC: mark("知道群名改了"),
    Hears.PICTURE: mark("看到图片"),
    Hears.ROSTER: mark("读到接龙"),
}
SAYS = {
    Says.TEXT: mark("说文字"),
    Says.MENTION: mark("@ 成员"),
    Says.PICTURE: mark("发图片"),
    Says.CARD: mark("发链接卡片"),
    Says.MINI_PROGRAM: mark("发小程序卡片"),
    Says.FILE: mark("发文件"),
}
HOUR, DAY, MONTH = 3_600, 86_400, 30 * 86_400
SPANS = {60: mark("每分钟"), HOUR: mark("每小时"), DAY: mark("每天"), 7 * DAY: mark("每 7 天"), MONTH: mark("每 30 天")}
WHOSE = {ACCOUNT: mark("整个账号"), "group": mark("每个群")}


def abilities(able: Capabilities) -> list[tuple[str, bool]]:
    """Everything a channel could do, and whether this one can."""
    can = [(words, one in able.hears) for one, words in HEARS.items()]
    return can + [(words, one in able.says) for one, words in SAYS.items()]
