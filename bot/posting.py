"""Has posts said when they are due: writes occurrences ahead, fires what is due once, and notes what the sender said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bot.dispatch import Dispatcher, Overloaded
from bot.events import Handled, PostDue
from storage import occurrences
from storage.base import AnyRow
from storage.database import Database, in_turn

log = structlog.get_logger()

LEASE = timedelta(seconds=60)  # after a crash another process fires it then; one alone on its database at once
AT_ONCE, MOST_WAITING = 200, 1_000  # fired in one go; on the lanes at most, well within the lease

WriteAhead = Callable[[Session, datetime], int]


class Posting:
    """Three ticks. The rows are the truth: a lease only spares two processes each other's work, and what happens is one
    by the event's key and the row's state."""

    def __init__(
        self, database: Database, dispatcher: Dispatcher, now: Callable[[], datetime], write_ahead: WriteAhead
    ) -> None:
        self.database, self.dispatcher, self.now, self._write_ahead = database, dispatcher, now, write_ahead
        self._under_way: set[asyncio.Future[Handled]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="posting")
        self._looked_at = 0
        self._is_closing = False

    async def start(self) -> None:
        if self.database.is_sqlite:
            await self._run(in_turn, self.database, occurrences.free_all)

    async def stop(self) -> None:
        """Fire no more, and wait for what is on the lanes."""
        self._is_closing = True
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._thread.shutdown()

    async def write_ahead(self) -> int:
        """Write what is due soon, a few plans a transaction; gives how many plans there were."""
        total, written = 0, 1
        while written and not self._is_closing:
            written = await self._run(in_turn, self.database, lambda session: self._write_ahead(session, self.now()))
            total += written
        return total

    async def fire_due(self) -> int:
        """Put what is due on its lanes, without waiting for it; gives how many."""
        fired = 0
        while len(self._under_way) < MOST_WAITING and not self._is_closing:
            rows = await self._run(self._lease)
            for row in rows:
                self._fire(row)
            fired += len(rows)
            if len(rows) < AT_ONCE:
                break
        return fired

    async def settle(self) -> None:
        """Note what became of posts in the outbox, some at a time."""
        if self._is_closing:
            return
        self._looked_at = await self._run(
            in_turn, self.database, lambda session: occurrences.settle_said(session, self._looked_at)
        ) or 0

    async def do_due(self) -> int:
        """Everything there is to do now, and wait for the commits; gives how many posts were fired."""
        await self.write_ahead()
        fired = await self.fire_due()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self.settle()
        return fired

    def _lease(self) -> list[AnyRow]:
        with self.database.read() as session:
            if not occurrences.has_due(session, self.now()):
                return []
        with self.database.write() as session:
            now = self.now()
            return list(occurrences.lease_due(session, now, now + LEASE, AT_ONCE))

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
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*given))
