"""Does the jobs that were asked for, outside the transaction; each is answered by an event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from bot.dispatch import Dispatcher
from bot.events import Event
from bot.jobs import PUT_OFF, Job, read_event
from storage import jobs
from storage.database import Database, in_turn

log = structlog.get_logger()
Result = TypeVar("Result")
Work = Callable[[Any], Awaitable[Event | None]]

LEASE = timedelta(seconds=120)
RETRY_AFTER = (2, 10, 60, 600)  # seconds; after the fifth try the job rests on the «today» page
IDLE_SECONDS = 1.0
MOST_UNDER_WAY = 1_000  # jobs at a time


class Worker:
    """One loop that leases due jobs, does them and brings their answers back as events."""

    def __init__(
        self, database: Database, dispatcher: Dispatcher, work: Mapping[type[Job], Work], now: Callable[[], datetime]
    ) -> None:
        self.database, self.dispatcher, self.now = database, dispatcher, now
        self._work = {kind.__name__: (kind, do) for kind, do in work.items()}
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """A job may be due, or due sooner than we thought."""
        self._wake.set()

    async def start(self) -> None:
        if self.database.is_sqlite:
            await self._in_turn(lambda session: jobs.expire_all_leases(session, self.now()))
        self._task = asyncio.create_task(self._run(), name="worker")

    async def stop(self) -> None:
        """Finish what is under way, then end; what is not begun stays kept."""
        self._is_closing = True
        self.wake()
        if self._task is not None:
            await self._task
        if self._under_way:
            await asyncio.wait(self._under_way)
        self._thread.shutdown()

    async def _run(self) -> None:
        while not self._is_closing:
            self._wake.clear()
            wait = IDLE_SECONDS
            try:
                if await self._begin_due():
                    continue
                due_at = await self._in_turn(jobs.find_next_due)
                if due_at is not None:
                    wait = min(IDLE_SECONDS, max(0.02, (due_at - self.now()).total_seconds()))
            except Exception:
                log.exception("worker failed")
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    async def do_due(self) -> int:
        """Lease and do everything due now; gives how many jobs were dealt with."""
        rows = await self._lease()
        await self._finish(rows)
        return len(rows)

    async def _begin_due(self) -> int:
        """Lease what is due and begin it, without waiting: a slow job holds up no timer."""
        while len(self._under_way) >= MOST_UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        rows = await self._lease()
        # What only brings an event back is quick; each slow job is settled by itself.
        quick = [row for row in rows if row.kind == PUT_OFF]
        for some in ([quick] if quick else []) + [[row] for row in rows if row.kind != PUT_OFF]:
            task = asyncio.create_task(self._finish_begun(some), name="job")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(rows)

    async def _lease(self) -> list[jobs.Job]:
        now = self.now()
        return await self._in_turn(lambda session: jobs.lease_due(session, now, now + LEASE))

    async def _finish_begun(self, rows: list[jobs.Job]) -> None:
        try:
            await self._finish(rows)
        except Exception:
            log.exception("worker failed")  # the lease ends, and the jobs are done again

    async def _finish(self, rows: list[jobs.Job]) -> None:
        done = await asyncio.gather(*(self._do(row) for row in rows))
        finished = [row.id for row, is_done in zip(rows, done, strict=True) if is_done]
        if finished:
            await self._in_turn(lambda session: jobs.mark_done(session, finished, self.now()))

    async def _do(self, row: jobs.Job) -> bool:
        try:
            if row.kind == PUT_OFF:
                answer: Event | None = read_event(row.payload)
            else:
                kind, do = self._work[row.kind]
                answer = await do(kind.read(row.payload))
            if answer is not None:
                await self.dispatcher.receive(answer)
        except Exception as error:
            log.warning("job failed", job_id=row.id, kind=row.kind, exc_info=error)
            await self._put_off(row, error)
            return False
        return True

    async def _put_off(self, row: jobs.Job, error: Exception) -> None:
        tries = row.tries + 1
        is_last = tries > len(RETRY_AFTER)
        due_at = self.now() + timedelta(seconds=0 if is_last else RETRY_AFTER[tries - 1])
        words = f"{type(error).__name__}: {error}"[:500]
        await self._in_turn(
            lambda session: jobs.put_off(
                session, row.id, tries=tries, due_at=due_at, error=words, is_last=is_last
            )
        )

    async def _in_turn(self, work: Callable[[Session], Result]) -> Result:
        loop = asyncio.get_running_loop()
        result: Result = await loop.run_in_executor(self._thread, in_turn, self.database, work)
        return result
