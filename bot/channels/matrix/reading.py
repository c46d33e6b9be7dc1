"""Turns a room's events, in their order, into facts of ours."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.channels.matrix.rooms import CHANNEL, Room, Rooms, local_part, our_id, plain
from bot.channels.matrix.wire import Denied, Homeserver, Json, Limited, Unreachable, object_of, text_of
from bot.channels.matrix.words import MAX_QUOTED, PICTURE, Words, is_named, read_words, without_address
from bot.channels.pictures import MAX_BYTES, NoRoom, Pictures, kind_of
from bot.events import Event, GroupFound, HearingLost, MemberJoined, MemberLeft, MessageReceived, TopicChanged

log = structlog.get_logger()

MAX_SEEN = 5_000  # messages remembered, for who quotes them
AT_ONCE = 4  # pictures and quoted messages fetched at the same time
OLDEST = datetime(2015, 1, 1, tzinfo=UTC)
FUTURE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a message refers to and does not hold: the quoted words and who said them, a picture's address here."""

    quoted: tuple[str, str] = ("", "")
    picture: str | None = None


class Reader:
    """Reads events of rooms; learns names and states from them on the way."""

    def __init__(
        self, rooms: Rooms, homeserver: Homeserver, pictures: Pictures, now: Callable[[], datetime], account: str,
        bot_name: str,
    ) -> None:
        self._rooms, self._homeserver, self._pictures, self._now = rooms, homeserver, pictures, now
        self._account, self._bot_name = account, bot_name
        self._seen: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._kept_pictures: OrderedDict[str, str] = OrderedDict()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, room: Room, events: Sequence[Json]) -> list[Event]:
        """The facts in a stretch of a room, in its order."""
        said = {text_of(event, "event_id"): words for event in events if (words := self._words(event)) is not None}
        for event in events:
            words = said.get(text_of(event, "event_id"))
            if words is not None:
                self._see(text_of(event, "event_id"), text_of(event, "sender"), words.text)
        wanted = {key: words for key, words in said.items() if words.quotes or words.picture}
        got = await asyncio.gather(*(self._fetch(room, key, words) for key, words in wanted.items()))
        fetched = dict(zip(wanted, got, strict=True))
        facts: list[Event] = []
        for event in events:
            key = text_of(event, "event_id")
            if not key or not text_of(event, "sender"):
                continue
            if "state_key" in event:
                facts += self._state(room, event)
            elif key in said and event["sender"] != self._rooms.user:
                facts.append(self._message(room, event, said[key], fetched.get(key, Fetched())))
        return facts

    def found(self, room: Room, key: str, at: datetime | None = None) -> GroupFound:
        """We sit in this group."""
        return GroupFound(
            key=f"{our_id(key)}:found", occurred_at=at or self._now(), **_place(room), text=room.name or room.alias or None,
            account=self._account,
        )

    @staticmethod
    def _words(event: Json) -> Words | None:
        if event.get("type") not in ("m.room.message", "m.sticker") or "state_key" in event:
            return None
        return read_words(event)

    def _see(self, key: str, sender: str, text: str) -> None:
        self._seen[key] = (sender, text[:MAX_QUOTED])
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)

    def _message(self, room: Room, event: Json, words: Words, fetched: Fetched) -> MessageReceived:
        sender, key, user = event["sender"], event["event_id"], self._rooms.user
        self._rooms.talked(room)
        ours = tuple(dict.fromkeys((self._bot_name, self._rooms.name_of(room.id, user) or "", user, local_part(user))))
        quoted_sender, quoted_text = fetched.quoted
        is_mentioned = user in words.mentions
        is_to_us = is_mentioned or quoted_sender == user or is_named(words.text, ours)
        text = without_address(words.text, ours) if is_mentioned else words.text
        return MessageReceived(
            key=our_id(key), occurred_at=self._time(event), **_place(room), member_id=our_id(sender),
            member_name=self._rooms.name_of(room.id, sender) or local_part(sender), message_id=key,
            text=text or ("" if fetched.picture else PICTURE), is_to_us=is_to_us and not room.partner,
            mentions=tuple(our_id(one) for one in words.mentions if one != user),
            quotes=words.quotes or words.replaces or None, quoted_text=words.quoted_text or quoted_text or None,
            picture=fetched.picture,
        )

    def _state(self, room: Room, event: Json) -> list[Event]:
        """What a state event means. Members first: whom the event tells of was here before it."""
        kind, key, at = text_of(event, "type"), our_id(event["event_id"]), self._time(event)
        if kind == "m.room.member":
            return self._membership(room, event, key, at)
        self._rooms.learn(room, event)
        if room.partner:
            return []
        if kind == "m.room.name" and room.name:
            return [self.found(room, event["event_id"], at)]
        if kind == "m.room.topic":
            topic = plain(text_of(object_of(event, "content"), "topic")[:2_000])[:400]
            return [TopicChanged(key=key, occurred_at=at, **_place(room), **self._who(room, event["sender"]), text=topic)]
        return []

    def _membership(self, room: Room, event: Json, key: str, at: datetime) -> list[Event]:
        user, sender = text_of(event, "state_key"), event["sender"]
        now = text_of(object_of(event, "content"), "membership")
        unsigned = object_of(event, "unsigned")
        before = text_of(object_of(unsigned, "prev_content"), "membership")
        inviter = room.invited.get(user) or (text_of(unsigned, "prev_sender") if before == "invite" else "")
        who = self._who(room, user) if now != "join" else {}
        self._rooms.learn(room, event)
        if not user or now == before:
            return []
        if user == self._rooms.user:
            return self._ourselves(room, event, now, at)
        if room.partner:
            return []
        if now == "join":
            return [MemberJoined(
                key=key, occurred_at=at, **_place(room), **self._who(room, user),
                inviter_id=our_id(inviter) if inviter and inviter != user else None,
            )]
        if now in ("leave", "ban") and before in ("join", ""):
            words = None if sender == user else f"removed by {self._rooms.name_of(room.id, sender) or local_part(sender)}"
            return [MemberLeft(key=key, occurred_at=at, **_place(room), **who, text=words)]
        return []

    def _ourselves(self, room: Room, event: Json, now: str, at: datetime) -> list[Event]:
        if now == "join":
            return [] if room.partner else [self.found(room, event["event_id"], at)]
        if now not in ("leave", "ban") or room.partner:
            return []
        who = self._rooms.name_of(room.id, event["sender"]) or local_part(event["sender"])
        words = "we left" if event["sender"] == self._rooms.user else f"removed from the group by {who}"
        return [HearingLost(key=our_id(event["event_id"]), occurred_at=at, **_place(room), text=words, account=self._account)]

    def _who(self, room: Room, user: str) -> dict[str, Any]:
        return {"member_id": our_id(user), "member_name": self._rooms.name_of(room.id, user) or local_part(user)}

    def _time(self, event: Json) -> datetime:
        """When a homeserver says it happened; another's clock may be wrong, the future is not believed."""
        told, now = event.get("origin_server_ts"), self._now()
        if not isinstance(told, int) or isinstance(told, bool):
            return now
        try:
            at = datetime.fromtimestamp(told / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return now
        return at if OLDEST < at < now + FUTURE else now

    async def _fetch(self, room: Room, key: str, words: Words) -> Fetched:
        async with self._turns:
            quoted = await self._quoted(room, words.quotes) if words.quotes else ("", "")
            return Fetched(quoted, await self._picture(key, words.picture) if words.picture else None)

    async def _quoted(self, room: Room, event_id: str) -> tuple[str, str]:
        if event_id not in self._seen:
            try:
                event = await self._homeserver.event(room.id, event_id)
            except (Denied, Limited, Unreachable):
                return "", ""
            words = self._words(event)
            self._see(event_id, text_of(event, "sender"), words.text if words else "")
        return self._seen[event_id]

    async def _picture(self, key: str, address: str) -> str | None:
        """Our own copy of a picture; None when it is too large, no picture, or cannot be had."""
        if key in self._kept_pictures:
            return self._kept_pictures[key]
        try:
            data = await self._homeserver.download(address, MAX_BYTES)
            kind = kind_of(data)
            if kind is None:
                return None
            kept = await asyncio.to_thread(self._pictures.keep, data, kind)
        except (Denied, Limited, Unreachable, NoRoom, OSError) as trouble:
            log.warning("picture not kept", event_id=key, reason=str(trouble)[:200])
            return None
        self._kept_pictures[key] = kept
        if len(self._kept_pictures) > MAX_SEEN:
            self._kept_pictures.popitem(last=False)
        return kept


def _place(room: Room) -> dict[str, Any]:
    here = room.conversation
    return {"lane": here, "channel": CHANNEL, "conversation": here, "group_id": room.group}
