"""One application of one corp: its settings, its calls, its database, and who hears what it hears."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from bot.channels.base import Link, Receive, Standing
from bot.channels.wecom.api import Api
from bot.channels.wecom.errors import SETUP_CODES, ApiError, WecomError
from bot.channels.wecom.ids import is_id
from bot.events import Event, Handled
from storage.database import Database, in_turn

Result = TypeVar("Result")


@dataclass(slots=True)
class Account:
    """What the parts of the channel share."""

    name: str
    corp_id: str
    agent_id: int
    kf_ids: tuple[str, ...]
    staff: tuple[str, ...]
    public_url: str
    salt: str
    api: Api
    database: Database
    now: Callable[[], datetime]
    standing: Standing
    receive: Receive | None = None

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in one transaction, in a thread."""
        result: Result = await asyncio.to_thread(in_turn, self.database, work)
        return result

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Look something up, in a thread."""
        return await asyncio.to_thread(self._look, work)

    def _look(self, work: Callable[[Session], Result]) -> Result:
        with self.database.read() as session:
            return work(session)

    async def hear(self, *events: Event) -> list[Handled]:
        """Pass events on, in order; returns once all are kept. Raises what the dispatcher raises."""
        receive = self.receive
        if receive is None:
            raise ConnectionError("the channel is stopped")
        waiting = [asyncio.ensure_future(receive(event)) for event in events]
        return list(await asyncio.gather(*waiting))

    def after(self, seconds: float) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    def mark_of(self, *parts: str) -> str:
        """An id of ours that stays the same for the same parts, and differs between installations: 32 letters."""
        return hashlib.sha256("\0".join((self.salt, self.name, *parts)).encode()).hexdigest()[:32]

    def stands(self, link: Link, detail: str = "") -> None:
        """Note how the account stands; `since` moves only when the link changes."""
        if self.standing.link is not link:
            self.standing.link, self.standing.since = link, self.now()
        self.standing.detail = detail

    def note(self, error: WecomError) -> None:
        """Note what an error says of the account as a whole."""
        if isinstance(error, ApiError):
            if error.code in SETUP_CODES:
                self.stands(Link.REFUSED, str(error))
        else:
            self.stands(Link.DEAF, str(error))


def split_ids(words: str) -> tuple[str, ...]:
    """Ids of a setting, by comma."""
    return tuple(one for part in words.split(",") if is_id(one := part.strip()))
