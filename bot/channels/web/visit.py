"""One open socket: hello first, then what the member says and asks, until it closes."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.orm import Session
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.channels.pictures import MAX_BYTES
from bot.channels.web import frames, history
from bot.channels.web.audience import OVERRUN, Listener
from bot.channels.web.entrance import Guest, enter
from bot.channels.web.frames import Cursor, Hello, Trouble
from bot.channels.web.history import Page
from bot.channels.web.lobby import Lobby
from bot.channels.web.shown import BOT_ID, dump
from bot.channels.web.speech import leave, say
from storage import groups

HELLO_SECONDS = 20
GOODBYE_SECONDS = 5
REFUSAL_SECONDS = 0.25  # nothing more is read meanwhile, so that a flood costs the flooder
MAX_FAULTS = 30  # frames refused for their form, on one socket
MAX_SOCKETS = 6  # of one member
MAX_MEMBERS_TOLD = 500
MAX_TEXT = 2_000


class Visit:
    """One socket of one member."""

    def __init__(self, lobby: Lobby, socket: WebSocket, code: str) -> None:
        self._lobby, self._socket, self._code = lobby, socket, code
        self._listener = Listener(socket.send_text)
        self._guest: Guest | None = None
        self._faults = 0

    async def run(self) -> None:
        """Attend the socket until either side ends it."""
        await self._socket.accept()
        writing = asyncio.create_task(self._listener.run())
        reading = asyncio.create_task(self._listen())
        ending = asyncio.create_task(self._listener.ended.wait())
        try:
            await asyncio.wait((writing, reading, ending), return_when=asyncio.FIRST_COMPLETED)
            code = self._listener.close_code or _close_code(reading)
            if code not in (None, OVERRUN) and not writing.done():
                await self._flush(writing)
        finally:
            self._part()
            for task in (writing, reading, ending):
                task.cancel()
            await asyncio.gather(writing, reading, ending, return_exceptions=True)
        if code is not None:
            await close(self._socket, code)

    async def _flush(self, writing: asyncio.Task[None]) -> None:
        """Let what is queued, the reason of the end for one, be written before the socket closes."""
        flushed = asyncio.create_task(self._listener.emptied())
        await asyncio.wait((flushed, writing), timeout=GOODBYE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        flushed.cancel()

    async def _listen(self) -> int | None:
        """Read frames; gives the code to close with, or None when the client has gone."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while self._guest is None:
                    if (code := await self._next()) is not None:
                        return code
        except TimeoutError:
            return self._end(Trouble("hello_first", "say hello first", close=4408))
        except WebSocketDisconnect:
            return None
        try:
            while (code := await self._next()) is None:
                continue
        except WebSocketDisconnect:
            return None
        return code

    async def _next(self) -> int | None:
        """Read one frame and do what it asks; gives the code to close with when it ends the visit."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            text = message.get("text")
            if text is None:
                raise Trouble("binary_frame", "frames are JSON in text", close=1003)
            return await self._hear(frames.read(text))
        except Trouble as trouble:
            if trouble.code == "rate_limited":
                await asyncio.sleep(REFUSAL_SECONDS)
            return self._end(trouble)

    def _end(self, trouble: Trouble) -> int | None:
        self._listener.put(dump(trouble.frame()))
        if self._guest is None or trouble.code in ("bad_json", "bad_frame", "unknown_frame"):
            self._faults += 1
        return trouble.close or (1008 if self._faults > MAX_FAULTS else None)

    async def _hear(self, frame: frames.Frame) -> int | None:
        if isinstance(frame, frames.Ping):
            self._look_allowed()
            self._listener.put('{"type":"pong"}')
            return None
        if isinstance(frame, Hello):
            await self._hello(frame)
            return None
        guest = self._guest
        if guest is None:
            client_id = frame.client_id if isinstance(frame, frames.Say) else None
            raise Trouble("hello_first", "say hello first", client_id=client_id)
        match frame:
            case frames.Say():
                self._listener.put(dump(await say(self._lobby, guest, frame, MAX_TEXT)))
            case frames.History():
                self._look_allowed()
                await self._tell_history(guest, frame)
            case frames.Members():
                self._look_allowed()
                self._listener.put(dump({"type": "members"} | await self._lobby.look(self._members)))
            case frames.Leave():
                await leave(self._lobby, guest)  # once it is shown, all sockets of the member are dismissed
        return None

    def _look_allowed(self) -> None:
        wait = self._lobby.looks.take(str(id(self)) if self._guest is None else self._guest.id)
        if wait:
            raise Trouble("rate_limited", "too many questions at once", retry_after=wait)

    async def _hello(self, hello: Hello) -> None:
        """Let the member in, listen from now on, then show what happened before without a gap or a double."""
        if self._guest is not None:
            raise Trouble("hello_again", "you said hello already")
        address = self._socket.client.host if self._socket.client is not None else ""
        visitor_id = self._lobby.visitor_ids.of(self._socket.headers.get("cookie", ""))
        guest = await enter(self._lobby, self._code, hello, address, visitor_id)
        if self._lobby.sockets[guest.id] >= MAX_SOCKETS:
            raise Trouble("too_many_sockets", f"one member opens at most {MAX_SOCKETS} sockets", close=4429)
        self._lobby.sockets[guest.id] += 1
        self._guest, self._listener.member_id = guest, guest.id
        self._listener.hold_back()
        for conversation in (guest.group.id, guest.private):
            self._lobby.audience(conversation).listeners.add(self._listener)
        pages, around = await self._lobby.look(lambda session: (self._pages(session, hello), self._members(session)))
        self._listener.put(dump(self._welcome(guest, pages, around)))
        self._listener.let_through(frame["id"] for page in pages.values() for frame in page.frames)

    def _pages(self, session: Session, hello: Hello) -> dict[str, Page]:
        assert self._guest is not None
        here = {"group": self._guest.group.id, "private": self._guest.private}
        bot_name, since = self._lobby.settings.bot_name, hello.since
        if since is None:
            return {to: history.read_newest(session, where, bot_name) for to, where in here.items()}
        return {to: history.read_since(session, where, bot_name, getattr(since, to)) for to, where in here.items()}

    def _welcome(self, guest: Guest, pages: dict[str, Page], around: dict[str, Any]) -> dict[str, Any]:
        settings, group = self._lobby.settings, guest.group
        return {
            "type": "welcome", "you": {"id": guest.id, "name": guest.name}, "token": self._lobby.tokens.give(guest.id),
            "group": {"code": group.code, "name": group.name, "topic": group.topic, "language": group.language},
            "bot": {"id": BOT_ID, "name": settings.bot_name}, "shop": {"name": settings.shop_name}, **around,
            "history": {to: page.told() for to, page in pages.items()},
            "limits": {
                "text": MAX_TEXT, "picture_bytes": MAX_BYTES, "messages_a_minute": settings.messages_a_minute,
            },
        }

    async def _tell_history(self, guest: Guest, asked: frames.History) -> None:
        where = guest.group.id if asked.to == "group" else guest.private
        bot_name, before = self._lobby.settings.bot_name, Cursor.model_validate(asked.before)
        page = await self._lobby.look(lambda session: history.read_before(session, where, bot_name, before, asked.limit))
        told = page.told()
        self._listener.put(dump(
            {"type": "history", "to": asked.to, "messages": told["messages"], "earlier": told["earlier"]}
        ))

    def _members(self, session: Session) -> dict[str, Any]:
        assert self._guest is not None
        rows = groups.find_members(session, self._guest.group.id, MAX_MEMBERS_TOLD)
        count = len(rows) if len(rows) < MAX_MEMBERS_TOLD else groups.count_present(session, self._guest.group.id)
        return {
            "members": [{"id": row.member_id, "name": row.name, "is_staff": row.is_staff} for row in rows],
            "member_count": count,
        }

    def _part(self) -> None:
        guest, self._guest = self._guest, None
        if guest is not None:
            for conversation in (guest.group.id, guest.private):
                self._lobby.part(self._listener, conversation)
            self._lobby.sockets[guest.id] -= 1
            if self._lobby.sockets[guest.id] <= 0:
                del self._lobby.sockets[guest.id]


def _close_code(reading: asyncio.Task[int | None]) -> int | None:
    """How the reader wants the socket closed; None when it has not ended or the client has gone."""
    if not reading.done():
        return None
    error = reading.exception()
    if error is not None:
        raise error
    return reading.result()


async def close(socket: WebSocket, code: int) -> None:
    """Close a socket from our side, if it is still there; a client that does not read is not waited for long."""
    if socket.application_state is not WebSocketState.CONNECTED:
        return
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await socket.close(code)
    except (TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
        return
