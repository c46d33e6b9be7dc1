"""WeCom's error codes in plain words, and what each asks of us.

Codes: https://developer.work.weixin.qq.com/document/path/90313 (全局错误码).
"""

from __future__ import annotations

from typing import Any

# The token ran out or was replaced: ask for a new one and call once more.
TOKEN_CODES = frozenset({40014, 41001, 42001})
# Called too often: a minute's limit blocks for 60 seconds, an hour's for 60 minutes.
LIMIT_CODES = frozenset({45009, 45011})
# For a moment too many at once, or the server is busy.
BUSY_CODES = frozenset({-1, 6000, 45033, 45035})
# Nothing works until a person changes the settings.
SETUP_CODES = frozenset({40001, 40013, 40091, 40056, 48002, 48001, 60020, 60011, 301002, 95011, 95012, 95017})
# 微信客服: the customer must write again before we may.
WINDOW_CODES = frozenset({95001, 95002, 95013})
SESSION_CODE = 95018
BAD_KF_TOKEN = 95007
GONE_CODES = frozenset({49008, 86001, 86003, 90500, 90501, 40050, 701008})

WORDS: dict[int, tuple[str, str]] = {
    -1: ("企业微信系统繁忙，稍后再试", "WeCom is busy; we try again"),
    40001: ("Secret 不对，请在应用详情页核对", "the secret is wrong: compare it with the application's page"),
    40003: ("没有这个成员", "there is no such staff member"),
    40007: ("素材已过期或不存在", "the media file has expired or does not exist"),
    40013: ("企业 ID 不对", "the corp id is wrong"),
    40014: ("access_token 失效", "the access token is not valid"),
    40050: ("没有这个客户群", "there is no such customer group"),
    40056: ("AgentId 不对", "the agent id is wrong"),
    40058: ("参数不合要求", "a parameter is not as WeCom wants it"),
    40091: ("Secret 不是这个企业的", "the secret belongs to another corp"),
    40096: ("没有这个客户", "there is no such customer"),
    41048: ("没有可发送的客户或客户群", "there is nobody this could be sent to"),
    41063: ("这个群发已经发出或已停止", "this group send is done or was stopped"),
    42001: ("access_token 过期", "the access token has expired"),
    45009: ("调用次数超过限制，过一会儿再试", "called too often; we wait and try again"),
    45033: ("同时调用太多，马上再试", "too many calls at once; we try again"),
    48002: ("应用没有这个接口的权限，请在「可调用接口的应用」里加上", "the application may not call this: add it to the callable applications"),
    49008: ("这个群已经解散", "this group was dismissed"),
    60011: ("成员不在应用的可见范围里", "the staff member is outside the application's visible range"),
    60020: ("本机 IP 不在企业可信 IP 里，请在应用详情页加上", "this server's address is not on the application's trusted list"),
    60111: ("没有这个成员", "there is no such staff member"),
    81013: ("接收人都不在应用的可见范围里", "none of the receivers is in the application's visible range"),
    84061: ("已经不是这位客户的好友", "no longer connected with this customer"),
    86003: ("没有这个客户群", "there is no such customer group"),
    90501: ("这不是客户群", "this is not a customer group"),
    95000: ("没有这个客服账号", "there is no such 微信客服 account"),
    95001: ("客户上次发言后已发满 5 条，要等客户再说话", "5 messages were sent since the customer last wrote: wait until they write again"),
    95002: ("客户 48 小时内没有说话，不能再发", "the customer has not written for 48 hours: nothing may be sent"),
    95004: ("没有这个客服账号", "there is no such 微信客服 account"),
    95007: ("回调里的 token 已过期", "the callback's token has expired"),
    95008: ("菜单项太多", "the menu has too many entries"),
    95011: ("客服账号由企业微信管理，请先交给 API 管理", "this 微信客服 account is not managed through the API: allow it in the admin pages"),
    95012: ("还没有在企业微信里启用微信客服", "微信客服 is not switched on"),
    95013: ("会话已经结束", "the conversation has ended"),
    95017: ("微信客服的 API 开关没有打开", "the API switch of 微信客服 is off"),
    95018: ("会话由接待人员接着，机器人不能发", "a member of staff holds this conversation: the bot may not speak in it"),
    301002: ("没有权限操作这个应用", "no right to use this application"),
}


def explain(code: int, language: str = "zh") -> str:
    """What a code means, for a person."""
    chinese, english = WORDS.get(code, (f"企业微信返回错误 {code}", f"WeCom answered with error {code}"))
    return chinese if language == "zh" else english


def both(code: int) -> str:
    """Both languages with the code, as kept on a row."""
    return f"{explain(code)} · {explain(code, 'en')} ({code})"


class WecomError(Exception):
    """A call was refused or could not be made."""


class ApiError(WecomError):
    """WeCom answered with an error code."""

    def __init__(self, code: int, message: str, path: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(both(code))
        self.code, self.message, self.path, self.body = code, message[:300], path, body or {}


class Limited(WecomError):
    """Called too often: not before `after` seconds."""

    def __init__(self, code: int, after: float) -> None:
        super().__init__(both(code))
        self.code, self.after = code, after


class Unreachable(WecomError):
    """No answer: the network, a proxy, or WeCom itself. `is_sent` tells whether the request may have arrived."""

    def __init__(self, reason: str, is_sent: bool) -> None:
        super().__init__(f"连不上企业微信 · WeCom cannot be reached ({reason})")
        self.is_sent = is_sent
