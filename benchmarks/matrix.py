"""The Matrix channel against a real Synapse: a burst while we are away, one transaction sent many times, and its cost.

Everything runs on this machine: Synapse on SQLite, the whole operator on SQLite (synchronous=FULL), every feature listening.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.talk import CHATTER
from bot.app import Operator, open_database, wall_clock
from bot.channels.base import Link, Outgoing
from bot.channels.matrix import MatrixChannel
from bot.outbox import Conversation
from bot.settings import Settings
from storage.inbox import Interaction
from tests.matrix.homeserver import Homeserver, Person

PATIENCE = 300.0
SPEAKERS = 3
IDLE_SECONDS = 5.0


def talk(people: list[Person], room: str, count: int, mark: str) -> float:
    """People say `count` numbered messages one after the other; gives the seconds it took them."""
    began = time.perf_counter()
    for number in range(count):
        people[number % len(people)].say(room, f"{CHATTER[number % len(CHATTER)]} {mark}{number}")
    return time.perf_counter() - began


def speaking_cpu(people: list[Person], room: str, count: int) -> float:
    """The CPU seconds of the thread that plays the members, which are none of ours."""
    before = time.thread_time()
    talk(people, room, count, "在")
    return time.thread_time() - before


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not happen in time")
        await asyncio.sleep(0.02)


class Shop:
    """The operator with one login on Matrix, started and stopped by the scenes."""

    def __init__(self, home: Path, homeserver: Homeserver, us: Person) -> None:
        self.settings = Settings(
            home=home, demo=False, matrix_homeserver=homeserver.url, matrix_user=us.id, matrix_token=us.token, _env_file=None
        )
        open_database(self.settings)

    async def __aenter__(self) -> Shop:
        self.channel = MatrixChannel("matrix", self.settings, wall_clock)
        self.operator = Operator(self.settings, channels=[self.channel])
        await self.operator.start()
        await until(lambda: self.channel.standing.link is Link.CONNECTED)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.operator.stop()

    def texts(self, mark: str) -> list[str]:
        query = select(Interaction.text).where(Interaction.kind == "MessageReceived", Interaction.text.contains(mark))
        with self.operator.database.read() as session:
            return [str(text) for text in session.scalars(query.order_by(Interaction.id))]


async def measure(homeserver: Homeserver, home: Path, burst: int, resends: int) -> dict[str, Any]:
    us, people = homeserver.person("shop"), [homeserver.person("member") for _ in range(SPEAKERS)]
    room = people[0].create(us, *people[1:])
    for person in (us, *people[1:]):
        person.join(room)
    shop, found = Shop(home, homeserver, us), {}
    async with shop:
        pass
    found["said_s"] = talk(people, room, burst, "离")
    began, cpu = time.perf_counter(), time.process_time()
    async with shop:
        await until(lambda: len(shop.texts("离")) >= burst)
        found["caught_up_s"], found["away_cpu_ms"] = (
            time.perf_counter() - began, (time.process_time() - cpu) * 1000 / burst,
        )
        heard = [text.rpartition("离")[2] for text in shop.texts("离")]
        found["away_heard"], found["away_in_order"] = len(heard), heard == [str(number) for number in range(burst)]
        idle = time.process_time()
        await asyncio.sleep(IDLE_SECONDS)
        idle = (time.process_time() - idle) / IDLE_SECONDS
        began, cpu = time.perf_counter(), time.process_time()
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as speaker:
            theirs = await loop.run_in_executor(speaker, speaking_cpu, people, room, burst)
        await until(lambda: len(shop.texts("在")) >= burst)
        found["live_s"] = time.perf_counter() - began
        found["live_cpu_ms"] = (time.process_time() - cpu - theirs - idle * found["live_s"]) * 1000 / burst
        found["idle_cpu_share"] = idle
        here = Conversation(f"matrix:{room}", "matrix", f"matrix:{room}")
        message = Outgoing(1, "tuan-1", here, "text", "只说一次", {}, None, None)
        ids = {await shop.channel.send(message) for _ in range(resends)}
        shown = [one for one in people[0].reads(room) if one["content"].get("body") == "只说一次"]
        found["resent_ids"], found["resent_events"] = len(ids), len(shown)
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--burst", type=int, default=300)
    asked.add_argument("--resends", type=int, default=20)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, home = Path(folder) / "synapse", Path(folder) / "home"
        server.mkdir()
        homeserver = Homeserver(server)
        homeserver.start()
        try:
            found = asyncio.run(measure(homeserver, home, given.burst, given.resends))
        finally:
            homeserver.stop()
    if given.json:
        print(json.dumps(found))
        return
    table = Table("what", "measured", title="Matrix, against Synapse on this machine")
    table.add_row(f"heard of {given.burst} said while we were away", str(found["away_heard"]))
    table.add_row("all in order", str(found["away_in_order"]))
    table.add_row("time to catch up, from our start", f"{found['caught_up_s']:.2f} s")
    table.add_row("CPU a message, catching up (whole operator, its start among it)", f"{found['away_cpu_ms']:.2f} ms")
    table.add_row(f"CPU a message, live, one after the other in {found['live_s']:.0f} s, without what idling costs", f"{found['live_cpu_ms']:.2f} ms")
    table.add_row("CPU idling (whole operator, long poll among it)", f"{found['idle_cpu_share'] * 100:.1f} % of a core")
    table.add_row(f"events after {given.resends} sends of one transaction", str(found["resent_events"]))
    Console().print(table)


if __name__ == "__main__":
    main()
