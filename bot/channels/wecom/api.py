"""Calls WeCom: one access token for everybody, renewed when it runs out, and patience where WeCom asks for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import structlog

from bot.channels.wecom.errors import (
    BUSY_CODES,
    LIMIT_CODES,
    SETUP_CODES,
    TOKEN_CODES,
    ApiError,
    Limited,
    Unreachable,
)

log = structlog.get_logger()

MAX_ANSWER = 8 * 1024 * 1024
AT_ONCE = 8
EARLY_SECONDS = 300  # a token is renewed so long before it runs out


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait, in seconds. Changed only by tests, which cannot wait an hour."""

    timeout: float = 10.0
    limited: float = 60.0  # a minute's limit blocks so long
    limited_most: float = 3600.0  # an hour's
    busy: tuple[float, ...] = (0.5, 1.5, 4.0)  # WeCom suggests at most three more tries
    rereads: tuple[float, ...] = (2.0, 3.0, 5.0, 10.0)  # late fields arrive within seconds
    tick: float = 0.5
    gather: float = 0.2  # the same post to several groups of one owner becomes one task
    receipt: float = 30.0
    receipt_most: float = 900.0
    remind: tuple[float, ...] = (2 * 3600.0, 6 * 3600.0, 20 * 3600.0)
    give_up: float = 72 * 3600.0
    reconcile: float = 24 * 3600.0
    poll: float = 600.0  # 微信客服 without a callback


@dataclass(slots=True)
class _Pause:
    """How a path fares that was called too often."""

    until: float = 0.0
    next_wait: float = 0.0


@dataclass(slots=True)
class Tally:
    """What was called, for the console and the tests."""

    calls: int = 0
    tokens: int = 0
    limited: int = 0
    by_path: dict[str, int] = field(default_factory=dict)


class Api:
    """One application of one corp."""

    def __init__(self, address: str, corp_id: str, secret: str, patience: Patience) -> None:
        self.patience, self.tally = patience, Tally()
        self._corp_id, self._secret = corp_id, secret
        self._http = httpx.AsyncClient(base_url=address, timeout=patience.timeout, follow_redirects=False)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._token, self._token_until = "", 0.0
        self._asking = asyncio.Lock()
        self._pauses: dict[str, _Pause] = {}

    async def close(self) -> None:
        await self._http.aclose()

    async def token(self, stale: str = "") -> str:
        """The access token; a new one when it is `stale` or runs out soon. However many ask, one call is made."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._token and self._token != stale and now < self._token_until:
                return self._token
            query = {"corpid": self._corp_id, "corpsecret": self._secret}
            answer = await self._patiently("gettoken", lambda: self._http.get("/cgi-bin/gettoken", params=query))
            seconds = int(answer.get("expires_in") or 0)
            self._token = str(answer.get("access_token") or "")
            self._token_until = now + max(seconds - EARLY_SECONDS, seconds / 2)
            self.tally.tokens += 1
            return self._token

    async def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST to /cgi-bin/<path>. Raises ApiError, Limited or Unreachable."""
        content = orjson.dumps(body)
        headers = {"Content-Type": "application/json"}
        return await self._with_token(
            path, lambda token: self._http.post(
                f"/cgi-bin/{path}", params={"access_token": token}, content=content, headers=headers
            ),
        )

    async def upload(self, name: str, data: bytes, kind: str) -> str:
        """Upload a temporary media file (kept three days); gives its media_id."""
        answer = await self._with_token(
            "media/upload", lambda token: self._http.post(
                "/cgi-bin/media/upload", params={"access_token": token, "type": kind}, files={"media": (name, data)}
            ),
        )
        return str(answer.get("media_id") or "")

    async def _with_token(self, path: str, ask: Any) -> dict[str, Any]:
        token = await self.token()
        try:
            return await self._patiently(path, lambda: ask(token))
        except ApiError as error:
            if error.code not in TOKEN_CODES:
                raise
        fresh = await self.token(stale=token)
        return await self._patiently(path, lambda: ask(fresh))

    async def _patiently(self, path: str, ask: Any) -> dict[str, Any]:
        """Ask; when WeCom is busy, a few times more."""
        for wait in self.patience.busy:
            try:
                return await self._once(path, ask)
            except ApiError as error:
                if error.code not in BUSY_CODES:
                    raise
                await asyncio.sleep(wait * random.uniform(0.7, 1.3))  # noqa: S311
        try:
            return await self._once(path, ask)
        except ApiError as error:
            if error.code in BUSY_CODES:
                raise Limited(error.code, self.patience.limited) from error
            raise

    async def _once(self, path: str, ask: Any) -> dict[str, Any]:
        pause = self._pauses.setdefault(path, _Pause(next_wait=self.patience.limited))
        left = pause.until - asyncio.get_running_loop().time()
        if left > 0:
            raise Limited(45009, left)
        async with self._places:
            self.tally.calls += 1
            self.tally.by_path[path] = self.tally.by_path.get(path, 0) + 1
            answer = await self._answer(ask)
        code = answer.get("errcode", 0)
        if not isinstance(code, int):
            raise Unreachable("errcode", is_sent=True)
        if code in LIMIT_CODES:
            raise self._limited(path, pause, code)
        pause.next_wait = self.patience.limited
        if code:
            if code in SETUP_CODES:
                log.error("wecom refuses", path=path, code=code)
            raise ApiError(code, str(answer.get("errmsg", "")), path, answer)
        return answer

    def _limited(self, path: str, pause: _Pause, code: int) -> Limited:
        """Leave the path alone: first as long as a minute's limit lasts, then longer, up to an hour."""
        wait = pause.next_wait * random.uniform(1.0, 1.2)  # noqa: S311
        pause.until = asyncio.get_running_loop().time() + wait
        pause.next_wait = min(pause.next_wait * 4, self.patience.limited_most)
        self.tally.limited += 1
        log.warning("wecom limits us", path=path, code=code, seconds=round(wait))
        return Limited(code, wait)

    async def _answer(self, ask: Any) -> dict[str, Any]:
        try:
            response: httpx.Response = await ask()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(type(error).__name__, is_sent=False) from error
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__, is_sent=True) from error
        if response.status_code != 200 or len(response.content) > MAX_ANSWER:
            raise Unreachable(f"HTTP {response.status_code}", is_sent=True)
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            raise Unreachable("not JSON", is_sent=True) from error
        if not isinstance(answer, dict):
            raise Unreachable("not an object", is_sent=True)
        return answer
