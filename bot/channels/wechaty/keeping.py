"""Hands events on until they are kept: a gateway keeps no queue, so what we drop is gone."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from bot.channels.base import Receive
from bot.events import Event, Handled

log = structlog.get_logger()

AGAIN_AFTER = (0.2, 1.0, 5.0, 15.0)  # seconds


class Keeping:
    """Passes events to `receive` in order. When it refuses (too much is waiting), the rest queues here."""

    def __init__(self) -> None:
        self._receive: Receive | None = None
        self._waiting: deque[Event] = deque()
        self._again: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.Future[Handled]] = set()
        self._drain: asyncio.Task[None] | None = None

    def start(self, receive: Receive) -> None:
        self._receive = receive

    async def stop(self) -> None:
        """Wait for what was handed on."""
        for task in (*self._again, *([self._drain] if self._drain is not None else [])):
            task.cancel()
        await asyncio.gather(*self._again, *self._open, return_exceptions=True)

    def take(self, event: Event) -> None:
        if self._drain is not None and not self._drain.done():
            self._waiting.append(event)
        elif not self._passed(event):
            self._waiting.append(event)
            self._drain = asyncio.create_task(self._drained())

    def _passed(self, event: Event) -> bool:
        """Hand it on; False when there is no room for it now."""
        if self._receive is None:
            return True
        try:
            kept = asyncio.ensure_future(self._receive(event))
        except Exception:
            return False
        self._open.add(kept)
        kept.add_done_callback(lambda done: self._kept(event, done))
        return True

    def _kept(self, event: Event, done: asyncio.Future[Handled]) -> None:
        self._open.discard(done)
        if not done.cancelled() and done.exception() is not None:
            task = asyncio.create_task(self._once_more(event))
            self._again.add(task)
            task.add_done_callback(self._again.discard)

    async def _once_more(self, event: Event) -> None:
        """It could not be written down: the same key, again and again."""
        for seconds in AGAIN_AFTER:
            await asyncio.sleep(seconds)
            try:
                if self._receive is not None:
                    await self._receive(event)
            except Exception as trouble:
                log.warning("an event could not be kept", kind=type(event).__name__, error=type(trouble).__name__)
            else:
                return

    async def _drained(self) -> None:
        while self._waiting:
            if self._passed(self._waiting[0]):
                self._waiting.popleft()
            else:
                await asyncio.sleep(AGAIN_AFTER[0])
