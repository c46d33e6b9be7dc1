"""The real road behind one channel: inbox, lanes and sender on a database, with no feature that talks by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.batch import Parts
from bot.channels.base import Channel
from bot.context import Shop
from bot.dispatch import Dispatcher, Kept
from bot.outbox import Conversation, Outbox, Said, Text
from bot.routing import Router
from bot.sender import Sender
from bot.settings import Settings
from bot.talk import Talk
from content.knowledge import Knowledge
from content.render import Words
from handlers.community import routes
from storage import accounts, migrate, outbox
from storage.database import Database
from storage.inbox import Interaction
from storage.outbox import Saying

PATIENCE = 20.0  # seconds a scene waits for what must come


class Road:
    """One shop whose only channel is the one under test. Its clock is the wall's, moved on by `skip`."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, demo=False, messages_a_minute=100_000, _env_file=None)  # type: ignore[call-arg]
        home.mkdir(parents=True, exist_ok=True)
        self.database = Database(self.settings.database)
        migrate.upgrade(self.database)
        self._ahead = timedelta()
        self.on_kept: Callable[[Sequence[Kept]], None] = lambda kept: None
        shop = Shop("阳光邻里", "小团", "http://localhost:8700")
        self.parts = Parts(Router((routes,)), Words(), Knowledge(), shop, self.now, talk=Talk(is_alone=True))
        self.dispatcher = Dispatcher(self.database, self.parts, on_kept=lambda kept, _: self.on_kept(kept))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def open(self, channel: Channel) -> None:
        self.channel = channel
        with self.database.write() as session:
            # Budgets have scenes of their own.
            accounts.keep(session, [(channel.account, channel.name)], self.now())
            free = {(one.whose, one.seconds): 1_000_000 for one in channel.capabilities.allowances}
            accounts.set_budgets(session, channel.account, free)
        self.sender = Sender(self.database, {channel.account: channel}, self.now, _at_once)
        self.dispatcher.start()

    def close(self) -> None:
        self.dispatcher.stop()
        self.database.close()

    def log(self, kind: str = "MessageReceived") -> list[Interaction]:
        with self.database.read() as session:
            query = session.query(Interaction)
            return list((query.filter_by(kind=kind) if kind else query).order_by(Interaction.id))

    def put(self, here: Conversation, *said: Said | str) -> None:
        """Stand sayings in the outbox."""
        box = Outbox(Words(), self.now(), "posts")
        for one in said:
            box.put(here, Text(one) if isinstance(one, str) else one)
        with self.database.write() as session:
            outbox.insert_all(session, box.rows)

    def outbox(self) -> list[Saying]:
        with self.database.read() as session:
            return list(session.query(Saying).order_by(Saying.id))

    async def say(self, here: Conversation, *said: Said | str) -> list[Saying]:
        """Say it down the road, with whatever retries it takes; gives the rows as they ended."""
        before = len(self.outbox())
        self.put(here, *said)
        await self.settle()
        return self.outbox()[before:]

    async def settle(self) -> None:
        """Until nothing waits any more, or the channel has had every chance."""
        for _ in range(12):
            while await self.sender.say_due():
                continue
            if not any(row.state in ("queued", "leased") for row in self.outbox()):
                return
            self.skip(40)

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something holds; fails with `what` after a while."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while not is_so():
            assert loop.time() < end, what
            await asyncio.sleep(0.02)


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def values(rows: Sequence[Any], name: str) -> list[Any]:
    return [getattr(row, name) for row in rows]
