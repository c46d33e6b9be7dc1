"""Group sends: a post becomes a task in WeCom's 群发助手, which a staff member sends with one tap.

https://developer.work.weixin.qq.com/document/path/92135 (add_msg_template), 93338 (results), 97610 (reminder).
WeCom lets each customer group receive, in all, as many as the month has days; the shop may narrow that to one a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.channels.base import Handed, NeverSaid, Outgoing, TryAgain
from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import ApiError, Limited, Unreachable, WecomError
from bot.channels.wecom.groups import get_chat
from bot.channels.wecom.ids import plain
from bot.channels.wecom.kf_says import cut
from bot.channels.wecom.media import Media
from bot.channels.wecom.staff import Staff
from storage import groups, wecom
from storage.wecom import GroupSend

log = structlog.get_logger()

MAX_TEXT_BYTES = 4_000
MAX_CHATS = 2_000
LOOK_BACK = timedelta(minutes=10)
REMIND_APART = timedelta(minutes=10)


@dataclass(slots=True)
class _Wanted:
    """A row that waits to be put into a task together with others of the same words and owner."""

    message: Outgoing
    chat_id: str
    done: asyncio.Future[str]


class Sends:
    """Makes tasks out of outbox rows."""

    def __init__(self, account: Account, media: Media, staff: Staff) -> None:
        self.account, self._media, self._staff = account, media, staff
        self._gathering: dict[tuple[str, str], list[_Wanted]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def hand(self, message: Outgoing) -> None:
        """Make a task of a row, or remind of the one there is; always ends in Handed, TryAgain or NeverSaid."""
        account = self.account
        chat_id = plain(message.here.group_id or "")
        known = await account.read(lambda session: wecom.find_send(session, message.id))
        if known is not None and known.state == wecom.WAITING:
            await self.remind(known)
            raise Handed(words_of_waiting(known.sender))
        if known is not None and known.state == wecom.DONE:
            raise NeverSaid("已由工作人员发出 · already sent by a staff member")
        try:
            owner = await self.owner(chat_id)
            if known is not None and known.state == wecom.ASKING and await self._adopt(message, chat_id, owner):
                raise Handed(words_of_waiting(owner))
            await self._gather(message, chat_id, owner)
        except Limited as error:
            raise TryAgain(str(error), after=error.after) from error
        except Unreachable as error:
            account.note(error)
            raise TryAgain(str(error)) from error
        except ApiError as error:
            account.note(error)
            raise NeverSaid(str(error)) from error
        raise Handed(words_of_waiting(owner))

    async def owner(self, chat_id: str) -> str:
        """Who owns a group and so must send. Raises WecomError."""
        known = await self.account.read(lambda session: wecom.find_chat(session, chat_id))
        if known is not None and known.owner:
            return known.owner
        return (await get_chat(self.account.api, chat_id)).owner

    async def remind(self, known: GroupSend) -> bool:
        """Have WeCom remind the staff member (at most three times a day), not right after the last time."""
        account, now = self.account, self.account.now()
        if known.message_id is None or now - known.asked_at < REMIND_APART or known.reminders >= 3:
            return False
        try:
            await account.api.call("externalcontact/remind_groupmsg_send", {"msgid": known.message_id})
        except WecomError as error:
            log.warning("wecom did not remind", error=str(error))
            return False
        count = known.reminders + 1
        await account.write(lambda session: wecom.set_send(session, [known.outbox_id], reminders=count))
        return True

    async def _gather(self, message: Outgoing, chat_id: str, owner: str) -> None:
        """Wait a moment for rows with the same words for other groups of this owner: they become one task."""
        place = (owner, f"{message.kind}\0{message.text}\0{message.body}")
        wanted = _Wanted(message, chat_id, asyncio.get_running_loop().create_future())
        first = place not in self._gathering
        self._gathering.setdefault(place, []).append(wanted)
        if first:
            task = asyncio.create_task(self._flush(place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await wanted.done

    async def _flush(self, place: tuple[str, str]) -> None:
        await asyncio.sleep(self.account.api.patience.gather)
        together = self._gathering.pop(place)
        try:
            message_id, failed = await self._make(place[0], together)
        except Exception as error:
            for one in together:
                if not one.done.done():
                    one.done.set_exception(error)
            return
        for one in together:
            if one.done.done():
                continue
            if one.chat_id in failed:
                refused = ApiError(41048, "fail_list", "externalcontact/add_msg_template")
                one.done.set_exception(refused)
            else:
                one.done.set_result(message_id)

    async def _make(self, owner: str, together: Sequence[_Wanted]) -> tuple[str, set[str]]:
        """Make one task; first it is kept that we are about to, so that a crash in between makes no second one."""
        account, now = self.account, self.account.now()
        chat_ids = [one.chat_id for one in together][:MAX_CHATS]
        body = await self._form(together[0].message)

        def begin(session: Any) -> None:
            for one in together:
                values = {"account": account.name, "kind": wecom.TASK, "chat_id": one.chat_id, "sender": owner}
                wecom.begin_send(session, one.message.id, values, now)

        await account.write(begin)
        asked = {"chat_type": "group", "sender": owner, "chat_id_list": chat_ids, "allow_select": False}
        answer = await account.api.call("externalcontact/add_msg_template", asked | body)
        message_id = str(answer.get("msgid") or "")
        failed = {str(one) for one in answer.get("fail_list") or ()}
        kept = [one.message.id for one in together if one.chat_id not in failed]
        await self._keep(kept, message_id)
        lost = [one.message.id for one in together if one.chat_id in failed]
        if lost:
            await account.write(lambda session: wecom.set_send(session, lost, state=wecom.FAILED))
        await self._show_plan(owner, chat_ids, together[0].message.text)
        return message_id, failed

    async def _keep(self, outbox_ids: Sequence[int], message_id: str) -> None:
        now, next_at = self.account.now(), self.account.after(self.account.api.patience.receipt)
        await self.account.write(lambda session: wecom.set_send(
            session, outbox_ids, state=wecom.WAITING, message_id=message_id[:120], asked_at=now, reminders=0,
            next_at=next_at,
        ))

    async def _show_plan(self, owner: str, chat_ids: Sequence[str], text: str) -> None:
        ids = [f"wecom:{one}" for one in chat_ids]
        names = await self.account.read(lambda session: groups.find_names(session, ids))
        known = "、".join(f"「{names.get(one, one)}」" for one in ids[:10])
        more = f" 等 {len(ids)} 个群" if len(ids) > 10 else ""
        await self._staff.tell(owner, (
            f"有一条群发等你确认：{known}{more}\n请在企业微信「群发助手」里点「发送」。\n"
            f"A group send waits for you: open 群发助手 and press send.\n————\n{text}"
        ))

    async def _adopt(self, message: Outgoing, chat_id: str, owner: str) -> bool:
        """We stopped while asking: is there a task of these words for this group already?"""
        account, known = self.account, await self.account.read(lambda session: wecom.find_send(session, message.id))
        if known is None:
            return False
        wanted = (await self._form(message)).get("text", {}).get("content", "")
        begin = int((known.asked_at - LOOK_BACK).timestamp())
        asked = {"chat_type": "group", "start_time": begin, "end_time": int(account.now().timestamp()) + 60, "limit": 100}
        answer = await account.api.call("externalcontact/get_groupmsg_list_v2", asked)
        for one in answer.get("group_msg_list") or ():
            if not isinstance(one, dict) or (one.get("text") or {}).get("content", "") != wanted:
                continue
            message_id = str(one.get("msgid") or "")
            if any(row.get("chat_id") == chat_id for row in await results(account, message_id, owner)):
                await self._keep([message.id], message_id)
                return True
        return False

    async def _form(self, message: Outgoing) -> dict[str, Any]:
        """The words and attachments of a task."""
        body, text = message.body, message.text
        attachment = await self._attachment(message.kind, body)
        if message.kind == "card":
            text = "\n".join(part for part in (str(body.get("title") or ""), str(body.get("text") or "")) if part)
        if attachment is None and body.get("url"):
            text = f"{text}\n{body['url']}"
        said: dict[str, Any] = {"text": {"content": cut(text, MAX_TEXT_BYTES)}}
        return said | ({"attachments": [attachment]} if attachment else {})

    async def _attachment(self, kind: str, body: dict[str, Any]) -> dict[str, Any] | None:
        url, picture = str(body.get("url") or ""), str(body.get("picture") or "")
        if kind == "card" and url:
            link = {"title": cut(str(body.get("title") or ""), 128), "desc": cut(str(body.get("text") or ""), 512), "url": url}
            return {"msgtype": "link", "link": link | ({"picurl": picture} if picture else {})}
        if kind == "picture" and (media_id := await self._media.find(url, "image")):
            return {"msgtype": "image", "image": {"media_id": media_id}}
        if kind == "file" and (media_id := await self._media.find(url, "file")):
            return {"msgtype": "file", "file": {"media_id": media_id}}
        if kind == "mini" and (media_id := await self._media.find(picture, "image")):
            page = {"title": cut(str(body.get("title") or ""), 64), "pic_media_id": media_id}
            return {"msgtype": "miniprogram", "miniprogram": page | {"appid": body.get("app_id"), "page": body.get("path")}}
        return None


def words_of_waiting(owner: str) -> str:
    return f"等 {owner} 在企业微信里确认 · waits for {owner} to confirm in WeCom"


async def results(account: Account, message_id: str, sender: str) -> list[dict[str, Any]]:
    """How a task went, group by group: [{chat_id, status, send_time}]."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(20):
        body = {"msgid": message_id, "userid": sender, "limit": 1_000} | ({"cursor": cursor} if cursor else {})
        answer = await account.api.call("externalcontact/get_groupmsg_send_result", body)
        found.extend(one for one in answer.get("send_list") or () if isinstance(one, dict))
        cursor = str(answer.get("next_cursor") or "")
        if not cursor:
            break
    return found
