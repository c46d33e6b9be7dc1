"""Stays connected to a gateway: opens its stream, notices when it is dead or frozen, and comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from wechaty_grpc.wechaty.puppet import DingRequest

from bot.channels.wechaty.gateway import Address, Gateway, Trouble
from bot.channels.wechaty.rooms import LOST
from bot.channels.wechaty.wire import Garbled, read_event

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often we ask and how long we wait, in seconds."""

    ping: float = 10.0
    patience: float = 4.0  # for the answer to a ping: frozen is noticed in 14 s at most
    idle: float = 35.0  # without anything on the stream, where the gateway answers pings there
    silence: float = 4.0  # some gateways say nothing at first
    first_delay: float = 0.3
    last_delay: float = 4.0  # with its connecting, hearing again takes less than 5
    ended: float = 2.0  # after the gateway ended our stream itself: perhaps for another client
    taken: float = 5.0  # between tries while another client has the stream
    steady: float = 60.0  # open for so long, earlier trouble is forgotten


@dataclass(frozen=True, slots=True)
class End:
    """Why we hear nothing any more. With `needs_person`, trying again will not help by itself."""

    why: str
    needs_person: bool = False


START_SECONDS = 16.0  # a gateway gives its puppet 15
TAKEOVERS = 3  # ends by the gateway within a short time: somebody else keeps taking the stream
_ENDED = "OK"
_BUSY = "ALREADY_EXISTS"
_NOT_LET_IN = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})


class Connection:
    """One stream at a time, for ever. Calls back when it opens, for each event, and when it ends."""

    def __init__(
        self, address: Address, pace: Pace, *, opened: Callable[[], None],
        happened: Callable[[int, str], Awaitable[None]], alive: Callable[[], None], ended: Callable[[End], None],
    ) -> None:
        self._address, self._pace = address, pace
        self._opened, self._happened, self._alive, self._ended = opened, happened, alive, ended
        self._gateway: Gateway | None = None
        self._is_open = asyncio.Event()
        self._open_since = self._event_at = 0.0
        self._answers_on_stream = False
        self._busy, self._takeovers, self._has_stopped = 0, 0, False
        self._earlier_calls = 0

    @property
    def calls(self) -> int:
        """How many RPCs were made, all told."""
        return self._earlier_calls + (self._gateway.calls if self._gateway is not None else 0)

    @property
    def gateway(self) -> Gateway | None:
        """The gateway while its stream is open."""
        return self._gateway if self._is_open.is_set() else None

    async def get(self, seconds: float = 60.0) -> Gateway:
        """The gateway, waiting for it if need be. Raises Trouble."""
        try:
            await asyncio.wait_for(self._is_open.wait(), seconds)
        except TimeoutError:
            raise Trouble("UNAVAILABLE", "not connected") from None
        if self._gateway is None:
            raise Trouble("UNAVAILABLE", "not connected")
        return self._gateway

    async def run(self) -> None:
        """Connect, hear, and connect again, until cancelled."""
        delay = self._pace.first_delay
        while True:
            trouble = await self._visit()
            was_open, was_steady = self._forget()
            if was_open:
                delay = self._pace.first_delay
            if was_steady:
                self._takeovers, self._has_stopped = 0, False
            end, wait = await self._judge(trouble, was_open)
            self._ended(end)
            if wait is None:
                # Jitter, so that many operators do not come back to a gateway in step.
                wait, delay = delay * random.uniform(0.5, 1.0), min(delay * 2, self._pace.last_delay)  # noqa: S311
            await asyncio.sleep(wait)

    async def _judge(self, trouble: Trouble, was_open: bool) -> tuple[End, float | None]:
        """Why it ended, and how long to wait when that is not the usual back-off."""
        if trouble.code in _NOT_LET_IN:
            return End("the gateway does not accept our token", needs_person=True), self._pace.taken
        if trouble.code == _BUSY:
            return await self._while_busy()
        self._busy = 0
        if was_open and trouble.code == _ENDED:
            self._takeovers += 1
            if self._takeovers >= TAKEOVERS:
                return End("another client keeps taking this gateway's stream", needs_person=True), self._pace.taken
            return End("the gateway ended the stream"), self._pace.ended
        return End(f"the gateway is gone ({trouble.code})"), None

    async def _while_busy(self) -> tuple[End, float]:
        """Somebody holds the stream. It may be ourselves, cut off before the gateway noticed: then one Stop frees it.
        Stop also logs the account out, so it is never used twice, nor against whoever took the stream from us."""
        self._busy += 1
        if self._takeovers or self._has_stopped:
            return End("another client has this gateway's stream", needs_person=True), self._pace.taken
        if self._busy > 1:
            self._has_stopped = True
            log.warning("the gateway holds a stream that is not ours any more; it is told to stop once")
            await self._stop_gateway()
        return End("the gateway still holds an earlier stream"), self._pace.first_delay * 3

    async def _stop_gateway(self) -> None:
        gateway = Gateway(self._address)
        try:
            await gateway.call("Stop", b"", START_SECONDS)
        except Trouble as trouble:
            log.warning("the gateway did not stop", code=trouble.code)
        finally:
            await gateway.close()

    def _forget(self) -> tuple[bool, bool]:
        """The visit is over; was the stream open, and for long?"""
        was_open = self._is_open.is_set()
        self._is_open.clear()
        if self._gateway is not None:
            self._earlier_calls += self._gateway.calls
            self._gateway = None
        return was_open, was_open and asyncio.get_running_loop().time() - self._open_since > self._pace.steady

    async def _visit(self) -> Trouble:
        """One connection, from opening to its end; gives why it ended."""
        gateway = self._gateway = Gateway(self._address)
        tasks = asyncio.create_task(self._read(gateway)), asyncio.create_task(self._watch(gateway))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # The stream's own end says more than a ping that failed with it.
            ended = next(task for task in tasks if task in done)
            failure = ended.exception()
            if failure is not None and not isinstance(failure, Trouble):
                log.error("the connection failed", exc_info=failure)
            return failure if isinstance(failure, Trouble) else Trouble(_ENDED if failure is None else "INTERNAL")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await gateway.close()

    async def _read(self, gateway: Gateway) -> None:
        async for data in gateway.events():
            self._event_at = asyncio.get_running_loop().time()
            self._open()
            try:
                kind, payload = read_event(data)
            except Garbled:
                log.warning("the gateway sent an event that cannot be read")
                continue
            await self._happened(kind, payload)

    def _open(self) -> None:
        if not self._is_open.is_set():
            self._busy = 0
            self._open_since = asyncio.get_running_loop().time()
            self._is_open.set()
            self._opened()

    async def _watch(self, gateway: Gateway) -> None:
        """Start the puppet once the stream is open, then ask again and again whether anybody is there."""
        try:
            await asyncio.wait_for(self._is_open.wait(), self._pace.silence)
        except TimeoutError:
            log.info("the gateway says nothing yet")
        await _tolerantly(gateway, "Start", b"", START_SECONDS)
        self._event_at = asyncio.get_running_loop().time()
        self._open()
        request = bytes(DingRequest(data="tuan"))
        while True:
            await asyncio.sleep(self._pace.ping)
            await _tolerantly(gateway, "Ding", request, self._pace.patience)
            self._alive()
            if self._answers_on_stream and asyncio.get_running_loop().time() - self._event_at > self._pace.idle:
                raise Trouble("UNAVAILABLE", "nothing on the stream")

    def answered(self) -> None:
        """A ping was answered on the stream, so its silence means something from now on."""
        self._answers_on_stream = True


async def _tolerantly(gateway: Gateway, method: str, request: bytes, seconds: float) -> None:
    """A call whose answer does not matter, as long as somebody gives one. Raises Trouble when nobody does."""
    try:
        await gateway.call(method, request, seconds)
    except Trouble as trouble:
        if trouble.code in LOST:
            raise
