"""The drop page: pages a CPU-second of one server process under wrk, beside rendering each time; bytes of the first view.

    python -m benchmarks.drop_page [--seconds 8] [--connections 32] [--orders 301] [--json]

The whole application serves a team buy with orders and forming teams. CPU time is that of the server's process, all threads,
user and system, from /proc. «Each time» is the same page read and rendered for every request. Needs wrk (Debian: wrk).
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bot.app import Operator, build, open_database
from bot.settings import Settings
from bot.telling import lane_of
from bot.trading import DropJoinAsked, DropOpeningDue
from bot.web.snapshots import Key, Snapshot, Snapshots
from content.poster import Poster, draw
from handlers.group_buy import actions
from storage import drops, groups, products
from storage.database import Database

FAMILIES = "王李张刘陈杨赵黄周吴徐孙"
SKU, HEADER = "berry-1", "Accept-Encoding: gzip"
ONE_POSTER = Poster(
    "阳光花园邻里团", "限时团购", "王* 邀请你一起拼", "云南高山奶油草莓 3 斤装 坏果包赔", "¥39.9", "¥59.9", 68, "已参团 68 份",
    "还差 32 份", "长按识别二维码", "12-18 21:00 截止", "https://shop.example/d/7Q2K",
)


def now() -> datetime:
    return datetime.now(UTC)


def fill(database: Database) -> tuple[str, str]:
    """A drop with one product in one group; gives its id and code."""
    values = {
        "id": "berry", "name": "云南高山奶油草莓 3 斤装", "brief": "", "unit": "份", "price_fen": 5990, "list_price_fen": None,
        "is_on_sale": True, "category": [], "aliases": [], "attributes": [],
    }
    row = {
        "id": "web:garden", "channel": "web", "code": "garden", "name": "阳光花园邻里团", "topic": "", "language": "zh",
        "speaks": groups.SPEAK_OFF, "is_welcoming": False, "created_at": now(),
    }
    drop = {"kind": "team", "title": "云南高山奶油草莓 3 斤装", "team_size": 3, "pays": "pickup", "pickup_point": "南门驿站"}
    with database.write() as session:
        groups.insert_once(session, [row])
        products.save(session, values, [{"id": SKU, "specs": ["3 斤"], "price_fen": 5990, "stock": 100_000}], now())
        offers = [{"sku_id": SKU, "price_fen": 3990, "stock_limit": 50_000}]
        drop_id = actions.plan_drop(session, drop, offers, ["web:garden"], now())
        return drop_id, drops.get(session, drop_id).code


def serve(settings: Settings, drop_id: str, orders: int, is_each_time: bool) -> None:
    """A server's process: opens the drop, takes the orders, then serves."""
    operator = Operator(settings)
    if is_each_time:
        async def make(snapshots: Snapshots, key: Key) -> Snapshot:
            return await snapshots._make(key)

        Snapshots.find = lambda _self, _key: None  # type: ignore[method-assign]
        Snapshots.renew = make  # type: ignore[method-assign]
    app = build(settings, operator)
    lane, many = lane_of(drop_id), range(orders)
    opened = {"lane": lane, "conversation": lane, "occurred_at": now(), "drop_id": drop_id}
    events: list[Any] = [DropOpeningDue(key="open", channel="", **opened)]
    events += [
        DropJoinAsked(
            key=f"j{one}", channel="web", group_id="web:garden", member_id=f"web:m_{one}", member_name=f"{FAMILIES[one % len(FAMILIES)]}小雨{one}",
            skus=(SKU,), quantities=(1 + one % 3,), **opened,
        )
        for one in many
    ]  # fmt: skip
    operator.dispatcher.start()
    for waiting in [operator.dispatcher.submit(event) for event in events]:
        waiting.result(timeout=120)
    operator.dispatcher.start = lambda: None  # type: ignore[method-assign]
    uvicorn.run(app, host="127.0.0.1", port=settings.port, log_level="error", access_log=False)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(pid: int, address: str, seconds: int, connections: int) -> dict[str, float]:
    """Have wrk ask for the page; gives pages a second, a CPU-second, and how slow the slowest hundredth were."""
    before, began = cpu_seconds(pid), time.monotonic()
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", HEADER, address], capture_output=True, text=True, check=True
    )
    spent, took = cpu_seconds(pid) - before, time.monotonic() - began
    found = re.search(r"(\d+) requests in", done.stdout)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    assert found is not None, done.stdout
    assert late is not None, done.stdout
    assert "Non-2xx" not in done.stdout, done.stdout
    ms = float(late[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[late[2]]
    return {"a_second": int(found[1]) / took, "a_cpu_second": int(found[1]) / spent, "p99_ms": ms}


def weigh(client: httpx.Client, code: str) -> dict[str, int]:
    """Bytes on the wire of what a first view loads, compressed as it is sent."""
    page = client.get(f"/d/{code}")
    wanted = [f"/d/{code}", *dict.fromkeys(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text))]
    found = {}
    for path in wanted:
        with client.stream("GET", path) as answer:
            found[path] = sum(len(part) for part in answer.iter_raw())
    found["plain page"] = len(page.content)
    assert found[f"/d/{code}"] < len(gzip.compress(page.content, 1)) * 2
    return found


def run_one(home: Path, given: argparse.Namespace, is_each_time: bool) -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(home=home, port=port, demo=False, _env_file=None)
    open_database(settings)
    database = Database(settings.database)
    drop_id, code = fill(database)
    database.close()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(settings, drop_id, given.orders, is_each_time))
    server.start()
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=address, headers={"Accept-Encoding": "gzip"}) as client:
            _wait(client, f"/d/{code}")
            found: dict[str, Any] = {"bytes": weigh(client, code)}
        load(server.pid or 0, f"{address}/d/{code}", 1, given.connections)
        return found | load(server.pid or 0, f"{address}/d/{code}", given.seconds, given.connections)
    finally:
        server.terminate()
        server.join(20)


def _wait(client: httpx.Client, path: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if client.get(path).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
        assert time.monotonic() < until, "the server did not start"


def poster_ms() -> float:
    """CPU milliseconds of one poster, the font being loaded."""
    draw(ONE_POSTER)
    began = time.process_time()
    for _ in range(20):
        draw(ONE_POSTER)
    return (time.process_time() - began) / 20 * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--orders", type=int, default=301)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.exit(2, "wrk is not installed (Debian: apt-get install wrk)\n")
    with tempfile.TemporaryDirectory() as folder:
        kept = run_one(Path(folder) / "kept", given, False)
        each = run_one(Path(folder) / "each", given, True)
    sent = {name: size for name, size in kept["bytes"].items() if name != "plain page"}
    figures = {"snapshot": kept, "each_time": each, "first_view_bytes": sum(sent.values()), "poster_ms": poster_ms()}
    if given.json:
        print(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    print(f"{given.orders} orders, {given.connections} connections, {given.seconds} s each, one process")
    for name, one in (("from a snapshot", kept), ("rendered each time", each)):
        print(f"{name:<20} {one['a_cpu_second']:>8,.0f} pages a CPU-second  {one['a_second']:>8,.0f} a second  p99 {one['p99_ms']:.1f} ms")
    for name, size in sent.items():
        print(f"{name:<30} {size:>8,} bytes")
    print(f"{'first view':<30} {figures['first_view_bytes']:>8,} bytes; a poster {figures['poster_ms']:.1f} ms of CPU")


if __name__ == "__main__":
    main()
