"""The public addresses of drops and referral links: /r/<code>, /d/<code>, joining it, an order of one's own, posters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.convertors import register_url_convertor
from starlette.routing import BaseRoute, Route

from bot.clicks import Clicks
from bot.dispatch import Dispatcher
from bot.settings import Settings
from bot.visitor_ids import VisitorIds
from bot.web.drop_join import Door, Joining
from bot.web.drop_page import DropPage, Shown
from bot.web.drop_posters import Posters
from bot.web.referral import OfCode, Redirects
from bot.web.referral_pages import ReferralPages
from storage.database import Database


def routes(
    settings: Settings, database: Database, door: Door, dispatcher: Dispatcher, now: Callable[[], datetime], clicks: Clicks
) -> list[BaseRoute]:
    """The routes, the one that is asked for most first."""
    register_url_convertor("referral", OfCode())
    shown = Shown(settings, database, now)
    page = DropPage(shown, now)
    is_secure = settings.public_url.startswith("https:")
    visitor_ids = VisitorIds(settings.secret(), is_secure)
    joining = Joining(shown, page, database, door, dispatcher, settings.secret(), now, is_secure, visitor_ids)
    posters = Posters(shown, joining, database, settings)
    redirects = Redirects(clicks, visitor_ids, shown.paper, lambda: now().timestamp(), settings.visitor_consent)
    about = ReferralPages(settings, database, redirects, shown, posters, now)
    return [
        Route("/r/{code:referral}", redirects),
        Route("/r/about", redirects.about),
        Route("/r/about", redirects.forget, methods=["POST"]),
        Route("/r/{code}", redirects),
        Route("/r/{code}/join", about.join),
        Route("/r/{code}/poster.png", about.poster),
        Route("/p/{product_id}", about.product),
        Route("/d/{code}", page),
        Route("/d/{code}/join", joining.form),
        Route("/d/{code}/join", joining.join, methods=["POST"]),
        Route("/d/{code}/orders/{order_id}", joining.order),
        Route("/d/{code}/share", posters.share),
        Route("/d/{code}/share", posters.make_link, methods=["POST"]),
        Route("/d/{code}/poster.png", posters.picture),
    ]
