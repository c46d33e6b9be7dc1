"""The public addresses of drops: /d/<code>, joining it, orders of one's own and paying them, and posters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.routing import BaseRoute, Route

from bot.dispatch import Dispatcher
from bot.payments.cashier import Cashier
from bot.settings import Settings
from bot.web.drop_join import Door, Joining
from bot.web.drop_order import OrderShown
from bot.web.drop_page import DropPage, Shown
from bot.web.drop_pay import Paying
from bot.web.drop_posters import Posters
from storage.database import Database


def routes(
    settings: Settings, database: Database, door: Door, dispatcher: Dispatcher, now: Callable[[], datetime],
    till: Cashier | None = None,
) -> list[BaseRoute]:
    """The routes, the one that is asked for most first."""
    shown = Shown(settings, database, now)
    page = DropPage(shown, now)
    is_secure = settings.public_url.startswith("https:")
    order_shown = OrderShown(settings, till)
    joining = Joining(shown, page, order_shown, database, door, dispatcher, now, is_secure)
    paying = Paying(shown, joining, order_shown, database, now)
    posters = Posters(shown, joining, database, settings)
    return [
        Route("/d/{code}", page),
        Route("/d/{code}/join", joining.form),
        Route("/d/{code}/join", joining.join, methods=["POST"]),
        Route("/d/{code}/orders", joining.mine),
        Route("/d/{code}/orders/{order_id}", joining.order),
        Route("/d/{code}/share", posters.share),
        Route("/d/{code}/poster.png", posters.picture),
        Route("/pay/picture", paying.picture),
        Route("/pay/{token}", paying.page),
        Route("/pay/{token}", paying.ask, methods=["POST"]),
    ]
