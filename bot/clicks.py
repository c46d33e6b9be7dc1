"""Clicks on their way: answered from memory, gathered for a few milliseconds, kept in batches through their lane.

What is gathered is lost only when the process is killed: some tens of milliseconds of it, for under load the answers wait for
what came before. What the database cannot take now is kept here and offered again; at the end everything is written before the
process ends.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

import structlog

from bot.dispatch import Dispatcher, NotKept, Overloaded
from bot.referral_targets import target_of
from bot.referring import CLICKS_LANE, ClicksCame
from storage import referral_links, revisions
from storage.clicks import HOUR_SECONDS
from storage.database import Database

log = structlog.get_logger()

GATHER_SECONDS = 0.015
BEHIND_SECONDS, HELD_UP_SECONDS = 0.02, 0.2
AT_ONCE = 2_000  # rows of one event
MOST_WAITING = 200_000  # rows held while the database takes none
MOST_LINKS = 50_000  # in memory
AGAIN_SECONDS = (0.2, 1.0, 2.0)  # between tries of what could not be kept
GOODBYE_SECONDS = 60.0

Key = tuple[str, str, int]  # link, visitor, hour


@dataclass(frozen=True, slots=True)
class Known:
    """A link as memory has it: where it leads, and from when on it does not."""

    id: str
    is_paused: bool
    until: float  # Unix time
    target: bytes  # the address it leads to, without our host
    plain: bytes  # the same without who shared it

    def is_on(self, now: float) -> bool:
        return not self.is_paused and now < self.until


class Clicks:
    """Links in memory, and visits on their way into the database. Lives on the event loop."""

    def __init__(
        self, database: Database, dispatcher: Dispatcher, now: Callable[[], datetime], secret: str
    ) -> None:
        self._database, self._dispatcher, self._now = database, dispatcher, now
        self._secret = secret.encode()
        self._links: dict[str, Known] = {}
        self._revision = -1
        self._gathered: dict[Key, list[Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: dict[asyncio.Task[None], float] = {}  # since when its first visit waits, oldest first
        self._since = 0.0
        self._waiting = 0
        self._run, self._number = secrets.token_hex(6), 0
        self.taken, self.lost = 0, 0
        self._digest = lru_cache(maxsize=8_192)(self._digest_of)

    def find(self, code: str) -> Known | None:
        """A link that is in memory."""
        return self._links.get(code)

    async def look(self, code: str) -> Known | None:
        """A link from the database, then kept in memory."""
        link = await asyncio.to_thread(find_known, self._database, code)
        if link is not None:
            while len(self._links) >= MOST_LINKS:
                del self._links[next(iter(self._links))]
            self._links[code] = link
        return link

    async def refresh(self) -> None:
        """Forget what is in memory when a link was paused, resumed or given another end."""
        number = await asyncio.to_thread(self._revised)
        if number != self._revision:
            self._links.clear()
            self._revision = number

    def _revised(self) -> int:
        with self._database.read() as session:
            return revisions.count(session, revisions.LINKS)

    def digest(self, address: str, day: int) -> str:
        """A short keyed hash of an address, another one every day."""
        return self._digest(address, day)

    def _digest_of(self, address: str, day: int) -> str:
        return hmac.digest(self._secret, f"address\n{day}\n{address}".encode(), hashlib.sha256)[:6].hex()

    def take(self, link_id: str, visitor_id: str, at: float, verdict: str, agent: str, address: str) -> None:
        """Take one visit; it is on its way within a few milliseconds."""
        self.taken += 1
        hour = int(at) // HOUR_SECONDS
        key = (link_id, visitor_id, hour)
        known = self._gathered.get(key)
        if known is not None:
            known[5] += 1
            return
        if self._waiting >= MOST_WAITING:
            self.lost += 1
            return
        self._waiting += 1
        digest = self.digest(address, hour // 24)
        self._gathered[key] = [link_id, visitor_id, hour, int(at * 1000), verdict, 1, agent, digest]
        if self._timer is None:
            self._since = monotonic()
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def flush(self) -> None:
        """Send off what is gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rows = [*self._gathered.values()]
        self._gathered.clear()
        for start in range(0, len(rows), AT_ONCE):
            task = asyncio.get_running_loop().create_task(self._keep(rows[start : start + AT_ONCE]))
            self._under_way[task] = self._since
            task.add_done_callback(self._under_way.pop)

    async def breathe(self) -> None:
        """Under more visits than can be kept at once, answer a little later, so that hardly more than `BEHIND_SECONDS` of
        them are ever unwritten; a database that takes none for longer holds nobody up."""
        for task, since in self._under_way.items():
            age = monotonic() - since
            if BEHIND_SECONDS < age < HELD_UP_SECONDS:
                await asyncio.wait((task,), timeout=HELD_UP_SECONDS - age)
            return

    async def _keep(self, rows: list[list[Any]]) -> None:
        """Put visits on their lane until they are kept; the key makes a second try harmless."""
        self._number += 1
        event = ClicksCame(
            key=f"clicks:{self._run}:{self._number}", lane=CLICKS_LANE, occurred_at=self._now(), channel="web",
            conversation=CLICKS_LANE, clicks=tuple(tuple(row) for row in rows),
        )
        tries = 0
        while True:
            try:
                await self._dispatcher.receive(event)
            except (NotKept, Overloaded) as trouble:
                if tries == 0:
                    log.warning("clicks wait for the database", rows=len(rows), why=type(trouble).__name__)
                await asyncio.sleep(AGAIN_SECONDS[min(tries, len(AGAIN_SECONDS) - 1)])
                tries += 1
            else:
                self._waiting -= len(rows)
                return

    async def stop(self) -> None:
        """Write everything that was taken; called when no request is served any more and before the lanes end."""
        self.flush()
        if self._under_way:
            _, left = await asyncio.wait(self._under_way, timeout=GOODBYE_SECONDS)
            if left:
                log.error("clicks could not be written before the end", batches=len(left))


def find_known(database: Database, code: str) -> Known | None:
    """A link from the database, with the addresses it leads to."""
    with database.read() as session:
        link = referral_links.find_by_code(session, code)
        if link is None:
            return None
        until = float("inf") if link.expires_at is None else link.expires_at.timestamp()
        plain, target = target_of(session, link)
        return Known(link.id, link.paused_at is not None, until, target.encode("ascii"), plain.encode("ascii"))
