"""The road of an event: inbox → lane → handlers → outbox, one commit a batch."""

from __future__ import annotations

import asyncio
import queue
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.batch import Batch, Item, Parts
from bot.events import Event, Handled, read
from bot.tally import Tally
from storage import inbox
from storage.database import Database
from storage.inbox import Interaction

log = structlog.get_logger()

MAX_BATCH = 512
NOT_KEPT = "not kept"
MAX_WAITING = 20_000  # events on one lane; past it a channel is told to slow down
RETRY_AFTER = (1, 5, 30, 120)  # seconds; after the fifth try the event rests on the «today» page


class Overloaded(Exception):
    """More is coming in than can be kept; the channel should slow down and say it again."""


class NotKept(Exception):
    """The event could not be written down, so it does not count as received; say it again later."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that was just handled and committed, for whoever shows it live."""

    event: Event
    inbox_id: int


class Lane:
    """Events that must run in order, in one thread: each batch is one transaction."""

    def __init__(self, number: int, dispatcher: Dispatcher) -> None:
        self.waiting: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._dispatcher = dispatcher
        self.thread = threading.Thread(target=self._run, name=f"lane-{number}", daemon=True)

    def _run(self) -> None:
        is_open = True
        while is_open:
            first = self.waiting.get()
            items: list[Item] = []
            item: Item | None = first
            while item is not None:
                items.append(item)
                if len(items) == MAX_BATCH or self.waiting.empty():
                    break
                item = self.waiting.get()
            is_open = item is not None
            if items:
                self._dispatcher.handle(items)


class Dispatcher:
    """Keeps every event, has it handled, and tells whoever waits once its batch is committed.

    Thread-safe: `receive` may be called from the event loop, `submit` from any thread.
    """

    def __init__(
        self, database: Database, parts: Parts, *, lanes: int = 1,
        on_kept: Callable[[Sequence[Kept], bool], None] = lambda kept, has_words: None,
    ) -> None:
        self.database, self.parts, self.on_kept = database, parts, on_kept
        count = 1 if database.is_sqlite else lanes
        self.lanes = [Lane(number, self) for number in range(count)]
        self.batches, self.events_kept = 0, 0
        self.tally = Tally()
        self._is_closing = False

    def start(self) -> None:
        for lane in self.lanes:
            lane.thread.start()

    def stop(self) -> None:
        """Handle everything that is already here, then end the lanes."""
        self._is_closing = True
        for lane in self.lanes:
            lane.waiting.put(None)
        for lane in self.lanes:
            if lane.thread.is_alive():
                lane.thread.join()

    def waiting(self) -> int:
        """How many events are on the lanes now."""
        return sum(lane.waiting.qsize() for lane in self.lanes)

    def submit(self, event: Event, retry_of: Interaction | None = None) -> Future[Handled]:
        """Put an event on its lane, from any thread; the future holds its outcome once it is committed."""
        done: Future[Handled] = Future()
        self._put(event, done, None if retry_of is None else (retry_of.id, retry_of.tries))
        return done

    def receive(self, event: Event, account: str = "") -> asyncio.Future[Handled]:
        """Put an event on its lane, from the event loop; awaiting it returns after its commit. `account` heard it; the
        channel's first when it is not said."""
        done: asyncio.Future[Handled] = asyncio.get_running_loop().create_future()
        self._put(event, done, None, account)
        return done

    def _put(
        self, event: Event, done: Future[Handled] | asyncio.Future[Handled], retry_of: tuple[int, int] | None,
        account: str = "",
    ) -> None:
        lane = self.lanes[zlib.crc32(event.lane.encode()) % len(self.lanes) if len(self.lanes) > 1 else 0]
        if self._is_closing or lane.waiting.qsize() > MAX_WAITING:
            raise Overloaded
        lane.waiting.put(Item(event, done, self.parts.now(), retry_of, account))

    def retry_due(self, now: datetime) -> list[Future[Handled]]:
        """Put events whose next try has come back on their lanes."""
        with self.database.read() as session:
            rows = inbox.find_due_retries(session, now)
        return [self.submit(read(row), retry_of=row) for row in rows]

    def handle(self, items: list[Item]) -> None:
        """Handle a batch in one transaction; when anything in it raises, each event in one of its own."""
        try:
            handled = self._commit(items)
        except Exception as error:
            if len(items) == 1:
                handled = [self._put_aside(items[0], error)]
            else:
                for item in items:
                    self.handle([item])
                return
        self._tell(items, handled)

    def _commit(self, items: list[Item]) -> list[Handled]:
        with self.database.write() as session:
            batch = Batch(session, self.parts)
            handled = batch.run(items)
            batch.write()
        batch.remember()
        self.batches += 1
        self.events_kept += sum(one.is_new for one in handled)
        self._count(items, handled)
        if batch.kept:
            kept = [Kept(event, inbox_id) for event, inbox_id in batch.kept]
            try:
                self.on_kept(kept, bool(batch.sayings or batch.jobs))
            except Exception:
                log.exception("live view failed", events=len(kept))
        return handled

    def _put_aside(self, item: Item, error: Exception) -> Handled:
        """The event is kept with its error and tried again later; after the last try it rests."""
        log.error("event failed", key=item.event.key, kind=type(item.event).__name__, exc_info=error)
        try:
            with self.database.write() as session:
                batch = Batch(session, self.parts)
                handled = batch.put_aside(item, error, RETRY_AFTER)
            batch.remember()
            self._count([item], [handled])
            if batch.kept:
                self.on_kept([Kept(event, inbox_id) for event, inbox_id in batch.kept], False)
            return handled
        except Exception as unkept:
            # Not even the failure can be kept (a full disk, a lost database): nothing was received.
            reason = _reason(unkept)
            log.error("event not kept", key=item.event.key, error=type(unkept).__name__, reason=reason)
            self.tally.refuse(reason)
            return Handled(0, False, NOT_KEPT, reason)

    def _count(self, items: Sequence[Item], handled: Sequence[Handled]) -> None:
        now = self.parts.now()
        self.tally.add(
            (one.outcome, (now - item.received_at).total_seconds() * 1000)
            for item, one in zip(items, handled, strict=True) if one.is_new
        )

    def _tell(self, items: list[Item], handled: Sequence[Handled]) -> None:
        """Wake whoever waits: threads one by one, an event loop once for all its futures."""
        on_loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Handled], Handled]]] = {}
        for item, outcome in zip(items, handled, strict=True):
            if isinstance(item.done, asyncio.Future):
                on_loops.setdefault(item.done.get_loop(), []).append((item.done, outcome))
            elif item.done.set_running_or_notify_cancel():
                _resolve(item.done, outcome)
        for loop, pairs in on_loops.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve_all, pairs)


def _reason(error: Exception) -> str:
    """What the database itself says, without the statement and its values."""
    return str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0][:200]


def _resolve(done: Future[Handled] | asyncio.Future[Handled], outcome: Handled) -> None:
    if outcome.outcome == NOT_KEPT:
        done.set_exception(NotKept(outcome.error or ""))
    else:
        done.set_result(outcome)


def _resolve_all(pairs: list[tuple[asyncio.Future[Handled], Handled]]) -> None:
    for done, outcome in pairs:
        if not done.done():
            _resolve(done, outcome)
