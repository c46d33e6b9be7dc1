"""Clocks: 10,000 open deadlines that come due within ten minutes, watched for one, with a restart in the middle.

    python -m benchmarks.clocks [--open 10000] [--spread 600] [--seconds 60] [--database postgresql://…]

The error is the time from a stage's due time to its commit, alert and all. In the middle the loop is stopped for two
seconds and a new one, which knows nothing, is started; what came due in between is told apart. At the end every stage
that was due must have happened exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from bot.batch import Parts
from bot.context import Shop
from bot.deadlines import Deadlines
from bot.dispatch import Dispatcher, Kept
from bot.events import DeadlineReached
from bot.routing import Router
from content.knowledge import Knowledge
from content.render import Words
from handlers import FEATURES
from storage import members, migrate
from storage.clocks import FIRST, TABLE, WARN
from storage.database import Database
from storage.inbox import Interaction
from storage.operators import MANAGER, Operator

STARTS_IN, PAUSE = timedelta(seconds=5), 2.0


def now() -> datetime:
    return datetime.now(UTC)


def fill(database: Database, count: int, spread: float) -> datetime:
    """Open clocks whose warnings are spread evenly over the time; gives when the first is due."""
    first = now() + STARTS_IN
    with database.write() as session:
        for name in ("周姐", "阿明"):
            session.add(Operator(name=name, role=MANAGER, password_hash="x", created_at=now(), on_duty_since=now()))
        members.keep(session, [(f"bench:{number}", "bench", f"邻居{number}") for number in range(count)], now())
        rows = [
            {
                "kind": FIRST, "channel": "bench", "conversation": f"bench:p:{number}", "member_id": f"bench:{number}",
                "asked_id": 0, "started_at": first, "promised_at": first + timedelta(days=1), "stage": WARN,
                "due_at": first + timedelta(seconds=spread * number / count),
                "later": f'[["late", "{(first + timedelta(days=1)).isoformat()}"]]',
            }
            for number in range(count)
        ]  # fmt: skip
        session.connection().execute(insert(TABLE), rows)
    return first


async def play(database: Database, dispatcher: Dispatcher, seconds: float) -> tuple[datetime, datetime, datetime]:
    """Let it run with a restart half way, then have what is due at the end fired; gives when the old loop ended, the new
    one began, and it ended too."""
    loop = Deadlines(database, dispatcher, now)
    await loop.start()
    await asyncio.sleep(STARTS_IN.total_seconds() + seconds / 2)
    await loop.stop()
    ended = now()
    await asyncio.sleep(PAUSE)
    loop, began = Deadlines(database, dispatcher, now), now()
    await loop.start()
    await asyncio.sleep(seconds / 2)
    await loop.stop()
    stopped = now()
    await Deadlines(database, dispatcher, lambda: stopped).fire_due()
    return ended, began, stopped


def at_share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--open", type=int, default=10_000)
    asked.add_argument("--spread", type=float, default=600.0)
    asked.add_argument("--seconds", type=float, default=60.0)
    asked.add_argument("--database", default="")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.database or f"sqlite:///{Path(folder) / 'clocks.db'}")
        migrate.upgrade(database)
        first = fill(database, given.open, given.spread)
        fired: list[tuple[datetime, datetime]] = []

        def kept(batch: Sequence[Kept], _has_work: bool) -> None:
            at = now()
            fired.extend((one.event.occurred_at, at) for one in batch if isinstance(one.event, DeadlineReached))

        parts = Parts(Router(FEATURES), Words(), Knowledge(), Shop("店", "小团", ""), now)
        dispatcher = Dispatcher(database, parts, lanes=4, on_kept=kept)
        dispatcher.start()
        ended, began, stopped = asyncio.run(play(database, dispatcher, given.seconds))
        dispatcher.stop()
        with database.read() as session:
            keys = [row[0] for row in session.query(Interaction.key).filter(Interaction.outcome == "warned")]
        database.close()
    due = sum(first + timedelta(seconds=given.spread * number / given.open) <= stopped for number in range(given.open))
    late = timedelta(seconds=1)
    calm = sorted(
        (at - due).total_seconds() * 1000 for due, at in fired
        if not ended - late <= due <= began + late and due < stopped - late
    )
    missed = sorted((at - began).total_seconds() * 1000 for due, at in fired if ended <= due <= began)
    print(f"{given.open} open deadlines over {given.spread:.0f} s, {'SQLite' if not given.database else 'PostgreSQL'}")
    print(f"error of firing: p50 {at_share(calm, 0.5):.1f} ms, p99 {at_share(calm, 0.99):.1f} ms, most {calm[-1]:.1f} ms")
    print(f"due while the loop was down: {len(missed)}, all fired {missed[-1] if missed else 0:.0f} ms after its start")
    print(f"stages happened: {len(keys)}, different: {len(set(keys))}, missing: {due - len(set(keys))}")


if __name__ == "__main__":
    main()
