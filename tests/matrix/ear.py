"""The channel under test with an inbox that is a list: what it hears, in order, each key once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from bot.channels.base import Link, Outgoing
from bot.channels.matrix import MatrixChannel
from bot.events import Event, Handled, MessageReceived
from bot.outbox import Conversation, Said
from bot.settings import Settings
from tests.matrix.homeserver import Homeserver, Person

Kind = TypeVar("Kind", bound=Event)
PATIENCE = 30.0


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Ear:
    """One login of the channel, with its data folder."""

    def __init__(self, home: Path, homeserver: Homeserver, us: Person, **settings: Any) -> None:
        options: dict[str, Any] = {
            "home": home, "matrix_homeserver": homeserver.url, "matrix_user": us.id, "matrix_password": us.password,
            "bot_name": "小团",
        }
        self.settings = Settings(**(options | settings), _env_file=None)
        self.us = us
        self.channel = MatrixChannel("matrix", self.settings, wall_clock)
        self.heard: list[Event] = []
        self.refusals: list[Exception] = []

    async def __aenter__(self) -> Ear:
        await self.channel.start(self.receive)
        await self.until(lambda: self.channel.standing.link is Link.CONNECTED)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.stop()

    async def receive(self, event: Event) -> Handled:
        if self.refusals:
            raise self.refusals.pop()
        is_new = all(one.key != event.key for one in self.heard)
        if is_new:
            self.heard.append(event)
        return Handled(len(self.heard), is_new, "none")

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"heard so far: {self.heard[-5:]}, {self.channel.standing}"
            await asyncio.sleep(0.02)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.heard if isinstance(event, kind)]

    async def first(self, kind: type[Kind], **values: Any) -> Kind:
        """The first fact of a kind with these values, once it is heard."""
        def found() -> list[Kind]:
            return [
                event for event in self.of(kind)
                if all(getattr(event, name) == value for name, value in values.items())
            ]

        await self.until(found)
        return found()[0]

    async def message(self, text: str) -> MessageReceived:
        return await self.first(MessageReceived, text=text)

    async def into(self, room: str) -> None:
        """Wait until we sit in a room."""
        await self.until(lambda: (known := self.channel._rooms.known.get(room)) is not None and known.is_joined)


def outgoing(number: int, group: str, said: Said, member: str | None = None) -> Outgoing:
    """An outbox row to a group, or to a member's private conversation."""
    here = Conversation(group, "matrix", None if member else group, member)
    return Outgoing(number, f"tuan-{number}", here, said.kind, said.text, orjson.loads(orjson.dumps(said)), None, None)
