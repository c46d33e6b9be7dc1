"""Fires the stages of clocks to the fraction of a second: a heap of what is due soon, refilled from the rows."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from bot.dispatch import Dispatcher, Overloaded
from bot.events import DeadlineReached, Handled
from storage import clocks
from storage.base import AnyRow
from storage.database import Database

log = structlog.get_logger()

LOOK_SECONDS = 0.5  # between two looks at the rows; a stage of a new clock is farther away than that
AHEAD = timedelta(seconds=2)  # what is due within this is taken into the heap
AGAIN = timedelta(seconds=60)  # a stage whose event failed is retried on its lane; we fire it no sooner than this
MOST = 5_000  # rows a look

Key = tuple[int, str]


class Deadlines:
    """One loop. The rows are the truth: what the heap misses in a crash the next look finds, and an event's key makes
    each stage happen once however often it is fired."""

    def __init__(self, database: Database, dispatcher: Dispatcher, now: Callable[[], datetime]) -> None:
        self.database, self.dispatcher, self.now = database, dispatcher, now
        self._heap: list[tuple[datetime, int, AnyRow]] = []
        self._known: dict[Key, datetime] = {}  # in the heap or on a lane; and until when we leave it alone
        self._under_way: set[asyncio.Future[Handled]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deadlines")
        self._closing: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._run(self._closing), name="deadlines")

    async def stop(self) -> None:
        """Fire no more; what is not fired is found again after the next start."""
        if self._closing is not None:
            self._closing.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def fire_due(self) -> int:
        """Look, fire what is due, and wait for the commits; gives how many stages were fired."""
        await self._look()
        fired = self._fire()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        return fired

    async def _run(self, closing: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        next_look = loop.time()
        while not closing.is_set():
            try:
                if loop.time() >= next_look:
                    next_look = loop.time() + LOOK_SECONDS
                    if await self._look() == MOST:
                        next_look = loop.time()
                self._fire()
            except Exception:
                log.exception("deadlines failed")
            wait = next_look - loop.time()
            if self._heap:
                wait = min(wait, (self._heap[0][0] - self.now()).total_seconds())
            try:
                await asyncio.wait_for(closing.wait(), max(0.002, wait))
            except TimeoutError:
                continue

    async def _look(self) -> int:
        """Take what is due soon into the heap; gives how many rows were new."""
        now = self.now()
        self._known = {key: until for key, until in self._known.items() if until > now}
        rows = await asyncio.get_running_loop().run_in_executor(self._thread, self._find, now + AHEAD)
        fresh = 0
        for row in rows:
            key = (row.id, row.stage)
            if key not in self._known:
                self._known[key] = row.due_at + AGAIN if row.due_at > now else now + AGAIN
                heapq.heappush(self._heap, (row.due_at, row.id, row))
                fresh += 1
        return fresh

    def _find(self, until: datetime) -> list[AnyRow]:
        with self.database.read() as session:
            return list(clocks.find_due(session, until, MOST))

    def _fire(self) -> int:
        fired, now = 0, self.now()
        while self._heap and self._heap[0][0] <= now:
            due_at, clock_id, row = heapq.heappop(self._heap)
            event = DeadlineReached(
                key=f"deadline:{clock_id}:{row.stage}", lane=row.conversation, occurred_at=due_at,
                channel=row.channel, conversation=row.conversation, group_id=row.group_id,
                member_id=row.member_id, clock_id=clock_id, stage=row.stage,
            )
            try:
                done = self.dispatcher.receive(event)
            except Overloaded:
                # The lanes are full: leave it to a later look.
                self._known.pop((clock_id, row.stage), None)
                continue
            self._under_way.add(done)
            done.add_done_callback(self._settled)
            fired += 1
        return fired

    def _settled(self, done: asyncio.Future[Handled]) -> None:
        self._under_way.discard(done)
        if not done.cancelled() and done.exception() is not None:
            log.warning("deadline not kept", error=type(done.exception()).__name__)
