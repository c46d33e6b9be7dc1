"""A place to talk: the real operator behind a real server in a thread, and members who are programs."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.app import Operator, build, open_database
from bot.settings import Settings
from bot.web.app import SOCKETS
from storage import groups, inbox
from storage.database import Database
from storage.inbox import Interaction

PATIENCE = 10.0  # seconds a test waits for what must come


class Place:
    """One shop with its server. Groups are made by the test."""

    def __init__(self, home: Path, database_url: str = "", **options: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        values = {"demo": False, "messages_a_minute": 100_000, "port": port, "database_url": database_url} | options
        self.settings = Settings(home=home, _env_file=None, **values)
        open_database(self.settings)
        self.database = Database(self.settings.database)
        self.host = f"127.0.0.1:{port}"
        self.open()

    def open(self) -> None:
        """Start the server."""
        self.operator = Operator(self.settings)
        config = uvicorn.Config(
            build(self.settings, self.operator), host="127.0.0.1", port=self.settings.port, log_level="error",
            timeout_graceful_shutdown=3, **SOCKETS,
        )
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self.server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)

    def shut(self) -> None:
        """End the server as a stop by an operator would."""
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not end"

    def close(self) -> None:
        self.shut()
        self.database.close()

    def group(self, code: str = "garden", name: str = "花园团") -> str:
        """Make a group; gives its id."""
        group_id = f"web:{code}"
        row = {
            "id": group_id, "channel": "web", "code": code, "name": name, "topic": "聊家常", "language": "zh",
            "speaks": groups.SPEAK_CONFIDENT, "is_welcoming": False, "created_at": self.operator.now(),
        }
        with self.database.write() as session:
            groups.insert_once(session, [row])
        return group_id

    def log(self, kind: str = "MessageReceived") -> list[Interaction]:
        """The interactions of a kind, oldest first."""
        with self.database.read() as session:
            return list(session.query(inbox.Interaction).filter_by(kind=kind).order_by(inbox.Interaction.id))

    def present(self, group_id: str) -> list[str]:
        with self.database.read() as session:
            return [row.name for row in groups.find_members(session, group_id)]

    def in_loop(self, act: Callable[[], Any]) -> None:
        """Do something in the server's event loop."""
        loop = self.operator._loop
        assert loop is not None
        loop.call_soon_threadsafe(act)

    def member(self, nickname: str | None = None, code: str = "garden", **hello: Any) -> Member:
        if nickname is not None:
            hello["nickname"] = nickname
        return Member(f"ws://{self.host}/g/{code}/socket", hello)


class Member:
    """A program that is a member of a group; every frame it hears is kept in order."""

    def __init__(self, address: str, hello: dict[str, Any]) -> None:
        self.address, self.hello = address, hello
        self.frames: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self._seen = 0

    async def __aenter__(self) -> Member:
        await self.open()
        await self.hear("welcome")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def open(self, **options: Any) -> ClientConnection:
        """Connect and say hello, without waiting for the answer."""
        self.socket = await connect(self.address, max_size=None, **options)
        await self.send({"type": "hello", **self.hello})
        return self.socket

    async def send(self, frame: dict[str, Any] | str | bytes) -> None:
        await self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def hear(self, kind: str, /, **wanted: Any) -> dict[str, Any]:
        """The next frame of a kind, with these values; frames before it are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._seen < len(self.frames):
                    frame = self.frames[self._seen]
                    self._seen += 1
                    if frame["type"] == kind and all(frame.get(name) == value for name, value in wanted.items()):
                        if kind == "welcome":
                            self.welcome = frame
                        return frame
                self.frames.append(json.loads(await self.socket.recv()))

    async def closed(self) -> int:
        """The code the server closes with; what it says before is kept."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    self.frames.append(json.loads(await self.socket.recv()))
            except ConnectionClosed:
                await self.socket.wait_closed()
        return self.socket.close_code or 0

    async def says(self, text: str, client_id: str | None = None, **more: Any) -> dict[str, Any]:
        """Say something and wait for the ack, or the error."""
        client_id = client_id or f"c{next(self._numbers)}"
        place = len(self.frames)
        await self.send({"type": "say", "client_id": client_id, "text": text, **more})
        async with asyncio.timeout(PATIENCE):
            while True:
                for frame in self.frames[place:]:
                    place += 1
                    if frame["type"] in ("ack", "error") and frame.get("client_id") == client_id:
                        return frame
                self.frames.append(json.loads(await self.socket.recv()))

    def shown(self, to: str = "group") -> list[str]:
        """The ids of all messages seen in a conversation, in the order seen, history first."""
        told = self.welcome["history"][to]["messages"] if self.welcome else []
        live = [frame for frame in self.frames if frame.get("to") == to and "id" in frame and frame["type"] != "history"]
        return [frame["id"] for frame in [*told, *live]]

    def cursor(self) -> dict[str, dict[str, int]]:
        """How far this member has read, as the documentation tells to keep it."""
        reached = {to: dict(self.welcome["history"][to]["cursor"]) for to in ("group", "private")}
        for frame in self.frames:
            if frame.get("to") in reached and frame["type"] != "history":
                for part in ("heard", "said"):
                    reached[frame["to"]][part] = max(reached[frame["to"]][part], frame.get(part, 0))
        return reached
