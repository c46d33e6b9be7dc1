"""Matrix passes what every channel must, in a room of a real Synapse."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from bot.channels.base import Channel
from bot.channels.matrix import MatrixChannel
from bot.outbox import Conversation
from bot.settings import Settings
from tests.channels.conformance import Conformance, FarSide
from tests.channels.road import Road
from tests.matrix.homeserver import Homeserver, free_port


class Cable:
    """The line between us and the homeserver, which can be cut."""

    def __init__(self, port: int) -> None:
        self.port, self._far = free_port(), port
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    async def connect(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far)
        self._ends |= {writer, far_writer}
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


class MatrixFarSide(FarSide):
    """We sit in a room already when the channel starts; its first reading tells us of it."""

    def __init__(self, road: Road, synapse: Homeserver) -> None:
        super().__init__(road)
        self.synapse, self.us = synapse, synapse.person("shop", "小团")
        self.people = {name: synapse.person(f"one{number}", name) for number, name in enumerate(("小王", "李四", "赵六"))}
        self.room = self.people["小王"].create(self.us, self.people["李四"], name="团购群")
        self.us.join(self.room)
        self.people["李四"].join(self.room)

    @property
    def here(self) -> Conversation:
        own = f"matrix:{self.room}"
        return Conversation(own, "matrix", own)

    async def open(self) -> Channel:
        self.cable = Cable(self.synapse.port)
        await self.cable.connect()
        settings = Settings(
            home=self.road.settings.home, matrix_homeserver=f"http://127.0.0.1:{self.cable.port}", matrix_user=self.us.id,
            matrix_password=self.us.password, bot_name="小团", _env_file=None,  # type: ignore[call-arg]
        )
        return MatrixChannel("matrix", settings, self.road.now)

    async def close(self) -> None:
        await self.cable.cut()
        for one in (*self.people.values(), self.us):
            one.http.close()

    async def say(self, who: str, text: str, token: str = "") -> None:
        await asyncio.to_thread(
            self.people[who].send, self.room, {"msgtype": "m.text", "body": text}, transaction=token and f"same-{token}"
        )

    async def join(self, who: str) -> None:
        await asyncio.to_thread(self.people["小王"].invite, self.room, self.people[who])
        await asyncio.to_thread(self.people[who].join, self.room)

    async def leave(self, who: str) -> None:
        await asyncio.to_thread(self.people[who].leave, self.room)

    async def seen(self) -> list[str]:
        told: list[dict[str, Any]] = await asyncio.to_thread(self.people["小王"].reads, self.room)
        return [str(one["content"].get("body", "")) for one in told if one["sender"] == self.us.id]

    async def break_line(self) -> None:
        await self.cable.cut()

    async def mend_line(self) -> None:
        await self.cable.connect()


class TestMatrix(Conformance):
    @pytest.fixture
    def far(self, road: Road, synapse: Homeserver) -> FarSide:
        return MatrixFarSide(road, synapse)
