"""Ways to join: a QR code with a state per referrer or group, which opens a new group when the last one is full.

https://developer.work.weixin.qq.com/document/path/92229. The state comes back with each member who joined by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bot.channels.wecom.account import Account
from storage import wecom

KIND = "join_way"
QR_CODE = 2  # scene: a code to scan (1 is a button in a mini-program)
MAX_CHATS = 5
_STATE = re.compile(r"[A-Za-z0-9_\-]{1,30}")


@dataclass(frozen=True, slots=True)
class JoinWay:
    """One code. `state` is what members who come by it carry; `qr_code` the picture's address at WeCom."""

    state: str
    config_id: str
    qr_code: str
    chat_ids: tuple[str, ...]


class JoinWays:
    """Makes, finds, changes and removes ways to join."""

    def __init__(self, account: Account) -> None:
        self.account = account

    async def make(self, state: str, chat_ids: Sequence[str], *, remark: str = "", base_name: str = "") -> JoinWay:
        """The way with this state; made when there is none, changed when it leads to other groups. `base_name` names the
        groups WeCom opens when these are full. Raises ValueError or WecomError."""
        if _STATE.fullmatch(state) is None:
            raise ValueError("a state is 1 to 30 letters, digits, _ or -")
        if not 1 <= len(chat_ids) <= MAX_CHATS:
            raise ValueError("a way to join leads to 1 to 5 groups")
        known = await self.find(state)
        if known is not None and known.chat_ids == tuple(chat_ids):
            return known
        asked = {
            "scene": QR_CODE, "remark": (remark or state)[:30], "auto_create_room": 1, "room_base_id": 2,
            "room_base_name": (base_name or remark or state)[:13], "chat_id_list": list(chat_ids), "state": state,
        }
        if known is None:
            answer = await self.account.api.call("externalcontact/groupchat/add_join_way", asked)
            config_id = str(answer.get("config_id") or "")
        else:
            config_id = known.config_id
            await self.account.api.call("externalcontact/groupchat/update_join_way", asked | {"config_id": config_id})
        made = JoinWay(state, config_id, await self._qr_code(config_id), tuple(chat_ids))
        await self._save(made)
        return made

    async def find(self, state: str) -> JoinWay | None:
        account = self.account
        row = await account.read(lambda session: wecom.find_made(session, account.name, KIND, state))
        if row is None:
            return None
        detail = orjson.loads(row.detail)
        return JoinWay(state, row.remote_id, str(detail["qr_code"]), tuple(detail["chat_ids"]))

    async def remove(self, state: str) -> None:
        """Members can no longer join by it."""
        known, account = await self.find(state), self.account
        if known is not None:
            await account.api.call("externalcontact/groupchat/del_join_way", {"config_id": known.config_id})
            await account.write(lambda session: wecom.forget_made(session, account.name, KIND, state))

    async def _qr_code(self, config_id: str) -> str:
        answer = await self.account.api.call("externalcontact/groupchat/get_join_way", {"config_id": config_id})
        way: Any = answer.get("join_way")
        return str(way.get("qr_code") or "") if isinstance(way, dict) else ""

    async def _save(self, made: JoinWay) -> None:
        account = self.account
        detail = orjson.dumps({"qr_code": made.qr_code, "chat_ids": list(made.chat_ids)}).decode()
        await account.write(lambda session: wecom.save_made(
            session, account.name, KIND, made.state, made.config_id, detail, account.now()
        ))
