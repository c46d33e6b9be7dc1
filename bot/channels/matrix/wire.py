"""Calls to a homeserver: paths and connection by matrix-nio, answers read with bounds, its noes as exceptions of ours."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import orjson
from aiohttp import ClientError
from nio import Api, AsyncClient, AsyncClientConfig

MAX_ANSWER = 128 * 1024 * 1024  # bytes of one answer; a first sync of a large account has tens of megabytes
SECONDS = 30.0
DEVICE = "Tuanzhang"
TIMELINE = (
    "m.room.message", "m.sticker", "m.room.encrypted", "m.room.member", "m.room.name", "m.room.topic",
    "m.room.encryption", "m.room.canonical_alias",
)
STATE = TIMELINE[3:]
PAGE = 100  # events of one room in one answer

Json = dict[str, Any]


class Unreachable(Exception):
    """No answer, or none that can be read."""


class Limited(Exception):
    """The homeserver wants us to wait so many seconds."""

    def __init__(self, after: float) -> None:
        super().__init__(f"the homeserver asks to wait {after:.0f} s")
        self.after = after


class Denied(Exception):
    """The homeserver says no; `code` is its errcode, e.g. M_FORBIDDEN."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(f"{code} ({status}): {words}"[:250])
        self.status, self.code = status, code

    @property
    def is_about_login(self) -> bool:
        return self.status == 401 or self.code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED")


class Login(NamedTuple):
    """Who the homeserver says we are."""

    user: str
    device: str


class Homeserver:
    """One login at a homeserver. The token goes into a header, never into an address, and is never logged."""

    def __init__(self, address: str) -> None:
        self._client = AsyncClient(address.rstrip("/"), config=AsyncClientConfig(request_timeout=SECONDS))
        self._token = ""

    async def close(self) -> None:
        await self._client.close()

    @property
    def is_known(self) -> bool:
        """Have we a token?"""
        return bool(self._token)

    def forget_token(self) -> None:
        """The token is worth nothing any more."""
        self._token = ""

    async def log_in(self, user: str, password: str, token: str, device: str) -> Login:
        """Say who we are, by the token or else by the password, as the device we were before."""
        self._token = token
        if not token:
            method, path, data = Api.login(user, password, device_name=DEVICE, device_id=device)
            told = await self.ask(method, path, data)
            self._token = text_of(told, "access_token")
        told = await self.ask(*Api.whoami(""))
        return Login(text_of(told, "user_id"), text_of(told, "device_id"))

    async def sync(self, since: str, wait: float, seconds: float) -> Json:
        """What is new since a place; an empty place gives how things are."""
        room = {
            "timeline": {"limit": PAGE if since else 1, "types": TIMELINE, "lazy_load_members": True},
            "state": {"types": STATE, "lazy_load_members": True, "include_redundant_members": True},
            "ephemeral": {"types": []}, "account_data": {"types": []},
        }
        wanted = {"room": room, "presence": {"types": []}, "account_data": {"types": ["m.direct"]}}
        method, path = Api.sync("", since or None, int(wait * 1000), filter=wanted, set_presence="offline")
        return await self.ask(method, path, seconds=seconds)

    async def messages(self, room: str, start: str, end: str) -> Json:
        """A page of a room backwards from a place, at most until another."""
        wanted = {"types": TIMELINE, "lazy_load_members": True}
        method, path = Api.room_messages("", room, start, end or None, limit=PAGE, message_filter=wanted)
        return await self.ask(method, path, seconds=60)

    async def send(self, room: str, content: Json, transaction: str) -> str:
        """Say it; the same transaction is said once. Gives the event's id."""
        told = await self.ask(*Api.room_send("", room, "m.room.message", content, transaction))
        return text_of(told, "event_id")

    async def join(self, room: str) -> None:
        method, path = Api.join("", room)
        await self.ask(method, path, "{}", seconds=60)

    async def leave(self, room: str) -> None:
        method, path = Api.room_leave("", room)
        await self.ask(method, path, "{}")

    async def state(self, room: str, kind: str, key: str = "") -> Json:
        return await self.ask(*Api.room_get_state_event("", room, kind, key))

    async def event(self, room: str, event_id: str) -> Json:
        return await self.ask(*Api.room_get_event("", room, event_id), seconds=10)

    async def open_direct(self, user: str) -> str:
        """A new room with one other; gives its id."""
        method, path, data = Api.room_create("", is_direct=True, invite=[user])
        return text_of(await self.ask(method, path, data), "room_id")

    async def download(self, address: str, most: int) -> bytes:
        """A file by its mxc address. Raises Denied when it is larger than `most`."""
        server, _, media = address.removeprefix("mxc://").partition("/")
        method, path = Api.download(server, media, access_token="")
        return await self._call(method, path, None, {}, 20, most)

    async def upload(self, data: bytes, kind: str, name: str) -> str:
        """Hand over a file; gives its mxc address."""
        method, path, *_ = Api.upload("", name)
        told = await self._call(method, path, data, {"Content-Type": kind}, 60, MAX_ANSWER)
        return text_of(read(told), "content_uri")

    async def ask(self, method: str, path: str, data: str | None = None, *, seconds: float = SECONDS) -> Json:
        """Raises Unreachable, Limited or Denied."""
        return read(await self._call(method, path, data, {"Content-Type": "application/json"}, seconds, MAX_ANSWER))

    async def _call(
        self, method: str, path: str, data: str | bytes | None, headers: dict[str, str], seconds: float, most: int
    ) -> bytes:
        if self._token:
            headers = headers | {"Authorization": f"Bearer {self._token}"}
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.send(method, without_token(path), data, headers, timeout=seconds)
                async with response:
                    told = await _read_at_most(response.content, most)
        except TimeoutError:
            raise Unreachable("the homeserver does not answer") from None
        except (ClientError, OSError) as trouble:
            raise Unreachable(f"the homeserver cannot be reached ({type(trouble).__name__})") from None
        if response.status == 429:
            raise Limited(_wait_asked(told, response.headers.get("Retry-After", "")))
        if response.status >= 500:
            raise Unreachable(f"the homeserver answered {response.status}")
        if response.status >= 300:
            words = _read_or_empty(told)
            raise Denied(response.status, text_of(words, "errcode") or "no code", text_of(words, "error")[:200])
        return told


async def _read_at_most(stream: Any, most: int) -> bytes:
    parts, size = [], 0
    async for part in stream.iter_chunked(256 * 1024):
        size += len(part)
        if size > most:
            raise Denied(413, "M_TOO_LARGE", f"an answer of more than {most} bytes")
        parts.append(part)
    return b"".join(parts)


def read(told: bytes) -> Json:
    """An answer's JSON. Raises Unreachable for anything that is not an object."""
    try:
        values = orjson.loads(told)
    except orjson.JSONDecodeError:
        # Half characters written as escapes are not valid UTF-8, yet they come through homeservers.
        try:
            values = orjson.loads(json.dumps(json.loads(told), ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise Unreachable("the answer is not JSON") from None
    if not isinstance(values, dict):
        raise Unreachable("the answer is not a JSON object")
    return values


def _read_or_empty(told: bytes) -> Json:
    try:
        return read(told)
    except Unreachable:
        return {}


def _wait_asked(told: bytes, header: str) -> float:
    asked = _read_or_empty(told).get("retry_after_ms")
    seconds = float(header) if header.isdigit() else 5.0
    if isinstance(asked, int | float):
        seconds = asked / 1000
    return min(max(seconds, 0.1), 600.0)


def without_token(path: str) -> str:
    """nio writes the token into the address, where servers' own logs would keep it."""
    bare, _, query = path.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "access_token"]
    return f"{bare}?{urlencode(kept)}" if kept else bare


def text_of(values: Any, name: str) -> str:
    """A member of a JSON object when it is a text, else an empty one."""
    found = values.get(name) if isinstance(values, dict) else None
    return found if isinstance(found, str) else ""


def object_of(values: Any, name: str) -> Json:
    """A member of a JSON object when it is an object, else an empty one."""
    found = values.get(name) if isinstance(values, dict) else None
    return found if isinstance(found, dict) else {}


def list_of(values: Any, name: str) -> list[Json]:
    """The objects in a member of a JSON object that is a list."""
    found = values.get(name) if isinstance(values, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
