"""Who may use the API: a key with the scope asked for, so often a minute."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import HTTPException, Request

from bot.dispatch import Dispatcher
from storage import api_keys
from storage.database import Database

CALLS_A_MINUTE = 300
FAILURES_A_MINUTE = 30  # of one address without a valid key


class Bucket:
    """So many calls a minute for each name, evenly refilled."""

    def __init__(self, most: int) -> None:
        self._most, self._levels = most, dict[str, tuple[float, float]]()
        self._lock = threading.Lock()

    def take(self, name: str, now: datetime, count: float = 1.0) -> float:
        """Take one; gives 0, or the seconds until there is one again."""
        with self._lock:
            level, at = self._levels.get(name, (float(self._most), now.timestamp()))
            level = min(self._most, level + (now.timestamp() - at) * self._most / 60)
            wait = 0.0 if level >= 1 else (1 - level) * 60 / self._most
            if len(self._levels) > 10_000:
                self._levels.clear()
            self._levels[name] = (level - count if not wait else level, now.timestamp())
            return wait


@dataclass
class Desk:
    """What the endpoints hold."""

    database: Database
    dispatcher: Dispatcher
    now: Callable[[], datetime]
    calls: Bucket = field(default_factory=lambda: Bucket(CALLS_A_MINUTE))
    failures: Bucket = field(default_factory=lambda: Bucket(FAILURES_A_MINUTE))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    key_id: int
    name: str

    @property
    def by(self) -> str:
        return f"api:{self.key_id}"


def no(status: int, code: str, message: str, seconds: float = 0) -> HTTPException:
    """An error in the API's one shape."""
    headers = {"Retry-After": str(math.ceil(seconds))} if seconds else None
    return HTTPException(status, {"code": code, "message": message}, headers)


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def needs(scope: str) -> Callable[[Request], Caller]:
    """A dependency: the caller, when their key has this scope."""

    def caller(request: Request) -> Caller:
        desk = desk_of(request)
        now, address = desk.now(), request.client.host if request.client is not None else ""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        wait = desk.failures.take(address, now, 0.0)
        if wait:
            raise no(429, "too_many_calls", "too many calls without a valid key", wait)
        with desk.database.read() as session:
            row = api_keys.find(session, key.strip(), now) if scheme.lower() == "bearer" and len(key) <= 100 else None
        if row is None:
            desk.failures.take(address, now)
            raise no(401, "no_key", "send «Authorization: Bearer <key>» with a valid key")
        wait = desk.calls.take(str(row.id), now)
        if wait:
            raise no(429, "too_many_calls", f"at most {CALLS_A_MINUTE} calls a minute", wait)
        if scope not in row.scope_set:
            raise no(403, "no_scope", f"the key has no scope {scope}")
        if row.used_at is None or now - row.used_at > api_keys.TOUCHED_EVERY:
            with desk.database.write() as session:
                api_keys.touch(session, row.id, now)
        return Caller(row.id, row.name)

    return caller
