"""Customer groups as WeCom tells them: the list page by page, one group with its members.

https://developer.work.weixin.qq.com/document/path/92120 (list) and 92122 (get).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.wecom.api import Api
from bot.channels.wecom.ids import is_id

PAGE = 200
MAX_PAGES = 1_000
MAX_MEMBERS = 5_000
BY_QR = 3  # join_scene: scanned the group's code; 1 and 2 are invitations
IS_STAFF = 1  # the `type` of members of the corp


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a customer group. `inviter` is told only when a member of the corp invited; `state` may come late;
    `unionid` is told where the corp has bound a WeChat developer account."""

    user_id: str
    name: str
    is_staff: bool
    joined_at: datetime
    join_scene: int
    inviter: str = ""
    state: str = ""
    unionid: str = ""

    @property
    def is_late(self) -> bool:
        """Something may still be missing: who scans a code comes by a state, as a rule."""
        return self.join_scene == BY_QR and not self.state


@dataclass(frozen=True, slots=True)
class GroupChat:
    """A customer group as it is now."""

    chat_id: str
    name: str
    owner: str
    notice: str
    version: str
    people: tuple[Person, ...]


async def list_chat_ids(api: Api, owners: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """The ids of all customer groups, page by page."""
    cursor = ""
    for _ in range(MAX_PAGES):
        body: dict[str, Any] = {"status_filter": 0, "limit": PAGE}
        if owners:
            body["owner_filter"] = {"userid_list": list(owners)[:100]}
        if cursor:
            body["cursor"] = cursor
        answer = await api.call("externalcontact/groupchat/list", body)
        for one in answer.get("group_chat_list") or ():
            if isinstance(one, dict) and is_id(one.get("chat_id")):
                yield one["chat_id"]
        cursor = str(answer.get("next_cursor") or "")
        if not cursor:
            return


async def get_chat(api: Api, chat_id: str) -> GroupChat:
    """One group with its members' names. Raises ApiError when there is none."""
    answer = await api.call("externalcontact/groupchat/get", {"chat_id": chat_id, "need_name": 1})
    chat = answer.get("group_chat")
    return read_chat(chat_id, chat if isinstance(chat, dict) else {})


def read_chat(chat_id: str, chat: Mapping[str, Any]) -> GroupChat:
    """A group from WeCom's JSON; what does not look like it should is left out."""
    people = []
    for one in list(chat.get("member_list") or ())[:MAX_MEMBERS]:
        if isinstance(one, dict) and is_id(one.get("userid")):
            people.append(_person(one))
    return GroupChat(
        chat_id, str(chat.get("name") or "")[:120], _id(chat.get("owner")), str(chat.get("notice") or "")[:400],
        str(chat.get("member_version") or "")[:64], tuple(people),
    )


def _person(one: Mapping[str, Any]) -> Person:
    inviter = one.get("invitor")
    name = str(one.get("group_nickname") or one.get("name") or "")
    return Person(
        one["userid"], name[:80], one.get("type") == IS_STAFF, moment(one.get("join_time")),
        int(one.get("join_scene") or 0), _id(inviter.get("userid")) if isinstance(inviter, dict) else "",
        str(one.get("state") or "")[:64], _id(one.get("unionid")),
    )


def _id(value: object) -> str:
    return str(value) if is_id(value) else ""


def moment(seconds: object) -> datetime:
    """A Unix time as UTC; what is none becomes 1970."""
    number = seconds if isinstance(seconds, int) and 0 <= seconds < 32_503_680_000 else 0
    return datetime.fromtimestamp(number, UTC)
