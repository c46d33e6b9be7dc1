"""微信客服, speaking: within 48 hours and 5 messages of the customer's last words, each thing once.

https://developer.work.weixin.qq.com/document/path/94677 (send_msg). Our msgid is a digest of the row: the same row has
the same msgid however often it is tried, and WeCom refuses a msgid it knows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.channels.base import NeverSaid, Outgoing, TryAgain
from bot.channels.wecom.account import Account
from bot.channels.wecom.errors import SESSION_CODE, WINDOW_CODES, ApiError, Limited, Unreachable, explain
from bot.channels.wecom.ids import kf_parts
from bot.channels.wecom.media import Media
from storage import wecom

HOURS = timedelta(hours=48)
MOST = 5
MAX_BYTES = 2048
MENU_BYTES = 1024
MAX_MENU = 10
BAD_PARAMETER = 40058


class KfVoice:
    """Says outbox rows to customers of 微信客服."""

    def __init__(self, account: Account, media: Media) -> None:
        self.account, self._media = account, media

    def message_id(self, message: Outgoing) -> str:
        """Our msgid: at most 32 of the letters WeCom allows, beginning with the row's number."""
        return f"{message.id}-{self.account.mark_of(message.key, message.here.id, message.kind, message.text)}"[:32]

    async def say(self, message: Outgoing) -> str:
        """Say it; gives the msgid. Raises NeverSaid with a reason a person understands, or TryAgain."""
        parts = kf_parts(message.here.id)
        if parts is None:
            raise NeverSaid("not a 微信客服 conversation")
        await self._check_window(message)
        open_kfid, user = parts
        message_id = self.message_id(message)
        said = {"touser": user, "open_kfid": open_kfid, "msgid": message_id} | await self._form(message)
        try:
            await self.account.api.call("kf/send_msg", said)
        except Limited as error:
            raise TryAgain(str(error), after=error.after) from error
        except Unreachable as error:
            self.account.note(error)
            raise TryAgain(str(error)) from error
        except ApiError as error:
            if error.code == BAD_PARAMETER and "msgid" in error.message.lower():
                return message_id  # our msgids are well-formed: it is known, so an earlier try arrived
            self.account.note(error)
            raise NeverSaid(str(error)) from error
        return message_id

    async def _check_window(self, message: Outgoing) -> None:
        """What WeCom would refuse anyway, said with words for an operator."""
        now, here = self.account.now(), message.here.id

        def look(session: Any) -> str:
            heard = wecom.find_last_heard(session, here)
            if heard is None:
                return ""  # WeCom knows better
            written_at, received_at = heard
            if now - written_at > HOURS:
                return f"{explain(95002)} · {explain(95002, 'en')}"
            if wecom.count_said_since(session, here, received_at) >= MOST:
                return f"{explain(95001)} · {explain(95001, 'en')}"
            return ""

        reason = await self.account.read(look)
        if reason:
            raise NeverSaid(reason)

    async def _form(self, message: Outgoing) -> dict[str, Any]:
        """The message as WeCom wants it."""
        body = message.body
        if message.kind == "card":
            return await self._card(body)
        if message.kind == "mini":
            return await self._mini(body)
        if message.kind in ("picture", "file"):
            kind = "image" if message.kind == "picture" else "file"
            media_id = await self._media.find(str(body.get("url") or ""), kind)
            if media_id:
                return {"msgtype": kind, kind: {"media_id": media_id}}
            return _text(f"{message.text}\n{body.get('url') or ''}".strip())
        return _text(message.text)

    async def _card(self, body: dict[str, Any]) -> dict[str, Any]:
        """Buttons become a menu; a link with a picture a link card; a link without one a menu that opens it."""
        title, words, url = str(body.get("title") or ""), str(body.get("text") or ""), str(body.get("url") or "")
        entries = [entry for one in (body.get("buttons") or ())[:MAX_MENU] if (entry := _entry(one))]
        if not entries and url:
            thumb = await self._media.find(str(body.get("picture") or ""), "image")
            if thumb:
                link = {"title": cut(title, 128), "desc": cut(words, 512), "url": url, "thumb_media_id": thumb}
                return {"msgtype": "link", "link": link}
            entries = [{"type": "view", "view": {"url": url, "content": cut(title, MENU_BYTES)}}]
        head = cut(title + ("\n" + words if words else ""), MENU_BYTES)
        if not entries:
            return _text(head)
        return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": entries}}

    async def _mini(self, body: dict[str, Any]) -> dict[str, Any]:
        app_id, path, title = (str(body.get(name) or "") for name in ("app_id", "path", "title"))
        thumb = await self._media.find(str(body.get("picture") or ""), "image")
        if thumb:
            page = {"appid": app_id, "title": cut(title, 64), "thumb_media_id": thumb, "pagepath": path}
            return {"msgtype": "miniprogram", "miniprogram": page}
        entry = {"type": "miniprogram", "miniprogram": {"appid": app_id, "pagepath": path, "content": cut(title, MENU_BYTES)}}
        return {"msgtype": "msgmenu", "msgmenu": {"head_content": cut(title, MENU_BYTES), "list": [entry]}}


def _entry(button: dict[str, Any]) -> dict[str, Any] | None:
    label, say, url = (str(button.get(name) or "") for name in ("label", "say", "url"))
    if url:
        return {"type": "view", "view": {"url": url, "content": cut(label, MENU_BYTES)}}
    if not (say or label):
        return None
    # A customer who presses sends the entry's words as their own.
    return {"type": "click", "click": {"id": cut(say or label, 64), "content": cut(say or label, 128)}}


def _text(words: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": cut(words, MAX_BYTES)}}


def cut(words: str, most: int) -> str:
    """The words, at most so many bytes of UTF-8, ending in … when something was cut."""
    data = words.encode()
    if len(data) <= most:
        return words
    return data[: most - 3].decode(errors="ignore") + "…"


def outbox_id(message_id: str) -> int:
    """The row's number in a msgid of ours, 0 in any other."""
    number, separator, _ = message_id.partition("-")
    return int(number) if separator and number.isascii() and number.isdigit() and len(number) < 16 else 0


def is_for_operator(error: NeverSaid) -> bool:
    """Can a person still say it: the window is closed for us, or a person holds the conversation."""
    cause = error.__cause__
    return not isinstance(cause, ApiError) or cause.code in WINDOW_CODES | {SESSION_CODE}
