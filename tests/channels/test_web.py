"""The web channel passes what every channel must, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest
import uvicorn
from starlette.applications import Starlette

from bot.channels.base import Channel
from bot.channels.web import WebChannel
from bot.dispatch import Kept
from bot.outbox import Conversation
from bot.web import app as web
from storage import groups
from tests.channels.conformance import Conformance, FarSide
from tests.channels.road import Road
from tests.web.place import Member


class WebFarSide(FarSide):
    here = Conversation("web:garden", "web", "web:garden")

    async def open(self) -> Channel:
        self.channel = WebChannel(self.road.database, self.road.settings, self.road.now)
        self.road.on_kept = self._show
        self.members: dict[str, Member] = {}
        self._loop = asyncio.get_running_loop()
        row = {
            "id": "web:garden", "channel": "web", "code": "garden", "name": "花园团", "topic": "", "language": "zh",
            "speaks": groups.SPEAK_CONFIDENT, "is_welcoming": False, "created_at": self.road.now(),
        }
        with self.road.database.write() as session:
            groups.insert_once(session, [row])
        place = socket.socket()
        place.bind(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{place.getsockname()[1]}"
        routes = web.routes(self.road.settings, self.road.database, self.channel)
        self.server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error", **web.SOCKETS))
        self._serving = asyncio.create_task(self.server.serve(sockets=[place]))
        while not self.server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return self.channel

    def _show(self, kept: Sequence[Kept]) -> None:
        self._loop.call_soon_threadsafe(self.channel.show, kept)

    async def close(self) -> None:
        for member in self.members.values():
            await member.socket.close()
        self.server.should_exit = True
        await self._serving

    async def join(self, who: str) -> None:
        if who not in self.members:
            member = Member(f"ws://{self.host}/g/garden/socket", {"nickname": who})
            await member.open()
            await member.hear("welcome")
            self.members[who] = member

    async def leave(self, who: str) -> None:
        await self.members[who].send({"type": "leave"})

    async def say(self, who: str, text: str, token: str = "") -> None:
        try:
            await self.join(who)
            await self.members[who].says(text, *([token] if token else []))
        except Exception as trouble:
            raise ConnectionError from trouble

    async def seen(self) -> list[str]:
        """As a client that comes in now sees it: what was missed live is history."""
        reader = Member(f"ws://{self.host}/g/garden/socket", {"token": self.members["小王"].welcome["token"]})
        await reader.open()
        told = (await reader.hear("welcome"))["history"]["group"]["messages"]
        await reader.socket.close()
        return [one.get("text") or one.get("title", "") for one in told if one.get("from", {}).get("role") == "bot"]

    async def break_line(self) -> None:
        for member in self.members.values():
            await member.socket.close()

    async def mend_line(self) -> None:
        for member in self.members.values():
            member.hello = {"token": member.welcome["token"]}
            await member.open()
            await member.hear("welcome")


class TestWeb(Conformance):
    @pytest.fixture
    def far(self, road: Road) -> FarSide:
        return WebFarSide(road)
