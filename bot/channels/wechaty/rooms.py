"""Which rooms an account sits in and who is there: names, joins and leaves, whole member lists now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from wechaty_grpc.wechaty.puppet import (
    ContactPayloadResponse,
    ContactType,
    RoomListResponse,
    RoomMemberListResponse,
    RoomMemberPayloadRequest,
    RoomMemberPayloadResponse,
    RoomPayloadResponse,
)

from bot.channels.wechaty.gateway import Gateway, Trouble
from bot.channels.wechaty.ids import ours
from bot.channels.wechaty.tidings import Change, Tidings
from bot.channels.wechaty.wire import id_request

log = structlog.get_logger()

MAX_ID, MAX_NAME = 100, 80  # characters; what is longer has no place in our tables
MAX_KNOWN = 200_000  # people remembered; then we begin anew
AT_ONCE = 4  # questions to the gateway while reading lists
SETTLE_SECONDS = 2.0  # a join is told a moment before or after the member list shows it
LOST = frozenset({"UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED", "UNAUTHENTICATED"})  # the gateway, not the person


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as one room shows them; in no room, as they are."""

    name: str = ""
    alias: str = ""
    inviter_id: str = ""
    is_official: bool = False

    @property
    def shown(self) -> str:
        """The name that stands above their messages."""
        return (self.alias or self.name)[:MAX_NAME]


def is_id(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= MAX_ID


class Rooms:
    """What we know of rooms, in memory; tells what changed."""

    def __init__(self, tidings: Tidings, settle_seconds: float = SETTLE_SECONDS) -> None:
        self.our_id = ""
        self._tidings, self._settle_seconds = tidings, settle_seconds
        self._people: dict[tuple[str, str], Person] = {}
        self._members: dict[str, set[str]] = {}
        self._topics: dict[str, str] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def known(self, room_id: str, contact_id: str) -> Person | None:
        """Somebody we met before; the room is empty in private."""
        return self._people.get((room_id, contact_id))

    def is_known(self, room_id: str) -> bool:
        return room_id in self._members

    def forget(self, their_id: str) -> None:
        """Something about a room or a person changed."""
        for key in [key for key in self._people if their_id in key]:
            del self._people[key]

    def our_names(self, room_id: str) -> tuple[str, ...]:
        """What we are called in a room, as far as we know."""
        people = (self._people.get((room_id, self.our_id)), self._people.get(("", self.our_id)))
        return tuple({name for person in people if person is not None for name in (person.alias, person.name) if name})

    async def person(self, gateway: Gateway, room_id: str, contact_id: str) -> Person:
        """Somebody in a room, or in private; without a name when the gateway knows none. Raises Trouble when the
        gateway is lost."""
        known = self._people.get((room_id, contact_id))
        if known is not None:
            return known
        try:
            person = await (_member(gateway, room_id, contact_id) if room_id else _contact(gateway, contact_id))
        except Trouble as trouble:
            if trouble.code in LOST:
                raise
            return Person()
        if len(self._people) > MAX_KNOWN:
            self._people.clear()
        self._people[room_id, contact_id] = person
        return person

    async def read_all(self, gateway: Gateway, *, is_daily: bool = False) -> int:
        """Read every room and its whole member list; gives how many rooms there are. Raises Trouble."""
        if is_daily:
            self._people.clear()
        await self.person(gateway, "", self.our_id)
        ids = [one for one in RoomListResponse().parse(await gateway.call("RoomList")).ids if is_id(one)]
        for room_id in self._members.keys() - set(ids):
            del self._members[room_id]
        for room_id in ids:
            try:
                await self.read(gateway, room_id, is_wanted=is_daily)
            except Trouble as trouble:
                if trouble.code in LOST:
                    raise
                log.warning("a room cannot be read", code=trouble.code)
        return len(ids)

    async def read(self, gateway: Gateway, room_id: str, *, is_wanted: bool = False) -> None:
        """Read one room anew, and tell what changed; the member list also when `is_wanted`. Raises Trouble."""
        topic = RoomPayloadResponse().parse(await gateway.call("RoomPayload", id_request(room_id))).topic
        if self._topics.get(room_id) != topic:
            self._topics[room_id] = topic
            self._tidings.found(room_id, topic)
        before = self._members.get(room_id)
        there = await self._list(gateway, room_id)
        if before is not None and there - before:
            # Whoever is on the list already may still be announced, with the inviter the list lacks.
            await asyncio.sleep(self._settle_seconds)
            before = self._members.get(room_id)
        await self.person(gateway, room_id, self.our_id)
        others = sorted(there - {self.our_id})
        people = await asyncio.gather(*(self._one_by_one(gateway, room_id, one) for one in others))
        self._members[room_id] = there
        if before != there or is_wanted:
            members = [
                (ours(one), person.shown, ours(person.inviter_id) if is_id(person.inviter_id) else "")
                for one, person in zip(others, people, strict=True)
            ]
            # A gateway that has just logged in may give a part of the list; without ourselves it is a part.
            self._tidings.listed(room_id, members, is_whole=self.our_id in there)

    async def _one_by_one(self, gateway: Gateway, room_id: str, contact_id: str) -> Person:
        async with self._places:
            return await self.person(gateway, room_id, contact_id)

    async def _list(self, gateway: Gateway, room_id: str) -> set[str]:
        answer = RoomMemberListResponse().parse(await gateway.call("RoomMemberList", id_request(room_id)))
        return {one for one in answer.member_ids if is_id(one)}

    async def joined(self, gateway: Gateway, change: Change) -> None:
        """Somebody came into a room. The gateway may not know the inviter, nor who came: the list is read anew."""
        is_first = not self.is_known(change.room_id)
        if self.our_id in change.contact_ids:
            await self.read(gateway, change.room_id)
        come = await self._who(gateway, change, lambda before, there: there - before)
        for contact_id in come:
            if contact_id == self.our_id:
                continue
            person = await self.person(gateway, change.room_id, contact_id)
            self._tidings.joined(change, contact_id, person.shown, change.actor_id or person.inviter_id)
        if not is_first:
            self._members.setdefault(change.room_id, set()).update(come)
        elif self.our_id not in change.contact_ids:
            await self.read(gateway, change.room_id)

    async def left(self, gateway: Gateway, change: Change) -> None:
        """Somebody left a room, or was taken out of it; when it was us, the room is gone."""
        gone: Sequence[str] = change.contact_ids
        if not gone:
            gone = await self._who(gateway, change, lambda before, there: before - there)
        for contact_id in gone:
            person = self.known(change.room_id, contact_id) or Person()
            self._tidings.left(change, contact_id, person.shown)
        self._members.get(change.room_id, set()).difference_update(gone)
        if self.our_id in gone:
            self._members.pop(change.room_id, None)
            self._topics.pop(change.room_id, None)

    def renamed(self, change: Change, topic: str) -> None:
        """A room got another topic, which is also its name."""
        self._topics[change.room_id] = topic
        self._tidings.renamed(change, topic)
        self._tidings.found(change.room_id, topic)

    async def _who(
        self, gateway: Gateway, change: Change, differ: Callable[[set[str], set[str]], set[str]]
    ) -> Sequence[str]:
        """Whom a change is about: whom it names, or, where it names nobody we find, by comparing member lists."""
        before = set(self._members.get(change.room_id, ()))
        for wait_seconds in (0.0, self._settle_seconds):
            await asyncio.sleep(wait_seconds)
            try:
                there = await self._list(gateway, change.room_id)
            except Trouble:
                break
            named = [one for one in change.contact_ids if one in there]
            if change.contact_ids and len(named) == len(change.contact_ids):
                return named
            others = sorted(differ(before, there) - set(named) - {self.our_id})
            if others and before:
                return [*named, *others]
        # The list does not show them, or cannot be read: what the gateway told us still counts.
        return change.contact_ids


async def _member(gateway: Gateway, room_id: str, contact_id: str) -> Person:
    request = bytes(RoomMemberPayloadRequest(id=room_id, member_id=contact_id))
    told = RoomMemberPayloadResponse().parse(await gateway.call("RoomMemberPayload", request))
    return Person(told.name, told.room_alias, told.inviter_id)


async def _contact(gateway: Gateway, contact_id: str) -> Person:
    told = ContactPayloadResponse().parse(await gateway.call("ContactPayload", id_request(contact_id)))
    return Person(told.name, is_official=told.type == ContactType.CONTACT_TYPE_OFFICIAL)
