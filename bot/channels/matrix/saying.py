"""Says outbox rows in rooms, and turns a homeserver's noes into the sender's terms."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import PurePosixPath

from bot.channels.base import NeverSaid, Outgoing, TryAgain
from bot.channels.matrix.rooms import CHANNEL, Room, Rooms, local_part, our_id, plain_name
from bot.channels.matrix.wire import Denied, Homeserver, Json, Limited, Unreachable
from bot.channels.matrix.writing import card_content, is_link, picture_content, text_content
from bot.channels.pictures import FOLDER, TYPES, Pictures

MAX_UPLOADED = 500  # pictures remembered as handed over
NOT_YET = 5.0  # seconds


class Saying:
    """Speaks in the rooms of one login."""

    def __init__(self, homeserver: Homeserver, rooms: Rooms, pictures: Pictures, public_url: str) -> None:
        self._homeserver, self._rooms, self._pictures, self._public_url = homeserver, rooms, pictures, public_url
        self._uploaded: OrderedDict[str, str] = OrderedDict()

    async def send(self, message: Outgoing) -> str:
        """Gives the event's id. Raises TryAgain or NeverSaid; never unsure, because the transaction makes it once."""
        if not self._homeserver.is_known or not self._rooms.since:
            raise TryAgain("not connected to the homeserver yet", NOT_YET)
        try:
            room_id = await self._room(message)
            content = await self._content(message, room_id)
            return our_id(await self._homeserver.send(room_id, content, message.key))
        except Limited as limit:
            raise TryAgain(str(limit), limit.after) from None
        except Unreachable as trouble:
            raise TryAgain(str(trouble)) from None
        except Denied as no:
            if no.is_about_login:
                raise TryAgain(f"the login was refused: {no}", 60.0) from None
            raise NeverSaid(str(no)) from None

    async def _room(self, message: Outgoing) -> str:
        room = self._rooms.find(message.here.id)
        if room is not None:
            if room.is_encrypted:
                raise NeverSaid("the room is end-to-end encrypted")
            return room.id
        user = (message.here.member_id or "").removeprefix(f"{CHANNEL}:")
        if message.here.group_id is not None or not user.startswith("@"):
            raise NeverSaid("we are not in this room")
        return await self._open(user)

    async def _open(self, user: str) -> str:
        """A direct room with a member we never talked to alone."""
        room = Room(await self._homeserver.open_direct(user), marked=user, count=2, is_joined=True)
        self._rooms.known[room.id] = room
        self._rooms.direct[user] = room.id
        return room.id

    async def _content(self, message: Outgoing, room_id: str) -> Json:
        if message.kind == "text":
            mention = str(message.body.get("mention") or "").removeprefix(f"{CHANNEL}:")
            if message.here.group_id is None or not mention.startswith("@"):
                return text_content(message.text)
            return text_content(message.text, mention, await self._name(room_id, mention))
        if message.kind == "card":
            return card_content(message.body | {"url": self._address(str(message.body.get("url", "")))})
        if message.kind == "picture":
            return await self._picture(str(message.body.get("url", "")), message.text)
        raise NeverSaid(f"Matrix has no {message.kind}")

    async def _name(self, room_id: str, user: str) -> str:
        known = self._rooms.name_of(room_id, user)
        if known is None:
            try:
                told = await self._homeserver.state(room_id, "m.room.member", user)
            except Denied:
                told = {}
            known = plain_name(told.get("displayname")) or local_part(user)
            self._rooms.learn_name(room_id, user, known)
        return known

    async def _picture(self, url: str, text: str) -> Json:
        """A picture of ours is handed over; another one is told by its address."""
        path = self._pictures.find(PurePosixPath(url).name) if url.startswith(f"/{FOLDER}/") else None
        if path is None:
            address = self._address(url)
            if not is_link(address):
                raise NeverSaid("the picture has no address")
            return text_content(f"{text}\n{address}" if text else address)
        data, kind = path.read_bytes(), TYPES[path.suffix[1:]]
        if url not in self._uploaded:
            self._uploaded[url] = await self._homeserver.upload(data, kind, path.name)
            if len(self._uploaded) > MAX_UPLOADED:
                self._uploaded.popitem(last=False)
        return picture_content(self._uploaded[url], kind, len(data), text)

    def _address(self, url: str) -> str:
        return self._public_url + url if url.startswith("/") else url
