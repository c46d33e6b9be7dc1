"""Builds everything; the only place that knows every part, and the only one that reads the clock on the wall."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.routing import Mount

from bot import api
from bot.asking import Asking, Budget
from bot.assistant import Access, Assistant
from bot.batch import Parts
from bot.channels.base import Channel, Link, Standing
from bot.channels.pictures import Pictures
from bot.channels.setups import accounts_of
from bot.channels.web import WebChannel
from bot.channels.wecom import WecomChannel
from bot.clicks import Clicks
from bot.clock import Clock
from bot.console import app as console
from bot.context import Shop
from bot.deadlines import Deadlines
from bot.dispatch import Dispatcher, Kept
from bot.hooking import Hooking
from bot.jobs import AnswerWanted, HookWanted, Job, JoinWayWanted, RefundWanted
from bot.joining import Joining
from bot.payments.base import Provider
from bot.payments.billing import Billing
from bot.payments.offline import Offline
from bot.payments.refunding import Refunding
from bot.payments.setup import open_wechat
from bot.posting import Posting
from bot.rounds import Rounds
from bot.routing import Router, Routes
from bot.sender import Sender
from bot.settings import Settings
from bot.talk import Talk
from bot.web import app as web
from bot.web import callbacks, drops, health, hooks, mine, paying
from bot.worker import Work, Worker
from content.knowledge import Knowledge
from content.learning.reading import Learner
from content.render import Words
from content.shelf import Shelf
from handlers import FEATURES
from handlers.posts.planning import write_ahead
from storage import accounts, jobs, migrate
from storage.database import Database, in_turn
from storage.model import Limit

log = structlog.get_logger()
JOBS_KEPT = timedelta(days=30)
OUR_OWN = frozenset({"web", "terminal"})  # channels whose groups are ours, so that we speak in new ones


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
            settings.time_zone, len(settings.hook_targets), settings.secret(),
        )
        self.shelf = Shelf(self.database, Knowledge())
        self.web_channel = WebChannel(self.database, settings, now)
        self.called: dict[str, WecomChannel] = {}  # accounts whose network calls us
        if channels is None:
            for account, own in accounts_of("wecom", settings):
                self.called[account] = WecomChannel(account, own, now, self.database)
        # By account: a channel may have several, and the first of them has its name.
        connected = channels or (self.web_channel, *self.called.values(), *networks(settings, now))
        self.channels = {one.account: one for one in connected}
        self._several = {one.name for one in self.channels.values() if one.account != one.name}
        self.parts = Parts(
            Router(features), Words(settings.time_zone), self.shelf.knowledge, self.shop, now, self._is_confirmed,
            talk=Talk(self.database.is_sqlite), is_ours=OUR_OWN.__contains__,
            has_more_accounts=self._several.__contains__, is_connected=self.channels.__contains__,
        )
        self.dispatcher = Dispatcher(self.database, self.parts, lanes=settings.lanes, on_kept=self._kept)
        self.clicks = Clicks(self.database, self.dispatcher, now, settings.secret())
        self.sender = Sender(self.database, self.channels, now)
        self.assistant = Assistant(access_to_model(settings)) if settings.has_model else None
        asking = Asking(
            self.database, self.shop, self.assistant, budget_of_model(settings), now,
            seconds=settings.model_timeout_seconds, zone=settings.time_zone,
        )
        wants_wechat = bool(settings.wechat_pay_mchid)
        self.cashier = open_wechat(settings, self.database, self.dispatcher, now) if wants_wechat else None
        self.worker = Worker(self.database, self.dispatcher, self._work(asking), now)
        self.deadlines = Deadlines(self.database, self.dispatcher, now)
        self.rounds = Rounds(self.database, self.dispatcher, now)
        self.posting = Posting(self.database, self.dispatcher, now, write_ahead)
        self.clock = Clock()
        self.learner = Learner(self.database, self.shelf.knowledge)
        self._loop: asyncio.AbstractEventLoop | None = None

    def _work(self, asking: Asking) -> dict[type[Job], Work]:
        """Who does which slow work."""
        providers: list[Provider] = [Offline(), Offline("shop"), *([self.cashier] if self.cashier is not None else [])]
        refunding = Refunding(self.database, {one.name: one for one in providers}, self.now)
        hooking = Hooking(self.settings.hook_targets, self.settings.hooks_out_secret.get_secret_value(), self.now)
        return {
            AnswerWanted: asking.answer, RefundWanted: refunding.refund, HookWanted: hooking.deliver,
            JoinWayWanted: Joining(self.called).make_way,
        }

    def _is_confirmed(self, channel: str) -> bool:
        known = [one for one in self.channels.values() if one.name == channel]
        return bool(known) and known[0].capabilities.needs_confirmation

    async def start(self) -> None:
        """Bring the database up to date, then listen, speak and work."""
        self._loop = asyncio.get_running_loop()
        self.shelf.refresh()
        calm_collector()
        self.dispatcher.start()
        await asyncio.to_thread(in_turn, self.database, self._keep_accounts)
        await asyncio.gather(*(self._begin_to_hear(channel) for channel in self.channels.values()))
        await self.sender.start()
        if self.assistant is not None:
            await self.assistant.start()
        await self.worker.start()
        await self.deadlines.start()
        await self.posting.start()
        self.clock.every(1.0, self._retry)
        self.clock.every(0.5, self._refresh)
        self.clock.every(0.5, self.clicks.refresh)
        self.clock.every(1.0, self._go_round)
        self.clock.every(10.0, self.sender.recover)
        self.clock.every(3600.0, self._tidy)
        self.clock.every(30.0, self._learn)
        self.clock.every(5.0, self._look_at_charges)
        self.clock.every(3600.0, self._check_bills)
        self.clock.start()

    def _keep_accounts(self, session: Session) -> None:
        accounts.keep(session, [(one.account, one.name) for one in self.channels.values()], self.now())

    async def _begin_to_hear(self, channel: Channel) -> None:
        """A channel that cannot begin says so in the console, and holds up no other."""
        receive = self.dispatcher.receive
        try:
            await channel.start(partial(receive, account=channel.account) if channel.name in self._several else receive)
        except Exception as trouble:
            log.exception("channel did not start", account=channel.account)
            words = f"{type(trouble).__name__}: {trouble}"[:300]
            channel.standing = Standing(Link.REFUSED, self.now(), detail=words)

    async def stop(self) -> None:
        """Stop listening, handle what has come, say what is due, then end."""
        self.clock.stop()
        ended = await asyncio.gather(*(one.stop() for one in self.channels.values()), return_exceptions=True)
        for channel, trouble in zip(self.channels.values(), ended, strict=True):
            if isinstance(trouble, BaseException):
                log.error("channel did not stop well", account=channel.account, exc_info=trouble)
        await self.worker.stop()
        if self.assistant is not None:
            await self.assistant.stop()

        await self.deadlines.stop()
        await self.posting.stop()
        await self.clicks.stop()
        await asyncio.to_thread(self.dispatcher.stop)
        await self.sender.stop()
        for called in self.called.values():
            await called.close()
        if self.cashier is not None:
            await asyncio.to_thread(self.cashier.close)
        self.database.close()

    async def _retry(self) -> None:
        await asyncio.to_thread(self.dispatcher.retry_due, self.now())

    async def _tidy(self) -> None:
        await asyncio.to_thread(in_turn, self.database, lambda session: jobs.forget_done(session, self.now() - JOBS_KEPT))

    async def _go_round(self) -> None:
        await asyncio.to_thread(self.rounds.go)

    async def _look_at_charges(self) -> None:
        if self.cashier is not None:
            await self.cashier.look()

    async def _check_bills(self) -> None:
        if self.cashier is not None:
            await Billing(self.cashier).go()

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


def networks(settings: Settings, now: Callable[[], datetime]) -> list[Channel]:
    """The messaging networks we are told to connect to; a network's library is loaded only when it is wanted."""
    wanted: list[Channel] = []
    for account, own in accounts_of("matrix", settings):
        from bot.channels.matrix import MatrixChannel

        wanted.append(MatrixChannel(account, own, now))
    for account, own in accounts_of("wechaty", settings):
        from bot.channels.wechaty import WechatyChannel

        wanted.append(WechatyChannel(account, own, now, keep_picture=Pictures(settings.home).take))
    return wanted


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
        *mine.routes(settings, operator.database, operator.web_channel, operator.dispatcher, operator.now),
        *drops.routes(
            settings, operator.database, operator.web_channel, operator.dispatcher, operator.now, operator.clicks, operator.cashier,
        ),
        *health.routes(vitals), *web.routes(settings, operator.database, operator.web_channel),
        *callbacks.routes(operator.called), *paying.routes(operator.cashier),
        Mount("/api", api.build(operator.database, operator.dispatcher, operator.now)),
        *hooks.routes(settings.hook_secrets, operator.dispatcher.receive, operator.now), *console.routes(desk),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
