"""The pages around referral links: a product, how to join a group that is not on our pages, and a link's poster."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.clicks import Known
from bot.settings import Settings
from bot.web import drop_view
from bot.web.drop_page import POLICY, Shown
from bot.web.drop_posters import Posters
from bot.web.paper import language_of
from bot.web.referral import HEADERS, Redirects
from content.poster import Poster
from content.render import money
from storage import drops, groups, members, products, referral_links, wecom
from storage.database import Database
from storage.referral_links import ReferralLink

PRODUCT = re.compile(r"[A-Za-z0-9_.~\-]{1,80}")
VIA = re.compile(r"[2-9A-HJ-NP-Z]{8}")
WAY = "join_way"
PICTURE_HOSTS = ("wework.qpic.cn", "p.qpic.cn")  # where WeCom keeps the pictures of its codes


@dataclass(frozen=True, slots=True)
class Meant:
    """A link with what its pages show."""

    link: ReferralLink
    inviter: str
    title: str
    drop_code: str
    price_fen: int | None
    heads: int


class ReferralPages:
    """The endpoints, with what they need."""

    def __init__(
        self, settings: Settings, database: Database, redirects: Redirects, shown: Shown, posters: Posters,
        now: Callable[[], datetime],
    ) -> None:
        self._settings, self._database, self._redirects = settings, database, redirects
        self._shown, self._posters, self._now = shown, posters, now

    async def product(self, request: Request) -> Response:
        """A product, with the drops that offer it now."""
        product_id = request.path_params["product_id"]
        found = await run_in_threadpool(self._product, product_id) if PRODUCT.fullmatch(product_id) else None
        via = request.query_params.get("via", "")
        language = language_of(request)
        tail = (f"?via={via}" if VIA.fullmatch(via) else "?") + ("&lang=en" if language == "en" else "")
        values: dict[str, Any] = found or {"product": None, "drops": []}
        html = self._shown.paper.render("product.html", language, values | {"tail": tail if tail != "?" else ""})
        return HTMLResponse(html, 200 if found else 404, HEADERS)

    def _product(self, product_id: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            product = products.find(session, product_id)
            if product is None or product.deleted_at is not None:
                return None
            own = {sku.id for sku in products.find_skus(session, product_id)}
            offering = [
                one for one in drops.find_page(session, status=drops.OPEN, limit=200)
                if any(offer.sku_id in own for offer in drops.find_offers(session, one.id))
            ]
            return {"product": product, "drops": offering}

    async def join(self, request: Request) -> Response:
        """How to join a group on another network, by the code WeCom made for this link where there is one."""
        found = await self._redirects.find(request, request.path_params["code"])
        if isinstance(found, Response):
            return found
        values = await run_in_threadpool(self._way, found)
        if values is None:
            return self._redirects.unknown(request)
        policy = POLICY.replace("img-src 'self'", f"img-src 'self' {' '.join(f'https://{host}' for host in PICTURE_HOSTS)}")
        html = self._shown.paper.render("referral_join.html", language_of(request), values)
        return HTMLResponse(html, headers=HEADERS | {"Content-Security-Policy": policy})

    def _way(self, known: Known) -> dict[str, Any] | None:
        with self._database.read() as session:
            link = referral_links.get(session, known.id)
            group = groups.find(session, link.target_id) if link.target_kind == referral_links.GROUP else None
            if group is None or group.closed_at is not None:
                return None
            is_on = known.is_on(self._now().timestamp())
            way = wecom.find_made(session, group.account_id, WAY, link.code) if group.channel == "wecom" and is_on else None
            picture = "" if way is None else str(orjson.loads(way.detail).get("qr_code", ""))
            parts = urlsplit(picture)
            is_allowed = parts.scheme == "https" and parts.hostname in PICTURE_HOSTS
            return {
                "group": group, "inviter": _named(_owner(session, link), link), "picture": picture if is_allowed else "",
                "is_made_for_us": group.channel == "wecom" and is_on,
            }

    async def poster(self, request: Request) -> Response:
        """A link's poster: the drop's own, or one that invites into the group or the shop."""
        found = await self._redirects.find(request, request.path_params["code"])
        if isinstance(found, Response):
            return found
        if not found.is_on(self._now().timestamp()):
            return self._redirects.over(request, found)
        language, meant = language_of(request), await run_in_threadpool(self._meant, found.id)
        address = f"{self._settings.public_url}/r/{meant.link.code}"
        if meant.drop_code:
            view = await run_in_threadpool(self._shown.find, meant.drop_code, language)
            if view is not None:
                return await self._posters.show(self._posters.of_drop(view, language, meant.inviter, address))
        return await self._posters.show(self._plain(meant, language, address))

    def _meant(self, link_id: str) -> Meant:
        with self._database.read() as session:
            link = referral_links.get(session, link_id)
            title, code, price, heads = self._settings.shop_name, "", None, 0
            if link.target_kind == referral_links.DROP:
                drop = drops.find(session, link.target_id)
                title, code = (title, "") if drop is None else (drop.title, drop.code)
            elif link.target_kind == referral_links.PRODUCT:
                product = products.find(session, link.target_id)
                title, price = (title, None) if product is None else (product.name, product.price_fen)
            elif link.target_kind == referral_links.GROUP:
                group = groups.find(session, link.target_id)
                title, heads = (title, 0) if group is None else (group.name, groups.count_present(session, group.id))
            return Meant(link, _named(_owner(session, link), link), title, code, price, heads)

    def _plain(self, meant: Meant, language: str, address: str) -> Poster:
        r, link = self._shown.paper.referral_texts(language), meant.link
        headline = {referral_links.GROUP: r["invite_group"], referral_links.PRODUCT: r["recommend"]}
        return Poster(
            place=self._settings.shop_name, headline=headline.get(link.target_kind, r["invite_shop"]),
            invitation=r["by"].format(name=meant.inviter) if meant.inviter else "", title=meant.title,
            price=money(meant.price_fen) if meant.price_fen is not None else "", list_price="", percent=None,
            done=r["in_group"].format(n=meant.heads) if meant.heads else "", missing="", scan=r["scan"], note="", address=address,
        )


def _owner(session: Session, link: ReferralLink) -> str:
    """The name of a link's owner."""
    return members.find_names(session, [link.member_id]).get(link.member_id, "")


def _named(name: str, link: ReferralLink) -> str:
    """The owner's name as they want it shown."""
    if link.shows_name == referral_links.NO_NAME:
        return ""
    return drop_view.mask(name) if link.shows_name == referral_links.MASKED else name
