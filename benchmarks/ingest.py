"""Durable messages a CPU-second: the whole road on SQLite (synchronous=FULL) or PostgreSQL, beside three bot frameworks.

20,000 group messages from 200 groups and 5,000 members; every real feature listens, and 20 command parsers more; about
10 % are questions the shop answers, the rest is chatter. Each message is kept, deduplicated and logged, and its answer
stands in the outbox, before it counts. The frameworks (python-telegram-bot, aiogram, nonebot2) get the same messages,
20 handlers each, and store nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks import rivals
from benchmarks.talk import CHATTER, as_written, load_demo_shop, questions
from bot.app import calm_collector
from bot.batch import Parts
from bot.context import Context, Shop
from bot.dispatch import Dispatcher
from bot.events import Handled, MessageReceived
from bot.routing import Router, Routes
from bot.talk import Talk
from content.knowledge import Knowledge
from content.render import Words
from content.shelf import Shelf
from handlers import FEATURES
from storage import inbox, migrate, outbox
from storage.database import Database

MESSAGES, GROUPS, MEMBERS, COMMANDS, ANSWERED = 20_000, 200, 5_000, 20, 0.10
IN_FLIGHT = 2_000


def extra_commands() -> Routes:
    """Twenty more command parsers, such as further features would bring."""
    routes = Routes("extra")
    for number in range(COMMANDS):
        pattern = re.compile(rf"(?:[/#]?命令{number}|command{number})(?:\s+(\S+))?")

        def parse(message: MessageReceived, pattern: re.Pattern[str] = pattern) -> re.Match[str] | None:
            return pattern.fullmatch(message.text) if message.text else None

        def handle(ctx: Context, request: re.Match[str]) -> None:
            ctx.decide("done", request.group())

        routes.message(parse)(handle)
    return routes


def messages(count: int, seed: int = 7) -> list[tuple[int, int, str]]:
    """(group, member, text) of each message; members stay in their groups."""
    dice = random.Random(seed)
    asked = questions()
    made = []
    for _ in range(count):
        member = dice.randrange(MEMBERS)
        text = as_written(dice.choice(asked), dice) if dice.random() < ANSWERED else dice.choice(CHATTER)
        made.append((member % GROUPS, member, text))
    return made


def ingest(url: str, lanes: int, count: int) -> dict[str, Any]:
    """Send the messages down the road and count what the database holds afterwards."""
    database = Database(url, pool_size=lanes + 4)
    migrate.upgrade(database)
    load_demo_shop(database)
    shelf = Shelf(database, Knowledge())
    shelf.refresh()
    shop = Shop("阳光邻里", "小团", "http://localhost:8700")
    features = (*FEATURES[:-1], extra_commands(), FEATURES[-1])
    parts = Parts(Router(features), Words(), shelf.knowledge, shop, lambda: datetime.now(UTC), talk=Talk(database.is_sqlite))
    dispatcher = Dispatcher(database, parts, lanes=lanes)
    dispatcher.start()
    talk = messages(count)
    calm_collector()
    began, cpu_began = time.perf_counter(), time.process_time()
    uvloop.run(_send(dispatcher, talk))  # as the server does
    cpu, wall = time.process_time() - cpu_began, time.perf_counter() - began
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    dispatcher.stop()
    kept, answered, batches = _count(database), _answers(database), dispatcher.batches
    database.close()
    if kept != count:
        raise SystemExit(f"only {kept} of {count} messages were kept")
    return {
        "messages": count, "kept": kept, "answers_in_outbox": answered, "batches": batches, "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3), "per_cpu_s": round(count / cpu), "per_wall_s": round(count / wall),
        "rss_mb": round(rss_mb, 1),
    }


async def _send(dispatcher: Dispatcher, talk: list[tuple[int, int, str]]) -> None:
    """As a channel does: hear, put on the lane, and go on once the oldest in flight is kept."""
    waiting: list[asyncio.Future[Handled]] = []
    for number, (group, member, text) in enumerate(talk):
        conversation = f"bench:g{group}"
        event = MessageReceived(
            key=f"bench:m{member}:{number}", lane=conversation, occurred_at=datetime.now(UTC), channel="bench",
            conversation=conversation, group_id=conversation, member_id=f"bench:m{member}", member_name=f"邻居{member}",
            text=text, message_id=str(number),
        )
        waiting.append(dispatcher.receive(event))
        if number >= IN_FLIGHT:
            await waiting[number - IN_FLIGHT]
    await asyncio.gather(*waiting[-IN_FLIGHT:])


def _count(database: Database) -> int:
    """The messages kept; facts that features told each other meanwhile are no messages."""
    query = select(func.count()).select_from(inbox.TABLE).where(inbox.TABLE.c.kind == MessageReceived.__name__)
    with database.read() as session:
        return session.execute(query).scalar_one()


def _answers(database: Database) -> int:
    with database.read() as session:
        return session.execute(select(func.count()).select_from(outbox.TABLE)).scalar_one()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--no-rivals", action="store_true", help="leave the other frameworks out")
    parser.add_argument("--postgres", default=os.environ.get("TUAN_BENCH_POSTGRES", ""), help="an empty database's URL")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        results["tuanzhang sqlite FULL"] = ingest(url, 1, options.messages)
    if options.postgres:
        results["tuanzhang postgresql 4 lanes"] = ingest(options.postgres, 4, options.messages)
    if not options.no_rivals:
        talk = messages(options.messages)
        asked = {text for _, _, text in talk} - set(CHATTER)
        results |= rivals.measure(talk, sorted(asked))
    if options.json:
        print(json.dumps(results, ensure_ascii=False, indent=2))
        return
    table = Table("what", "messages a CPU-second", "a second", "CPU s", "answers", "RSS MB")
    for name, row in results.items():
        if "error" in row:
            table.add_row(name, row["error"], "", "", "", "")
            continue
        numbers = [f"{row['per_cpu_s']:,}", f"{row['per_wall_s']:,}", str(row["cpu_s"])]
        table.add_row(name, *numbers, str(row.get("answers_in_outbox", row.get("answered", ""))), str(row["rss_mb"]))
    Console().print(table)
    print(json.dumps(results, ensure_ascii=False))


if __name__ == "__main__":
    main()
