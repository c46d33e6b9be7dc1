"""No oversell, no stranding: joins and payments on one drop while the process is killed again and again.

    tuan bench drop_storm [--events 20000] [--members 2000] [--units 500] [--kills 20] [--database postgresql://…]

Teams of three. Of the events, joins come from eight groups' lanes and the drop's own, payment notices late, out of order,
twice and three times, some for too little or too much, members give up; refunds fail, stall or pay and then do not answer,
at random. The clock runs 0.2 s an event, so that places and teams expire. A child process plays the script and is ended with
SIGKILL; the next one goes on from what is kept, and tells the last part again. In the end the money back is waited for, and
everything is added up from three sides: our rows, the script, and the provider's own book.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, select

from bot.batch import Parts
from bot.context import Shop
from bot.dispatch import Dispatcher
from bot.event import Event
from bot.jobs import RefundWanted
from bot.payments.base import DONE, FAILED, PENDING, Answer, MoneyBack
from bot.payments.refunding import Refunding
from bot.rounds import Rounds
from bot.routing import Router
from bot.talk import Talk
from bot.telling import lane_of
from bot.trading import DropClosingDue, DropJoinAsked, OrderCancelAsked, PaymentReceived
from bot.worker import Worker
from content.knowledge import Knowledge
from content.render import Words
from handlers import FEATURES
from handlers.group_buy import actions
from storage import drops, groups, inbox, members, migrate, orders, payments, products, reconciling, teams
from storage.database import Database

START, TICK = datetime(2026, 3, 2, 12, 0, tzinfo=UTC), 0.2
GROUPS, WINDOW, PRICE = 8, 100, 2990


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the script: join, pay (for the join at `of`), again (the notice at `of` once more), cancel."""

    kind: str
    member: int = 0
    of: int = 0
    count: int = 1
    if_late: str = "refund"
    share: float = 1.0


def script(events: int, people: int, seed: int) -> list[Happening]:
    """The same for the same seed, so that every child knows it."""
    dice, made, open_joins, paid = random.Random(seed), [], [], []
    for place in range(events):
        throw = dice.random()
        if throw < 0.45 or not open_joins:
            made.append(Happening("join", dice.randrange(people), count=dice.choice((1, 1, 1, 2)), if_late=dice.choice(("refund", "next_team"))))
            open_joins.append(place)
        elif throw < 0.82:
            # Most pay soon, some long after their place has expired.
            back = dice.randint(50, 150 if dice.random() < 0.7 else 4_000)
            of = open_joins[-min(back, len(open_joins))]
            made.append(Happening("pay", of=of, share=dice.choice((1.0,) * 18 + (0.5, 1.5))))
            paid.append(place)
        elif throw < 0.95 and paid:
            made.append(Happening("again", of=paid[-dice.randint(1, min(2_000, len(paid)))]))
        else:
            made.append(Happening("cancel", of=dice.choice(open_joins[-500:])))
    return made


class MoodyBank:
    """A provider with a book of its own: a refund is paid once, however often it is asked for, whatever it answers."""

    name = "bank"

    def __init__(self, book: Path, seed: int) -> None:
        self.book, self.dice = sqlite3.connect(book, check_same_thread=False), random.Random(seed)
        # The book must outlive SIGKILL, not a power cut.
        self.book.execute("pragma synchronous = off")
        self.book.execute("create table if not exists paid (refund_id text primary key, amount integer)")

    async def refund(self, wanted: MoneyBack) -> Answer:
        throw = self.dice.random()
        if throw < 0.15:
            return Answer(FAILED, error="busy")
        if throw < 0.2:
            return Answer(PENDING)
        with self.book:
            self.book.execute("insert or ignore into paid values (?, ?)", (wanted.refund_id, wanted.amount_fen))
        if throw < 0.3:
            raise ConnectionError("paid, but no answer")
        return Answer(DONE, f"bank:{wanted.refund_id}")


class Play:
    """A child: the real road on the real database, with a clock that follows the script."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.place, self.extra = given, 0, timedelta()
        self.lines = script(given.events, given.members, given.seed)
        self.database = Database(given.database or f"sqlite:///{Path(given.folder) / 'storm.db'}")
        self.drop_id = (Path(given.folder) / "drop").read_text()
        parts = Parts(Router(FEATURES), Words(), Knowledge(), Shop("店", "小团", ""), self.now, talk=Talk(self.database.is_sqlite))
        self.dispatcher = Dispatcher(self.database, parts, lanes=4)
        self.dispatcher.start()
        bank = MoodyBank(Path(given.folder) / "bank.db", os.getpid())
        refunding = Refunding(self.database, {"bank": bank}, self.now)
        self.worker = Worker(self.database, self.dispatcher, {RefundWanted: refunding.refund}, self.now)
        self.rounds = Rounds(self.database, self.dispatcher, self.now)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.place * TICK) + self.extra

    def run(self) -> None:
        """Go on where the last child was killed, a few windows earlier; then let everything come to rest."""
        self.place = max(0, self._kept() - 2 * WINDOW)
        while self.place < len(self.lines):
            some = range(self.place, min(self.place + WINDOW, len(self.lines)))
            joins = dict(self._orders(some))
            waiting = [self.dispatcher.submit(event) for place in some if (event := self._event(place, joins)) is not None]
            for one in waiting:
                one.result(timeout=120)
            self.place = some.stop
            asyncio.run(self.worker.do_due())
            self._look()
        self._rest()
        self.dispatcher.submit(self._base(DropClosingDue, "close", is_early=True, drop_id=self.drop_id)).result(timeout=120)
        self._rest()
        self.dispatcher.stop()
        self.database.close()

    def _rest(self) -> None:
        """Let two weeks pass, so that every place, team and try of a refund comes to its end."""
        for _ in range(56):
            self.extra += timedelta(hours=6)
            asyncio.run(self._drain())

    async def _drain(self) -> None:
        while await self.worker.do_due():
            continue
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        for retried in self.dispatcher.retry_due(self.now()):
            retried.result(timeout=120)
        self.rounds.go()

    def _kept(self) -> int:
        """How far the script is kept for certain: the lines before this are all in."""
        with self.database.read() as session:
            query = select(inbox.TABLE.c.key).where(inbox.TABLE.c.key.like("s:%"))
            places = sorted(int(key.split(":")[1]) for key in session.scalars(query))
        return places[-1] if places else 0

    def _orders(self, some: range) -> list[tuple[int, str]]:
        """The orders that joins spoken of in this window led to, where they are settled."""
        wanted = set()
        for place in some:
            one = self.lines[place]
            join = self.lines[one.of].of if one.kind == "again" else one.of
            wanted.add(f"s:{join}")
        with self.database.read() as session:
            query = select(inbox.TABLE.c.key, inbox.TABLE.c.reason).where(inbox.TABLE.c.key.in_(wanted), inbox.TABLE.c.outcome == "done")
            return [(int(row.key.split(":")[1]), row.reason) for row in session.execute(query)]

    def _base(self, kind: type[Event], key: str, **values: Any) -> Event:
        lane = lane_of(self.drop_id)
        return kind(**{"key": key, "lane": lane, "occurred_at": self.now(), "channel": "bench", "conversation": lane} | values)

    def _event(self, place: int, joins: dict[int, str]) -> Event | None:
        """The event of a line; None for money and words about a join that was refused, or is not in yet."""
        one = self.lines[place]
        if one.kind == "join":
            group = f"bench:g{one.member % GROUPS}"
            return self._base(
                DropJoinAsked, f"s:{place}", lane=group if one.member % 2 else lane_of(self.drop_id), group_id=group,
                member_id=f"bench:{one.member}", member_name=f"邻居{one.member}", drop_id=self.drop_id, skus=("hot-1",),
                quantities=(one.count,), if_late=one.if_late,
            )
        notice = self.lines[one.of] if one.kind == "again" else one
        at = one.of if one.kind == "again" else place
        order_id = joins.get(notice.of)
        if order_id is None or not order_id.startswith("ord_"):
            return None
        if one.kind == "cancel":
            return self._base(OrderCancelAsked, f"s:{place}", order_id=order_id, by="operator:1")
        amount = int(PRICE * self.lines[notice.of].count * notice.share)
        return self._base(
            PaymentReceived, f"s:{place}", order_id=order_id, provider="bank", reference=f"ref{at}", amount_fen=amount
        )


def set_up(given: argparse.Namespace) -> None:
    database = Database(given.database or f"sqlite:///{Path(given.folder) / 'storm.db'}")
    migrate.upgrade(database)
    with database.write() as session:
        product = {"id": "hot", "name": "车厘子", "price_fen": 3990, "is_on_sale": True}
        products.save(session, product, [{"id": "hot-1", "specs": [], "price_fen": 3990, "stock": given.units + 50}], START)
        names = [f"bench:g{number}" for number in range(GROUPS)]
        groups.insert_once(session, [{
            "id": name, "channel": "bench", "code": name, "name": name, "topic": "", "language": "zh", "speaks": "off",
            "is_welcoming": False, "created_at": START,
        } for name in names])
        members.keep(session, [(f"bench:{number}", "bench", f"邻居{number}") for number in range(given.members)], START)
        drop_id = actions.plan_drop(
            session, {
                "kind": "team", "title": "三人团", "team_size": 3, "team_hours": 1, "hold_minutes": 5, "provider": "bank",
                "per_member": 4, "closes_at": START + timedelta(days=10),
            }, [{"sku_id": "hot-1", "price_fen": PRICE, "stock_limit": given.units}], names, START,
        )
        actions.open_drop(session, drop_id, "storm", START)
    (Path(given.folder) / "drop").write_text(drop_id)
    database.close()


def count_formed(session: Any, team_id: str) -> int:
    """The seats a formed team was formed with: those that stand, and those given back after it had been confirmed. Who left
    before made room for somebody else."""
    seat, order = teams.SEATS, orders.TABLE
    gone_later = seat.c.status.in_((teams.REFUNDED, teams.REFUND_DUE)) & order.c.confirmed_at.is_not(None)
    query = select(func.count()).select_from(seat.join(order, order.c.id == seat.c.order_id)).where(seat.c.team_id == team_id)
    return int(session.execute(query.where(seat.c.status.in_(teams.SEATED) | gone_later)).scalar_one())


def check(given: argparse.Namespace) -> dict[str, Any]:
    """Add everything up from our rows and the bank's book; what is not empty or not equal is a failure."""
    database = Database(given.database or f"sqlite:///{Path(given.folder) / 'storm.db'}")
    drop_id = (Path(given.folder) / "drop").read_text()
    book = dict(sqlite3.connect(Path(given.folder) / "bank.db").execute("select refund_id, amount from paid"))
    with database.read() as session:
        money, problems = reconciling.sum_money(session, drop_id), reconciling.find_problems(session, drop_id)
        done = {row.id: row.amount_fen for row in session.execute(select(payments.REFUNDS)) if row.status == payments.DONE}
        offer = drops.find_offers(session, drop_id)[0]
        stock = products.find_skus(session, "hot")[0].stock
        states = Counter(row.status for row in session.execute(select(teams.TABLE)))
        wrong = [row.id for row in session.execute(select(teams.TABLE)) if row.status == teams.FORMED and (
            count_formed(session, row.id) != row.size
        )]
        statuses = Counter(row.status for row in session.execute(select(orders.TABLE)))
        failed = session.execute(select(func.count()).select_from(inbox.TABLE).where(inbox.TABLE.c.outcome == "failed")).scalar_one()
        references = session.execute(select(func.count(), func.count(func.distinct(payments.TABLE.c.reference)))).one()
        owed = payments.count_owed(session, payments.OWED)
    database.close()
    return {
        "paid": money.paid_fen, "confirmed": money.confirmed_fen, "waiting": money.waiting_fen, "refunded": money.refunded_fen,
        "due": money.due_fen, "adds up": money.paid_fen == money.confirmed_fen + money.refunded_fen, "problems": problems,
        "bank's book agrees": book == done, "refunds": len(done), "refunds not handed over": owed,
        "stock + taken": f"{stock} + {offer.taken} of {given.units + 50}", "teams": dict(states), "teams of wrong size": wrong,
        "orders": dict(statuses), "payments": tuple(references), "events failed": failed,
    }


def storm(given: argparse.Namespace) -> int:
    """Start children and kill them until enough have died; let the last one finish. Gives how many were killed."""
    command = [sys.executable, "-m", "benchmarks.drop_storm", "--child", "--folder", given.folder, "--events", str(given.events),
               "--members", str(given.members), "--seed", str(given.seed), "--database", given.database]
    dice, killed = random.Random(given.seed), 0
    while True:
        with (Path(given.folder) / "child.log").open("ab") as log:
            child = subprocess.Popen(command, stdout=log, stderr=log)
        if killed < given.kills:
            try:
                child.wait(given.life * (0.6 + dice.random()))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                killed += 1
                continue
        if child.wait() == 0:
            return killed
        raise SystemExit((Path(given.folder) / "child.log").read_text()[-3000:])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    for name, default in (("events", 20_000), ("members", 2_000), ("units", 500), ("kills", 20), ("seed", 7)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--life", type=float, default=6.0, help="seconds until a child is killed, about")
    asked.add_argument("--database", default="")
    asked.add_argument("--folder", default="")
    asked.add_argument("--child", action="store_true")
    given = asked.parse_args()
    if given.child:
        # A failing bank is part of the play; telling each failure with its stack took a quarter of the time.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        Play(given).run()
        return
    with tempfile.TemporaryDirectory() as folder:
        given.folder = folder
        began = time.perf_counter()
        set_up(given)
        killed = storm(given)
        print(f"{given.events} events, {'PostgreSQL' if given.database else 'SQLite'}, {killed} kills, {time.perf_counter() - began:.0f} s")
        for name, value in check(given).items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
