"""The wechaty channel against a real gateway on this machine: order, outages, cost beside the stock client, a soak.

The gateway is `wechaty-puppet-service` in front of `wechaty-puppet-mock`, the one the tests start. `order` sends a burst
over many rooms with payloads that take a random time; `outage` kills and freezes the gateway; `cost` measures CPU and
RPCs a message of our channel and of the stock Node client, in turns; `soak` restarts the gateway every minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.console import Console
from rich.table import Table

from bot.app import calm_collector
from bot.channels.base import Link
from bot.channels.wechaty.connection import Pace
from bot.events import HearingBack, HearingLost, MessageReceived
from tests.channels.wechaty_peer import FOLDER, MockGateway, install
from tests.channels.wechaty_scene import channel_to, until

ROOMS, PEOPLE, WARM = 20, 10, 100
Figures = dict[str, Any]


async def gateway() -> MockGateway:
    peer = MockGateway()
    await peer.populate(rooms=ROOMS, people=PEOPLE)
    await peer.start()
    return peer


def names() -> dict[str, list[str]]:
    return {"rooms": [f"r{one}@chatroom" for one in range(ROOMS)], "talkers": [f"p{one}" for one in range(PEOPLE)]}


async def order(arguments: argparse.Namespace, home: Path) -> Figures:
    """A burst over many rooms: is every room in order, is anything lost or doubled?"""
    peer = await gateway()
    async with channel_to(home, peer.endpoint, peer.token, pace=Pace()) as (_, ears):
        await peer.do("slow", milliseconds=30)
        began = time.perf_counter()
        await peer.do("burst", **names(), count=arguments.messages)
        await ears.hear(MessageReceived, arguments.messages, seconds=120)
        seconds = time.perf_counter() - began
        await asyncio.sleep(1)
        heard = ears.of(MessageReceived)
        wanted = {room: [f"第{one}条" for one in range(arguments.messages) if one % ROOMS == number]
                  for number, room in enumerate(names()["rooms"])}  # fmt: skip
        wrong = sum(ears.texts(room) != texts for room, texts in wanted.items())
    await peer.kill()
    return {"messages": len(heard), "rooms out of order": wrong, "twice": len(heard) - len({one.key for one in heard}),
            "seconds": round(seconds, 2)}  # fmt: skip


async def outage(arguments: argparse.Namespace, home: Path) -> Figures:
    """Kill and freeze the gateway; how long until we notice, and until we hear again once it is back?"""
    peer, times = await gateway(), {"killed": [], "frozen": [], "again after kill": [], "again after freeze": []}  # type: ignore[var-annotated]
    async with channel_to(home, peer.endpoint, peer.token, pace=Pace()) as (channel, ears):
        for number in range(arguments.rounds):
            for how in ("killed", "frozen"):
                # Not always at the same moment between two pings.
                await asyncio.sleep(1 + 3.7 * number % 9)
                losses, began = len(ears.of(HearingLost)), time.perf_counter()
                if how == "killed":
                    await peer.kill()
                else:
                    peer.signal(signal.SIGSTOP)
                await until(lambda known=losses: len(ears.of(HearingLost)) > known, 30)
                times[how].append(time.perf_counter() - began)
                await asyncio.sleep(5)
                if how == "killed":
                    await peer.start()
                else:
                    peer.signal(signal.SIGCONT)
                began = time.perf_counter()
                await until(lambda: channel.standing.link is Link.CONNECTED, 30)
                before = len(ears.heard)
                await peer.say("p0", "听到了吗", "r0@chatroom")
                await until(lambda known=before: len(ears.heard) > known, 30)
                times[f"again after {'kill' if how == 'killed' else 'freeze'}"].append(time.perf_counter() - began)
    await peer.kill()
    return {name: f"{statistics.median(all_of):.2f} (worst {max(all_of):.2f}) s" for name, all_of in times.items()}


async def ours(count: int, home: Path) -> tuple[float, float]:
    """CPU milliseconds and RPCs a message of our channel."""
    peer = await gateway()
    async with channel_to(home, peer.endpoint, peer.token, pace=Pace()) as (channel, ears):
        await peer.do("burst", **names(), count=WARM)
        await ears.hear(MessageReceived, WARM)
        await asyncio.sleep(1)
        cpu, calls = time.process_time(), channel.calls
        await peer.do("burst", **names(), count=count)
        while len(ears.of(MessageReceived)) < WARM + count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        figures = (time.process_time() - cpu) / count * 1000, (channel.calls - calls) / count
    await peer.kill()
    return figures


async def stock(count: int, home: Path) -> tuple[float, float]:
    """The same of the stock client; the gateway counts its RPCs."""
    peer = await gateway()
    client = await asyncio.create_subprocess_exec(
        "node", "stock.mjs", peer.endpoint, peer.token, str(count), cwd=FOLDER, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=os.environ | {"WECHATY_LOG": "silent", "HOME": str(home)},
    )  # fmt: skip
    assert client.stdout is not None

    async def told(key: str) -> Figures:
        assert client.stdout is not None
        async for line in client.stdout:
            if line.startswith(b"{") and key in (figures := json.loads(line)):
                return dict(figures)
        raise SystemExit("the stock client ended early")

    try:
        async with asyncio.timeout(120):
            await told("started")
            await asyncio.sleep(2)
            await peer.do("burst", **names(), count=WARM)
            await told("warm")
            before = int(await peer.do("calls") or 0)
            await peer.do("burst", **names(), count=count)
            figures = await told("messages")
            calls = int(await peer.do("calls") or 0) - before
    finally:
        if client.returncode is None:
            client.kill()
        await client.wait()
        await peer.kill()
    return figures["cpu_ms"] / count, calls / count


async def cost(arguments: argparse.Namespace, home: Path) -> Figures:
    """Both clients in turns, so that a busy machine is busy for both; medians."""
    sides: dict[str, Callable[[int, Path], Awaitable[tuple[float, float]]]] = {"ours": ours, "stock": stock}
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "stock": []}
    for number in range(arguments.rounds):
        for side, measure in sides.items():
            found[side].append(await measure(arguments.messages, home / f"{side}{number}"))
    figures: Figures = {}
    for side, all_of in found.items():
        figures[f"{side}: CPU ms a message"] = round(statistics.median(one[0] for one in all_of), 3)
        figures[f"{side}: RPCs a message"] = round(statistics.median(one[1] for one in all_of), 2)
    figures["stock / ours"] = round(figures["stock: CPU ms a message"] / figures["ours: CPU ms a message"], 2)
    return figures


async def soak(arguments: argparse.Namespace, home: Path) -> Figures:
    """Talk without end, a gateway restart a minute: does memory grow, is anything said while connected lost?"""
    peer, said, sizes = await gateway(), 0, []
    ends, restart_at = time.monotonic() + arguments.minutes * 60, time.monotonic() + arguments.restart_seconds
    async with channel_to(home, peer.endpoint, peer.token, pace=Pace()) as (_, ears):
        heard = 0
        while time.monotonic() < ends:
            await peer.do("burst", **names(), count=ROOMS)
            said += ROOMS
            await asyncio.sleep(0.2)
            if time.monotonic() > restart_at:
                await until(lambda due=said, kept=heard: kept + len(ears.of(MessageReceived)) >= due, 20)
                await peer.kill()
                heard += len(ears.of(MessageReceived))
                ears.heard.clear()
                await peer.start()
                await ears.hear(HearingBack, seconds=20)
                sizes.append(resident_mb())
                restart_at = time.monotonic() + arguments.restart_seconds
        await until(lambda: heard + len(ears.of(MessageReceived)) >= said, 20)
        heard += len(ears.of(MessageReceived))
    await peer.kill()
    settled = sizes[min(2, len(sizes) - 1):]  # fmt: skip
    return {"minutes": arguments.minutes, "restarts": len(sizes), "said": said, "lost": said - heard,
            "RSS MB after each restart": [round(one, 1) for one in sizes],
            "RSS growth %": round((settled[-1] / settled[0] - 1) * 100, 1) if settled else None}  # fmt: skip


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


PARTS = {"order": order, "outage": outage, "cost": cost, "soak": soak}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tuan bench wechaty", description=__doc__)
    parser.add_argument("--parts", default="order,outage,cost", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--restart-seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    install()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    calm_collector()
    uvloop.install()  # as `tuan run` does
    console, found = Console(), {}
    for part in arguments.parts.split(","):
        with tempfile.TemporaryDirectory() as home:
            found[part] = asyncio.run(PARTS[part](arguments, Path(home)))
        if arguments.json:
            continue
        table = Table("what", "figure", title=part)
        for what, figure in found[part].items():
            table.add_row(what, str(figure))
        console.print(table)
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
