"""What every open socket shares: the database, the road for events, audiences and allowances."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from typing import TypeVar

from sqlalchemy.orm import Session

from bot.channels.base import Receive
from bot.channels.pictures import Pictures
from bot.channels.web.audience import Audience, Listener
from bot.channels.web.frames import Trouble
from bot.channels.web.shown import PRIVATE
from bot.channels.web.tokens import Tokens
from bot.dispatch import NotKept, Overloaded
from bot.events import Event, Handled
from bot.limits import Allowance
from bot.settings import Settings
from bot.visitor_ids import VisitorIds
from storage.database import Database

Result = TypeVar("Result")

BURST_SECONDS = 15  # of the per-minute allowance may be said at once
JOINS_A_MINUTE, JOINS_AT_ONCE = 120, 300  # new members from one address; a whole office shares one
LOOKS_A_MINUTE, LOOKS_AT_ONCE = 120, 40  # history, rosters of members, pings
PICTURES_A_MINUTE, PICTURES_AT_ONCE = 2, 10
BUSY_SECONDS = 2.0


class Lobby:
    """The web channel's shared state; lives on the event loop."""

    def __init__(self, database: Database, settings: Settings, now: Callable[[], datetime]) -> None:
        self.settings, self.now = settings, now
        self.tokens = Tokens(settings.secret())
        self.visitor_ids = VisitorIds(settings.secret(), settings.public_url.startswith("https:"))
        self.pictures = Pictures(settings.home)
        self.audiences: dict[str, Audience] = {}
        self.sockets: Counter[str] = Counter()
        burst = max(5, settings.messages_a_minute * BURST_SECONDS // 60)
        self.says = Allowance(settings.messages_a_minute, burst, monotonic)
        self.joins = Allowance(JOINS_A_MINUTE, JOINS_AT_ONCE, monotonic)
        self.looks = Allowance(LOOKS_A_MINUTE, LOOKS_AT_ONCE, monotonic)
        self.uploads = Allowance(PICTURES_A_MINUTE, PICTURES_AT_ONCE, monotonic)
        self.receive: Receive | None = None
        self._database = database
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="web-look")

    async def look(self, query: Callable[[Session], Result]) -> Result:
        """Read something from the database, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, query)

    def _look(self, query: Callable[[Session], Result]) -> Result:
        with self._database.read() as session:
            return query(session)

    async def keep(self, event: Event, client_id: str | None = None) -> Handled:
        """Keep an event; returns after its commit. Raises Trouble when it was not kept."""
        try:
            if self.receive is None:
                raise Overloaded
            return await self.receive(event)
        except (Overloaded, NotKept):
            raise Trouble(
                "busy", "it could not be kept; say it again", client_id=client_id, retry_after=BUSY_SECONDS
            ) from None

    def audience(self, conversation: str) -> Audience:
        known = self.audiences.get(conversation)
        if known is None:
            known = self.audiences[conversation] = Audience(conversation)
        return known

    def rename(self, member_id: str, name: str) -> None:
        """A member has one name in all groups they are in."""
        for audience in self.audiences.values():
            if member_id in audience.names:
                audience.names[member_id] = name

    def part(self, listener: Listener, conversation: str) -> None:
        """A socket no longer listens here. A private conversation nobody listens to is forgotten."""
        audience = self.audiences.get(conversation)
        if audience is not None:
            audience.listeners.discard(listener)
            if not audience.listeners and conversation.startswith(PRIVATE):
                del self.audiences[conversation]

    def close(self) -> None:
        self.receive = None
        self._threads.shutdown(wait=False, cancel_futures=True)
