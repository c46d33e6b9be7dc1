"""Claims a second on one hot drop: through the lane, durable, beside the usual way, in one run.

    tuan bench drop [--claims 20000] [--members 2000] [--usual 4000] [--workers 16] [--postgres postgresql://…] [--json]

The lane: every claim is an event that is kept and deduplicated, locks the drop, is decided by its rules, writes order,
line, reservation and trace, tells OrderPlaced to whoever listens, and is answered after its batch's commit. The usual way:
one transaction a claim with a conditional update of the stock row, the order and its line, from as many connections as do
best. SQLite runs with synchronous=FULL; PostgreSQL must have fsync on (it is asked, and the answer printed).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url, text

from bot.batch import Parts
from bot.context import Shop
from bot.dispatch import Dispatcher
from bot.routing import Router
from bot.talk import Talk
from bot.telling import lane_of
from bot.trading import DropJoinAsked
from content.knowledge import Knowledge
from content.render import Words
from handlers import FEATURES
from handlers.group_buy import actions
from storage import drops, groups, members, migrate, products, reconciling
from storage.database import Database
from storage.ids import new_id

IN_FLIGHT = 2_000
USUAL_TABLES = """
create table usual_stock (sku text primary key, stock integer not null check (stock >= 0));
create table usual_orders (id text primary key, member text not null, total integer not null, at text not null);
create table usual_lines (order_id text not null references usual_orders, sku text not null, quantity integer not null);
"""


def now() -> datetime:
    return datetime.now(UTC)


def set_up(database: Database, stock: int, people: int) -> tuple[str, str]:
    """A shop with one product in an open flash drop; gives the drop's and the SKU's ids."""
    migrate.upgrade(database)
    with database.write() as session:
        values = {"id": "hot", "name": "车厘子", "price_fen": 9990, "is_on_sale": True}
        products.save(session, values, [{"id": "hot-1", "specs": ["5斤"], "price_fen": 9990, "stock": stock}], now())
        groups.insert_once(session, [{
            "id": "bench:g", "channel": "bench", "code": "g", "name": "g", "topic": "", "language": "zh", "speaks": "off",
            "is_welcoming": False, "created_at": now(),
        }])
        members.keep(session, [(f"bench:{number}", "bench", f"邻居{number}") for number in range(people)], now())
        drop_id = actions.plan_drop(
            session, {"kind": "flash", "title": "秒杀"}, [{"sku_id": "hot-1", "price_fen": 6990, "stock_limit": stock}],
            ["bench:g"], now(),
        )
        actions.open_drop(session, drop_id, "bench", now())
    return drop_id, "hot-1"


def through_the_lane(url: str, claims: int, people: int, stock: int) -> dict[str, Any]:
    """Send claims down the road, wait for their commits, and prove that all adds up."""
    database = Database(url)
    drop_id, sku = set_up(database, stock, people)
    parts = Parts(
        Router(FEATURES), Words(), Knowledge(), Shop("店", "小团", ""), now, talk=Talk(database.is_sqlite),
    )
    dispatcher = Dispatcher(database, parts, lanes=4)
    dispatcher.start()
    events = [
        DropJoinAsked(
            key=f"claim:{number}", lane=lane_of(drop_id), occurred_at=now(), channel="bench", conversation=lane_of(drop_id),
            group_id="bench:g", member_id=f"bench:{number % people}", drop_id=drop_id, skus=(sku,), quantities=(1,),
        )
        for number in range(claims)
    ]
    room = threading.Semaphore(IN_FLIGHT)
    outcomes: Counter[str] = Counter()
    began, cpu = time.perf_counter(), time.process_time()
    waiting = []
    for event in events:
        room.acquire()
        done = dispatcher.submit(event)
        done.add_done_callback(lambda _: room.release())
        waiting.append(done)
    for done in waiting:
        outcomes[done.result().outcome] += 1
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    dispatcher.stop()
    with database.read() as session:
        problems = reconciling.find_problems(session, drop_id)
        taken = drops.find_offers(session, drop_id)[0].taken
    database.close()
    return {
        "claims_a_second": round(claims / seconds), "claims_a_cpu_second": round(claims / cpu), "accepted": outcomes["done"],
        "refused": outcomes["refused"], "taken": taken, "batches": dispatcher.batches, "problems": problems,
    }


class Usual:
    """One transaction a claim, with a conditional update of the stock."""

    def __init__(self, url: str, stock: int) -> None:
        self.database = Database(url, pool_size=64)
        with self.database.write() as session:
            for statement in filter(str.strip, USUAL_TABLES.split(";")):
                session.execute(text(statement))
            session.execute(text("insert into usual_stock values ('hot-1', :stock)"), {"stock": stock})

    def claim(self, number: int) -> bool:
        order_id = new_id("ord")
        with self.database.writer.begin() as connection:
            taken = connection.exec_driver_sql(
                "update usual_stock set stock = stock - 1 where sku = 'hot-1' and stock >= 1 returning stock"
            ).fetchone()
            if taken is None:
                return False
            mark = "?" if self.database.is_sqlite else "%s"
            connection.exec_driver_sql(
                f"insert into usual_orders values ({mark}, {mark}, 6990, {mark})", (order_id, f"m{number}", now().isoformat())
            )
            connection.exec_driver_sql(f"insert into usual_lines values ({mark}, 'hot-1', 1)", (order_id,))
        return True

    def run(self, claims: int, workers: int) -> float:
        """Claims a second from so many threads."""
        numbers = iter(range(claims))
        turn = threading.Lock()

        def work() -> None:
            while True:
                with turn:
                    number = next(numbers, None)
                if number is None:
                    return
                self.claim(number)

        threads = [threading.Thread(target=work) for _ in range(workers)]
        began = time.perf_counter()
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return claims / (time.perf_counter() - began)


def measure(url: str, usual_url: str, given: argparse.Namespace) -> dict[str, Any]:
    lane = through_the_lane(url, given.claims, given.members, given.stock or given.claims)
    usual = Usual(usual_url, given.usual * 10)
    counts = (1, 4, given.workers) if not usual.database.is_sqlite else (1,)
    rates = {count: round(usual.run(given.usual, count)) for count in counts}
    usual.database.close()
    best = max(rates.values())
    return lane | {"usual_by_connections": rates, "usual_best": best, "times_the_usual": round(lane["claims_a_second"] / best, 1)}


def on_postgres(server: str, given: argparse.Namespace) -> dict[str, Any]:
    """The same on databases of our own, dropped afterwards; says what the server has for fsync."""
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    names = [f"tuan_bench_{uuid4().hex[:8]}" for _ in range(2)]
    with psycopg.connect(plain, autocommit=True) as connection:
        settings = {name: connection.execute(f"show {name}").fetchone()[0] for name in ("fsync", "synchronous_commit")}
        for name in names:
            connection.execute(f"create database {name}")
    try:
        urls = [make_url(server).set(database=name, drivername="postgresql").render_as_string(hide_password=False) for name in names]
        return measure(urls[0], urls[1], given) | settings
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            for name in names:
                connection.execute(f"drop database {name} with (force)")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--claims", type=int, default=20_000)
    asked.add_argument("--members", type=int, default=20_000)
    asked.add_argument("--stock", type=int, default=0, help="units; as many as claims without it")
    asked.add_argument("--usual", type=int, default=4_000)
    asked.add_argument("--workers", type=int, default=16)
    asked.add_argument("--postgres", default=os.environ.get("TUAN_TEST_POSTGRES", ""))
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = {"SQLite": measure(f"sqlite:///{Path(folder) / 'a.db'}", f"sqlite:///{Path(folder) / 'b.db'}", given)}
    if given.postgres:
        results["PostgreSQL"] = on_postgres(given.postgres, given)
    if given.json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
        return
    table = Table("", *results, title=f"{given.claims} claims from {given.members} members on one drop")
    for name in dict.fromkeys(key for result in results.values() for key in result):
        table.add_row(name, *(str(result.get(name, "")) for result in results.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
