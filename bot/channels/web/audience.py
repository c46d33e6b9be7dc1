"""Who listens to a conversation now: sockets with a bounded queue each, and the conversation they share."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

Write = Callable[[str], Awaitable[None]]

MAX_QUEUED = 1_000  # frames one socket may be behind
MAX_QUEUED_CHARACTERS = 2_000_000
OVERRUN = 1013  # «try again later»


class Listener:
    """One open socket. Frames wait here until they are written; whoever reads too slowly is let go."""

    def __init__(self, write: Write) -> None:
        self.member_id = ""
        self.close_code: int | None = None
        self.ended = asyncio.Event()
        self._write = write
        self._queue: deque[str] = deque()
        self._characters = 0
        self._ready = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._early: list[tuple[str, str]] | None = None
        self._told: set[str] = set()  # what history showed, and may still come live: it was committed just before

    def put(self, frame: str) -> None:
        """Queue a frame to be written."""
        if self.ended.is_set():
            return
        self._empty.clear()
        self._queue.append(frame)
        self._characters += len(frame)
        if len(self._queue) > MAX_QUEUED or self._characters > MAX_QUEUED_CHARACTERS:
            self._give_up()
        self._ready.set()

    def show(self, shown_id: str, frame: str) -> None:
        """Queue what happened in a conversation; while history is being read, keep it back."""
        if shown_id in self._told:
            self._told.discard(shown_id)
        elif self._early is None:
            self.put(frame)
        elif len(self._early) >= MAX_QUEUED:
            self._give_up()
        else:
            self._early.append((shown_id, frame))

    def dismiss(self, code: int) -> None:
        """End this socket from our side, once what is queued has been written."""
        if self.close_code is None:
            self.close_code = code
            self.ended.set()

    def _give_up(self) -> None:
        self._queue.clear()
        self.dismiss(OVERRUN)

    def hold_back(self) -> None:
        """From now on keep live frames back, until `let_through`."""
        self._early = []

    def let_through(self, known: Iterable[str]) -> None:
        """History has been sent: pass on what came meanwhile, without what history showed already."""
        self._told = set(known)
        early, self._early = self._early or (), None
        for shown_id, frame in early:
            self.show(shown_id, frame)

    async def run(self) -> None:
        """Write queued frames until cancelled or until the socket breaks."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._queue:
                frame = self._queue.popleft()
                self._characters -= len(frame)
                await self._write(frame)
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until everything queued is written."""
        await self._empty.wait()


class Audience:
    """The listeners of one conversation, and its members' names as far as we met them."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.listeners: set[Listener] = set()
        self.names: dict[str, str] = {}
        self.is_known = False
        self.door = asyncio.Lock()  # members come in one by one, so that names stay distinct
        self.last_heard = 0

    def show(self, shown_id: str, frame: str) -> None:
        for listener in self.listeners:
            listener.show(shown_id, frame)

    def dismiss(self, member_id: str, last_frame: str) -> None:
        """A member is no longer here: none of their sockets listens any more."""
        for listener in [one for one in self.listeners if one.member_id == member_id]:
            listener.put(last_frame)
            listener.dismiss(1000)
