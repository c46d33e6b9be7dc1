"""微信客服, hearing: reads messages from where we stopped, and moves on only once they are kept.

https://developer.work.weixin.qq.com/document/path/94670 (sync_msg). WeCom keeps messages for three days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import BAD_KF_TOKEN, ApiError
from bot.channels.wecom.groups import moment
from bot.channels.wecom.ids import CHANNEL, is_id, kf_conversation, member_id
from bot.channels.wecom.kf_says import outbox_id
from bot.events import HearingBack, HearingLost, MessageReceived
from storage import outbox, wecom

log = structlog.get_logger()

PAGE = 1_000
MAX_PAGES = 200  # of one reading; the next goes on from there
KEPT = timedelta(days=3)
MAX_TEXT = 4_000
FROM_CUSTOMER, FROM_SYSTEM, FROM_STAFF = 3, 4, 5
MAX_NAMES = 20_000
# What a message without words is called.
KINDS = {
    "image": "[图片]", "voice": "[语音]", "video": "[视频]", "file": "[文件]", "location": "[位置]", "link": "[链接]",
    "business_card": "[名片]", "miniprogram": "[小程序]", "merged_msg": "[聊天记录]", "channels": "[视频号]",
}
FAIL_WORDS = {
    0: "未知原因 · reason unknown", 1: "客服账号已删除 · the account was deleted",
    2: "应用已关闭 · the application is off", 4: "会话已过期，超过 48 小时 · the 48 hours are over",
    5: "会话已关闭 · the conversation is closed", 6: "超过 5 条 · more than 5 messages",
    8: "主体未验证 · the corp is not verified", 10: "客户拒收 · the customer refuses messages",
    11: "企业未有成员登录企业微信 · nobody of the corp has signed in", 12: "发送的消息违规 · against the rules",
}


class Kf:
    """Reads the messages of 微信客服 accounts."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._names: dict[str, str] = {}

    async def read(self, open_kfid: str, token: str) -> None:
        """Read and pass on what came since last time, page by page."""
        account = self.account
        known = await account.read(lambda session: wecom.find_cursor(session, account.name, open_kfid))
        cursor = known.cursor if known is not None else ""
        if known is not None and account.now() - known.read_at > KEPT:
            await self._tell_gap(open_kfid, known.read_at)
        for _ in range(MAX_PAGES):
            answer = await self._page(open_kfid, cursor, token)
            messages = [one for one in answer.get("msg_list") or () if isinstance(one, dict)]
            await self._hear(open_kfid, messages)
            cursor = str(answer.get("next_cursor") or cursor)[:200]
            await account.write(
                lambda session, at=cursor: wecom.save_cursor(session, account.name, open_kfid, at, account.now())  # type: ignore[misc]
            )
            if not answer.get("has_more"):
                return

    async def _page(self, open_kfid: str, cursor: str, token: str) -> dict[str, Any]:
        body: dict[str, Any] = {"open_kfid": open_kfid, "limit": PAGE, "voice_format": 0}
        if cursor:
            body["cursor"] = cursor
        try:
            return await self.account.api.call("kf/sync_msg", body | ({"token": token} if token else {}))
        except ApiError as error:
            if error.code != BAD_KF_TOKEN or not token:
                raise
            return await self.account.api.call("kf/sync_msg", body)

    async def _hear(self, open_kfid: str, messages: Sequence[Mapping[str, Any]]) -> None:
        await self._learn_names(messages)
        events = []
        for one in messages:
            if one.get("origin") == FROM_CUSTOMER:
                event = self._message(open_kfid, one)
                if event is not None:
                    events.append(event)
            elif one.get("msgtype") == "event":
                await self._event(one.get("event"))
        await self.account.hear(*events)

    def _message(self, open_kfid: str, one: Mapping[str, Any]) -> MessageReceived | None:
        user, message_id = one.get("external_userid"), str(one.get("msgid") or "")[:120]
        account = one.get("open_kfid") if is_id(one.get("open_kfid")) else open_kfid
        if not isinstance(user, str) or not is_id(user) or not message_id:
            log.warning("wecom message without sender or id")
            return None
        conversation = kf_conversation(str(account), user)
        return MessageReceived(
            key=f"{CHANNEL}:kf:{message_id}", lane=conversation, occurred_at=moment(one.get("send_time")),
            channel=CHANNEL, conversation=conversation, member_id=member_id(user),
            member_name=self._names.get(user) or None, text=_words(one), message_id=message_id, is_to_us=True,
        )

    async def _event(self, event: Any) -> None:
        """What WeCom tells beside messages: a message of ours that did not arrive after all."""
        if not isinstance(event, dict) or event.get("event_type") != "msg_send_fail":
            return
        failed_id, kind = str(event.get("fail_msgid") or ""), event.get("fail_type")
        reason = FAIL_WORDS.get(kind if isinstance(kind, int) else 0, FAIL_WORDS[0])

        own_id = outbox_id(failed_id)

        def fail(session: Any) -> bool:
            row = session.get(outbox.Saying, own_id) if own_id else None
            if row is None or row.channel_message_id != failed_id or row.state != outbox.SENT:
                return False
            outbox.mark(session, row.id, state=outbox.FAILED, reason=reason, sent_no=None)
            return True

        if not await self.account.write(fail):
            log.warning("wecom says an unknown message failed")

    async def _learn_names(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Ask for the names of customers we have not met; without them we go on."""
        unknown = {str(one.get("external_userid")) for one in messages if one.get("origin") == FROM_CUSTOMER}
        unknown = {one for one in unknown if is_id(one) and one not in self._names}
        if len(self._names) > MAX_NAMES:
            self._names.clear()
        for start in range(0, len(unknown), 100):
            batch = sorted(unknown)[start : start + 100]
            try:
                answer = await self.account.api.call("kf/customer/batchget", {"external_userid_list": batch})
            except ApiError as error:
                log.warning("wecom names not told", code=error.code)
                return
            for one in answer.get("customer_list") or ():
                if isinstance(one, dict) and is_id(one.get("external_userid")):
                    self._names[one["external_userid"]] = str(one.get("nickname") or "")[:80]

    async def _tell_gap(self, open_kfid: str, lost_at: Any) -> None:
        """We were away for longer than WeCom keeps messages."""
        account, lane = self.account, f"account:{self.account.name}"
        shared = {"lane": lane, "channel": CHANNEL, "conversation": lane, "account": account.name}
        key = f"{CHANNEL}:gap:{open_kfid}:{lost_at.isoformat()}"
        until = account.now() - KEPT
        words = "微信客服只保留三天的消息 · 微信客服 keeps messages for three days only"
        await account.hear(
            HearingLost(key=f"{key}:lost", occurred_at=lost_at, text=words, **shared),
            HearingBack(key=f"{key}:back", occurred_at=until, text=words, lost_at=lost_at.isoformat(), **shared),
        )


def _words(one: Mapping[str, Any]) -> str:
    """What a message says, or what it is."""
    kind = str(one.get("msgtype") or "")
    body = one.get(kind)
    body = body if isinstance(body, dict) else {}
    if kind == "text":
        return str(body.get("content") or "")[:MAX_TEXT]
    more = str(body.get("title") or body.get("name") or "")[:200]
    return KINDS.get(kind, "[消息]") + (f" {more}" if more else "")
