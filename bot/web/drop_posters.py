"""A drop's poster as a picture, and the page on which a member shares it under the name they choose."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.settings import Settings
from bot.visitors import Admitted
from bot.web import drop_view
from bot.web.drop_join import HEADERS, Joining
from bot.web.drop_page import SAFE, Shown
from bot.web.drop_view import DropView
from bot.web.paper import language_of
from content.poster import Poster, draw
from content.render import local_time, money
from storage import members, referral_links
from storage.database import Database

MOST_KEPT, MOST_WAITING = 64, 32  # posters in memory; posters that are being drawn or wait for it
NONE, MASKED, FULL = "none", "masked", "full"
PICTURE = SAFE | {"Cache-Control": "public, max-age=30"}


class Posters:
    """The endpoints; one poster is drawn at a time, and what it shows is its key."""

    def __init__(self, shown: Shown, joining: Joining, database: Database, settings: Settings) -> None:
        self._shown, self._joining, self._database, self._settings = shown, joining, database, settings
        self._names = URLSafeSerializer(settings.secret(), salt="poster")
        self._kept: OrderedDict[Poster, bytes] = OrderedDict()
        self._under_way: dict[Poster, asyncio.Future[bytes]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="poster")
        self.drawn = 0

    async def picture(self, request: Request) -> Response:
        """The poster as PNG; `by` is what the share page signed."""
        found = await self._joining.look(request)
        if isinstance(found, Response):
            return found
        inviter = await run_in_threadpool(self._inviter, request.query_params.get("by", "")[:400], found.drop.id)
        link = await run_in_threadpool(self._find_link, found.drop.id, code=request.query_params.get("via", ""))
        return await self.show(self.of_drop(found, language_of(request), inviter, self._address(link)))

    async def show(self, poster: Poster) -> Response:
        """A poster as PNG, from memory or drawn now."""
        known = self._kept.get(poster)
        if known is None:
            if poster not in self._under_way and len(self._under_way) >= MOST_WAITING:
                return PlainTextResponse("busy", 503, {"Retry-After": "2"})
            known = await asyncio.shield(self._draw(poster))
        else:
            self._kept.move_to_end(poster)
        return Response(known, media_type="image/png", headers=PICTURE)

    def _draw(self, poster: Poster) -> asyncio.Future[bytes]:
        """Draw a poster, once for all who ask meanwhile."""
        drawing = self._under_way.get(poster)
        if drawing is None:
            own: Path | None = self._settings.poster_font
            drawing = asyncio.get_running_loop().run_in_executor(self._thread, draw, poster, own)
            self._under_way[poster] = drawing
            drawing.add_done_callback(lambda done: self._drew(poster, done))
        return drawing

    def _drew(self, poster: Poster, done: asyncio.Future[bytes]) -> None:
        del self._under_way[poster]
        if done.cancelled() or done.exception() is not None:
            return
        self.drawn += 1
        self._kept[poster] = done.result()
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _inviter(self, by: str, drop_id: str) -> str:
        """The name a member chose to have on posters of this drop; empty for none, or for what we did not sign."""
        try:
            whose, member_id, how = self._names.loads(by) if by else ("", "", NONE)
        except (BadData, ValueError, TypeError):
            return ""
        if whose != drop_id or how not in (MASKED, FULL):
            return ""
        with self._database.read() as session:
            name = members.find_names(session, [member_id]).get(member_id, "")
        return drop_view.mask(name) if name and how == MASKED else name

    def of_drop(self, view: DropView, language: str, inviter: str, address: str = "") -> Poster:
        """What a drop's poster says; `address` in place of the drop's own page."""
        t, drop, progress = self._shown.paper.texts(language), view.drop, view.progress
        cheapest = min(view.offers, key=lambda one: one.price_fen)
        until = drop.opens_at if view.state == drop_view.SOON else drop.closes_at
        at = local_time(until, self._settings.time_zone) if until else ""
        is_on = view.state in (drop_view.OPEN, drop_view.FULL)
        note = t["opens_at" if view.state == drop_view.SOON else "ends_at"].format(at=at) if at else ""
        return Poster(
            place=view.group_name or self._settings.shop_name,
            headline=t["headline"] if is_on else t["headline_soon"] if view.state == drop_view.SOON else t[f"state_{view.state}"],
            invitation=t["invitation"].format(name=inviter) if inviter else "", title=drop.title,
            price=money(cheapest.price_fen),
            list_price=money(cheapest.list_fen) if cheapest.list_fen > cheapest.price_fen else "",
            percent=progress.percent if progress.of else None, done=t[f"{progress.kind}_done"].format(n=progress.done),
            missing=self._missing(view, t["goal_met"], t.get(f"{progress.kind}_missing", "")),
            scan=t["scan"], note=note, address=address or f"{self._settings.public_url}/d/{view.code}",
        )

    def _missing(self, view: DropView, met: str, words: str) -> str:
        progress = view.progress
        if not progress.of:
            return ""
        if progress.kind == "goal" and not progress.missing:
            return met
        return words.format(n=progress.missing, price=money(progress.fen))

    async def share(self, request: Request) -> Response:
        """The page with the poster; a member says how it names them."""
        view = await self._joining.look(request)
        if isinstance(view, Response):
            return view
        language, member = language_of(request), await self._joining.member(request)
        how = request.query_params.get("name", "")
        how = how if how in (NONE, MASKED, FULL) else NONE
        link = await run_in_threadpool(self._find_link, view.drop.id, member_id=member.id) if member else None
        values = self._shown.values(view, language)
        values |= {
            "member": member, "how": how, "by": self._by(view, member, how), "masked": drop_view.mask(member.name) if member else "",
            "link": link, "address": self._address(link) or values["address"],
        }
        return HTMLResponse(self._shown.paper.render("drop_share.html", language, values), headers=HEADERS)

    async def make_link(self, request: Request) -> Response:
        """A member presses for a link of their own to this drop; it shows on the page with the poster."""
        view = await self._joining.look(request)
        if isinstance(view, Response):
            return view
        return await self._joining.ask_link(request, view)

    def _find_link(self, drop_id: str, *, code: str = "", member_id: str = "") -> str:
        """The code of a link to this drop that is followed: of this code, or of this member; empty for none."""
        with self._database.read() as session:
            if code:
                link = referral_links.find_by_code(session, code[:10])
            else:
                link = referral_links.find_own(session, member_id, referral_links.DROP, drop_id) if member_id else None
            is_meant = link is not None and (link.target_kind, link.target_id) == (referral_links.DROP, drop_id)
            return link.code if link is not None and is_meant and link.paused_at is None else ""

    def _address(self, code: str | None) -> str:
        return f"{self._settings.public_url}/r/{code}" if code else ""

    def _by(self, view: DropView, member: Admitted | None, how: str) -> str:
        if member is None or how == NONE:
            return ""
        text = self._names.dumps([view.drop.id, member.id, how])
        return text if isinstance(text, str) else text.decode()
