"""The web channel: what a member's browser says becomes events, what we say goes to every open browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from bot.channels.base import Capabilities, Hears, Link, Outgoing, Receive, Says, Standing, insist
from bot.channels.web import counter
from bot.channels.web.audience import Audience
from bot.channels.web.lobby import Lobby
from bot.channels.web.origin import is_allowed
from bot.channels.web.shown import Said, dump, event_frame, said_frame
from bot.channels.web.tokens import CHANNEL
from bot.channels.web.uploads import take_picture
from bot.channels.web.visit import Visit, close
from bot.dispatch import Kept
from bot.events import MemberJoined, MemberLeft
from bot.settings import Settings
from bot.visitors import Admitted, Visitor
from storage import members
from storage.database import Database

log = structlog.get_logger()

MAX_VISITS = 5_000
MAX_SAID = 20_000  # characters of one message of ours; a member's are fewer
STOP_SECONDS = 5


class WebChannel:
    """Groups in the browser. The committed outbox row is the delivery: a browser that was away reads it as history."""

    name = account = CHANNEL
    capabilities = Capabilities(
        hears=frozenset({
            Hears.GROUP_TEXT, Hears.PRIVATE_TEXT, Hears.JOIN, Hears.JOIN_INVITER, Hears.LEAVE, Hears.TOPIC, Hears.PICTURE,
        }),
        says=frozenset({Says.TEXT, Says.MENTION, Says.PICTURE, Says.CARD, Says.MINI_PROGRAM, Says.FILE}),
        max_text=MAX_SAID, is_idempotent=True,
    )

    def __init__(self, database: Database, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now
        self._lobby = Lobby(database, settings, now)
        self._visits: set[asyncio.Task[None]] = set()
        self.standing = Standing()

    async def start(self, receive: Receive) -> None:
        self._lobby.receive = receive
        self.standing = Standing(Link.CONNECTED, self._now())

    async def stop(self) -> None:
        """Hear nothing more; clients are closed and come back to the next process."""
        self._lobby.receive = None
        self.standing = Standing()
        visits = [*self._visits]
        for visit in visits:
            visit.cancel()
        if visits:
            await asyncio.wait(visits, timeout=STOP_SECONDS)

    @property
    def sockets(self) -> int:
        """How many are open now."""
        return len(self._visits)

    async def send(self, message: Outgoing) -> str | None:
        """Nothing to do: once the row is marked as sent it is part of the history every client reads. Raises NeverSaid
        for what is too long."""
        insist(self.capabilities, message)
        return f"o{message.id}"

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        """Show what was said to those who listen now."""
        heard = [
            (message, sent_no, audience) for message, sent_no in messages
            if (audience := self._lobby.audiences.get(message.here.id)) is not None and audience.listeners
        ]
        names = await self._names(heard)
        for message, sent_no, audience in heard:
            said = Said.of_outgoing(message, sent_no, self._now())
            frame = said_frame(said, audience.conversation, self._settings.bot_name, names)
            audience.show(frame["id"], dump(frame))

    async def _names(self, heard: Sequence[tuple[Outgoing, int, Audience]]) -> dict[str, str]:
        """The names of those we mention: mostly known, because they are here."""
        names: dict[str, str] = {}
        unknown: set[str] = set()
        for message, _, audience in heard:
            mention = message.body.get("mention")
            if mention and mention in audience.names:
                names[mention] = audience.names[mention]
            elif mention:
                unknown.add(mention)
        if unknown:
            names |= await self._lobby.look(lambda session: members.find_names(session, unknown))
        return names

    def show(self, kept: Sequence[Kept]) -> None:
        """Show what was just committed to those who listen now; called in the event loop."""
        for one in kept:
            event = one.event
            audience = self._lobby.audiences.get(event.conversation) if event.channel == CHANNEL else None
            # Ids rise in each conversation; an event that is tried again was shown before.
            if audience is None or one.inbox_id <= audience.last_heard:
                continue
            audience.last_heard = one.inbox_id
            self.standing.heard_at = event.occurred_at
            if isinstance(event, MemberLeft):
                audience.names.pop(event.member_id or "", None)
            elif event.member_id is not None and event.member_name:
                audience.names[event.member_id] = event.member_name
            if not audience.listeners:
                continue
            names = audience.names
            if isinstance(event, MemberJoined) and event.inviter_id is not None:
                names = {event.inviter_id: names.get(event.inviter_id, "")}
            frame = event_frame(event, one.inbox_id, names)
            if frame is not None:
                audience.show(frame["id"], dump(frame))
            if isinstance(event, MemberLeft):
                audience.dismiss(event.member_id or "", '{"type":"goodbye"}')

    async def attend(self, socket: WebSocket) -> None:
        """Attend one socket of a group from its opening to its end."""
        if not is_allowed(socket.headers, self._settings):
            await socket.close(1008)
            return
        task = asyncio.current_task()
        assert task is not None
        if len(self._visits) >= MAX_VISITS or self._lobby.receive is None:
            await socket.accept()
            await socket.close(1013)
            return
        self._visits.add(task)
        try:
            await Visit(self._lobby, socket, socket.path_params["code"]).run()
        except asyncio.CancelledError:
            # Only `stop` cancels a visit: the server is about to end, and tells the client to come back.
            await close(socket, 1012)
        finally:
            self._visits.discard(task)

    async def take_picture(self, request: Request) -> Response:
        """A picture uploaded by a member, to be said afterwards."""
        return await take_picture(self._lobby, request)

    def find_picture(self, name: str) -> Path | None:
        """The file of a picture's name."""
        return self._lobby.pictures.find(name)

    async def find_member(self, token: str) -> Admitted | None:
        """The member a browser's token was given to."""
        return await counter.find_member(self._lobby, token)

    async def admit(self, group_id: str | None, visitor: Visitor) -> Admitted:
        """Let a visitor in, as a member of a group where one is named. Raises NotAdmitted."""
        return await counter.admit(self._lobby, group_id, visitor)

    def is_from_us(self, headers: Headers) -> bool:
        """Does a form come from a page of ours, by what the browser says of it?"""
        return is_allowed(headers, self._settings)
