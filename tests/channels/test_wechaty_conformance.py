"""Wechaty passes what every channel must, in front of a real Puppet Service gateway."""

from __future__ import annotations

import pytest

from bot.channels.base import Channel
from bot.channels.wechaty import WechatyChannel
from bot.outbox import Conversation
from tests.channels.conformance import Conformance, FarSide
from tests.channels.road import Road
from tests.channels.wechaty_peer import MockGateway, install, is_possible
from tests.channels.wechaty_scene import FAST, settings_for
from tests.needs import need

ROOM = "r0@chatroom"
PEOPLE = {"小王": "p0", "李四": "p1", "赵六": "p2"}
pytestmark = pytest.mark.slow


class WechatyFarSide(FarSide):
    here = Conversation(f"wechaty:{ROOM}", "wechaty", f"wechaty:{ROOM}")

    async def open(self) -> Channel:
        self.peer, self.ids = MockGateway(), dict[str, str]()
        await self.peer.make("contact", id="bot", name="团长小团")
        for name, one in PEOPLE.items():
            await self.peer.make("contact", id=one, name=name)
        await self.peer.make("room", id=ROOM, topic="团购群", members=["bot", "p0", "p1"])
        await self.peer.make("bot", id="bot")
        await self.peer.start()
        settings = settings_for(self.road.settings.home, self.peer.endpoint, self.peer.token)
        return WechatyChannel("wechaty", settings, self.road.now, show=lambda code: None, pace=FAST)

    async def close(self) -> None:
        await self.peer.kill()

    async def say(self, who: str, text: str, token: str = "") -> None:
        if token and token in self.ids:
            await self.peer.do("emit", event="message", payload={"messageId": self.ids[token]})
        else:
            self.ids[token] = await self.peer.say(PEOPLE[who], text, ROOM)

    async def join(self, who: str) -> None:
        await self.peer.do("join", id=ROOM, who=[PEOPLE[who]], by="p0")

    async def leave(self, who: str) -> None:
        await self.peer.do("leave", id=ROOM, who=[PEOPLE[who]], by="p0")

    async def seen(self) -> list[str]:
        return [one.get("text") or one["kind"] for one in self.peer.said if one["conversation"] == ROOM]

    async def break_line(self) -> None:
        await self.peer.kill()

    async def mend_line(self) -> None:
        await self.peer.start()


class TestWechaty(Conformance):
    @pytest.fixture
    def far(self, road: Road) -> FarSide:
        need(is_possible(), "node and npm, for the Wechaty gateway of the tests")
        install()
        return WechatyFarSide(road)
