"""/d/<code>: the page of a drop, the same bytes for everybody within a second, straight from memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from bot.settings import Settings
from bot.web import drop_view
from bot.web.paper import Paper, choose_language
from bot.web.snapshots import AT, Rendered, Snapshot, Snapshots
from content import durations
from content.render import Words
from storage.database import Database

NAMED = re.compile(r"drp_[0-9a-z]{4,20}|[2-9A-HJ-NP-Z]{4,10}")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_HEADERS = [
    *((name.lower().encode(), value.encode()) for name, value in SAFE.items()), (b"cache-control", b"no-cache"),
    (b"vary", b"accept-encoding, accept-language"),
]
_HTML = (b"content-type", b"text/html; charset=utf-8")


def named(raw: str) -> str:
    """A drop's id or code as it is kept; empty for what can be neither."""
    raw = raw[:40]
    raw = raw if raw.startswith("drp_") else raw.upper()
    return raw if NAMED.fullmatch(raw) else ""


class Shown:
    """Reads drops and renders their pages."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self.paper, self.words = Paper(settings), Words(settings.time_zone)
        self._settings, self._database, self._now = settings, database, now
        self.public_url = settings.public_url

    def find(self, code: str, language: str) -> drop_view.DropView | None:
        """The drop as it stands now."""
        with self._database.read() as session:
            return drop_view.find(session, self.words, code, language, self._now())

    def page(self, code: str, language: str) -> Rendered:
        """The drop's page, or the one that tells that there is none."""
        view = self.find(code, language) if code else None
        if view is None:
            return 404, self.paper.render("drop_unknown.html", language, {}), ""
        return 200, self.paper.render("drop.html", language, self.values(view, language)), view.drop.id

    def values(self, view: drop_view.DropView, language: str) -> dict[str, Any]:
        """What every page of a drop knows; times left in whole minutes, which scripts make exact."""
        now = self._now()
        until = {drop_view.SOON: view.drop.opens_at}.get(view.state, view.drop.closes_at)
        seconds = max(0, int((until - now).total_seconds())) if until else 0
        return {
            "view": view, "drop": view.drop, "until": until, "until_ms": int(until.timestamp() * 1000) if until else 0,
            "left": durations.write(max(60, seconds // 60 * 60), language), "at": AT.decode(),
            "guarantees": self._settings.guaranteed, "tail": "?lang=en" if language == "en" else "",
            "address": f"{self._settings.public_url}/d/{view.code}",
        }


class DropPage:
    """The page as a bare ASGI endpoint: a view that is fresh costs a look into a dictionary."""

    def __init__(self, shown: Shown, now: Callable[[], datetime]) -> None:
        self._now = now
        self.snapshots = Snapshots(shown.page, self._epoch_ms)

    def _epoch_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"GET, HEAD")]})
            await send({"type": "http.response.body", "body": b""})
            return
        asked: dict[bytes, bytes] = dict(scope["headers"])
        query = scope["query_string"]
        wish = parse_qs(query[:200].decode("latin-1")).get("lang", [""])[0] if b"lang=" in query else ""
        language = choose_language(wish, asked.get(b"accept-language", b"").decode("latin-1"))
        key = (named(scope["path_params"]["code"]), language)
        shown = self.snapshots.find(key) or await self.snapshots.renew(key)
        await self._answer(shown, asked, scope["method"] == "HEAD", send)

    async def _answer(self, shown: Snapshot, asked: dict[bytes, bytes], is_head: bool, send: Send) -> None:
        headers = [*_HEADERS, (b"etag", shown.etag), (b"x-now", str(self._epoch_ms()).encode())]
        status, body = shown.status, b""
        if status == 200 and shown.etag in asked.get(b"if-none-match", b""):
            status = 304
        else:
            is_packed = b"gzip" in asked.get(b"accept-encoding", b"")
            body = shown.packed if is_packed else shown.plain
            headers += [_HTML, (b"content-length", str(len(body)).encode())]
            if is_packed:
                headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if is_head else body})
