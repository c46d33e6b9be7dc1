"""The web channel: what a member's browser says becomes events, what we say goes to every open browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.channels.base import Capabilities, Hears, Outgoing, Receive, Says
from bot.dispatch import Kept
from bot.settings import Settings
from storage.database import Database

MAX_TEXT = 2_000


class WebChannel:
    """Groups in the browser. The committed outbox row is the delivery: a browser that was away reads it as history."""

    name = "web"
    capabilities = Capabilities(
        hears=frozenset({Hears.GROUP_TEXT, Hears.PRIVATE_TEXT, Hears.JOIN, Hears.JOIN_INVITER, Hears.LEAVE,
                         Hears.TOPIC, Hears.PICTURE}),
        says=frozenset({Says.TEXT, Says.MENTION, Says.PICTURE, Says.CARD, Says.MINI_PROGRAM, Says.FILE}),
        max_text=MAX_TEXT, is_idempotent=True,
    )

    def __init__(self, database: Database, settings: Settings, now: Callable[[], datetime]) -> None:
        self.database, self.settings, self.now = database, settings, now
        self._receive: Receive | None = None

    async def start(self, receive: Receive) -> None:
        self._receive = receive

    async def stop(self) -> None:
        self._receive = None

    async def send(self, message: Outgoing) -> str | None:
        return f"o{message.id}"

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        return None

    def show(self, kept: Sequence[Kept]) -> None:
        return None
