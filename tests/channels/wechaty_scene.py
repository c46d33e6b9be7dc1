"""Scenes for the wechaty channel: a channel connected to a gateway, and what it heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from bot.channels.base import Link, Outgoing
from bot.channels.wechaty import WechatyChannel
from bot.channels.wechaty.connection import Pace
from bot.events import Event, Handled, MessageReceived
from bot.outbox import Card, Conversation, Said
from bot.settings import Settings

Kind = TypeVar("Kind", bound=Event)
FAST = Pace(
    ping=0.2, patience=0.4, idle=3.0, silence=0.3, first_delay=0.05, last_delay=0.2, ended=0.1, taken=0.2
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class Ears:
    """What a channel told, in the order it told it."""

    heard: list[Event] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    async def receive(self, event: Event) -> Handled:
        self.heard.append(event)
        return Handled(len(self.heard), True, "none")

    def keep(self, data: bytes) -> str:
        self.pictures.append(data)
        return f"/pictures/{len(self.pictures)}.png"

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.heard if type(event) is kind]

    def texts(self, group: str | None = None) -> list[str | None]:
        return [one.text for one in self.of(MessageReceived) if group is None or one.group_id == f"wechaty:{group}"]

    async def hear(self, kind: type[Kind], count: int = 1, seconds: float = 20) -> list[Kind]:
        await until(lambda: len(self.of(kind)) >= count, seconds)
        return self.of(kind)


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def settings_for(home: Path, endpoint: str, token: str, **more: Any) -> Settings:
    values: dict[str, Any] = {"wechaty_insecure": True} | more
    return Settings(_env_file=None, home=home, wechaty_endpoint=endpoint, wechaty_token=token, **values)


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def channel_to(
    home: Path, endpoint: str, token: str = "secret", *, pace: Pace = FAST, waits: bool = True, **more: Any
) -> AsyncIterator[tuple[WechatyChannel, Ears]]:
    """A channel and its ears, connected unless `waits` is off."""
    ears = Ears()
    channel = WechatyChannel(
        "wechaty", settings_for(home, endpoint, token, **more), now, keep_picture=ears.keep, show=ears.shown.append,
        pace=pace,
    )
    await channel.start(ears.receive)
    try:
        if waits:
            await until(lambda: channel.standing.link is Link.CONNECTED and channel.standing.login)
        yield channel, ears
    finally:
        await channel.stop()


def saying(said: Said, group: str | None = "r0@chatroom", member: str | None = None) -> Outgoing:
    """An outbox row on its way to a room, or to one member."""
    where = f"wechaty:{group}" if group else f"wechaty:p:{member}"
    here = Conversation(where, "wechaty", f"wechaty:{group}" if group else None, f"wechaty:{member}" if member else None)
    text = said.title + ("\n" + said.text if said.text else "") if isinstance(said, Card) else said.text
    return Outgoing(1, "tuan-1", here, said.kind, text, orjson.loads(orjson.dumps(said)), None, None)
