"""Crash safety: a real `tuan run` under load over real WebSockets, killed with SIGKILL at random instants.

Twenty members in four groups say things as fast as they are acknowledged, every tenth a question. The process is
killed at random, started again, and the members reconnect, send again what was not acknowledged and read what they
missed. At the end a checker compares what the members were acknowledged and shown with what the database holds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.talk import CHATTER, questions

ROOT = Path(__file__).resolve().parent.parent
GROUPS = ("sunshine", "mothers", "office")
MEMBERS = 21
IN_FLIGHT = 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The real process, started and killed."""

    def __init__(self, home: Path, database_url: str = "") -> None:
        self.port, self.home = free_port(), home
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | {
            "TUAN_HOME": str(home), "TUAN_PORT": str(self.port), "TUAN_MESSAGES_A_MINUTE": "1000000",
            "TUAN_DATABASE_URL": database_url,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> float:
        """Start and wait until it is ready; gives the seconds that took."""
        began = time.perf_counter()
        with (self.home.parent / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "from bot.cli import main; main()", "run", cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz", timeout=2)).status_code == 200:
                        return time.perf_counter() - began
                except httpx.HTTPError:
                    pass
                if self._process.returncode is not None or time.perf_counter() - began > 60:
                    raise SystemExit(f"the server did not start: {(self.home.parent / 'server.log').read_text()[-2000:]}")
                await asyncio.sleep(0.02)

    async def end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


@dataclass
class Member:
    """A member who never gives up: says its lines in order, again after each crash, and notes all it is shown."""

    name: str
    group: str
    url: str
    dice: random.Random
    asked: list[str]
    token: str | None = None
    cursor: dict[str, int] = field(default_factory=lambda: {"heard": 0, "said": 0})
    lines: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    is_done: bool = False
    has_gap: bool = False

    async def live(self) -> None:
        while not (self.is_done and len(self.acknowledged) == len(self.lines)):
            try:
                async with connect(f"{self.url.replace('http', 'ws')}/g/{self.group}/socket", open_timeout=5) as ws:
                    await self._visit(ws)
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(0.05)

    async def listen(self, seconds: float) -> None:
        """One more visit, only to read what was missed."""
        async with connect(f"{self.url.replace('http', 'ws')}/g/{self.group}/socket") as ws:
            await self._hello(ws)
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        self._read(json.loads(await ws.recv()))
            except TimeoutError:
                return

    async def _hello(self, ws: Any) -> None:
        hello: dict[str, Any] = {"type": "hello", "since": {"group": self.cursor}}
        hello |= {"token": self.token} if self.token else {"nickname": self.name, "client_id": f"client-{self.name}-0123456789"}
        await ws.send(json.dumps(hello))
        while True:
            frame = json.loads(await ws.recv())
            self._read(frame)
            if frame["type"] == "welcome":
                return

    async def _visit(self, ws: Any) -> None:
        await self._hello(ws)
        unanswered = [line for line in self.lines if line[0] not in self.acknowledged]
        for client_id, text in unanswered:
            await ws.send(json.dumps({"type": "say", "client_id": client_id, "text": text}))
        while not (self.is_done and len(self.acknowledged) == len(self.lines)):
            while not self.is_done and len(self.lines) - len(self.acknowledged) < IN_FLIGHT:
                number = len(self.lines)
                text = self.dice.choice(self.asked) if number % 10 == 9 else self.dice.choice(CHATTER)
                self.lines.append((f"c{number:06d}", text))
                await ws.send(json.dumps({"type": "say", "client_id": self.lines[-1][0], "text": text}))
            frame = json.loads(await asyncio.wait_for(ws.recv(), 20))
            self._read(frame)
            if frame["type"] == "error":
                raise OSError(frame["code"])

    def _read(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            self.token = frame.get("token", self.token)
        if frame["type"] == "ack":
            self.acknowledged[frame["client_id"]] = frame["id"]
        if frame["type"] == "welcome":
            page = frame["history"]["group"]
            self.has_gap |= bool(page["is_gap"])
            for message in page["messages"]:
                self._note(message)
            for part, number in page["cursor"].items():
                self.cursor[part] = max(self.cursor[part], number)
        elif "id" in frame and frame["type"] != "ack":
            self._note(frame)

    def _note(self, message: dict[str, Any]) -> None:
        """What the room shows; as a client should, nothing is shown twice under one id."""
        if message.get("to", "group") != "group":
            return
        self.seen[message["id"]] += 1
        for part in ("heard", "said"):
            self.cursor[part] = max(self.cursor[part], message.get(part) or 0)


async def torment(kills: int, seed: int, home: Path) -> dict[str, Any]:
    """Run the members against the server, kill it `kills` times, and check."""
    dice, asked = random.Random(seed), questions()
    server = Server(home)
    await server.start()
    try:
        members, starts = await _torment(server, kills, dice, asked, seed)
    finally:
        await server.end(signal.SIGTERM)
    return check(home / "tuan.db", members) | {
        "kills": kills, "restart_s_median": round(sorted(starts)[len(starts) // 2], 2) if starts else None
    }


async def _torment(
    server: Server, kills: int, dice: random.Random, asked: list[str], seed: int
) -> tuple[list[Member], list[float]]:
    members = [
        Member(f"m{number}", GROUPS[number % len(GROUPS)], server.url, random.Random(seed + number), asked)
        for number in range(MEMBERS)
    ]
    tasks = [asyncio.create_task(member.live()) for member in members]
    starts = []
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(0.15, 1.5))
        await server.end(signal.SIGKILL)
        starts.append(await server.start())
    await asyncio.sleep(1)
    for member in members:
        member.is_done = True
    await asyncio.wait_for(asyncio.gather(*tasks), 120)
    await asyncio.sleep(4)
    await asyncio.gather(*(member.listen(1.5) for member in members))
    return members, starts


def check(path: Path, members: list[Member]) -> dict[str, Any]:
    """Compare what members were told with what the database holds."""
    database = sqlite3.connect(path)
    rows = database.execute("select id, member_name, detail, key, text from inbox where kind = 'MessageReceived' order by id")
    kept: dict[tuple[str, str], list[int]] = {}
    for row_id, name, _detail, key, _text in rows:
        kept.setdefault((name, key.rsplit(":", 1)[1]), []).append(row_id)
    lost = doubled = disordered = wrong_id = 0
    for member in members:
        ids = []
        for client_id, _ in member.lines:
            found = kept.get((member.name, client_id), [])
            doubled += len(found) > 1
            if client_id in member.acknowledged:
                lost += not found
                wrong_id += bool(found) and member.acknowledged[client_id] != f"i{found[0]}"
            ids += found[:1]
        disordered += ids != sorted(ids)
    answered_twice = database.execute(
        "select count(*) from (select cause_id from outbox where cause_id is not null and feature = 'faq'"
        " group by cause_id having count(*) > 1)"
    ).fetchone()[0]
    stuck = dict(database.execute("select state, count(*) from outbox where state <> 'sent' group by state").fetchall())
    answers = database.execute("select count(*) from outbox where feature = 'faq' and state = 'sent'").fetchone()[0]
    gaps, doubles = _views(database, members)
    database.close()
    return {
        "acknowledged": sum(len(member.acknowledged) for member in members), "answers_sent": answers,
        "acknowledged_lost": lost, "kept_twice": doubled, "wrong_ids": wrong_id, "members_out_of_order": disordered,
        "answered_twice": answered_twice, "outbox_not_sent": stuck,
        "members_with_a_gap": sum(member.has_gap for member in members), "frames_missed": gaps, "frames_shown_twice": doubles,
    }


def _views(database: sqlite3.Connection, members: list[Member]) -> tuple[int, int]:
    """Messages of its group that a member never saw after it joined, and ids it was shown twice."""
    gaps = doubles = 0
    for member in members:
        group = f"web:{member.group}"
        doubles += sum(1 for count in member.seen.values() if count > 1)
        first = min((int(one[1:]) for one in member.acknowledged.values()), default=0)
        heard = database.execute(
            "select id from inbox where conversation = ? and kind = 'MessageReceived' and id >= ?", (group, first)
        )
        gaps += sum(1 for (row_id,) in heard if f"i{row_id}" not in member.seen)
        said = database.execute(
            "select id from outbox where conversation = ? and state = 'sent' and cause_id >= ?", (group, first)
        )
        gaps += sum(1 for (row_id,) in said if f"o{row_id}" not in member.seen)
    return gaps, doubles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(torment(options.kills, options.seed, Path(folder) / "home"))
    if not options.json:
        table = Table("what", "count")
        for name, value in result.items():
            table.add_row(name, str(value))
        Console().print(table)
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
