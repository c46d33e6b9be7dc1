"""Says what is in the outbox: in order per conversation, with leases and retries, each thing once where that can be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from bot.channels.base import Channel, Handed, Link, NeverSaid, Outgoing, Pace, TryAgain, Unsure
from bot.verdicts import Verdicts
from storage import outbox, sending
from storage.database import Database, in_turn
from storage.outbox import Saying

log = structlog.get_logger()
Result = TypeVar("Result")
Said = Sequence[tuple[Outgoing, str | None]]

LEASE = timedelta(seconds=60)
RETRY_AFTER = (1, 4, 15, 60, 300)  # seconds
REST_AFTER = (1, 2, 5, 10, 30)  # seconds an account is left in peace while its connection is away
SEND_SECONDS = 45.0  # a network that has not answered by then will not
IDLE_SECONDS = 0.5
MAX_AT_ONCE = 50  # conversations of one account spoken in at the same time
AWAY = (Link.CONNECTING, Link.SCAN, Link.DEAF, Link.REFUSED)


@dataclass(slots=True)
class Mouth:
    """One account as it speaks: alone with its own rows, so that a slow or dead one holds up no other."""

    channel: Channel
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_AT_ONCE))
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    saying: dict[int, Saying] = field(default_factory=dict)
    rests_until: datetime | None = None
    rests: int = 0

    @property
    def is_away(self) -> bool:
        return self.channel.standing.link in AWAY


class Sender:
    """One loop that leases due rows, sends them and records what became of them; `channels` are by account."""

    def __init__(
        self, database: Database, channels: Mapping[str, Channel], now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.database, self.channels, self.now = database, channels, now
        self.sent = 0
        self._mouths = {account: Mouth(channel) for account, channel in channels.items()}
        self._verdicts = Verdicts(channels)
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sender")
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

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
        """Say what is due now, then end; what an account takes its time for stays kept."""
        self._is_closing = True
        self.wake()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            try:
                begun = await self._begin_due()
            except Exception:
                log.exception("sender failed")
                begun = []
                await asyncio.sleep(IDLE_SECONDS)
            if begun:
                continue
            if self._is_closing:
                if not self._under_way:
                    return
                await asyncio.wait(self._under_way)
                continue
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
        ours = [row_id for mouth in self._mouths.values() for row_id in mouth.saying]
        if ours:
            sending.prolong(session, ours, self.now() + LEASE)
        for row in outbox.find_expired(session, self.now()):
            channel = self.channels.get(row.account_id)
            if channel is not None and channel.capabilities.is_idempotent:
                outbox.mark(session, row.id, state=outbox.QUEUED, reason=row.reason)
            else:
                outbox.mark(session, row.id, state=outbox.UNKNOWN, reason="stopped while sending")

    async def say_due(self) -> int:
        """Lease and say everything due now; gives how many rows were dealt with."""
        begun = await self._begin_due()
        await asyncio.gather(*(task for task, _ in begun))
        return sum(count for _, count in begun)

    async def _begin_due(self) -> list[tuple[asyncio.Task[None], int]]:
        """Lease what is due on accounts that are free to speak, and begin to say it."""
        free = [account for account, mouth in self._mouths.items() if not self._is_shut(mouth)]
        rows = await self._in_turn(lambda session: self._lease(session, free)) if free else []
        by_account: dict[str, list[Saying]] = {}
        for row in rows:
            by_account.setdefault(row.account_id, []).append(row)
        begun = []
        for account, some in by_account.items():
            self._mouths[account].saying = {row.id: row for row in some}
            task = asyncio.create_task(self._serve(self._mouths[account], some), name=f"say-{account}")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            begun.append((task, len(some)))
        return begun

    def _is_shut(self, mouth: Mouth) -> bool:
        if mouth.saying or mouth.is_away or (self._is_closing and mouth.channel.capabilities.pace is not None):
            return True
        if mouth.rests_until is None:
            return False
        # A clock that was set back makes no rest longer.
        return timedelta() < mouth.rests_until - self.now() <= timedelta(seconds=REST_AFTER[-1])

    def _lease(self, session: Session, free: Sequence[str]) -> list[Saying]:
        now = self.now()
        outbox.take_turn(session)
        chosen = self._verdicts.choose(session, outbox.find_due(session, now, accounts=free), now)
        # A group may have been moved, and what is due there with it, to an account that is not free.
        chosen = [row for row in chosen if row.account_id in free]
        outbox.lease(session, chosen, now + LEASE)
        return chosen

    async def _serve(self, mouth: Mouth, rows: Sequence[Saying]) -> None:
        """Say one account's rows, conversation by conversation, and write down what became of them."""
        turns: dict[str, list[Outgoing]] = {}
        for row in rows:
            turns.setdefault(row.conversation, []).append(Outgoing.of(row))
        try:
            outcomes = await asyncio.gather(*(self._speak(mouth, turn) for turn in turns.values()))
            said = [pair for turn_said, _ in outcomes for pair in turn_said]
            troubles = [(left, trouble) for _, (left, trouble) in outcomes if trouble is not None]
            places = await self._in_turn(lambda session: self._record(session, mouth, said, troubles))
            self.sent += len(said)
            if said and not troubles:
                mouth.rests_until, mouth.rests = None, 0
            if said:
                await mouth.channel.recorded([(message, places[message.id]) for message, _ in said])
        except Exception:
            # The leases end, and the rows are looked at again.
            log.exception("account failed", account=mouth.channel.account)
        finally:
            mouth.saying = {}
            self.wake()

    async def _speak(
        self, mouth: Mouth, turn: Sequence[Outgoing]
    ) -> tuple[list[tuple[Outgoing, str | None]], tuple[Sequence[Outgoing], Exception | None]]:
        """Say one conversation's rows in order; stops at the first that cannot be said now."""
        said: list[tuple[Outgoing, str | None]] = []
        pace = mouth.channel.capabilities.pace
        async with mouth.places:
            for position, message in enumerate(turn):
                try:
                    if pace is not None and not self._is_closing:
                        await self._write(mouth, pace, message)
                    async with asyncio.timeout(SEND_SECONDS):
                        said.append((message, await mouth.channel.send(message)))
                except Exception as trouble:
                    return said, (turn[position:], trouble)
        return said, ((), None)

    async def _write(self, mouth: Mouth, pace: Pace, message: Outgoing) -> None:
        """Take the time a person would: to write this, and between two messages of the account."""
        seconds = min(pace.most, max(pace.least, pace.seconds_a_character * len(message.text)))
        await self._sleep(seconds * random.uniform(0.8, 1.25))  # noqa: S311
        async with mouth.turn:
            await self._sleep(pace.apart * random.uniform(0.8, 1.25))  # noqa: S311

    def _record(
        self, session: Session, mouth: Mouth, said: Said, troubles: Sequence[tuple[Sequence[Outgoing], Exception]]
    ) -> dict[int, int]:
        now = self.now()
        places = outbox.mark_sent(session, [(message.id, message_id) for message, message_id in said], now)
        for (first, *rest), trouble in troubles:
            if isinstance(trouble, TryAgain) and mouth.channel.standing.link is not Link.CONNECTED:
                self._put_off(session, mouth, first, trouble, now)
            else:
                self._record_trouble(session, mouth, first, trouble, now)
            for message in rest:
                outbox.mark(session, message.id, state=outbox.QUEUED)
        return places

    def _put_off(self, session: Session, mouth: Mouth, message: Outgoing, trouble: TryAgain, now: datetime) -> None:
        """The connection is away: no fault of the row, which loses no try; the account rests for a while."""
        if mouth.rests_until is None or mouth.rests_until <= now:
            mouth.rests_until = now + timedelta(seconds=REST_AFTER[min(mouth.rests, len(REST_AFTER) - 1)])
            mouth.rests += 1
        sending.put_off(session, mouth.saying[message.id], mouth.rests_until, _reason(trouble))

    def _record_trouble(
        self, session: Session, mouth: Mouth, message: Outgoing, trouble: Exception, now: datetime
    ) -> None:
        tries, reason = mouth.saying[message.id].tries + 1, _reason(trouble)
        if isinstance(trouble, Handed):
            outbox.mark(session, message.id, state=outbox.HELD, reason=str(trouble)[:300], tries=tries)
            return
        is_idempotent = mouth.channel.capabilities.is_idempotent
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


def _reason(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:300]
