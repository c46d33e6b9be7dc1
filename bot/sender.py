"""Says what is in the outbox: in order per conversation, with leases and retries, each thing once where that can be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from bot.channels.base import Channel, NeverSaid, Outgoing, TryAgain, Unsure
from bot.outbox import ANSWER
from storage import groups, outbox
from storage.database import Database, in_turn
from storage.outbox import Saying

log = structlog.get_logger()
Result = TypeVar("Result")

LEASE = timedelta(seconds=60)
STALE = timedelta(minutes=15)  # an answer later than this would puzzle the group more than silence
RETRY_AFTER = (1, 4, 15, 60, 300)  # seconds
IDLE_SECONDS = 0.5
MAX_AT_ONCE = 50  # conversations spoken in at the same time


class Sender:
    """One loop that leases due rows, sends them and records what became of them."""

    def __init__(self, database: Database, channels: Mapping[str, Channel], now: Callable[[], datetime]) -> None:
        self.database, self.channels, self.now = database, channels, now
        self.sent = 0
        self._wake = asyncio.Event()
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sender")
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def wake(self) -> None:
        """There may be something to say."""
        self._wake.set()

    async def start(self) -> None:
        if self.database.is_sqlite:
            await self._in_turn(lambda session: outbox.expire_all_leases(session, self.now()))
        await self.recover()
        self._task = asyncio.create_task(self._run(), name="sender")

    async def stop(self) -> None:
        """Say what is due now, then end."""
        self._is_closing = True
        self.wake()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            try:
                said = await self.say_due()
            except Exception:
                log.exception("sender failed")
                said = 0
                await asyncio.sleep(IDLE_SECONDS)
            if said:
                continue
            if self._is_closing:
                return
            try:
                await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def recover(self) -> None:
        """Rows leased by a process that died: said again where that is safe, else an operator decides."""
        await self._in_turn(self._recover)

    def _recover(self, session: Session) -> None:
        for row in outbox.find_expired(session, self.now()):
            channel = self.channels.get(row.channel)
            if channel is not None and channel.capabilities.is_idempotent:
                outbox.mark(session, row.id, state=outbox.QUEUED, reason=row.reason)
            else:
                outbox.mark(session, row.id, state=outbox.UNKNOWN, reason="stopped while sending")

    async def say_due(self) -> int:
        """Lease and say everything due now; gives how many rows were dealt with."""
        rows = await self._in_turn(self._lease)
        if not rows:
            return 0
        turns: dict[str, list[Outgoing]] = {}
        for row in rows:
            turns.setdefault(row.conversation, []).append(Outgoing.of(row))
        tries = {row.id: row.tries for row in rows}
        outcomes = await asyncio.gather(*(self._speak(turn) for turn in turns.values()))
        said = [pair for turn_said, _ in outcomes for pair in turn_said]
        troubles = [(turn_left, trouble) for _, (turn_left, trouble) in outcomes if trouble is not None]
        places = await self._in_turn(lambda session: self._record(session, said, troubles, tries))
        self.sent += len(said)
        by_channel: dict[str, list[tuple[Outgoing, int]]] = {}
        for message, _ in said:
            by_channel.setdefault(message.here.channel, []).append((message, places[message.id]))
        for name, messages in by_channel.items():
            await self.channels[name].recorded(messages)
        return len(rows)

    async def _speak(
        self, turn: Sequence[Outgoing]
    ) -> tuple[list[tuple[Outgoing, str | None]], tuple[Sequence[Outgoing], Exception | None]]:
        """Say one conversation's rows in order; stops at the first that cannot be said now."""
        said: list[tuple[Outgoing, str | None]] = []
        async with self._places:
            for position, message in enumerate(turn):
                try:
                    said.append((message, await self.channels[message.here.channel].send(message)))
                except Exception as trouble:
                    return said, (turn[position:], trouble)
        return said, ((), None)

    def _lease(self, session: Session) -> list[Saying]:
        now = self.now()
        leased = []
        for row in outbox.lease_due(session, now, now + LEASE):
            reason = self._why_not(session, row, now)
            if reason is None:
                leased.append(row)
            else:
                outbox.mark(session, row.id, state=outbox.SUPPRESSED, reason=reason)
        return leased

    def _why_not(self, session: Session, row: Saying, now: datetime) -> str | None:
        """Why something due should not be said after all."""
        if row.channel not in self.channels:
            return f"channel {row.channel} is not connected"
        if row.operator_id is None and row.priority == ANSWER and now - row.due_at > STALE:
            return "too late for an answer"
        if row.group_id is not None:
            group = groups.find_facts(session, row.group_id)
            if group is None or group.is_closed:
                return "group is closed"
        return None

    def _record(
        self, session: Session, said: Sequence[tuple[Outgoing, str | None]],
        troubles: Sequence[tuple[Sequence[Outgoing], Exception]], tries: Mapping[int, int],
    ) -> dict[int, int]:
        now = self.now()
        places = outbox.mark_sent(session, [(message.id, message_id) for message, message_id in said], now)
        for (first, *rest), trouble in troubles:
            self._record_trouble(session, first, trouble, tries[first.id] + 1, now)
            for message in rest:
                outbox.mark(session, message.id, state=outbox.QUEUED)
        return places

    def _record_trouble(
        self, session: Session, message: Outgoing, trouble: Exception, tries: int, now: datetime
    ) -> None:
        reason = f"{type(trouble).__name__}: {trouble}"[:300]
        is_idempotent = self.channels[message.here.channel].capabilities.is_idempotent
        if isinstance(trouble, NeverSaid) or (isinstance(trouble, TryAgain) and tries > len(RETRY_AFTER)):
            outbox.mark(session, message.id, state=outbox.FAILED, reason=reason, tries=tries)
        elif isinstance(trouble, TryAgain) or (is_idempotent and tries <= len(RETRY_AFTER)):
            wait = getattr(trouble, "after", None) or RETRY_AFTER[tries - 1] * random.uniform(0.9, 1.2)  # noqa: S311
            due_at = now + timedelta(seconds=wait)
            outbox.mark(session, message.id, state=outbox.QUEUED, reason=reason, tries=tries, due_at=due_at)
        else:
            state = outbox.UNKNOWN if not is_idempotent or isinstance(trouble, Unsure) else outbox.FAILED
            outbox.mark(session, message.id, state=state, reason=reason, tries=tries)
        log.warning("not said", outbox_id=message.id, channel=message.here.channel, error=type(trouble).__name__)

    async def _in_turn(self, work: Callable[[Session], Result]) -> Result:
        loop = asyncio.get_running_loop()
        result: Result = await loop.run_in_executor(self._thread, in_turn, self.database, work)
        return result
