"""/r/<code>: sends a visitor on at once, from memory, and takes the visit down on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

from starlette.convertors import StringConvertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from bot.agents import is_only_looking, judge
from bot.clicks import Clicks, Known
from bot.limits import Allowance
from bot.visitor_ids import VisitorIds
from bot.web.drop_page import SAFE
from bot.web.paper import Paper, language_of
from storage.clicks import COUNTED, FLOOD, PREVIEW

CODE = re.compile(r"[2-9A-HJ-NP-Z]{8}")
NEW_A_MINUTE, NEW_AT_ONCE = 240, 600  # visitors not seen before, from one address; a whole building shares one
LOOKS_A_MINUTE, LOOKS_AT_ONCE = 240, 120  # codes that are not in memory, from one address
NOTICE, ASK, OFF = "notice", "ask", "off"
HEADERS = SAFE | {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_ALWAYS = [
    (b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex"), (b"x-content-type-options", b"nosniff"),
    (b"content-length", b"0"),
]
Headers = dict[bytes, bytes]


class OfCode(StringConvertor):
    """The part of an address that is a link's code as we write it; whatever else was typed is looked at more slowly."""

    regex = "[2-9A-HJ-NP-Z]{8}"


class Redirects:
    """The endpoint as bare ASGI: a link in memory costs a look into a dictionary and a row in a list."""

    def __init__(
        self, clicks: Clicks, visitors: VisitorIds, paper: Paper, epoch: Callable[[], float], consent: str = NOTICE
    ) -> None:
        self._clicks, self._visitors, self._paper, self._epoch = clicks, visitors, paper, epoch
        self._consent = consent
        self.newcomers = Allowance(NEW_A_MINUTE, NEW_AT_ONCE, monotonic)
        self.looks = Allowance(LOOKS_A_MINUTE, LOOKS_AT_ONCE, monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await (await self._posted(Request(scope, receive)))(scope, receive, send)
            return
        code = scope["path_params"]["code"]
        link = self._clicks.find(code)
        if link is None:
            found = await self._look(Request(scope), code)
            if isinstance(found, Response):
                await found(scope, receive, send)
                return
            link = found
        now = self._epoch()
        if not link.is_on(now):
            await self.over(Request(scope), link)(scope, receive, send)
            return
        asked: Headers = dict(scope["headers"])
        visitor, is_refused = self._visitors.find(asked.get(b"cookie", b""))
        verdict, agent = self._judge(asked, method)
        if verdict == COUNTED and self._consent == ASK and not visitor and not is_refused:
            await self._ask(Request(scope), code)(scope, receive, send)
            return
        fresh = self._take(scope, link, visitor, verdict, agent, now)
        await self._clicks.breathe()
        headers = [*_ALWAYS, (b"location", link.target + _language(scope["query_string"]))]
        if fresh and not is_refused and self._consent != OFF:
            headers.append((b"set-cookie", self._visitors.cookie(fresh)))
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _judge(self, asked: Headers, method: str) -> tuple[str, str]:
        verdict, agent = judge(asked.get(b"user-agent", b"").decode("latin-1"))
        if verdict != COUNTED:
            return verdict, agent
        purpose = (asked.get(b"sec-purpose") or asked.get(b"purpose") or asked.get(b"x-moz") or b"").decode("latin-1").lower()
        dest = asked.get(b"sec-fetch-dest", b"").decode("latin-1").lower()
        return (PREVIEW, "prefetch") if method == "HEAD" or is_only_looking(purpose, dest) else (COUNTED, agent)

    def _take(self, scope: Scope, link: Known, visitor: str, verdict: str, agent: str, now: float) -> str:
        """Take the visit down; gives the id of a visitor we see for the first time."""
        address = scope["client"][0] if scope.get("client") else ""
        fresh = ""
        if verdict != COUNTED:
            visitor = f"{verdict}:{agent}"
        elif not visitor:
            if self.newcomers.take(address):
                verdict = FLOOD
                visitor = f"{FLOOD}:{self._clicks.digest(address, int(now) // 86_400)}"
            else:
                visitor = fresh = self._visitors.new()
        self._clicks.take(link.id, visitor, now, verdict, agent, address)
        return fresh

    async def find(self, request: Request, code: str) -> Known | Response:
        """A link, from memory or the database; or what to answer instead."""
        return self._clicks.find(code) or await self._look(request, code)

    async def _look(self, request: Request, raw: str) -> Known | Response:
        code = raw[:40].strip().upper()
        if CODE.fullmatch(code) is None:
            return self.unknown(request)
        wait = self.looks.take(request.client.host if request.client is not None else "")
        if wait:
            return PlainTextResponse("slow down", 429, {"Retry-After": str(int(wait) + 1)})
        return self._clicks.find(code) or await self._clicks.look(code) or self.unknown(request)

    def unknown(self, request: Request) -> Response:
        """A code nobody has, mistyped or made up: the same page for all, so that nothing is learnt from it."""
        return self._page(request, "referral_unknown.html", 404)

    def over(self, request: Request, link: Known) -> Response:
        """A link that was paused or has expired still shows the way, in nobody's name."""
        return self._page(request, "referral_over.html", 410, target=link.plain.decode())

    def _ask(self, request: Request, code: str) -> Response:
        return self._page(request, "referral_consent.html", 200, code=code)

    def _page(self, request: Request, template: str, status: int, **values: Any) -> Response:
        html = self._paper.render(template, language_of(request), values)
        return HTMLResponse(html, status, HEADERS | {"Vary": "Accept-Language"})

    async def _posted(self, request: Request) -> Response:
        """What a visitor answered, yes or no; either way they go where the link leads, and their visit is taken down."""
        if request.method != "POST":
            return PlainTextResponse("method not allowed", 405, {"Allow": "GET, HEAD, POST"})
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("forbidden", 403)
        found = await self.find(request, request.path_params["code"])
        if isinstance(found, Response):
            return found
        now = self._epoch()
        if not found.is_on(now):
            return self.over(request, found)
        body = await request.body() if int(request.headers.get("content-length") or 0) <= 200 else b""
        has_agreed = parse_qs(body.decode("latin-1")).get("answer") == ["yes"]
        verdict, agent = self._judge(dict(request.scope["headers"]), "GET")
        fresh = self._take(request.scope, found, "", verdict, agent, now)
        answer = RedirectResponse(found.target.decode(), 303, HEADERS)
        kept = self._visitors.cookie(fresh) if has_agreed and fresh else self._visitors.refusal()
        answer.raw_headers.append((b"set-cookie", kept))
        return answer

    async def about(self, request: Request) -> Response:
        """What we remember of visitors, and how to be forgotten."""
        visitor, is_refused = self._visitors.find(request.headers.get("cookie", "").encode("latin-1", "replace"))
        return self._page(request, "referral_about.html", 200, is_known=bool(visitor), is_refused=is_refused)

    async def forget(self, request: Request) -> Response:
        """The browser is not known again from now on."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("forbidden", 403)
        answer = RedirectResponse("/r/about", 303, HEADERS)
        answer.raw_headers.append((b"set-cookie", self._visitors.refusal()))
        return answer


def _language(query: bytes) -> bytes:
    """What is passed on of the address: only which language to speak."""
    wish = parse_qs(query[:200].decode("latin-1")).get("lang", [""])[0] if b"lang=" in query else ""
    return b"&lang=" + wish.encode() if wish in ("zh", "en") else b""
