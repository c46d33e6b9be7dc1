"""What a member says or does becomes an event; the answer goes out once it is committed."""

from __future__ import annotations

import re
import secrets
from typing import Any

from bot.channels.cleaning import clean_text
from bot.channels.web import history
from bot.channels.web.entrance import Guest
from bot.channels.web.frames import Say, Trouble
from bot.channels.web.lobby import Lobby
from bot.channels.web.shown import BOT_ID
from bot.channels.web.tokens import CHANNEL
from bot.events import MemberLeft, MessageReceived


async def say(lobby: Lobby, guest: Guest, frame: Say, max_text: int) -> dict[str, Any]:
    """Keep what a member says; gives the `ack` frame, after the commit. Raises Trouble."""
    text = _checked_text(frame, max_text)
    wait = lobby.says.take(guest.id)
    if wait:
        raise Trouble("rate_limited", "too many messages", client_id=frame.client_id, retry_after=wait)
    if frame.picture is not None and not lobby.pictures.has(frame.picture):
        raise Trouble("bad_picture", "upload the picture first", client_id=frame.client_id)
    quoted = None if frame.quotes is None else await _quoted(lobby, guest, frame, frame.quotes)
    handled = await lobby.keep(_event(lobby, guest, frame, text, quoted), frame.client_id)
    return {"type": "ack", "client_id": frame.client_id, "id": f"i{handled.inbox_id}", "is_new": handled.is_new}


async def leave(lobby: Lobby, guest: Guest) -> None:
    """The member leaves the group for good (closing a socket does not)."""
    group_id = guest.group.id
    await lobby.keep(MemberLeft(
        key=f"{guest.id}:{group_id}:left:{secrets.token_hex(6)}", lane=group_id, occurred_at=lobby.now(),
        channel=CHANNEL, conversation=group_id, group_id=group_id, member_id=guest.id, member_name=guest.name,
    ))


def _checked_text(frame: Say, max_text: int) -> str:
    if len(frame.text) > max_text:
        raise Trouble("too_long", f"a message has at most {max_text} characters", client_id=frame.client_id)
    text = clean_text(frame.text)
    if not text and frame.picture is None:
        raise Trouble("empty", "a message without anything to see", client_id=frame.client_id)
    return text


async def _quoted(lobby: Lobby, guest: Guest, frame: Say, quoted_id: str) -> str:
    where = guest.group.id if frame.to == "group" else guest.private
    words = await lobby.look(lambda session: history.find_quoted(session, where, quoted_id))
    if words is None:
        raise Trouble("bad_quote", "the quoted message is not of this conversation", client_id=frame.client_id)
    return words


def _event(lobby: Lobby, guest: Guest, frame: Say, text: str, quoted: str | None) -> MessageReceived:
    is_group = frame.to == "group"
    conversation = guest.group.id if is_group else guest.private
    names = lobby.audience(guest.group.id).names
    mentions = tuple(dict.fromkeys(one for one in frame.mentions if is_group and (one == BOT_ID or one in names)))
    return MessageReceived(
        key=f"{guest.id}:{conversation}:{frame.client_id}", lane=conversation, occurred_at=lobby.now(),
        channel=CHANNEL, conversation=conversation, group_id=guest.group.id if is_group else None,
        member_id=guest.id, member_name=names.get(guest.id, guest.name), text=text, message_id=frame.client_id,
        is_to_us=is_group and _is_to_us(frame, text, lobby.settings.bot_name), mentions=mentions,
        quotes=frame.quotes, quoted_text=quoted, picture=frame.picture,
    )


def _is_to_us(frame: Say, text: str, bot_name: str) -> bool:
    """By a mention, by our name typed after an @, or as the answer to something we said."""
    is_named = re.search(rf"[@＠]\s?{re.escape(bot_name)}", text, re.IGNORECASE) is not None
    return BOT_ID in frame.mentions or is_named or (frame.quotes or "").startswith("o")
