"""Joining a drop on its page: the form, the event on the drop's lane, and the order it became."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from bot.dispatch import Dispatcher, NotKept, Overloaded
from bot.limits import Allowance
from bot.referring import PEOPLE_LANE, LinkAsked, VisitorKnown
from bot.telling import lane_of
from bot.trading import DropJoinAsked
from bot.visitor_ids import VisitorIds
from bot.visitors import Admitted, NotAdmitted, Visitor
from bot.web import drop_forms, drop_view
from bot.web.drop_forms import Asks, JoinForm
from bot.web.drop_page import SAFE, DropPage, Shown, named
from bot.web.drop_view import DropView
from bot.web.paper import language_of
from storage import inbox, orders, stock, teams
from storage.database import Database

SECRET_COOKIE, MEMBER_COOKIE, YEAR = "tuan_visitor", "tuan_member", 365 * 24 * 3600
LOOKS_A_MINUTE, LOOKS_AT_ONCE = 600, 300  # pages made for one visitor, from one address; a whole office shares one
JOINS_A_MINUTE, JOINS_AT_ONCE = 20, 10  # of one browser
CROWD_A_MINUTE, CROWD_AT_ONCE = 1_200, 600  # joins from one address
HEADERS = SAFE | {"Cache-Control": "no-store"}
STATUSES = {"rate_limited": 429, "busy": 503, "bad_nickname": 422, "name_reserved": 422, "odd_amount": 422, "unknown_offer": 422}
CHANNEL = "web"


class Door(Protocol):
    """What joining needs of the web channel."""

    async def find_member(self, token: str) -> Admitted | None:
        """The member of a token."""

    async def admit(self, group_id: str | None, visitor: Visitor) -> Admitted:
        """Let a visitor in. Raises NotAdmitted."""

    def is_from_us(self, headers: Headers) -> bool:
        """Does a form come from a page of ours?"""


class Joining:
    """The endpoints, with what they need."""

    def __init__(
        self, shown: Shown, page: DropPage, database: Database, door: Door, dispatcher: Dispatcher, secret: str,
        now: Callable[[], datetime], is_secure: bool, visitor_ids: VisitorIds,
    ) -> None:
        self._shown, self._page, self._database, self._door = shown, page, database, door
        self._dispatcher, self._now, self._is_secure = dispatcher, now, is_secure
        self._asks, self._visitor_ids = Asks(secret), visitor_ids
        self.looks = Allowance(LOOKS_A_MINUTE, LOOKS_AT_ONCE, monotonic)
        self.joins = Allowance(JOINS_A_MINUTE, JOINS_AT_ONCE, monotonic)
        self.crowd = Allowance(CROWD_A_MINUTE, CROWD_AT_ONCE, monotonic)

    async def look(self, request: Request) -> DropView | Response:
        """The drop a request is about, read now; or what to answer instead."""
        wait = self.looks.take(address_of(request))
        if wait:
            return PlainTextResponse("slow down", 429, {"Retry-After": str(int(wait) + 1)})
        language, code = language_of(request), named(request.path_params["code"])
        view = await run_in_threadpool(self._shown.find, code, language) if code else None
        if view is None:
            return HTMLResponse(self._shown.paper.render("drop_unknown.html", language, {}), 404, HEADERS)
        return view

    async def member(self, request: Request) -> Admitted | None:
        """The member this browser is known as."""
        return await self._door.find_member(request.cookies.get(MEMBER_COOKIE, ""))

    async def form(self, request: Request) -> Response:
        """The page to join on."""
        found = await self.look(request)
        if isinstance(found, Response):
            return found
        team = request.query_params.get("team", "")[:10].upper().replace("NEW", "new")
        wished = drop_forms.of_fields({"team": team, "via": _via(request)})
        return await self._form(request, found, wished)

    async def _form(self, request: Request, view: DropView, form: JoinForm, why: str = "", wait: float = 0) -> Response:
        language, secret = language_of(request), _secret_of(request)
        fresh = secret or secrets.token_urlsafe(18)
        texts = self._shown.paper.texts(language)
        fault = texts.get(f"no_{why}", texts["no_other"]).format(n=view.drop.per_member) if why else ""
        values = self._shown.values(view, language) | {
            "form": form, "fault": fault, "ask": self._asks.give(fresh, view.drop.id), "member": await self.member(request),
            "group_code": (view.group_id or "").removeprefix("web:"),
        }
        html = self._shown.paper.render("drop_join.html", language, values)
        answer = HTMLResponse(html, STATUSES.get(why, 409) if why else 200, HEADERS)
        if wait:
            answer.headers["Retry-After"] = str(int(wait) + 1)
        if not secret:
            self._remember(answer, SECRET_COOKIE, fresh)
        return answer

    async def join(self, request: Request) -> Response:
        """Take a form: one event on the drop's lane, answered after its commit."""
        if not self._door.is_from_us(request.headers) or request.headers.get("sec-fetch-site") == "cross-site":
            return PlainTextResponse("forbidden", 403)
        found = await self.look(request)
        if isinstance(found, Response):
            return found
        view, secret = found, _secret_of(request)
        try:
            form = await drop_forms.read(request)
        except drop_forms.BadForm as bad:
            return PlainTextResponse("bad form", bad.status)
        nonce = self._asks.find(form.ask, secret, view.drop.id) if secret else None
        if nonce is None:
            return await self._form(request, view, form, "stale")
        wait = self.joins.take(secret) or self.crowd.take(address_of(request))
        if wait:
            return await self._form(request, view, form, "rate_limited", wait)
        return await self._claim(request, view, form, nonce)

    async def _claim(self, request: Request, view: DropView, form: JoinForm, nonce: str) -> Response:
        why = _refusal(view, form)
        if why:
            return await self._form(request, view, form, why)
        token = form.token or request.cookies.get(MEMBER_COOKIE, "")
        try:
            known_as = self._visitor_ids.of(request.headers.get("cookie", ""))
            visitor = Visitor(token, form.nickname, _secret_of(request), address_of(request), form.via, known_as)
            member = await self._door.admit(view.group_id, visitor)
            if known_as or form.via:
                await self._dispatcher.receive(self._known(view, form.via, known_as, member, nonce))
            handled = await self._dispatcher.receive(self._event(view, form, member, nonce))
        except NotAdmitted as no:
            return await self._form(request, view, form, no.why, no.retry_after or 0)
        except (Overloaded, NotKept):
            return await self._form(request, view, form, "busy", 2)
        outcome, reason = await run_in_threadpool(self._outcome, handled.inbox_id)
        if outcome != "done":
            answer = await self._form(request, view, form, reason if outcome == "refused" else "other")
        else:
            self._page.snapshots.hurry(view.drop.id)
            tail = "?lang=en" if language_of(request) == "en" else ""
            answer = RedirectResponse(f"/d/{view.code}/orders/{reason}{tail}", 303, HEADERS)
        self._remember(answer, MEMBER_COOKIE, member.token)
        return answer

    async def ask_link(self, request: Request, view: DropView) -> Response:
        """The member's own link to a drop: one event, answered after its commit. Whoever is no member is shown the page."""
        if not self._door.is_from_us(request.headers) or request.headers.get("sec-fetch-site") == "cross-site":
            return PlainTextResponse("forbidden", 403)
        member = await self.member(request)
        if member is not None:
            asked = LinkAsked(
                key=f"link:{view.drop.id}:{member.id}"[:200], lane=PEOPLE_LANE, occurred_at=self._now(), channel=CHANNEL,
                conversation=PEOPLE_LANE, member_id=member.id, member_name=member.name, target_kind="drop", target_id=view.drop.id,
            )
            try:
                await self._dispatcher.receive(asked)
            except (Overloaded, NotKept):
                return PlainTextResponse("busy", 503, {"Retry-After": "2"})
        tail = "?lang=en" if language_of(request) == "en" else ""
        return RedirectResponse(f"/d/{view.code}/share{tail}", 303, HEADERS)

    def _known(self, view: DropView, code: str, visitor_id: str, member: Admitted, nonce: str) -> VisitorKnown:
        """Kept before the order is placed, so that the order finds who brought its member."""
        return VisitorKnown(
            key=f"came:{nonce}", lane=PEOPLE_LANE, occurred_at=self._now(), channel=CHANNEL, conversation=PEOPLE_LANE,
            group_id=None, member_id=member.id, member_name=member.name, visitor_id=visitor_id, code=code, drop_id=view.drop.id,
        )

    def _event(self, view: DropView, form: JoinForm, member: Admitted, nonce: str) -> DropJoinAsked:
        sku_id = next(one.sku_id for one in view.offers if one.mark == form.offer)
        return DropJoinAsked(
            key=f"page:{nonce}", lane=lane_of(view.drop.id), occurred_at=self._now(), channel=CHANNEL,
            conversation=lane_of(view.drop.id), group_id=view.group_id, member_id=member.id, member_name=member.name,
            drop_id=view.drop.id, skus=(sku_id,), quantities=(form.count,), team=form.team,
            if_late=orders.NEXT_TEAM if form.late else orders.REFUND, source="page",
        )

    def _outcome(self, inbox_id: int) -> tuple[str, str]:
        with self._database.read() as session:
            row = inbox.get(session, inbox_id)
            return row.outcome, row.reason or ""

    async def order(self, request: Request) -> Response:
        """A member's own order, with how to pay."""
        found = await self.look(request)
        if isinstance(found, Response):
            return found
        view, member = found, await self.member(request)
        values = await run_in_threadpool(self._order, request.path_params["order_id"][:40], member, view.drop.id)
        language = language_of(request)
        if values is None:
            return HTMLResponse(self._shown.paper.render("drop_unknown.html", language, {}), 404, HEADERS)
        html = self._shown.paper.render("drop_order.html", language, self._shown.values(view, language) | values)
        return HTMLResponse(html, headers=HEADERS)

    def _order(self, order_id: str, member: Admitted | None, drop_id: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            order = orders.find(session, order_id)
            if order is None or member is None or order.member_id != member.id or order.drop_id != drop_id:
                return None
            return {
                "order": order, "lines": orders.find_lines(session, [order.id])[order.id],
                "off_fen": sum(one.amount_fen for one in orders.find_discounts(session, order.id)),
                "seat": teams.find_seat(session, order.id), "is_alive": order.status in orders.ALIVE,
                "held_until": stock.find_expiry(session, order.id) if order.pays == "before" else None,
            }

    def _remember(self, answer: Response, name: str, value: str) -> None:
        answer.set_cookie(name, value, YEAR, path="/d", httponly=True, samesite="lax", secure=self._is_secure)


def address_of(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _via(request: Request) -> str:
    """The referral code a visitor came by: named in the address, or in that of the page of ours they come from."""
    own = request.query_params.get("via", "")
    came_from = urlsplit(request.headers.get("referer", "")[:400])
    return own or (parse_qs(came_from.query).get("via", [""])[0] if came_from.netloc == request.headers.get("host") else "")


def _secret_of(request: Request) -> str:
    """The browser's own secret, empty for one that is none of ours."""
    secret = request.cookies.get(SECRET_COOKIE, "")
    return secret if drop_forms.SECRET.fullmatch(secret) else ""


def _refusal(view: DropView, form: JoinForm) -> str:
    """What can be told without asking: the state, the choice, the number."""
    if view.state not in (drop_view.OPEN, drop_view.FULL):
        return "not_open"
    if view.is_for_others:
        return "not_for_you"
    if form.offer not in {one.mark for one in view.offers}:
        return "unknown_offer"
    return "" if 1 <= form.count <= 999 else "odd_amount"
