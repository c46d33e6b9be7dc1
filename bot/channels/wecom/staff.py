"""Tells staff members something inside WeCom: plans, words to copy, and what could not be said.

https://developer.work.weixin.qq.com/document/path/90236 (message/send).
"""

from __future__ import annotations

from typing import Any

import structlog

from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import WecomError
from bot.channels.wecom.kf_says import cut

log = structlog.get_logger()

MAX_BYTES = 2048
REPEAT_SECONDS = 1_800


class Staff:
    """Messages of the application to members of the corp. The same words within half an hour arrive once."""

    def __init__(self, account: Account) -> None:
        self.account = account

    async def tell(self, user_id: str, words: str) -> bool:
        """Write to a staff member, or to those of the settings; False when nobody could be told."""
        return await self._send(user_id, {"msgtype": "text", "text": {"content": cut(words, MAX_BYTES)}})

    async def ask(self, user_id: str, task_id: str, title: str, words: str) -> bool:
        """A card with two buttons: sent, or not needed. Pressing one calls us back with the task id."""
        buttons = [{"text": "已发送 Sent", "style": 1, "key": "sent"}, {"text": "不发了 Skip", "style": 2, "key": "skip"}]
        card = {
            "card_type": "button_interaction", "task_id": task_id, "button_list": buttons,
            "main_title": {"title": cut(title, 78), "desc": cut(words, 90)},
        }
        return await self._send(user_id, {"msgtype": "template_card", "template_card": card})

    async def _send(self, user_id: str, message: dict[str, Any]) -> bool:
        account = self.account
        receivers = user_id or "|".join(account.staff)
        if not receivers:
            log.warning("wecom has nobody to tell: TUAN_WECOM_STAFF is empty")
            return False
        body = {
            "touser": receivers, "agentid": account.agent_id, "safe": 0, "enable_duplicate_check": 1,
            "duplicate_check_interval": REPEAT_SECONDS,
        }
        try:
            await account.api.call("message/send", body | message)
        except WecomError as error:
            account.note(error)
            log.warning("wecom staff not told", error=str(error))
            return False
        return True
