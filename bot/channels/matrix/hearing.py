"""Hears one login: takes each sync in, fills what it left out, and moves on once everything in it is kept."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Sequence

import structlog

from bot.channels.base import Receive
from bot.channels.matrix.reading import Reader
from bot.channels.matrix.rooms import Room, Rooms
from bot.channels.matrix.wire import Denied, Homeserver, Json, Limited, Unreachable, list_of, object_of, text_of
from bot.channels.matrix.writing import text_content
from bot.dispatch import NotKept, Overloaded
from bot.events import Event

log = structlog.get_logger()

MAX_GAP = 20_000  # events of one room fetched after a sync that left some out
MAX_JOINS = 20  # invitations accepted in one round
A_BATCH = 500
ENCRYPTED = (
    "这个房间开启了端到端加密，我读不到这里的消息，也就答不了。请另开一个不加密的房间再邀请我。\n"
    "This room is end-to-end encrypted: I cannot read what is said here. Please invite me to a room without encryption."
)


class Hearing:
    """Takes answers of a sync in, in their order."""

    def __init__(self, homeserver: Homeserver, rooms: Rooms, reader: Reader, receive: Receive) -> None:
        self._homeserver, self._rooms, self._reader, self._receive = homeserver, rooms, reader, receive
        self.cut: list[str] = []  # rooms of which more was missing than we fetch
        self._invitations: dict[str, None] = {}  # not yet accepted, oldest first

    async def take(self, answer: Json) -> bool:
        """Hear what the homeserver told; returns once all of it is kept. False when there was nothing in it."""
        self._learn_direct(answer)
        told = object_of(answer, "rooms")
        for room_id, joined in object_of(told, "join").items():
            await self._joined(self._rooms.room(room_id), joined)
        for room_id, left in object_of(told, "leave").items():
            await self._left(room_id, left)
        for room_id, invited in object_of(told, "invite").items():
            for event in list_of(object_of(invited, "invite_state"), "events"):
                self._rooms.learn(self._rooms.room(room_id), event)
            self._invitations[room_id] = None
        return bool(told)

    async def accept_invitations(self) -> None:
        """Whoever invites us has us; what we say there is up to an operator."""
        for room_id in [*self._invitations][:MAX_JOINS]:
            await self._accept(room_id)

    def _learn_direct(self, answer: Json) -> None:
        for event in list_of(object_of(answer, "account_data"), "events"):
            if event.get("type") == "m.direct":
                for user, listed in object_of(event, "content").items():
                    for room_id in listed if isinstance(listed, list) else ():
                        if isinstance(room_id, str) and room_id in self._rooms.known:
                            self._rooms.mark_direct(self._rooms.known[room_id], user)
                        elif isinstance(room_id, str):
                            self._rooms.direct.setdefault(user, room_id)

    async def _joined(self, room: Room, told: Json) -> None:
        is_first, is_new = not self._rooms.since, not room.is_joined
        room.count_heads(object_of(told, "summary"))
        self._mark_if_direct(room)
        for event in list_of(object_of(told, "state"), "events"):
            self._rooms.learn(room, event)
        timeline = object_of(told, "timeline")
        events = list_of(timeline, "events")
        room.is_joined = True
        if is_first:
            for event in events:
                if "state_key" in event:
                    self._rooms.learn(room, event)
            if room.group is not None:
                await self.keep([self._reader.found(room, room.id)])
        else:
            if timeline.get("limited") is True:
                events = await self._fill(room, text_of(timeline, "prev_batch"), is_new) + events
            await self.keep(await self._reader.read(room, self._since_our_join(room, events) if is_new else events))
        if room.is_encrypted and not room.is_explained:
            await self._explain(room)

    def _mark_if_direct(self, room: Room) -> None:
        for user, room_id in self._rooms.direct.items():
            if room_id == room.id and not room.marked:
                room.marked = user

    async def _fill(self, room: Room, start: str, is_new: bool) -> list[Json]:
        """What a sync left out, oldest first: backwards until where we were, or until we came in."""
        found: list[Json] = []
        while start:
            answer = await self._homeserver.messages(room.id, start, "" if is_new else self._rooms.since)
            for event in list_of(answer, "state"):
                self._rooms.learn(room, event)
            page = list_of(answer, "chunk")
            found += page
            end = text_of(answer, "end")
            if not end or end == start or (is_new and any(self._is_our_join(event) for event in page)):
                break
            if len(found) >= MAX_GAP:
                self.cut.append(room.title)
                log.error("more was said than is fetched", room=room.id, fetched=len(found))
                break
            start = end
        log.info("gap filled", room=room.id, events=len(found))
        return found[::-1]

    def _is_our_join(self, event: Json) -> bool:
        """Our coming in; a change of our name looks the same but for what was before."""
        before = object_of(object_of(event, "unsigned"), "prev_content")
        return (
            event.get("type") == "m.room.member" and event.get("state_key") == self._rooms.user
            and object_of(event, "content").get("membership") == "join" != before.get("membership")
        )

    def _since_our_join(self, room: Room, events: list[Json]) -> list[Json]:
        """What was said in a room before we came in is not ours to hear."""
        places = [place for place, event in enumerate(events) if self._is_our_join(event)]
        for event in events[: places[-1]] if places else ():
            if "state_key" in event:
                self._rooms.learn(room, event)
        return events[places[-1]:] if places else events

    async def _left(self, room_id: str, told: Json) -> None:
        room = self._rooms.known.get(room_id)
        if room is None or not room.is_joined:
            self._rooms.forget(room_id)
            return
        timeline = object_of(told, "timeline")
        events = list_of(timeline, "events")
        if timeline.get("limited") is True:
            try:
                events = await self._fill(room, text_of(timeline, "prev_batch"), False) + events
            except Denied as no:
                log.warning("what was said before we left cannot be had", room=room_id, reason=str(no))
        await self.keep(await self._reader.read(room, events))
        self._rooms.forget(room_id)

    async def _accept(self, room_id: str) -> None:
        try:
            await self._homeserver.join(room_id)
            log.info("invitation accepted", room=room_id)
        except Denied as no:
            log.warning("invitation cannot be accepted", room=room_id, reason=str(no))
            self._rooms.forget(room_id)
            await self._decline(room_id)
        except (Limited, Unreachable) as trouble:
            log.warning("invitation waits", room=room_id, reason=str(trouble))
            return
        self._invitations.pop(room_id, None)

    async def _decline(self, room_id: str) -> None:
        try:
            await self._homeserver.leave(room_id)
        except (Denied, Limited, Unreachable) as trouble:
            log.warning("invitation cannot be declined", room=room_id, reason=str(trouble))

    async def _explain(self, room: Room) -> None:
        transaction = "tuan-encrypted-" + hashlib.sha256(room.id.encode()).hexdigest()[:24]
        try:
            await self._homeserver.send(room.id, text_content(ENCRYPTED), transaction)
            room.is_explained = True
        except (Denied, Limited, Unreachable) as trouble:
            log.warning("encryption not explained", room=room.id, reason=str(trouble))

    async def keep(self, facts: Sequence[Event]) -> None:
        """Returns once all are kept; what cannot be kept now is offered again, in the same order."""
        for start in range(0, len(facts), A_BATCH):
            wait = 0.5
            while not await self._are_kept(facts[start : start + A_BATCH]):
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311
                wait = min(wait * 2, 10.0)

    async def _are_kept(self, facts: Sequence[Event]) -> bool:
        waiting: list[asyncio.Future[object]] = []
        is_full = False
        for fact in facts:
            try:
                waiting.append(asyncio.ensure_future(self._receive(fact)))
            except Overloaded:
                is_full = True
                break
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, NotKept | Overloaded):
                raise outcome
        return not is_full and not any(isinstance(outcome, NotKept | Overloaded) for outcome in outcomes)
