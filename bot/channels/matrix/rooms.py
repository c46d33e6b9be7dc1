"""What we know of the rooms we sit in, and the file in the data folder that keeps it with our place in the sync."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bot.channels.cleaning import clean_text
from bot.channels.matrix.wire import Json, object_of, text_of

CHANNEL = "matrix"
MAX_ID, MAX_NAME = 120, 40  # what our tables keep
MAX_NAMES = 20_000  # display names remembered, of all rooms together


def our_id(theirs: str, kind: str = "") -> str:
    """Our id of a room, a user (kind "p:": their private conversation) or an event; the rare long ones are shortened."""
    ours = f"{CHANNEL}:{kind}{theirs}"
    if len(ours) <= MAX_ID:
        return ours
    return f"{ours[:MAX_ID - 33]}~{hashlib.sha256(theirs.encode()).hexdigest()[:32]}"


def plain(text: Any) -> str:
    """A text without control and unseen characters; empty for anything that is not a text."""
    return clean_text(text) if isinstance(text, str) else ""


def plain_name(text: Any) -> str:
    return " ".join(plain(text[:400]).split())[:MAX_NAME] if isinstance(text, str) else ""


@dataclass(slots=True)
class Room:
    """One room. `marked` is the member a direct room was opened with; `count` is how many are in it or invited."""

    id: str
    name: str = ""
    alias: str = ""
    is_encrypted: bool = False
    is_explained: bool = False
    is_joined: bool = False
    marked: str = ""
    count: int = 0
    invited: dict[str, str] = field(default_factory=dict)  # who was invited → by whom

    @property
    def partner(self) -> str:
        """The other one in a direct room of two; empty in a group."""
        return self.marked if self.count <= 2 else ""

    @property
    def conversation(self) -> str:
        return our_id(self.partner, "p:") if self.partner else our_id(self.id)

    @property
    def group(self) -> str | None:
        return None if self.partner else our_id(self.id)

    @property
    def title(self) -> str:
        return self.name or self.alias or self.id[:MAX_NAME]

    def count_heads(self, summary: Json) -> None:
        """The homeserver sends these numbers when they change."""
        joined, invited = summary.get("m.joined_member_count"), summary.get("m.invited_member_count")
        if isinstance(joined, int):
            self.count = joined + (invited if isinstance(invited, int) else 0)


class Rooms:
    """All rooms of one login, with the names of who is there."""

    def __init__(self) -> None:
        self.since, self.device, self.user = "", "", ""
        self.known: dict[str, Room] = {}
        self.direct: dict[str, str] = {}  # user → the room we last talked in
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()

    def room(self, room_id: str) -> Room:
        return self.known.setdefault(room_id, Room(room_id))

    def find(self, conversation: str) -> Room | None:
        """The room of a conversation of ours; of a private one the room we last talked in."""
        for room_id in reversed(self.direct.values()):
            if (room := self.known.get(room_id)) is not None and room.partner and room.conversation == conversation:
                return room
        return next((room for room in self.known.values() if our_id(room.id) == conversation), None)

    def forget(self, room_id: str) -> None:
        self.known.pop(room_id, None)
        self.direct = {user: one for user, one in self.direct.items() if one != room_id}

    def mark_direct(self, room: Room, user: str) -> None:
        room.marked = user
        self.direct.setdefault(user, room.id)

    def talked(self, room: Room) -> None:
        """We speak privately where they spoke last."""
        if room.partner:
            self.direct.pop(room.partner, None)
            self.direct[room.partner] = room.id

    def name_of(self, room_id: str, user: str) -> str | None:
        return self._names.get((room_id, user))

    def learn_name(self, room_id: str, user: str, name: str) -> None:
        self._names[room_id, user] = name
        self._names.move_to_end((room_id, user))
        if len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)

    def learn(self, room: Room, event: Json) -> None:
        """Take in one state event."""
        content, kind = object_of(event, "content"), text_of(event, "type")
        if kind == "m.room.name":
            room.name = plain_name(content.get("name"))
        elif kind == "m.room.canonical_alias":
            room.alias = plain_name(content.get("alias"))
        elif kind == "m.room.encryption":
            room.is_encrypted = True  # for good: Matrix has no way back
        elif kind == "m.room.member":
            self._learn_member(room, event, content)

    def _learn_member(self, room: Room, event: Json, content: Json) -> None:
        user, membership = text_of(event, "state_key"), text_of(content, "membership")
        if not user:
            return
        if membership in ("join", "invite"):
            self.learn_name(room.id, user, plain_name(content.get("displayname")) or local_part(user))
        if membership == "invite" and len(room.invited) < 1_000:
            room.invited[user] = text_of(event, "sender")
        elif membership != "invite":
            room.invited.pop(user, None)
        if content.get("is_direct") is True and membership == "invite":
            self.mark_direct(room, text_of(event, "sender") if user == self.user else user)


def local_part(user: str) -> str:
    """@name:server → name."""
    return plain_name(user.removeprefix("@").partition(":")[0]) or "?"


class Notebook:
    """Where the rooms and our place are kept between runs; written whole and renamed, so it is never half."""

    def __init__(self, home: Path, account: str) -> None:
        self._path = home / CHANNEL / f"{hashlib.sha256(account.encode()).hexdigest()[:16]}.json"

    def open(self, login: str) -> Rooms:
        """What was kept for this login (homeserver and user); anything else or unreadable begins anew."""
        rooms = Rooms()
        try:
            kept = orjson.loads(self._path.read_bytes())
            if kept["login"] == login:
                rooms.since, rooms.device, rooms.direct = kept["since"], kept["device"], kept["direct"]
                rooms.known = {one["id"]: Room(**one) for one in kept["rooms"]}
        except FileNotFoundError:
            return rooms
        except (ValueError, KeyError, TypeError):
            return Rooms()
        return rooms

    async def keep(self, login: str, rooms: Rooms) -> None:
        """Write it down; after this returned it survives a lost power supply."""
        values = {
            "login": login, "since": rooms.since, "device": rooms.device, "direct": rooms.direct,
            "rooms": [asdict(room) for room in rooms.known.values()],
        }
        await asyncio.to_thread(self._write, orjson.dumps(values))

    def _write(self, values: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".new")
        handle = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(values)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._path)
