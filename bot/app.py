"""Builds everything; the only place that knows every part, and the only one that reads the clock on the wall."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog
from starlette.applications import Starlette

from bot.asking import Asking, Budget
from bot.assistant import Access, Assistant
from bot.batch import Parts
from bot.channels.base import Channel
from bot.channels.web import WebChannel
from bot.clock import Clock
from bot.console import app as console
from bot.context import Shop
from bot.deadlines import Deadlines
from bot.dispatch import Dispatcher, Kept
from bot.jobs import AnswerWanted, RefundWanted
from bot.payments.offline import Offline
from bot.payments.refunding import Refunding
from bot.rounds import Rounds
from bot.routing import Router, Routes
from bot.sender import Sender
from bot.settings import Settings
from bot.talk import Talk
from bot.web import app as web
from bot.web import health
from bot.worker import Worker
from content.knowledge import Knowledge
from content.learning.reading import Learner
from content.render import Words
from content.shelf import Shelf
from handlers import FEATURES
from storage import jobs, migrate
from storage.database import Database, in_turn
from storage.model import Limit

log = structlog.get_logger()
JOBS_KEPT = timedelta(days=30)


def wall_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class Operator:
    """The whole running system: one shop, one database."""

    def __init__(
        self, settings: Settings, *, now: Callable[[], datetime] = wall_clock,
        features: Sequence[Routes] = FEATURES, channels: Sequence[Channel] | None = None,
    ) -> None:
        self.settings, self.now = settings, now
        self.database = Database(settings.database, pool_size=settings.lanes + 8)
        self.shop = Shop(
            settings.shop_name, settings.bot_name, settings.public_url, settings.language, settings.has_model,
            settings.time_zone,
        )
        self.shelf = Shelf(self.database, Knowledge())
        self.web_channel = WebChannel(self.database, settings, now)
        self.channels = {one.name: one for one in (channels or (self.web_channel,))}
        self.parts = Parts(
            Router(features), Words(settings.time_zone), self.shelf.knowledge, self.shop, now, self._is_confirmed,
            talk=Talk(self.database.is_sqlite),
        )
        self.dispatcher = Dispatcher(self.database, self.parts, lanes=settings.lanes, on_kept=self._kept)
        self.sender = Sender(self.database, self.channels, now)
        self.assistant = Assistant(access_to_model(settings)) if settings.has_model else None
        asking = Asking(
            self.database, self.shop, self.assistant, budget_of_model(settings), now,
            seconds=settings.model_timeout_seconds, zone=settings.time_zone,
        )
        refunding = Refunding(self.database, {one.name: one for one in (Offline(),)}, now)
        self.worker = Worker(
            self.database, self.dispatcher, {AnswerWanted: asking.answer, RefundWanted: refunding.refund}, now
        )
        self.deadlines = Deadlines(self.database, self.dispatcher, now)
        self.rounds = Rounds(self.database, self.dispatcher, now)
        self.clock = Clock()
        self.learner = Learner(self.database, self.shelf.knowledge)
        self._loop: asyncio.AbstractEventLoop | None = None

    def _is_confirmed(self, channel: str) -> bool:
        known = self.channels.get(channel)
        return known is not None and known.capabilities.needs_confirmation

    async def start(self) -> None:
        """Bring the database up to date, then listen, speak and work."""
        self._loop = asyncio.get_running_loop()
        self.shelf.refresh()
        calm_collector()
        self.dispatcher.start()
        for channel in self.channels.values():
            await channel.start(self.dispatcher.receive)
        await self.sender.start()
        if self.assistant is not None:
            await self.assistant.start()
        await self.worker.start()
        await self.deadlines.start()
        self.clock.every(1.0, self._retry)
        self.clock.every(0.5, self._refresh)
        self.clock.every(1.0, self._go_round)
        self.clock.every(10.0, self.sender.recover)
        self.clock.every(3600.0, self._tidy)
        self.clock.every(30.0, self._learn)
        self.clock.start()

    async def stop(self) -> None:
        """Stop listening, handle what has come, say what is due, then end."""
        self.clock.stop()
        for channel in self.channels.values():
            await channel.stop()
        await self.worker.stop()
        if self.assistant is not None:
            await self.assistant.stop()

        await self.deadlines.stop()
        await asyncio.to_thread(self.dispatcher.stop)
        await self.sender.stop()
        self.database.close()

    async def _retry(self) -> None:
        await asyncio.to_thread(self.dispatcher.retry_due, self.now())

    async def _tidy(self) -> None:
        await asyncio.to_thread(in_turn, self.database, lambda session: jobs.forget_done(session, self.now() - JOBS_KEPT))

    async def _go_round(self) -> None:
        await asyncio.to_thread(self.rounds.go)

    async def _refresh(self) -> None:
        await asyncio.to_thread(self.shelf.refresh)

    async def _learn(self) -> None:
        await asyncio.to_thread(self.learner.read_on, self.now())

    def _kept(self, kept: Sequence[Kept], has_work: bool) -> None:
        """Called in a lane's thread after its commit."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._show, kept, has_work)

    def _show(self, kept: Sequence[Kept], has_work: bool) -> None:
        if has_work:
            self.sender.wake()
            self.worker.wake()
        self.web_channel.show(kept)


def calm_collector() -> None:
    """What is loaded at the start stays for good: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def access_to_model(settings: Settings) -> Access:
    """Where the language model is, by the settings."""
    return Access(
        settings.model_base_url, settings.model_key.get_secret_value(), settings.model_name,
        settings.model_embeddings_name, settings.model_streams, settings.model_json == "object",
    )


def budget_of_model(settings: Settings) -> Budget:
    """What the language model may cost, by the settings; without prices only tokens count."""
    million = 1_000_000
    return Budget(
        Limit(settings.model_daily_tokens, settings.model_daily_fen * million),
        Limit(settings.model_group_daily_tokens, settings.model_group_daily_fen * million),
        settings.model_input_fen, settings.model_output_fen,
    )


def open_database(settings: Settings) -> None:
    """Create or upgrade the database. Raises storage.migrate.NewerDatabase."""
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        migrate.upgrade(database)
    finally:
        database.close()


def build(settings: Settings, operator: Operator) -> Starlette:
    """The web application: the group's pages, the console, health and metrics."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await operator.start()
        yield
        await operator.stop()
        log.info("stopped")

    desk = console.Desk(
        settings, operator.database, operator.dispatcher, operator.sender, operator.shelf, operator.shop, operator.now
    )
    vitals = health.Vitals(
        settings, operator.database, operator.dispatcher, operator.sender, lambda: operator.web_channel.sockets
    )
    routes = [
        *health.routes(vitals), *web.routes(settings, operator.database, operator.web_channel), *console.routes(desk),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
