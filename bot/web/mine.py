"""/me/referral and /r/rules/<campaign>: a member's own referring and what they choose about it, and the rules in plain words."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import yaml
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot import personal_links
from bot.choosing import CHOICES, ERASE, ReferralChoiceAsked
from bot.dispatch import Dispatcher, NotKept, Overloaded
from bot.limits import Allowance
from bot.referring import PEOPLE_LANE
from bot.settings import Settings
from bot.web.drop_join import MEMBER_COOKIE, Door, address_of
from bot.web.drop_page import SAFE
from bot.web.drop_view import mask
from bot.web.paper import Paper, language_of
from content.plan_page import explained
from content.plan_terms import plan_of
from content.render import local_time
from storage import campaigns, choices, drops, erasing, members, my_referral, products, referral_links
from storage.database import Database
from storage.terms import DROP, PRODUCT, Terms

COOKIE, URL, MOST_BYTES = "tuan_me", "/me/referral", 2_000
HEADERS = SAFE | {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
CAMPAIGN = re.compile(r"[A-Za-z0-9_]{1,40}")
TEXTS = Path(__file__).parent / "mine_texts.yaml"
LOOKS_A_MINUTE, LOOKS_AT_ONCE = 120, 60  # from one address


class Mine:
    """The endpoints, with what they need."""

    def __init__(
        self, settings: Settings, database: Database, door: Door, dispatcher: Dispatcher, now: Callable[[], datetime]
    ) -> None:
        self._settings, self._database, self._door = settings, database, door
        self._dispatcher, self._now, self._secret = dispatcher, now, settings.secret()
        self._paper = Paper(settings)
        rows: dict[str, list[str]] = yaml.safe_load(TEXTS.read_text("utf-8"))
        self._texts = {language: {key: pair[place] for key, pair in rows.items()} for place, language in enumerate(("zh", "en"))}
        self.looks = Allowance(LOOKS_A_MINUTE, LOOKS_AT_ONCE, monotonic)

    async def page(self, request: Request) -> Response:
        """What the member brought. A token in the address moves into a cookie, so that no screenshot or log shows it."""
        wait = self.looks.take(address_of(request))
        if wait:
            return PlainTextResponse("slow down", 429, {"Retry-After": str(int(wait) + 1)})
        token = request.query_params.get("k", "")
        if token and personal_links.find(self._secret, token, self._now()) is not None:
            answer = RedirectResponse(URL, 303, HEADERS)
            is_secure = self._settings.public_url.startswith("https:")
            answer.set_cookie(COOKIE, token, 86_400, path="/me", httponly=True, samesite="lax", secure=is_secure)
            return answer
        member_id = await self._member(request)
        if member_id is None:
            return self._html(request, "mine_unknown.html", 403)
        return await self._show(request, member_id)

    async def choose(self, request: Request) -> Response:
        """Stay out, take part again, or be erased: one event, answered after its commit."""
        if not self._door.is_from_us(request.headers) or request.headers.get("sec-fetch-site") == "cross-site":
            return PlainTextResponse("forbidden", 403)
        wait = self.looks.take(address_of(request))
        if wait:
            return PlainTextResponse("slow down", 429, {"Retry-After": str(int(wait) + 1)})
        member_id = await self._member(request)
        if member_id is None:
            return self._html(request, "mine_unknown.html", 403)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return PlainTextResponse("too large", 413)
        fields = parse_qs(body.decode("utf-8", "replace"))
        choice = fields.get("choice", [""])[0]
        if choice not in CHOICES:
            return PlainTextResponse("bad form", 422)
        if choice == ERASE and fields.get("sure") != ["yes"]:
            return await self._show(request, member_id, "not_sure", 422)
        asked = ReferralChoiceAsked(
            key=f"choice:{secrets.token_hex(12)}", lane=PEOPLE_LANE, occurred_at=self._now(), channel="web",
            conversation=PEOPLE_LANE, member_id=member_id, choice=choice, gives_up=fields.get("gives_up") == ["yes"],
        )
        try:
            handled = await self._dispatcher.receive(asked)
        except (NotKept, Overloaded):
            return await self._show(request, member_id, "busy", 503)
        if handled.outcome != "done":
            return await self._show(request, member_id, "refused", 409)
        return RedirectResponse(URL, 303, HEADERS)

    async def rules(self, request: Request) -> Response:
        """A campaign's rules as they are now, or as they were in one version (?v=)."""
        campaign_id, version = request.path_params["campaign_id"], request.query_params.get("v", "")
        wanted = int(version) if version.isdecimal() and len(version) < 7 else 0
        known = CAMPAIGN.fullmatch(campaign_id) is not None
        found = await run_in_threadpool(self._rules, campaign_id, wanted, language_of(request)) if known else None
        if found is None:
            return self._html(request, "rules.html", 404, campaign=None, answers=[], version=0, newest=0)
        return self._html(request, "rules.html", 200, **found)

    async def _member(self, request: Request) -> str | None:
        """Who this browser is: by the page's own cookie, else as a member of our web groups."""
        by_link = personal_links.find(self._secret, request.cookies.get(COOKIE, ""), self._now())
        if by_link is not None:
            return by_link
        admitted = await self._door.find_member(request.cookies.get(MEMBER_COOKIE, ""))
        return None if admitted is None else admitted.id

    async def _show(self, request: Request, member_id: str, fault: str = "", status: int = 200) -> Response:
        values = await run_in_threadpool(self._read, member_id)
        if values is None:
            return self._html(request, "mine_unknown.html", 403)
        return self._html(request, "mine.html", status, fault=fault, mask=mask, **values)

    def _read(self, member_id: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            member = members.find(session, member_id)
            if member is None:
                return None
            choice = choices.find(session, member_id)
            return {
                "name": member.name, "mine": my_referral.look(session, member_id), "choice": choice,
                "owed": erasing.sum_unpaid(session, member_id), "links": list(referral_links.find_of_member(session, member_id, 20)),
                "campaigns": [one for one in campaigns.find_all(session, 20) if one.status == campaigns.RUNNING],
            }

    def _rules(self, campaign_id: str, version: int, language: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            campaign = campaigns.find(session, campaign_id)
            if campaign is None or campaign.status == campaigns.DRAFT or version > campaign.version:
                return None
            terms = campaigns.get_terms(session, campaign_id, version or campaign.version)
            names = _names(session, terms)
        zone = self._settings.time_zone
        starts, ends = (None if at is None else local_time(at, zone, "%Y-%m-%d") for at in (campaign.starts_at, campaign.ends_at))
        plan = plan_of(terms, campaign.name, starts_on=starts or "", ends_on=ends or "", names=names)
        return {"campaign": campaign, "answers": explained(plan, language), "version": terms.version, "newest": campaign.version}

    def _html(self, request: Request, template: str, status: int, **values: Any) -> HTMLResponse:
        language = language_of(request)
        return HTMLResponse(self._paper.render(template, language, {"m": self._texts[language], **values}), status, HEADERS)


def _names(session: Session, terms: Terms) -> dict[str, str]:
    """What the goods and drops are called that rewards are for."""
    found: dict[str, str] = {}
    for one in terms.rewards:
        if one.scope == PRODUCT:
            product = products.find(session, one.target)
            found[one.target] = one.target if product is None else product.name
        elif one.scope == DROP:
            drop = drops.find(session, one.target)
            found[one.target] = one.target if drop is None else drop.title
    return found


def routes(
    settings: Settings, database: Database, door: Door, dispatcher: Dispatcher, now: Callable[[], datetime]
) -> list[BaseRoute]:
    """The routes; /r/rules/… stands before /r/<code>."""
    mine = Mine(settings, database, door, dispatcher, now)
    return [
        Route("/r/rules/{campaign_id}", mine.rules),
        Route(URL, mine.page),
        Route(URL, mine.choose, methods=["POST"]),
    ]
