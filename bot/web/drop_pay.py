"""/pay/<token>: an order shown to who holds its link, paid by hand or by WeChat Pay, and how it stands afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from bot import member_links
from bot.limits import Allowance
from bot.payments import wechat
from bot.payments.cashier import NothingToPay, Prepaid
from bot.payments.wechat import Trouble
from bot.web.drop_forms import BadForm, read_fields
from bot.web.drop_join import HEADERS, Joining, address_of
from bot.web.drop_order import NATIVE, PAGE, OrderShown
from bot.web.drop_page import Shown
from bot.web.paper import language_of
from content import codes
from storage import drops, orders
from storage.base import AnyRow
from storage.database import Database

log = structlog.get_logger()
ASKS_A_MINUTE, ASKS_AT_ONCE = 12, 6  # of one order
LONGEST_PICTURE = 2_000_000


class Paying:
    """The endpoints."""

    def __init__(
        self, shown: Shown, joining: Joining, order_shown: OrderShown, database: Database, now: Callable[[], datetime]
    ) -> None:
        self._shown, self._joining, self._orders, self._database, self._now = shown, joining, order_shown, database, now
        self.asks = Allowance(ASKS_A_MINUTE, ASKS_AT_ONCE, monotonic)

    async def page(self, request: Request) -> Response:
        """The order of a link, with the QR code to pay it when one was asked for."""
        wait = self._joining.looks.take(address_of(request))
        if wait:
            return PlainTextResponse("slow down", 429, {"Retry-After": str(int(wait) + 1)})
        return await self._page(request)

    async def _page(self, request: Request, fault: str = "", status: int = 200, **more: Any) -> Response:
        language = language_of(request)
        values = await run_in_threadpool(self._values, request, language)
        if values is None:
            return HTMLResponse(self._shown.paper.render("drop_unknown.html", language, {}), 404, HEADERS)
        texts = self._shown.paper.texts(language)
        values |= {"fault": texts[fault] if fault else "", "by_link": True} | more
        return HTMLResponse(self._shown.paper.render("drop_order.html", language, values), status, PAGE)

    def _find(self, session: Any, request: Request) -> AnyRow | None:
        order_id = member_links.find_order(self._orders.secret, request.path_params["token"][:80])
        order = orders.find(session, order_id) if order_id else None
        return order if order is not None and order.drop_id is not None else None

    def _values(self, request: Request, language: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            order = self._find(session, request)
            if order is None:
                return None
            code = str(drops.get(session, order.drop_id).code)
            values = self._orders.values(session, order, self._now())
            is_asked = request.query_params.get("way") == NATIVE and values["has_wechat"]
            address = self._orders.find_asked(session, order, NATIVE, self._now()) if is_asked else ""
        view = self._shown.find(code, language)
        if view is None:
            return None
        openid = request.query_params.get("openid", "")[:128]
        in_wechat = "MicroMessenger" in request.headers.get("user-agent", "")
        shown = {"qr": codes.draw(address) if address else "", "call": "", "openid": openid if in_wechat else "", "in_wechat": in_wechat}
        return self._shown.values(view, language) | values | shown

    async def ask(self, request: Request) -> Response:
        """Ask WeChat Pay for what is owed: a QR code, its own page, or the call for the page inside WeChat."""
        if not self._joining.is_from_us(request):
            return PlainTextResponse("forbidden", 403)
        try:
            fields = await read_fields(request)
        except (BadForm, ClientDisconnect):
            return PlainTextResponse("bad form", 400)
        order = await run_in_threadpool(self._order, request)
        if order is None:
            return await self._page(request)
        if self.asks.take(order.id):
            return await self._page(request, "no_rate_limited", 429)
        till, way = self._orders.till, fields.get("way", NATIVE)
        payer = fields.get("openid", "")[:128]
        if till is None or way not in wechat.WAYS or (way == wechat.JSAPI and not payer):
            return await self._page(request, "pay_trouble", 422)
        try:
            prepaid = await till.run(till.prepay, order.id, way, payer, address_of(request))
        except NothingToPay:
            return RedirectResponse(self._here(request), 303, HEADERS)
        except Trouble as trouble:
            log.warning("order not to be paid now", order_id=order.id, trouble=str(trouble))
            return await self._page(request, "pay_trouble", 503)
        return await self._answer(request, prepaid)

    async def _answer(self, request: Request, prepaid: Prepaid) -> Response:
        here = self._here(request)
        if prepaid.way == wechat.JSAPI:
            if "application/json" in request.headers.get("accept", ""):
                return JSONResponse(prepaid.call, headers=HEADERS)
            return await self._page(request, call=json.dumps(prepaid.call))
        if prepaid.way == wechat.H5:
            back = quote(self._shown.public_url + here, safe="")
            joint = "&" if "?" in prepaid.url else "?"
            return RedirectResponse(f"{prepaid.url}{joint}redirect_url={back}", 303, PAGE)
        joint = "&" if "?" in here else "?"
        return RedirectResponse(f"{here}{joint}way={NATIVE}", 303, HEADERS)

    def _order(self, request: Request) -> AnyRow | None:
        with self._database.read() as session:
            return self._find(session, request)

    def _here(self, request: Request) -> str:
        return f"/pay/{request.path_params['token']}" + ("?lang=en" if language_of(request) == "en" else "")

    async def picture(self, _request: Request) -> Response:
        """The manager's own code that takes money, as it was given in the settings."""
        path = self._orders.settings.pay_picture
        data = await run_in_threadpool(_read, path) if path is not None else b""
        kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg" if data.startswith(b"\xff\xd8\xff") else ""
        if not kind:
            return PlainTextResponse("not found", 404)
        return Response(data, media_type=kind, headers={"Cache-Control": "max-age=60", "X-Content-Type-Options": "nosniff"})


def _read(path: Any) -> bytes:
    """The file, empty where it is not there or too large."""
    try:
        with open(path.expanduser(), "rb") as opened:
            data: bytes = opened.read(LONGEST_PICTURE + 1)
    except OSError:
        return b""
    return data if len(data) <= LONGEST_PICTURE else b""
