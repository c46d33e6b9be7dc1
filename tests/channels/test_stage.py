"""The stage's own channel passes what every channel must: the scenes elsewhere stand on it."""

from __future__ import annotations

import pytest

from bot.channels.base import Channel, Link, Receive, Standing, TryAgain
from bot.events import MemberJoined, MemberLeft, MessageReceived
from bot.outbox import Conversation
from tests.channels.conformance import Conformance, FarSide
from tests.channels.road import Road
from tests.stage import WatchedChannel


class Lively(WatchedChannel):
    """The watched channel with a standing that follows its start and stop."""

    def __init__(self, road: Road) -> None:
        super().__init__()
        self.standing, self._road = Standing(), road

    async def start(self, receive: Receive) -> None:
        await super().start(receive)
        self.standing = Standing(Link.CONNECTED, self._road.now())

    async def stop(self) -> None:
        await super().stop()
        self.standing = Standing()


class StageFarSide(FarSide):
    here = Conversation("stage:g", "stage", "stage:g")

    async def open(self) -> Channel:
        self.channel, self.count = Lively(self.road), 0
        return self.channel

    async def close(self) -> None:
        self.channel.said.clear()

    async def say(self, who: str, text: str, token: str = "") -> None:
        self.count += 1
        await self._tell(MessageReceived, who, token or str(self.count), text=text)

    async def join(self, who: str) -> None:
        await self._tell(MemberJoined, who, f"join:{who}")

    async def leave(self, who: str) -> None:
        await self._tell(MemberLeft, who, f"leave:{who}")

    async def _tell(
        self, kind: type[MessageReceived] | type[MemberJoined] | type[MemberLeft], who: str, key: str,
        text: str | None = None,
    ) -> None:
        if self.channel.receive is None:
            raise ConnectionError
        await self.channel.receive(kind(
            key=f"stage:{key}", lane="stage:g", occurred_at=self.road.now(), channel="stage", conversation="stage:g",
            group_id="stage:g", member_id=f"stage:{who}", member_name=who, text=text,
        ))

    async def seen(self) -> list[str]:
        return [text for _, text in self.channel.said]

    async def break_line(self) -> None:
        self.channel.standing.link = Link.DEAF
        self.channel.troubles = [TryAgain("the line is broken")]

    async def mend_line(self) -> None:
        self.channel.standing.link = Link.CONNECTED


class TestStage(Conformance):
    @pytest.fixture
    def far(self, road: Road) -> FarSide:
        return StageFarSide(road)
