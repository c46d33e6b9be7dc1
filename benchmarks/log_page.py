"""How fast the console's log page is with a million interactions, and how many bytes its first opening takes.

    python -m benchmarks.log_page [--rows 1000000] [--repeat 20] [--database FILE] [--json]

Makes a SQLite database by bulk insert in a temporary folder (or uses FILE when it is there), then asks the real web
application for pages: sign-in cookie, database, template and gzip included; only the network is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import re
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette

from benchmarks.log_cases import cases
from benchmarks.log_data import make
from bot.batch import Parts
from bot.console import app as console
from bot.console import sessions
from bot.console.passwords import hash_password
from bot.context import Shop
from bot.dispatch import Dispatcher
from bot.routing import Router
from bot.sender import Sender
from bot.settings import Settings
from content.knowledge import Knowledge
from content.render import Words
from content.shelf import Shelf
from handlers import FEATURES
from storage import migrate
from storage.database import Database
from storage.operators import Operator

BAR_MS, BAR_BYTES = 60.0, 60_000
ASSET = re.compile(r'(?:href|src)="(/console/static/[^"]+)"')
ADDRESS = "http://console.test"


def open_console(database: Database, home: Path) -> tuple[Starlette, dict[str, str]]:
    """The real console on this database, and the cookie of a signed-in manager."""

    def now() -> datetime:
        return datetime.now(UTC)

    shop, knowledge = Shop("阳光邻里", "小团", ADDRESS), Knowledge()
    parts = Parts(Router(FEATURES), Words(), knowledge, shop, now)
    desk = console.Desk(
        Settings(home=home),
        database,
        Dispatcher(database, parts),
        Sender(database, {}, now),
        Shelf(database, knowledge),
        shop,
        now,
    )
    with database.write() as session:
        operator = session.query(Operator).first()
        if operator is None:
            operator = Operator(
                name="bench", role="manager", password_hash=hash_password("bench-bench"), created_at=now()
            )
            session.add(operator)
            session.flush()
        token = sessions.begin(session, operator.id, "benchmark", now())
    return Starlette(routes=console.routes(desk)), {sessions.COOKIE: token, "tuan_language": "zh"}


async def ask(client: httpx.AsyncClient, path: str) -> tuple[tuple[float, float], httpx.Response]:
    """Server time and processor time in milliseconds, and the page. The second is the first without the waiting for
    a busy machine's other programs."""
    started, used = time.perf_counter(), time.process_time()
    answer = await client.get(path)
    return ((time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000), answer


async def measure(
    client: httpx.AsyncClient, repeat: int, rows: int
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Times by class and case. Each case's first page, one from the middle of the log, and its count."""
    chance = random.Random(11)
    times: dict[str, dict[str, list[tuple[float, float]]]] = {}
    todo = [(kind, name, query) for kind, name, query in cases(datetime.now(UTC)) for _ in range(repeat)]
    chance.shuffle(todo)
    for kind, name, query in todo:
        middle = {**query, "before": chance.randrange(rows // 4, rows)}
        for label, path in (
            (kind, f"/console/log?{urlencode(query)}"),
            ("from the middle", f"/console/log?{urlencode(middle)}"),
            ("count", f"/console/log/count?{urlencode(query)}"),
        ):
            took, answer = await ask(client, path)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}")
            times.setdefault(label, {}).setdefault(name, []).append(took)
    return times


async def weigh(client: httpx.AsyncClient, path: str) -> dict[str, list[int]]:
    """Bytes of a page and all it loads, by file: as transferred (gzip), and unpacked."""
    page = await client.get(path)
    weights = {path: _weight(page)}
    for url in dict.fromkeys(ASSET.findall(page.text)):
        weights[url.rpartition("/")[2]] = _weight(await client.get(url))
    return weights


def _weight(answer: httpx.Response) -> list[int]:
    return [answer.num_bytes_downloaded, len(answer.content)]


def p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def report(
    times: Mapping[str, Mapping[str, list[tuple[float, float]]]],
    weights: Mapping[str, Mapping[str, list[int]]],
) -> dict[str, Any]:
    """The figures in one dictionary, as --json prints them."""
    classes = {}
    for kind, by_case in times.items():
        every = [took for case in by_case.values() for took, _ in case]
        used = [used for case in by_case.values() for _, used in case]
        by_name = {name: p95([took for took, _ in case]) for name, case in by_case.items()}
        slowest = max(by_name, key=by_name.__getitem__)
        classes[kind] = {
            "requests": len(every),
            "median_ms": round(statistics.median(every), 1),
            "p95_ms": round(p95(every), 1),
            "cpu_p95_ms": round(p95(used), 1),
            "slowest_case": slowest,
            "slowest_case_p95_ms": round(by_name[slowest], 1),
        }
    cold = {
        path: {
            "transferred": sum(one[0] for one in files.values()),
            "unpacked": sum(one[1] for one in files.values()),
            "files": dict(files),
        }
        for path, files in weights.items()
    }
    is_fast = all(
        p95([took for case in by_case.values() for took, _ in case]) < BAR_MS for by_case in times.values()
    )
    is_light = all(sum(one[0] for one in files.values()) < BAR_BYTES for files in weights.values())
    bars = {"bar_ms": BAR_MS, "bar_bytes": BAR_BYTES, "is_within_bars": is_fast and is_light}
    return {"classes": classes, "cold_pages": cold} | bars


def show(figures: Mapping[str, Any], rows: int) -> None:
    table = Table(
        title=f"log page, {rows:,} interactions, {platform.python_implementation()} {platform.python_version()}"
    )
    for column in ("pages", "requests", "median ms", "p95 ms", "of it CPU", "slowest case", "its p95 ms"):
        table.add_column(column, justify="left" if column in ("pages", "slowest case") else "right")
    for kind, one in figures["classes"].items():
        table.add_row(
            kind,
            str(one["requests"]),
            str(one["median_ms"]),
            str(one["p95_ms"]),
            str(one["cpu_p95_ms"]),
            one["slowest_case"],
            str(one["slowest_case_p95_ms"]),
        )
    screen = Console()
    screen.print(table)
    for path, one in figures["cold_pages"].items():
        screen.print(f"{path} cold: {one['transferred']:,} bytes transferred, {one['unpacked']:,} unpacked")
    screen.print(
        f"within the bars (p95 < {BAR_MS:.0f} ms, cold < {BAR_BYTES:,} bytes): {figures['is_within_bars']}"
    )


def open_database(file: Path, rows: int) -> Database:
    """The file with its rows; made first when it is not there."""
    if not file.exists():
        fresh = Database(f"sqlite:///{file}", is_durable=False)
        make(fresh, rows)
        fresh.close()
    database = Database(f"sqlite:///{file}")
    migrate.upgrade(database)
    return database


async def run(database: Database, home: Path, rows: int, repeat: int) -> dict[str, Any]:
    app, cookies = open_console(database, home)
    transport, headers = httpx.ASGITransport(app), {"accept-encoding": "gzip"}
    async with httpx.AsyncClient(
        transport=transport, base_url=ADDRESS, cookies=cookies, headers=headers
    ) as client:
        await measure(client, 1, rows)
        times = await measure(client, repeat, rows)
        weights = {path: await weigh(client, path) for path in ("/console/today", "/console/log")}
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as stranger:
        weights["/console/sign-in"] = await weigh(stranger, "/console/sign-in")
    return report(times, weights)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(given.database or Path(folder) / "log.db", given.rows)
        figures = asyncio.run(run(database, Path(folder), given.rows, given.repeat))
        database.close()
    if given.json:
        print(json.dumps(figures | {"rows": given.rows}, ensure_ascii=False, indent=2))
    else:
        show(figures, given.rows)


if __name__ == "__main__":
    main()
