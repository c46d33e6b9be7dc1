"""Has posts said when they are due: writes occurrences ahead, fires what is due once, and notes what the sender said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bot.dispatch import Dispatcher, Overloaded
from bot.events import Handled, PostDue
from storage import due
from storage.base import AnyRow
from storage.database import Database, in_turn

log = structlog.get_logger()

LEASE = timedelta(seconds=60)  # after a crash another process fires it then; one alone on its database at once
AT_ONCE, MOST_WAITING = 200, 1_000  # fired in one go; on the lanes at most, well within the lease

SETTLED_AT_ONCE = 6  # batches of posts looked at in one go

FIRE_SECONDS, AHEAD_SECONDS, SETTLE_SECONDS = 0.1, 5.0, 1.0

WriteAhead = Callable[[Session, datetime], int]


class Posting:
    """Three loops, paced by a clock that nobody puts back. The rows are the truth: a lease only spares two processes each
    other's work, and each post is said once by its event's key and its row's state."""

    def __init__(
        self, database: Database, dispatcher: Dispatcher, now: Callable[[], datetime], write_ahead: WriteAhead
    ) -> None:
        self.database, self.dispatcher, self.now, self._write_ahead = database, dispatcher, now, write_ahead
        self._under_way: set[asyncio.Future[Handled]] = set()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="posting")
        self._loops: list[asyncio.Task[None]] = []
        self._looked_at = 0
        self._closing = asyncio.Event()

    async def start(self) -> None:
        if self.database.is_sqlite:
            await self._run(in_turn, self.database, due.free_all)
        self._loops = [
            asyncio.create_task(self._again_and_again(seconds, tick), name=f"posting-{tick.__name__}")
            for seconds, tick in ((FIRE_SECONDS, self.fire_due), (AHEAD_SECONDS, self.write_ahead), (SETTLE_SECONDS, self.settle))
        ]

    async def stop(self) -> None:
        """Fire no more, and wait for what is on the lanes."""
        self._closing.set()
        await asyncio.gather(*self._loops)
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._threads.shutdown()

    async def _again_and_again(self, seconds: float, tick: Callable[[], Awaitable[object]]) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing.is_set():
            next_at = loop.time() + seconds
            try:
                await tick()
            except Exception:
                log.exception("posting failed")
            try:
                await asyncio.wait_for(self._closing.wait(), max(0.001, next_at - loop.time()))
            except TimeoutError:
                continue

    async def write_ahead(self) -> int:
        """Write what is due soon, a few plans a transaction; gives how many plans there were."""
        total, written = 0, 1
        while written and not self._closing.is_set():
            written = await self._run(in_turn, self.database, lambda session: self._write_ahead(session, self.now()))
            total += written
        return total

    async def fire_due(self) -> int:
        """Put what is due on its lanes, without waiting for it; gives how many."""
        fired = 0
        while len(self._under_way) < MOST_WAITING and not self._closing.is_set():
            rows = await self._run(self._lease)
            for row in rows:
                self._fire(row)
            fired += len(rows)
            if len(rows) < AT_ONCE:
                break
        return fired

    async def settle(self) -> None:
        """Note what became of posts in the outbox, some at a time."""
        if self._closing.is_set():
            return
        for _ in range(SETTLED_AT_ONCE):
            self._looked_at = await self._run(
                in_turn, self.database, lambda session: due.settle_said(session, self._looked_at)
            ) or 0
            if not self._looked_at:
                return

    async def do_due(self) -> int:
        """Everything there is to do now, and wait for the commits; gives how many posts were fired."""
        await self.write_ahead()
        fired = await self.fire_due()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self.settle()
        return fired

    def _lease(self) -> list[AnyRow]:
        with self.database.read() as session:
            if not due.has_due(session, self.now()):
                return []
        with self.database.write() as session:
            now = self.now()
            return list(due.lease_due(session, now, now + LEASE, AT_ONCE))

    def _fire(self, row: AnyRow) -> None:
        event = PostDue(
            key=f"post:{row.id}:{row.tries}", lane=row.group_id, occurred_at=row.due_at, channel=row.channel,
            conversation=row.group_id, group_id=row.group_id, occurrence_id=row.id, tries=row.tries,
        )
        try:
            done = self.dispatcher.receive(event)
        except Overloaded:
            return  # the lanes are full; its lease runs out
        self._under_way.add(done)
        done.add_done_callback(self._settled)

    def _settled(self, done: asyncio.Future[Handled]) -> None:
        self._under_way.discard(done)
        if not done.cancelled() and done.exception() is not None:
            log.warning("post not kept", error=type(done.exception()).__name__)

    async def _run(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*given))
