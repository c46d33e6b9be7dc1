"""The wechaty channel: one WeChat account of ours behind a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from wechaty_grpc.wechaty.puppet import EventType

from bot.channels.base import (
    Allowance,
    Capabilities,
    Hears,
    Link,
    Outgoing,
    Receive,
    Says,
    Standing,
    TryAgain,
    insist,
)
from bot.channels.wechaty.connection import Connection, End, Pace
from bot.channels.wechaty.files import Keep, OurFiles
from bot.channels.wechaty.gateway import BadAddress, Gateway, Trouble, address_of
from bot.channels.wechaty.hearing import Hearing, parse
from bot.channels.wechaty.ids import CHANNEL
from bot.channels.wechaty.memory import Memory
from bot.channels.wechaty.rooms import is_id
from bot.channels.wechaty.scanning import as_text, show_in_terminal
from bot.channels.wechaty.speaking import MAX_TEXT, Speech

if TYPE_CHECKING:
    from bot.settings import Settings

log = structlog.get_logger()

SCANNED = frozenset({3, 4})  # ScanStatus: scanned, confirmed; the code is used up
MAX_OURS = 1_000
ROOMS_AGAIN_SECONDS = 30.0
DAY_SECONDS = 86_400.0
SETTLE_SECONDS = 2.0

# WeChat publishes no limits for personal accounts, and bans those that behave like machines: these are prudent.
ALLOWANCES = (
    Allowance("account", 60, 10), Allowance("account", 3_600, 120), Allowance("account", 86_400, 600),
    Allowance("group", 60, 4), Allowance("group", 3_600, 30), Allowance("group", 86_400, 100),
)
_CHANGES = frozenset({
    EventType.EVENT_TYPE_ROOM_JOIN, EventType.EVENT_TYPE_ROOM_LEAVE, EventType.EVENT_TYPE_ROOM_TOPIC,
})


class WechatyChannel:
    """Hears and says through a Wechaty Puppet Service. `keep_picture` writes a member's picture down and gives its
    address; `show` prints the code to scan."""

    name = CHANNEL
    capabilities = Capabilities(
        hears=frozenset(Hears), says=frozenset(Says), max_text=MAX_TEXT, is_idempotent=False, allowances=ALLOWANCES
    )

    def __init__(
        self, account: str, settings: Settings, now: Callable[[], datetime], *, keep_picture: Keep = lambda data: None,
        show: Callable[[str], None] = show_in_terminal, pace: Pace | None = None,
    ) -> None:
        self.account, self._settings, self._now, self._show = account, settings, now, show
        self.standing = Standing()
        self._hearing = Hearing(account, now, self._get_gateway, keep_picture)
        files = OurFiles(settings.public_url, f"http://127.0.0.1:{settings.port}")
        self._speech = Speech(self._hearing.rooms, files)
        self._pace = pace or Pace()
        self._memory = Memory(settings.home, account)
        self._connection: Connection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._reading: asyncio.Task[None] | None = None
        self._is_logged_in = False
        self._lost_at: datetime | None = None
        self._proof_at = now()

    @property
    def calls(self) -> int:
        """How many RPCs were made since the start."""
        return 0 if self._connection is None else self._connection.calls

    async def start(self, receive: Receive) -> None:
        try:
            address = address_of(self._settings)
        except BadAddress as error:
            log.error("wechaty is not set up", why=str(error))
            self._stand(Link.REFUSED, str(error))
            return
        self._hearing.start(receive)
        self._lost_at, self._hearing.rooms.our_id = self._memory.read()
        if self._lost_at is not None:
            self._hearing.tidings.hearing_lost(self._lost_at, "we were stopped")
        self._stand(Link.CONNECTING, "connecting to the gateway")
        self._connection = Connection(
            address, self._pace, opened=self._opened, happened=self._happened, alive=self._alive, ended=self._ended
        )
        self._tasks = [
            asyncio.create_task(self._connection.run(), name="wechaty"),
            asyncio.create_task(self._reconcile_daily(), name="wechaty-daily"),
        ]

    async def stop(self) -> None:
        """Leave without a Stop: that would log the account out. What was told already is still heard."""
        await self._hearing.settle(SETTLE_SECONDS)
        tasks = [*self._tasks, *([self._reading] if self._reading is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._hearing.stop()
        if self._is_logged_in:
            self._remember()
        self._tasks, self._connection, self._is_logged_in = [], None, False
        self.standing = Standing()

    async def send(self, message: Outgoing) -> str | None:
        """Say it. Raises TryAgain while not connected, NeverSaid when refused, Unsure when the answer was lost."""
        insist(self.capabilities, message)
        gateway = None if self._connection is None else self._connection.gateway
        if gateway is None or not self._is_logged_in:
            raise TryAgain("the account is not connected", after=5)
        said = await self._speech.say(gateway, message)
        if said is not None:
            self._hearing.ours[said] = None
            if len(self._hearing.ours) > MAX_OURS:
                del self._hearing.ours[next(iter(self._hearing.ours))]
        return said

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        """Nothing to do: whoever was spoken to has seen it."""

    def _stand(self, link: Link, detail: str = "", *, code: str = "") -> None:
        old = self.standing
        since = old.since if old.link is link else self._now()
        self.standing = Standing(link, since, old.heard_at, detail, code, old.login)

    async def _get_gateway(self) -> Gateway:
        if self._connection is None:
            raise Trouble("CANCELLED", "stopped")
        return await self._connection.get()

    def _opened(self) -> None:
        if not self._is_logged_in:
            self._stand(Link.CONNECTING, "the gateway is there; waiting for the account to log in")

    def _alive(self) -> None:
        """A ping was answered."""
        self._proof_at = self._now()
        if self._is_logged_in:
            self._remember()

    def _remember(self) -> None:
        with suppress(OSError):
            self._memory.write(self._proof_at, self._hearing.rooms.our_id)

    def _ended(self, end: End) -> None:
        link = Link.REFUSED if end.needs_person else Link.DEAF
        if self._is_logged_in or self.standing.detail != end.why:
            log.warning("wechaty hears nothing", why=end.why)
        self._deaf(end.why)
        self._stand(link, end.why)

    def _deaf(self, why: str) -> None:
        if self._is_logged_in:
            self._is_logged_in = False
            self._lost_at = self._proof_at
            self._hearing.tidings.hearing_lost(self._lost_at, why)

    async def _happened(self, kind: int, payload: str) -> None:
        """One event of the stream."""
        self._proof_at = self.standing.heard_at = self._now()
        told = parse(payload)
        if kind == EventType.EVENT_TYPE_MESSAGE or kind in _CHANGES:
            self._hears()
            if not self._hearing.rooms.our_id:
                log.warning("something was said before the gateway told who we are; it is not heard")
            elif kind == EventType.EVENT_TYPE_MESSAGE:
                await self._hearing.take_message(str(told.get("messageId") or ""))
            else:
                self._hearing.take_change(kind, told)
            return
        self._account_event(kind, told)

    def _account_event(self, kind: int, told: dict[str, Any]) -> None:
        match kind:
            case EventType.EVENT_TYPE_DONG:
                if self._connection is not None:
                    self._connection.answered()
            case EventType.EVENT_TYPE_SCAN:
                self._scan(str(told.get("qrcode") or ""), told.get("status"))
            case EventType.EVENT_TYPE_LOGIN if is_id(told.get("contactId")):
                self._hearing.rooms.our_id = told["contactId"]
                self._hears()
                self._read_rooms()
            case EventType.EVENT_TYPE_READY if self._hearing.rooms.our_id:
                # Some gateways tell of no login when we come back to them.
                self._hears()
                self._read_rooms()
            case EventType.EVENT_TYPE_LOGOUT:
                self._deaf("the account was logged out")
                self._stand(Link.DEAF, "the account was logged out; it must be logged in again")
            case EventType.EVENT_TYPE_DIRTY:
                self._hearing.rooms.forget(str(told.get("payloadId") or ""))
            case EventType.EVENT_TYPE_ERROR:
                # It says that something failed over there, not that the stream did.
                log.warning("the gateway reports an error")
                words = parse(str(told.get("gerror") or "")) or told
                self.standing.detail = f"the gateway reports: {words.get('message') or words.get('data') or '?'}"[:200]

    def _scan(self, code: str, status: object) -> None:
        if not code or status in SCANNED:
            self._stand(Link.SCAN, "the code was scanned; confirm on the phone" if status in SCANNED else "no code yet")
        elif code != self.standing.code:
            self._deaf("the account must be logged in again")
            self._stand(Link.SCAN, "scan the code with the WeChat account", code=code)
            self._show(f"{as_text(code)}\n微信扫码登录 / scan with WeChat: {code}")

    def _hears(self) -> None:
        """What we hear proves that the account is logged in."""
        if self._is_logged_in or not self._hearing.rooms.our_id:
            return
        self._is_logged_in = True
        self._stand(Link.CONNECTED)
        if self._lost_at is not None:
            self._hearing.tidings.hearing_back(self._lost_at)
            self._lost_at = None
            self._read_rooms()
        self._remember()

    def _read_rooms(self) -> None:
        """Read rooms and member lists in the background; one reading at a time."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all(is_daily=False), name="wechaty-rooms")

    async def _read_all(self, *, is_daily: bool) -> None:
        while True:
            try:
                gateway = await self._get_gateway()
                count = await self._hearing.rooms.read_all(gateway, is_daily=is_daily)
            except Trouble as trouble:
                log.warning("rooms cannot be read now", code=trouble.code)
                await asyncio.sleep(ROOMS_AGAIN_SECONDS)
                continue
            except Exception:
                log.exception("rooms cannot be understood")
                return
            me = self._hearing.rooms.known("", self._hearing.rooms.our_id)
            self.standing.login = me.name if me is not None else ""
            log.info("rooms read", rooms=count)
            return

    async def _reconcile_daily(self) -> None:
        while True:
            await asyncio.sleep(DAY_SECONDS)
            await self._read_all(is_daily=True)
