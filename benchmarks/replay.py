"""Replay: a year's book of orders, touches, refunds and payouts, and how long it takes to make all of it again.

    python -m benchmarks.replay [--orders 1000000] [--members 60000] [--damage 5] [--database postgresql://…]

The book is written in bulk by the pure rules, one order after the other, with touches kept in memory; the replay reads
everything from the database in batches, as `tuan referral recompute` does. After the first pass, which must find nothing,
some rows are damaged by hand, and the second must find exactly those.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.rewards import actions, attributing, replay, rules, sums
from handlers.rewards.sums import Sale
from storage import campaigns, commissions, ledger, migrate, orders
from storage.base import insert_fast
from storage.database import Database
from storage.terms import BOUND, COUPON, FLAT, Reward, Terms

START, DAYS, BATCH = datetime(2026, 1, 1, tzinfo=UTC), 360, 5_000
KEPT_TERMS = (
    Terms(campaign_id="cmp_last", version=1, rewards=(Reward(level=1, amount=500), Reward(level=2, amount=100)), top_level=2),
    Terms(campaign_id="cmp_bound", version=1, rule=BOUND, protection_days=7, rewards=(
        Reward(level=1, amount=333), Reward(level=0, unit=COUPON, kind=FLAT, amount=500))),
)


class Touch(NamedTuple):
    id: int
    at: datetime
    referrer_id: str
    campaign_id: str
    void_at: datetime | None


def touches_of(chance: random.Random, members: int) -> Iterator[tuple[str, Touch]]:
    """Some touches for two members of three, by a few referrers each."""
    number = 0
    for member in range(members):
        for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
            number += 1
            at = START + timedelta(seconds=chance.randrange(DAYS * 86_400))
            void_at = at + timedelta(hours=chance.randrange(1, 72)) if chance.random() < 0.03 else None
            yield f"m{member}", Touch(number, at, f"m{int(members * chance.random() ** 3)}", "", void_at)


def write_touches(session: Session, chance: random.Random, members: int) -> dict[str, list[Touch]]:
    by_member: dict[str, list[Touch]] = {}
    rows = []
    for member, touch in touches_of(chance, members):
        by_member.setdefault(member, []).append(touch)
        rows.append((touch.id, f"t{touch.id}", "click", "", member, touch.referrer_id, "", "", "", "", "", touch.at, touch.void_at, ""))
    names = ("id", "cause", "kind", "visitor_id", "member_id", "referrer_id", "link_id", "group_id", "drop_id", "product_id",
             "campaign_id", "at", "void_at", "void_why")
    insert_fast(session.connection(), "touches", names, rows)
    for some in by_member.values():
        some.sort(key=lambda touch: (touch.at, touch.id))
    return by_member


def seen_by(touches: list[Touch], at: datetime) -> list[Touch]:
    first = bisect_left(touches, at - rules.LOOK_BACK, key=lambda touch: touch.at)
    return touches[first : bisect_right(touches, at, key=lambda touch: touch.at)]


TABLES = {
    "orders": ("id", "channel", "member_id", "member_name", "status", "total_fen", "deposit_fen", "pays", "if_late", "pickup_point",
               "note", "source", "reason", "placed_at", "paid_at", "confirmed_at"),
    "order_lines": ("order_id", "sku_id", "name", "quantity", "unit_fen", "list_fen"),
    "payments": ("id", "provider", "reference", "order_id", "amount_fen", "refunding_fen", "claimed_for", "received_at", "recorded_at",
                 "recorded_by"),
    "refunds": ("id", "payment_id", "order_id", "why", "cause", "amount_fen", "status", "tries", "created_at"),
    "refund_parts": ("refund_id", "sku_id", "amount_fen"),
    "attributions": ("order_id", "buyer_id", "referrer_id", "upper_id", "touch_id", "campaign_id", "version", "reason", "line", "seen_to",
                     "decided_at", "accrued_at", "is_first"),
    "commissions": ("id", "order_id", "sku_id", "level", "position", "unit", "member_id", "campaign_id", "base_fen", "wanted", "granted",
                    "amount", "state", "accrued_at", "changed_at", "held_why", "evidence"),
    "transfers": ("id", "cause", "unit", "amount", "subject", "at"),
    "ledger_entries": ("transfer_id", "side", "account", "unit", "amount"),
}


class Writer:
    """Gathers rows of one batch of orders and writes them."""

    def __init__(self, session: Session) -> None:
        self.session, self.commission_id, self.transfer_id = session, 0, 0
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}

    def flush(self) -> None:
        for name, columns in TABLES.items():
            insert_fast(self.session.connection(), name, columns, self.rows[name])
            self.rows[name] = []


def write_order(writer: Writer, chance: random.Random, number: int, members: int, touches: dict[str, list[Touch]], at: datetime) -> None:
    """One order with what it was credited for and earned."""
    order_id, buyer = f"ord_{number:08d}", f"m{chance.randrange(members)}"
    skus = sorted(f"s{sku}" for sku in chance.sample(range(40), chance.choice((1, 1, 2, 3))))
    lines = [(sku, chance.randrange(1, 4), chance.randrange(500, 9_000)) for sku in skus]
    total = sum(count * fen for _, count, fen in lines)
    status = orders.CANCELLED if chance.random() < 0.03 else orders.PAID
    back = {lines[0][0]: lines[0][2]} if chance.random() < 0.08 and status == orders.PAID else {}
    refunded = total if status == orders.CANCELLED else sum(back.values())
    rows = writer.rows
    rows["orders"].append((order_id, "bench", buyer, "", status, total, 0, "before", "refund", "", "", "desk", "", at, at, at))
    rows["order_lines"] += [(order_id, sku, sku, count, fen, fen) for sku, count, fen in lines]
    rows["payments"].append((f"pay_{number}", "offline", f"r{number}", order_id, total, refunded, order_id, at, at, "bench"))
    if refunded:
        why = "ended" if status == orders.CANCELLED else "part"
        rows["refunds"].append((f"rfd_{number}", f"pay_{number}", order_id, why, f"c{number}", refunded, "done", 0, at))
        rows["refund_parts"] += [(f"rfd_{number}", sku, fen) for sku, fen in (back or {sku: count * fen for sku, count, fen in lines}).items()]
    terms = KEPT_TERMS[number % 2]
    seen = seen_by(touches.get(buyer, []), at)
    answer = rules.attribute(terms, seen, (buyer,), at)
    upper, theirs = attributing.NOBODY, ()
    if answer.touch is not None and terms.top_level == 2:
        theirs = (answer.touch.referrer_id,)
        upper = rules.attribute(terms, seen_by(touches.get(theirs[0], []), at), {*theirs, buyer}, at)
    line = attributing.write_line((buyer,), (), answer, (theirs, ()), upper, {})
    row = (order_id, buyer, answer.touch and answer.touch.referrer_id, upper.touch and upper.touch.referrer_id,
           answer.touch and answer.touch.id, terms.campaign_id, 1, answer.reason, line, 2**40, at, at, False)
    rows["attributions"].append(row)
    worths = tuple(count * fen for _, count, fen in lines)
    sale = Sale(None, total, tuple(skus), worths, back, {}, is_first=False, is_team=False, is_over=status == orders.CANCELLED)
    earners = {0: buyer, 1: row[2]} | ({2: row[3]} if row[3] else {}) if row[2] else {}
    write_earnings(writer, order_id, terms, sale, earners, at)


def write_earnings(writer: Writer, order_id: str, terms: Terms, sale: Sale, earners: dict[int, Any], at: datetime) -> None:
    bought = actions.by_earner(sums.earn(terms, sale.as_bought()))
    now = {(one.position, one.sku_id): one for one in sums.earn(terms, sale)}
    for (level, unit), some in bought.items():
        wanted = sum(one.wanted for one in some)
        if level not in earners or not wanted:
            continue
        left = [now[one.position, one.sku_id] for one in some]
        amounts = sums.left_of(left, wanted, wanted)
        for one, share, amount in zip(some, left, amounts, strict=True):
            writer.commission_id += 1
            writer.rows["commissions"].append((
                writer.commission_id, order_id, one.sku_id, level, one.position, unit, earners[level], terms.campaign_id, share.base_fen,
                one.wanted, one.wanted, amount, actions.first_state(unit, share.base_fen), at, at, "", "{}",
            ))
        if sum(amounts):
            writer.transfer_id += 1
            account = commissions.account_of(earners[level], actions.first_state(unit, 1))
            writer.rows["transfers"].append((writer.transfer_id, f"earn:{order_id}:{level}:{unit}", unit, sum(amounts), order_id, at))
            writer.rows["ledger_entries"] += [
                (writer.transfer_id, side, one, unit, sum(amounts)) for side, one in ((-1, ledger.COST), (1, account))
            ]


def fill(database: Database, count: int, members: int) -> None:
    chance = random.Random(7)
    with database.write() as session:
        for terms in KEPT_TERMS:
            campaigns.insert_draft(session, {"id": terms.campaign_id, "name": terms.campaign_id, "starts_at": START, "ends_at": None,
                                             "created_at": START, "created_by": "bench"})
            campaigns.write_terms(session, terms, START, "bench")
        touches = write_touches(session, chance, members)
    writer: Writer | None = None
    for start in range(0, count, BATCH):
        with database.write() as session:
            numbers = (writer.commission_id, writer.transfer_id) if writer else (0, 0)
            writer = Writer(session)
            writer.commission_id, writer.transfer_id = numbers
            for number in range(start, min(start + BATCH, count)):
                at = START + timedelta(days=DAYS * number / count, microseconds=number % 1_000)
                write_order(writer, chance, number, members, touches, at)
            writer.flush()
        print(f"\rwritten {min(start + BATCH, count):>9} of {count}", end="", file=sys.stderr)
    print(file=sys.stderr)


def run(database: Database) -> tuple[list[replay.Difference], float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    with database.read() as session:
        found = list(replay.replay(session, lambda done: print(f"\rmade again {done:>9}", end="", file=sys.stderr)))
    print(file=sys.stderr)
    return found, time.perf_counter() - began, time.process_time() - cpu


def damage(database: Database, count: int) -> set[str]:
    """Change an amount here, a referrer there, behind everybody's back; gives the orders changed."""
    changed = set()
    with database.write() as session:
        rows = session.execute(text("select id, order_id from commissions where amount > 1 order by id limit 100000")).all()
        for number, row in enumerate(random.Random(11).sample(rows, count)):
            if number % 2:
                session.execute(text("update commissions set amount = amount - 1 where id = :id"), {"id": row.id})
            else:
                session.execute(text("update attributions set referrer_id = 'm_thief' where order_id = :id"), {"id": row.order_id})
            changed.add(row.order_id)
    return changed


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--orders", type=int, default=1_000_000)
    asked.add_argument("--members", type=int, default=60_000)
    asked.add_argument("--damage", type=int, default=5)
    asked.add_argument("--database", default="")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.database or f"sqlite:///{Path(folder) / 'replay.db'}", is_durable=False)
        migrate.upgrade(database)
        fill(database, given.orders, given.members)
        with database.read() as session:
            counts = {name: session.execute(text(f"select count(*) from {name}")).scalar() for name in ("touches", "commissions", "transfers")}
            is_balanced = ledger.count_lopsided(session) == 0 and not any(ledger.sum_all(session).values())
        found, seconds, cpu = run(database)
        hurt = damage(database, given.damage)
        again, _, _ = run(database)
        database.close()
    figures = counts | {
        "orders": given.orders, "differences": len(found), "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1),
        "orders_a_second": round(given.orders / seconds), "is_balanced": is_balanced, "damaged": len(hurt),
        "damage_found": len(hurt & {one.subject for one in again}), "false_alarms": len({one.subject for one in again} - hurt),
    }
    for one in found[:10]:
        print(one, file=sys.stderr)
    for name, value in figures.items():
        print(f"{name:>18}  {value}")
    print(json.dumps(figures))
    if found or figures["damage_found"] != len(hurt) or figures["false_alarms"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
