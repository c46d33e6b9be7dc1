"""A real Wechaty gateway on this machine, in front of a mock WeChat: installed once, started, frozen and killed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "wechaty_gateway"
TOKEN = "insecure_6f1d0c1e-2a53-4f34-9c34-2d6b4cdd10a5"
BOT, BOT_NAME = "bot", "团长小团"


def is_possible() -> bool:
    return shutil.which("node") is not None and shutil.which("npm") is not None


def install() -> None:
    """Install the pinned packages unless they are there already; several processes may ask at once."""
    with (FOLDER / ".installing").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        done, wanted = FOLDER / "node_modules" / ".done", (FOLDER / "package-lock.json").read_text("utf-8")
        if not done.exists() or done.read_text("utf-8") != wanted:
            subprocess.run(["npm", "ci", "--omit=optional"], cwd=FOLDER, check=True, capture_output=True, timeout=600)
            done.write_text(wanted, "utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class MockGateway:
    """The gateway's process. What was made of people and rooms is made again after a restart."""

    port: int = field(default_factory=free_port)
    token: str = TOKEN
    certificate: tuple[Path, Path] | None = None
    said: list[dict[str, Any]] = field(default_factory=list)
    world: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        extra = [str(path) for path in self.certificate] if self.certificate else []
        self._process = await asyncio.create_subprocess_exec(
            "node", "gateway.mjs", str(self.port), self.token, *extra, cwd=FOLDER, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | {"WECHATY_LOG": "silent"},
            limit=1 << 22,
        )
        self._reader = asyncio.create_task(self._read())
        for made in self.world:
            await self._ask(made)
        await self._ask({"command": "serve"})

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if not line.startswith(b"{"):
                continue
            told = json.loads(line)
            if "said" in told:
                self.said.append(told["said"])
                self.news.set()
            elif (answer := self._answers.pop(told.get("number"), None)) is not None and not answer.done():
                answer.set_result(told)

    async def _ask(self, command: dict[str, Any]) -> str | None:
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps(command | {"number": number}).encode() + b"\n")
        told = await asyncio.wait_for(answer, 30)
        assert "error" not in told, told["error"]
        result: str | None = told["result"]
        return result

    async def make(self, command: str, **values: Any) -> None:
        """Something that is there again after a restart."""
        self.world.append({"command": command, **values})
        if self._process is not None:
            await self._ask(self.world[-1])

    async def do(self, command: str, **values: Any) -> str | None:
        return await self._ask({"command": command, **values})

    async def say(self, talker: str, text: str, room: str | None = None, **more: Any) -> str:
        """Somebody says something in a room, or to us alone."""
        where = {"roomId": room, "mentionIdList": []} if room else {"listenerId": BOT}
        said = await self.do("message", payload={"talkerId": talker, "text": text, **where, **more})
        return str(said)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None
        if self._reader is not None:
            await self._reader
            self._reader = None

    async def populate(self, *, rooms: int = 1, people: int = 3, members: int | None = None) -> None:
        """Our account, people p0 … and rooms r0@chatroom …, everybody in every room unless `members` says how many."""
        await self.make("contact", id=BOT, name=BOT_NAME)
        for number in range(people):
            await self.make("contact", id=f"p{number}", name=f"邻居{number}")
        inside = [BOT, *(f"p{number}" for number in range(people if members is None else members))]
        for number in range(rooms):
            await self.make("room", id=f"r{number}@chatroom", topic=f"团购{number}群", members=inside)
        await self.make("bot", id=BOT)
