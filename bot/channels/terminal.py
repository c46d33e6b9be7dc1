"""Talks in the terminal: as a member of a running operator's group, or alone with us where no server runs."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from bot.channels.base import Capabilities, Hears, Link, NeverSaid, Outgoing, Receive, Says, Standing, insist
from bot.events import MessageReceived

Show = Callable[[str], None]

MAX_TEXT = 2_000
MAX_SAID = 20_000  # characters of one message of ours
PATIENCE_SECONDS = 5.0  # a script waits this long for the answer to a line
SHOWN_OF_HISTORY = 10


class CannotTalk(Exception):
    """The group cannot be reached or does not let us in; `code` as in docs/web-channel.md, or `unreachable`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


async def typed_lines() -> AsyncIterator[str]:
    """Lines of standard input until its end, read in a thread that does not keep the program alive."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        if line.strip():
            yield line.strip()[:MAX_TEXT]


async def talk(
    address: str, group: str, nickname: str, lines: AsyncIterator[str], show: Show, *, is_private: bool = False,
    is_waiting: bool = False, patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Join a group of the operator at `address` (http://…) and say the lines there; shows what others say.

    `is_waiting` is for scripts: each line waits for its answer, at most `patience_seconds`, before the next.
    Raises CannotTalk.
    """
    url = address.rstrip("/").replace("http", "ws", 1) + f"/g/{group}/socket"
    try:
        async with connect(url, max_size=4 * 1024 * 1024) as socket:
            seat = _Seat(socket, show, "private" if is_private else "group")
            await seat.take(nickname, shows_history=not is_waiting)
            await seat.talk(lines, patience_seconds if is_waiting else 0)
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as trouble:
        raise CannotTalk("unreachable", f"{address}: {trouble}") from trouble
    except ConnectionClosed as closed:
        raise CannotTalk("closed", f"{address}: {closed}") from closed


@dataclass(slots=True)
class _Seat:
    """One place in a group, over one socket."""

    socket: ClientConnection
    show: Show
    to: str
    me: str = ""
    said: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    answered: dict[str, asyncio.Event] = field(default_factory=dict)

    async def take(self, nickname: str, *, shows_history: bool) -> None:
        await self.socket.send(json.dumps({"type": "hello", "nickname": nickname, "client_id": secrets.token_hex(16)}))
        while (frame := json.loads(await self.socket.recv()))["type"] != "welcome":
            if frame["type"] == "error":
                raise CannotTalk(frame["code"], frame["message"])
        self.me = frame["you"]["id"]
        self.show(f"— {plain(frame['group']['name'])} · {plain(frame['you']['name'])} —")
        if shows_history:
            for earlier in frame["history"][self.to]["messages"][-SHOWN_OF_HISTORY:]:
                self._shown(earlier)

    async def talk(self, lines: AsyncIterator[str], patience_seconds: float) -> None:
        listening = asyncio.create_task(self._listen())
        saying = asyncio.create_task(self._say_all(lines, patience_seconds))
        try:
            done, _ = await asyncio.wait((listening, saying), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listening, saying):
                task.cancel()
            await asyncio.gather(listening, saying, return_exceptions=True)

    async def _say_all(self, lines: AsyncIterator[str], patience_seconds: float) -> None:
        async for line in lines:
            message_id = await self._say(line)
            if message_id is not None and patience_seconds:
                answered = self.answered.setdefault(message_id, asyncio.Event())
                try:
                    await asyncio.wait_for(answered.wait(), patience_seconds)
                except TimeoutError:
                    continue

    async def _say(self, line: str) -> str | None:
        """Say a line until it is kept; None when it is refused."""
        client_id = secrets.token_hex(8)
        while True:
            kept: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self.said[client_id] = kept
            await self.socket.send(json.dumps({"type": "say", "client_id": client_id, "text": line, "to": self.to}))
            try:
                return await kept
            except _Refused as refused:
                if refused.retry_after is None:
                    self.show(f"! {refused}")
                    return None
                await asyncio.sleep(refused.retry_after)

    async def _listen(self) -> None:
        async for data in self.socket:
            frame = json.loads(data)
            kept = self.said.get(frame.get("client_id", ""))
            if frame["type"] == "ack" and kept is not None:
                kept.set_result(frame["id"])
            elif frame["type"] == "error" and kept is not None:
                kept.set_exception(_Refused(frame["message"], frame.get("retry_after")))
            elif frame.get("to") == self.to:
                self._shown(frame)
        raise CannotTalk("closed", f"the operator closed the socket ({self.socket.close_code})")

    def _shown(self, frame: Mapping[str, Any]) -> None:
        words = words_of(frame)
        if words and frame.get("from", {}).get("id") != self.me:
            self.show(words)
        if frame.get("answers"):
            self.answered.setdefault(frame["answers"], asyncio.Event()).set()


class _Refused(Exception):
    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def words_of(frame: Mapping[str, Any]) -> str:
    """A frame as lines of a terminal; empty for what a terminal does not show."""
    match frame["type"]:
        case "message":
            mention = f"@{frame['mention']['name']} " if frame.get("mention", {}).get("name") else ""
            extra = frame.get("picture") or frame.get("file", {}).get("url") or frame.get("card", {}).get("url") or ""
            says = [button["say"] for button in frame.get("card", {}).get("buttons", ()) if button["say"]]
            body = "\n".join(part for part in (mention + frame["text"], extra, " | ".join(says)) if part)
            return f"{plain(frame['from']['name'])}: {plain(body)}"
        case "joined":
            return f"+ {plain(frame['member']['name'])}"
        case "left":
            return f"- {plain(frame['member']['name'])}"
        case _:
            return ""


def plain(text: str) -> str:
    """Text of others without anything a terminal would obey."""
    return "".join(character for character in text if character == "\n" or character.isprintable())


class TerminalChannel:
    """A private talk with us in this process: what is typed is heard, what we say is printed."""

    name = account = "terminal"
    # A line that was printed just before a crash may be printed again: there is no way to know.
    capabilities = Capabilities(
        hears=frozenset({Hears.PRIVATE_TEXT}), says=frozenset({Says.TEXT, Says.CARD, Says.PICTURE, Says.FILE}),
        max_text=MAX_SAID, is_idempotent=False,
    )

    def __init__(self, show: Show, now: Callable[[], datetime], nickname: str, bot_name: str) -> None:
        self._show, self._now, self._nickname, self._bot_name = show, now, nickname, bot_name
        self._conversation = f"{self.name}:p:{nickname}"
        self._receive: Receive | None = None
        self.standing = Standing()
        self._answered: dict[int, asyncio.Event] = {}

    async def start(self, receive: Receive) -> None:
        self._receive = receive
        self.standing = Standing(Link.CONNECTED, self._now())

    async def stop(self) -> None:
        self._receive = None
        self.standing = Standing()

    async def send(self, message: Outgoing) -> str | None:
        """Print it. Raises NeverSaid for another conversation, as only the one who types is here, and for what a
        terminal cannot show."""
        insist(self.capabilities, message)
        if message.here.id != self._conversation:
            raise NeverSaid("nobody of this conversation is at the terminal")
        says = [one["say"] for one in message.body.get("buttons", ()) if one.get("say")]
        body = "\n".join(part for part in (message.text, message.body.get("url", ""), " | ".join(says)) if part)
        self._show(f"{self._bot_name}: {plain(body)}")
        return None

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        for message, _ in messages:
            if message.cause_id is not None:
                self._answered.setdefault(message.cause_id, asyncio.Event()).set()

    async def talk(self, lines: AsyncIterator[str], patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Hear the lines one by one; each waits for its answer, at most `patience_seconds`."""
        async for line in lines:
            if self._receive is None:
                return
            client_id = secrets.token_hex(8)
            handled = await self._receive(MessageReceived(
                key=f"{self._conversation}:{client_id}", lane=self._conversation, occurred_at=self._now(),
                channel=self.name, conversation=self._conversation, member_id=f"{self.name}:{self._nickname}",
                member_name=self._nickname, text=line[:MAX_TEXT], message_id=client_id,
            ))
            try:
                answered = self._answered.setdefault(handled.inbox_id, asyncio.Event())
                await asyncio.wait_for(answered.wait(), patience_seconds)
            except TimeoutError:
                continue
