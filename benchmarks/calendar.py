"""The month view of the console's calendar with thousands of plans: server time of the whole page, as a browser asks for it.

    tuan bench calendar [--plans 5000] [--groups 50] [--rows 20000] [--rounds 30] [--database postgresql://…] [--json FILE]

Of the plans 40 % are for one time, 30 % weekly, 10 % daily, 5 % monthly, 15 % relative to a join; they go to all groups, to
single ones and to tags. `--rows` occurrences of the month past are in the table. Every page is made anew. The dry run of thirty
days is measured for groups of their own with 50, 100, 200, 400 daily adverts and no limits, where each advert is said.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.app import Operator
from bot.console import app as console
from bot.console.passwords import hash_password
from bot.settings import Settings
from handlers.posts import forecast
from storage import audiences, groups, migrate, mix, plans, posts
from storage.database import Database
from storage.occurrences import SENT, SUPPRESSED
from storage.occurrences import TABLE as OCCURRENCES
from storage.operators import ADMIN
from storage.operators import Operator as Person
from storage.plans import TABLE as PLANS

NOW = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
ZONE, PASSWORD = "Asia/Shanghai", "a-long-enough-password"
BAR_MS = 100.0
DAYS = ("1", "2,4", "5", "1,3,5", "6", "0,6")


def fill(database: Database, plan_count: int, group_count: int, row_count: int) -> None:
    dice = random.Random(5)
    ids = [f"web:bench-{number}" for number in range(group_count)]
    with database.write() as session:
        groups.insert_once(session, [_group(one) for one in ids])
        for number, one in enumerate(ids):
            audiences.set_tags(session, one, [f"tag{number % 5}"])
        for number in range(200):
            posts.save(
                session, title=f"内容 {number}", kind=posts.KINDS[number % 5], parts=[{"kind": "text", "text": "大家好"}],
                now=NOW, by="bench",
            )
        session.execute(PLANS.insert(), [_plan(dice, number, ids) for number in range(plan_count)])
        rows = []
        for number in range(row_count):
            at = NOW - timedelta(minutes=15 * (1 + number // max(1, group_count)))
            rows.append({
                "plan_id": 1 + number // group_count % plan_count, "slot": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "group_id": ids[number % group_count], "channel": "web", "post_id": 1 + number % 200, "kind": "talk",
                "planned_at": at, "due_at": at, "tries": 1, "state": SUPPRESSED if number % 9 == 0 else SENT,
            })  # fmt: skip
        if rows:
            session.execute(OCCURRENCES.insert(), rows)
        session.add(Person(
            name="老板", role=ADMIN, password_hash=hash_password(PASSWORD), created_at=NOW, must_change_password=False
        ))  # fmt: skip


def _group(one: str) -> dict[str, Any]:
    return {
        "id": one, "channel": "web", "code": one[4:], "name": f"群{one[10:]}", "topic": "", "language": "zh",
        "speaks": "confident", "is_welcoming": False, "created_at": NOW - timedelta(days=90),
    }  # fmt: skip


def _plan(dice: random.Random, number: int, ids: list[str]) -> dict[str, Any]:
    kind = dice.choices(("once", "weekly", "daily", "monthly", "after"), (40, 30, 10, 5, 15))[0]
    hour, minute = dice.randrange(8, 22), dice.randrange(0, 60, 5)
    audience = dice.choice(({"all": True}, {"groups": [dice.choice(ids)]}, {"tags": [f"tag{dice.randrange(5)}"]}))
    days = {"weekly": f"* * {dice.choice(DAYS)}", "daily": "* * *", "monthly": f"{dice.randrange(1, 29)} * *"}.get(kind)
    at = NOW + timedelta(minutes=dice.randrange(-20 * 1440, 40 * 1440))
    return {
        "name": f"计划 {number}", "post_id": 1 + number % 200, "state": plans.ACTIVE,
        "when_kind": {"once": plans.ONCE, "after": plans.AFTER}.get(kind, plans.CRON),
        "once_at": at if kind == "once" else None, "cron": f"{minute} {hour} {days}" if days else None,
        "anchor": plans.JOIN if kind == "after" else None, "time_zone": ZONE, "audience": json.dumps(audience),
        "next_at": None if kind == "after" or (kind == "once" and at < NOW) else at if kind == "once" else NOW,
        "approval": plans.NO_NEED, "is_trial": False, "by": "bench", "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def measure(home: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    operator = Operator(Settings(home=home, database_url=url, demo=False, time_zone=ZONE), now=lambda: NOW)
    migrate.upgrade(operator.database)
    fill(operator.database, options.plans, options.groups, options.rows)
    desk = console.Desk(
        operator.settings, operator.database, operator.dispatcher, operator.sender, operator.shelf, operator.parts.shop,
        lambda: NOW,
    )
    client = TestClient(Starlette(routes=console.routes(desk)), headers={"accept-language": "zh"})
    page = client.get("/console/sign-in").text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    client.post("/console/sign-in", data={"csrf": token, "name": "老板", "password": PASSWORD})
    result: dict[str, Any] = {"plans": options.plans, "groups": options.groups, "rows": options.rows}
    for name, query in (
        ("month", "?view=month&day=2026-03-16"), ("month, one kind", "?view=month&day=2026-03-16&kind=advert"),
        ("next month", "?view=month&day=2026-04-16"),
        ("week", "?view=week&day=2026-03-16"), ("agenda", "?view=agenda&day=2026-03-16"),
    ):
        result[name] = _time(client, f"/console/calendar{query}", options.rounds)
    return result


def _time(client: TestClient, path: str, rounds: int) -> dict[str, float]:
    took, worked = [], []
    for _ in range(rounds + 1):
        began, spent = time.perf_counter(), time.process_time()
        response = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - spent) * 1000)
        assert response.status_code == 200, response.status_code
    first, rest = took[0], sorted(took[1:])
    return {
        "first_ms": round(first, 1), "p50_ms": round(statistics.median(rest), 1),
        "cpu_ms": round(statistics.median(worked[1:]), 1), "p95_ms": round(rest[int(len(rest) * 0.95) - 1], 1),
        "kilobytes": round(len(response.content) / 1024),
    }


def measure_dry_runs(home: Path, daily: tuple[int, ...]) -> list[dict[str, float]]:
    """The dry run of a group with so many adverts a day, all of which the rules let through."""
    operator = Operator(Settings(home=home, database_url="", demo=False, time_zone=ZONE), now=lambda: NOW)
    migrate.upgrade(operator.database)
    lifted = {"one_in": 1, "adverts_a_day": 10_000, "minutes_apart": 0, "quiet": ""}
    found = []
    for count in daily:
        group_id = f"web:dry-{count}"
        with operator.database.write() as session:
            mix.save_rules(session, "", lifted)
            groups.insert_once(session, [_group(group_id)])
            post = posts.save(session, title="特价", kind=posts.ADVERT, parts=[{"kind": "text", "text": "特价"}], now=NOW, by="bench")
            session.flush()
            plan = _plan(random.Random(5), 0, [group_id]) | {"when_kind": plans.CRON, "once_at": None, "anchor": None, "next_at": NOW}
            plan |= {"post_id": post.id, "audience": json.dumps({"groups": [group_id]})}
            session.execute(PLANS.insert(), [plan | {"cron": f"{one % 60} {one // 60 % 24} * * *"} for one in range(count)])
        with operator.database.read() as session:
            forecast.dry_run(session, group_id, NOW)
        with operator.database.read() as session:
            began = time.process_time()
            told = forecast.dry_run(session, group_id, NOW)
        found.append({"adverts": len(told), "cpu_ms": round((time.process_time() - began) * 1000, 1)})
    return found


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    for name, default in (("plans", 5000), ("groups", 50), ("rows", 20000), ("rounds", 30)):
        reading.add_argument(f"--{name}", type=int, default=default)
    reading.add_argument("--database", default="")
    reading.add_argument("--json", default="")
    options = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options.database, options)
    with tempfile.TemporaryDirectory() as folder:
        dry = measure_dry_runs(Path(folder), (50, 100, 200, 400))
    table = Table("page", "first", "p50", "p95", "CPU", "KB", title=f"{options.plans} plans, {options.rows} rows")
    for name, one in result.items():
        if isinstance(one, dict):
            table.add_row(name, *(str(one[key]) for key in ("first_ms", "p50_ms", "p95_ms", "cpu_ms", "kilobytes")))
    Console().print(table)
    for one in dry:
        Console().print(f"dry run of 30 days, {one['adverts']} adverts: {one['cpu_ms']} ms of CPU")
    result["dry_runs"] = dry
    is_met = result["month"]["p95_ms"] < BAR_MS
    Console().print(f"bar: month view < {BAR_MS:.0f} ms: {'met' if is_met else 'missed'}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
