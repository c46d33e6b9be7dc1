"""Hears a gateway's events: payloads are fetched side by side, kept in the order they came, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from wechaty_grpc.wechaty.puppet import EventType, MessageFileRequest, MessageFileResponse

from bot.channels.base import Receive
from bot.channels.wechaty import heard
from bot.channels.wechaty.files import Keep, read_box
from bot.channels.wechaty.gateway import Gateway, Trouble, answer
from bot.channels.wechaty.heard import Meaning
from bot.channels.wechaty.ids import ours, private
from bot.channels.wechaty.keeping import Keeping
from bot.channels.wechaty.rooms import LOST, Person, Rooms, is_id
from bot.channels.wechaty.tidings import Change, Tidings
from bot.channels.wechaty.wire import Garbled, Payload, id_request, read_payload

log = structlog.get_logger()

FETCHES = 32  # payloads asked for at the same time
TRIES = 3
PAYLOAD_SECONDS = 8.0
MAX_SEEN = 20_000
Work = Callable[[], Awaitable[None]]


class Hearing:
    """The road of what a gateway tells: one line for everything, then one turn a conversation."""

    def __init__(
        self, account: str, now: Callable[[], datetime], gateway: Callable[[], Awaitable[Gateway]], keep_picture: Keep
    ) -> None:
        self._now, self._gateway, self._keep_picture = now, gateway, keep_picture
        self._keeping = Keeping()
        self.tidings = Tidings(account, now, self._keeping.take)
        self.rooms = Rooms(self.tidings)
        self.ours: dict[str, None] = {}  # ids of what we said ourselves, as the gateway told when we said it
        self.missed = 0
        self._seen: dict[str, None] = {}
        self._places = asyncio.Semaphore(FETCHES)
        self._untold = 0  # on the line, the one being read included
        self._line: asyncio.Queue[tuple[str, Awaitable[bytes] | Work]] = asyncio.Queue()
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._reader: asyncio.Task[None] | None = None

    def start(self, receive: Receive) -> None:
        self._keeping.start(receive)
        self._reader = asyncio.create_task(self._read_line(), name="wechaty-line")

    async def settle(self, seconds: float) -> None:
        """Wait until all that was told is handed on, for so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._untold or self._turns:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish nothing new; what was handed on is kept."""
        running = [*self._turns.values(), *([self._reader] if self._reader is not None else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._keeping.stop()

    async def take_message(self, message_id: str) -> None:
        """A message came; waits while too many are being fetched, so that the gateway slows down."""
        if not message_id or len(message_id) > 180 or not _once(self._seen, message_id) or message_id in self.ours:
            return
        await self._places.acquire()
        gateway = await self._gateway()
        # Asked for at once, read in turn; gRPC keeps a task for each, so we need none of our own.
        asked = gateway.ask("MessagePayload", id_request(message_id), PAYLOAD_SECONDS)
        self._put(message_id, asked)

    def take_change(self, kind: int, told: dict[str, Any]) -> None:
        """Somebody joined or left a room, or its topic changed."""
        names = {EventType.EVENT_TYPE_ROOM_JOIN: ("inviteeIdList", "inviterId")}
        who, by = names.get(EventType(kind), ("removeeIdList", "removerId"))
        room_id, actor = told.get("roomId"), told.get(by)
        if not is_id(room_id):
            return
        contacts = told.get(who)
        contact_ids = tuple(one for one in contacts if is_id(one)) if isinstance(contacts, list) else ()
        at = self._when(told.get("timestamp"))
        change = Change(str(room_id), contact_ids, str(actor) if is_id(actor) else "", at, f"{at.timestamp():.3f}")
        self._put(ours(change.room_id), lambda: self._changed(kind, change, told))

    def _put(self, name: str, waiting: Awaitable[bytes] | Work) -> None:
        self._untold += 1
        self._line.put_nowait((name, waiting))

    async def _changed(self, kind: int, change: Change, told: dict[str, Any]) -> None:
        if kind == EventType.EVENT_TYPE_ROOM_TOPIC:
            self.rooms.renamed(change, str(told.get("newTopic") or "")[:400])
            return
        gateway = await self._gateway()
        if kind == EventType.EVENT_TYPE_ROOM_JOIN:
            await self.rooms.joined(gateway, change)
        else:
            await self.rooms.left(gateway, change)

    def _when(self, stamp: object) -> datetime:
        """A gateway's time, in seconds or milliseconds; ours where it tells none."""
        if not isinstance(stamp, int | float) or not 1e9 < stamp < 1e14:
            return self._now()
        return datetime.fromtimestamp(stamp / 1000 if stamp > 1e11 else stamp, UTC)

    async def _fetch(self, message_id: str, asked: Awaitable[bytes]) -> Payload | None:
        """A message's payload; asked for again when the connection was lost, None when there is none to have."""
        for tries_left in range(TRIES, -1, -1):
            try:
                payload = read_payload(await answer(asked))
                return payload if payload.id else replace(payload, id=message_id)
            except Garbled:
                break
            except Trouble as trouble:
                if trouble.code not in LOST or not tries_left:
                    break
            try:
                gateway = await self._gateway()
            except Trouble:
                break
            asked = gateway.ask("MessagePayload", id_request(message_id), PAYLOAD_SECONDS)
        self.missed += 1
        log.warning("a message could not be fetched")
        return None

    async def _read_line(self) -> None:
        """In the order they came: what needs nothing more is handed on at once, the rest takes its turn."""
        while True:
            name, waiting = await self._line.get()
            try:
                if callable(waiting):
                    self._in_turn(name, waiting)
                else:
                    await self._take_in(name, waiting)
            except Exception:
                log.exception("a message could not be understood")
            self._untold -= 1

    async def _take_in(self, message_id: str, asked: Awaitable[bytes]) -> None:
        try:
            payload = await self._fetch(message_id, asked)
        finally:
            self._places.release()
        if payload is not None:
            self._take(payload)

    def _take(self, payload: Payload) -> None:
        if payload.talker_id == self.rooms.our_id or not is_id(payload.talker_id):
            return
        if payload.room_id and not is_id(payload.room_id):
            return
        meaning = heard.understand(payload)
        if meaning is None:
            return
        lane = ours(payload.room_id) if payload.room_id else private(payload.talker_id)
        person = self.rooms.known(payload.room_id, payload.talker_id)
        if person is not None and lane not in self._turns and not meaning.is_picture:
            self._hand_on(payload, meaning, person, None)
        else:
            self._in_turn(lane, lambda: self._prepare(payload, meaning))

    async def _prepare(self, payload: Payload, meaning: Meaning) -> None:
        """Learn who speaks and get the picture, as far as the gateway lets us; the words count in any case."""
        person, picture = Person(), None
        try:
            gateway = await self._gateway()
            person = await self.rooms.person(gateway, payload.room_id, payload.talker_id)
            if meaning.is_picture:
                picture = await self._picture(gateway, payload.id)
        except Trouble as trouble:
            log.warning("a message is kept with less than it had", code=trouble.code)
        self._hand_on(payload, meaning, person, picture)

    def _hand_on(self, payload: Payload, meaning: Meaning, person: Person, picture: str | None) -> None:
        if person.is_official and not payload.room_id:
            return  # an official account's advertising
        is_to_us = bool(payload.room_id) and heard.is_to(
            self.rooms.our_names(payload.room_id), payload, self.rooms.our_id
        )
        self._keeping.take(
            self.tidings.message(payload, meaning, person.shown, is_to_us=is_to_us, picture=picture)
        )

    async def _picture(self, gateway: Gateway, message_id: str) -> str | None:
        answer = await gateway.call("MessageFile", bytes(MessageFileRequest(id=message_id)))
        data = await read_box(gateway, MessageFileResponse().parse(answer).file_box)
        return None if data is None else await asyncio.to_thread(self._keep_picture, data)

    def _in_turn(self, lane: str, work: Work) -> None:
        """Do something after whatever its conversation is waiting for."""
        before = self._turns.get(lane)

        async def turn() -> None:
            if before is not None:
                await asyncio.wait([before])
            try:
                await work()
            except Trouble as trouble:
                log.warning("the gateway did not answer", code=trouble.code)
            except Exception:
                log.exception("something heard could not be handled")

        task = self._turns[lane] = asyncio.create_task(turn())
        task.add_done_callback(lambda done: self._turns.pop(lane) if self._turns.get(lane) is done else None)


def _once(seen: dict[str, None], key: str) -> bool:
    """Note a key; False when it was noted before. The oldest are forgotten."""
    if key in seen:
        return False
    seen[key] = None
    if len(seen) > MAX_SEEN:
        del seen[next(iter(seen))]
    return True


def parse(payload: str) -> dict[str, Any]:
    """An event's JSON; empty for a heartbeat without data and for what is no JSON object."""
    try:
        told = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
