"""The terminal passes what every channel must, as far as one who types in private can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from bot.channels.base import Channel
from bot.channels.terminal import TerminalChannel
from bot.outbox import Conversation
from tests.channels.conformance import Conformance, FarSide
from tests.channels.road import Road


class TerminalFarSide(FarSide):
    here = Conversation("terminal:p:小王", "terminal", member_id="terminal:小王")
    cannot: ClassVar = {
        "order_heard": "one person types",
        "duplicates": "every line typed is a new one",
        "reconnect": "there is no line to break",
    }

    async def open(self) -> Channel:
        self.printed: list[str] = []
        self.channel = TerminalChannel(self.printed.append, self.road.now, "小王", "小团")
        return self.channel

    async def close(self) -> None:
        self.printed.clear()

    async def say(self, who: str, text: str, token: str = "") -> None:
        async def typed() -> AsyncIterator[str]:
            yield text

        await self.channel.talk(typed(), patience_seconds=0.01)

    async def seen(self) -> list[str]:
        return [line.removeprefix("小团: ") for line in self.printed]


class TestTerminal(Conformance):
    @pytest.fixture
    def far(self, road: Road) -> FarSide:
        return TerminalFarSide(road)
