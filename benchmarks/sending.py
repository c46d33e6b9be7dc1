"""Rows of the outbox said a CPU-second: lease, verdict, send, record; without budgets and with four of them, and beside an
account that is dead.

6,000 rows in 100 groups on SQLite (synchronous=FULL), a channel that costs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.channels.base import Allowance, Capabilities, Hears, Link, Outgoing, Receive, Says, Standing
from bot.outbox import Conversation, Outbox, Text
from bot.sender import Sender
from content.render import Words
from storage import groups, migrate, outbox
from storage.database import Database

ROWS, GROUPS = 6_000, 100
BUDGETS = (
    Allowance("account", 3_600, 1_000_000), Allowance("account", 86_400, 1_000_000),
    Allowance("group", 3_600, 1_000_000), Allowance("group", 86_400, 1_000_000),
)


class Silent:
    """A channel that says nothing to nobody, at once."""

    name = "bench"

    def __init__(self, account: str, allowances: tuple[Allowance, ...], link: Link) -> None:
        self.account, self.standing = account, Standing(link)
        self.capabilities = Capabilities(frozenset(Hears), frozenset(Says), 2_000, True, allowances=allowances)

    async def start(self, receive: Receive) -> None:
        self.receive = receive

    async def stop(self) -> None:
        self.standing = Standing()

    async def send(self, message: Outgoing) -> str | None:
        return f"s{message.id}"

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        self.last = messages[-1][1]


def now() -> datetime:
    return datetime.now(UTC)


def fill(database: Database, account: str, rows: int) -> None:
    """Groups of an account, and as many rows to say in them."""
    box = Outbox(Words(), now())
    places = [f"bench:{account}-{number}" for number in range(GROUPS)]
    for number in range(rows):
        place = places[number % GROUPS]
        box.put(Conversation(place, "bench", place), Text("好的，马上给您看"))
    with database.write() as session:
        groups.insert_once(session, [
            {
                "id": place, "channel": "bench", "code": place[6:], "name": place, "topic": "", "language": "zh",
                "speaks": "confident", "is_welcoming": True, "created_at": now(), "account_id": account,
                "management": "taken", "is_paused": False,
            }
            for place in places
        ])
        outbox.insert_all(session, [row | {"account_id": account} for row in box.rows])


async def say(folder: str, rows: int, allowances: tuple[Allowance, ...], dead_rows: int) -> dict[str, Any]:
    database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
    migrate.upgrade(database)
    if dead_rows:
        fill(database, "dead", dead_rows)
    fill(database, "bench", rows)
    channels = {"bench": Silent("bench", allowances, Link.CONNECTED), "dead": Silent("dead", (), Link.DEAF)}
    sender = Sender(database, channels, now)
    began, cpu_began = time.perf_counter(), time.process_time()
    while await sender.say_due():
        continue
    cpu, wall = time.process_time() - cpu_began, time.perf_counter() - began
    database.close()
    if sender.sent != rows:
        raise SystemExit(f"only {sender.sent} of {rows} rows were said")
    return {"rows": rows, "per_cpu_s": round(rows / cpu), "per_wall_s": round(rows / wall), "cpu_s": round(cpu, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    cases = {"no budget": ((), 0), "four budgets": (BUDGETS, 0), "beside a dead account": ((), options.rows)}
    results = {}
    for name, (allowances, dead_rows) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            results[name] = asyncio.run(say(folder, options.rows, allowances, dead_rows))
    if not options.json:
        table = Table("what", "rows a CPU-second", "a second")
        for name, row in results.items():
            table.add_row(name, f"{row['per_cpu_s']:,}", f"{row['per_wall_s']:,}")
        Console().print(table)
    print(json.dumps(results, ensure_ascii=False))


if __name__ == "__main__":
    main()
