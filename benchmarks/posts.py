"""Posts due together: each said once over kills and jumps of the clock, how punctual they are, how fast the sender is.

    tuan bench posts [--plans 1000] [--groups 50] [--kills 20] [--together 500] [--messages 10000] [--database postgresql://…]

The first part runs the whole operator in a process of its own (two on PostgreSQL), with all plans due in the same
minute, kills it with SIGKILL at random instants, moves its clock an hour forth and back, and compares in the end what the
channel was given with what was planned. The plans are due in the night of a clock change. The channel is idempotent: what
it is given again under the same id after a kill is shown once; that is counted and told. The second part has one post due
in many groups at once, and then lets the sender say a full outbox to the web channel.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from bot.app import Operator, open_database
from bot.channels.base import Outgoing
from bot.outbox import POST, Conversation, Outbox, Text
from bot.settings import Settings
from content.render import Words
from handlers.posts import actions
from handlers.posts.drafts import Editor, PlanDraft, PostDraft
from storage import groups, mix, occurrences, outbox
from storage.database import Database

DUE = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 3:00 in Berlin, where the clocks leave out 2:00 to 3:00
ZONE, EDITOR = "Europe/Berlin", Editor("bench", is_admin=True)
PATIENCE_SECONDS = 150  # without a post more; a lease of a killed process lasts a minute
AWAKE = {"quiet": "", "one_in": 1}


def fill(database: Database, plans: int, group_count: int, now: datetime, when: str) -> None:
    """Groups, posts and plans that are all due at the same time."""
    from bot.routing import Router
    from handlers import FEATURES

    values = Router(FEATURES).values
    with database.write() as session:
        groups.insert_once(session, [
            {
                "id": f"web:bench-{number}", "channel": "web", "code": f"bench-{number}", "name": f"群{number}", "topic": "",
                "language": "zh", "speaks": "confident", "is_welcoming": False, "created_at": now,
            }
            for number in range(group_count)
        ])  # fmt: skip
        mix.save_rules(session, mix.SHOP, AWAKE)
    parts = [{"kind": "text", "text": "{{ group.name }}的各位，{{ today.weekday }}好"}]
    for first in range(0, plans, 50):
        with database.write() as session:
            for number in range(first, min(plans, first + 50)):
                post, _ = actions.save_post(session, PostDraft(f"post {number}", "talk", parts), EDITOR, values, now)
                draft = PlanDraft(f"plan {number}", post.id, "cron", when, ZONE, {"all": True}, late_minutes=600)
                actions.save_plan(session, draft, EDITOR, now)


def settings_of(home: Path, url: str) -> Settings:
    return Settings(home=home, database_url=url, demo=False)


class Clock:
    """A clock that a file moves; the file is looked at fifty times a second at most, not at every question."""

    def __init__(self, home: Path) -> None:
        self._file, self._read_at, self._told = home / "clock", -1.0, (0.0, 0.0)

    def now(self) -> datetime:
        here = time.monotonic()
        if here - self._read_at > 0.02:
            base, since = json.loads(self._file.read_text())
            self._told, self._read_at = (base, since), here
        base, since = self._told
        return DUE + timedelta(seconds=base + max(0.0, here - since))


async def work(home: Path, url: str) -> None:
    """What is killed: the operator, with a clock that a file moves and a channel that writes down what it is given."""
    given = os.open(home / f"given-{os.getpid()}", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    operator = Operator(settings_of(home, url), now=Clock(home).now)
    say = operator.web_channel.send

    async def send(message: Outgoing) -> str | None:
        os.write(given, f"{message.key} {message.here.id} {message.cause_id}\n".encode())
        return await say(message)

    operator.web_channel.send = send  # type: ignore[method-assign]
    await operator.start()
    (home / f"ready-{os.getpid()}").touch()
    await asyncio.Event().wait()


def set_clock(home: Path, seconds: float) -> None:
    fresh = home / "clock.new"
    fresh.write_text(json.dumps([seconds, time.monotonic()]))
    fresh.replace(home / "clock")


def torment(home: Path, url: str, database: Database, kills: int, expected: int) -> dict[str, Any]:
    """Kill and start the processes until everything was said."""
    dice, began = random.Random(1), time.monotonic()
    count = 1 if database.is_sqlite else 2
    set_clock(home, -2)
    workers = [start(home, url) for _ in range(count)]
    jumps, in_the_middle = [3600.0, -3600.0] * 4, 0
    for number in range(kills):
        victim = dice.randrange(count)
        while not (home / f"ready-{workers[victim].pid}").exists() and workers[victim].poll() is None:
            time.sleep(0.01)
        time.sleep(dice.uniform(0.0, 0.8))
        in_the_middle += 0 < count_states(database).get(occurrences.PLANNED, 0) < expected
        workers[victim].send_signal(signal.SIGKILL)
        workers[victim].wait()
        if number % 3 == 1 and jumps:
            base, since = json.loads((home / "clock").read_text())
            set_clock(home, base + time.monotonic() - since + jumps.pop(0))
        workers[victim] = start(home, url)
    base, since = json.loads((home / "clock").read_text())
    set_clock(home, max(base + time.monotonic() - since, 120.0))
    said, until = -1, 0.0
    while said < expected and (said < 0 or time.monotonic() < until):
        before, said = said, count_states(database).get(occurrences.SENT, 0)
        until = time.monotonic() + PATIENCE_SECONDS if said > before else until
        time.sleep(1)
    took = time.monotonic() - began
    for one in workers:
        one.send_signal(signal.SIGKILL)
        one.wait()
    return check(home, database, expected) | {
        "kills": kills, "of_them_while_posts_were_under_way": in_the_middle, "processes": count, "seconds": round(took),
    }


def start(home: Path, url: str) -> subprocess.Popen[bytes]:
    with (home / "work.log").open("ab") as log:
        command = [sys.executable, "-m", "benchmarks.posts", "--work", str(home), "--database", url]
        return subprocess.Popen(command, stdout=log, stderr=log)


def count_states(database: Database) -> dict[str, int]:
    table = occurrences.TABLE
    with database.read() as session:
        rows = session.execute(select(table.c.state, func.count()).where(table.c.planned_at <= DUE).group_by(table.c.state))
        return {row[0]: row[1] for row in rows}


def check(home: Path, database: Database, expected: int) -> dict[str, Any]:
    """Compare what the channel was given with what was planned for the minute."""
    given = Counter(line for path in home.glob("given-*") for line in path.read_text().splitlines())
    shown = Counter((line.split()[1], line.split()[2]) for line in given)
    with database.read() as session:
        rows = session.query(occurrences.Occurrence).filter(occurrences.Occurrence.planned_at == DUE).all()
    causes = Counter((row.group_id, str(row.cause_id)) for row in rows if row.state == occurrences.SENT)
    return {
        "planned": expected, "rows": len(rows), "states": dict(Counter(row.state for row in rows)),
        "said": sum(1 for one in causes if one in shown), "never_said": expected - sum(1 for one in causes if one in shown),
        "said_twice": sum(number > 1 for number in shown.values()) + sum(number > 1 for number in causes.values()),
        "given_again_after_a_kill_with_the_same_id": sum(number - 1 for number in given.values()),
    }


async def punctual(home: Path, together: int, messages: int) -> dict[str, Any]:
    """One post due in many groups at once; then a full outbox to the web channel."""
    settings = settings_of(home, "")
    open_database(settings)
    operator = Operator(settings)
    begins: list[float] = []
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    say = operator.web_channel.send

    async def send(message: Outgoing) -> str | None:
        begins.append((datetime.now(UTC) - due).total_seconds())
        return await say(message)

    operator.web_channel.send = send  # type: ignore[method-assign]
    fill(operator.database, 0, together, due, "")
    _plan_once(operator.database, due)
    await operator.start()
    await _until(lambda: len(begins) >= together, 60)
    late = sorted(begins)
    operator.web_channel.send = say  # type: ignore[method-assign]
    await asyncio.sleep(1)
    rate = await _speed(operator, together, messages)
    await operator.stop()
    return {
        "groups": together, "said": len(late), "p50_s": round(at_share(late, 0.5), 3), "p99_s": round(at_share(late, 0.99), 3),
        "most_s": round(late[-1], 3), "sender_messages_a_second": round(rate),
    }


def _plan_once(database: Database, due: datetime) -> None:
    from bot.routing import Router
    from handlers import FEATURES

    with database.write() as session:
        draft = PostDraft("post", "talk", [{"kind": "text", "text": "{{ group.name }}的各位好"}])
        post, _ = actions.save_post(session, draft, EDITOR, Router(FEATURES).values, due)
        actions.send_now(session, post.id, {"all": True}, EDITOR, due, zone=ZONE, seconds=0)


async def _speed(operator: Operator, group_count: int, messages: int) -> float:
    """Messages a second of the sender, from a full outbox to the web channel, commits and all."""
    box = Outbox(Words(), datetime.now(UTC))
    for number in range(messages):
        group = f"web:bench-{number % group_count}"
        box.put(Conversation(group, "web", group), Text("大家好，今晚八点开团"), priority=POST)
    before = operator.sender.sent
    began = time.perf_counter()
    with operator.database.write() as session:
        outbox.insert_all(session, box.rows)
    operator.sender.wake()
    await _until(lambda: operator.sender.sent - before >= messages, 120)
    return (operator.sender.sent - before) / (time.perf_counter() - began)


async def _until(is_done: Callable[[], bool], seconds: float) -> None:
    for _ in range(int(seconds / 0.02)):
        if is_done():
            return
        await asyncio.sleep(0.02)


def at_share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("plans", 1000), ("groups", 50), ("kills", 20), ("together", 500), ("messages", 10_000)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--database", default="", help="an empty PostgreSQL database for the first part")
    asked.add_argument("--json", action="store_true", help="print JSON only")
    asked.add_argument("--work", default="", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.work:
        asyncio.run(work(Path(given.work), given.database))
        return
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "once"
        settings = settings_of(home, given.database)
        open_database(settings)
        database = Database(settings.database)
        fill(database, given.plans, given.groups, DUE - timedelta(hours=3), "0 3 29 3 *")
        result["once"] = torment(home, given.database, database, given.kills, given.plans * given.groups)
        database.close()
        if given.together:
            result["together"] = asyncio.run(punctual(Path(folder) / "together", given.together, given.messages))
    if not given.json:
        table = Table("what", "measured")
        for part in result.values():
            for name, value in part.items():
                table.add_row(name.replace("_", " "), str(value))
        Console().print(table)
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
