"""What a channel's page says in plain words: its name, how it stands, what it can and cannot do, its budgets."""

from __future__ import annotations

from bot.budgets import ACCOUNT
from bot.channels.base import Capabilities, Hears, Link, Says
from bot.console.language import mark
from bot.console.names import Why

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

# How a channel's own words about its state begin → ours; what follows stands as it is.
DETAILS = {
    "connecting to the gateway": mark("正在连网关"),
    "the gateway is there; waiting for the account to log in": mark("网关在，等账号登录"),
    "the gateway does not accept our token": mark("网关不认这个 token"),
    "the gateway is gone": mark("网关连不上"),
    "the gateway ended the stream": mark("网关断开了"),
    "the gateway still holds an earlier stream": mark("网关还占着上一个连接，稍后再连"),
    "another client": mark("别的程序占用了这个网关，同一个网关只能接一个"),
    "the account was logged out": mark("账号被退出登录，要重新登录"),
    "the account must be logged in again": mark("账号要重新登录"),
    "scan the code with the WeChat account": mark("用要登录的微信扫码"),
    "the code was scanned; confirm on the phone": mark("已扫码，请在手机上确认"),
    "the gateway reports: ": mark("网关报告："),
    "we were stopped": mark("团长停过"),
    "the homeserver cannot be reached": mark("Matrix 服务器连不上"),
    "the homeserver does not answer": mark("Matrix 服务器没有回应"),
    "the homeserver answered ": mark("Matrix 服务器出错："),
    "nothing is missing": mark("没有漏掉什么，服务器都留着"),
    "some of what was said is missing in: ": mark("漏听了一部分："),
    "what was said meanwhile is missing": mark("那段时间的话没有听到"),
    "nothing could be heard from ": mark("这段时间听不到："),
}


def plain(detail: str) -> Why:
    """A channel's words about its state, in the reader's language where we know them."""
    for start, words in DETAILS.items():
        if detail.startswith(start):
            rest = detail.removeprefix(start).strip()
            return Why(words, rest if start.endswith((" ", ": ")) else "")
    return Why("", detail)


def abilities(able: Capabilities) -> list[tuple[str, bool]]:
    """Everything a channel could do, and whether this one can."""
    can = [(words, one in able.hears) for one, words in HEARS.items()]
    return can + [(words, one in able.says) for one, words in SAYS.items()]
