"""The console as a web application: all its pages under /console."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bot.console import (
    audit,
    calendar,
    campaigns,
    canned,
    channels,
    clocks,
    commissions,
    disputes,
    drop_wizard,
    drops,
    faq,
    fraud,
    groups,
    handing,
    handovers,
    hours,
    inviting,
    learning,
    learning_bench,
    learning_demand,
    learning_health,
    lint_words,
    log,
    log_export,
    members,
    mix_rules,
    money,
    operators,
    order_export,
    order_money,
    orders,
    pages,
    payouts,
    people,
    picks,
    pickups,
    plans,
    polls,
    posts,
    products,
    referral_figures,
    referral_links,
    rosters,
    sign_in,
    starters,
    stock,
    takes,
    today,
    touches,
    trials,
)
from bot.console.desk import Desk
from bot.console.passwords import create_first_admin
from bot.console.visit import NotFound, Visit

__all__ = ["Desk", "create_first_admin", "routes"]

# One line for each area; an area lists its pages in PAGES.
AREAS = (
    sign_in.PAGES,
    today.PAGES,
    log.PAGES,
    log_export.PAGES,
    handovers.PAGES,
    clocks.PAGES,
    canned.PAGES,
    hours.PAGES,
    faq.PAGES,
    learning_health.PAGES,
    learning_demand.PAGES,
    learning_bench.PAGES,
    learning.PAGES,
    starters.PAGES,
    posts.PAGES,
    polls.PAGES,
    trials.PAGES,
    calendar.PAGES,
    plans.PAGES,
    mix_rules.PAGES,
    lint_words.PAGES,
    drop_wizard.PAGES,
    drops.PAGES,
    rosters.PAGES,
    order_export.PAGES,
    money.PAGES,
    order_money.PAGES,
    orders.PAGES,
    campaigns.PAGES,
    commissions.PAGES,
    payouts.PAGES,
    disputes.PAGES,
    picks.PAGES,
    handing.PAGES,
    pickups.PAGES,
    takes.PAGES,
    products.PAGES,
    stock.PAGES,
    touches.PAGES,
    people.PAGES,
    referral_links.PAGES,
    groups.PAGES,
    channels.PAGES,
    inviting.PAGES,
    members.PAGES,
    fraud.PAGES,
    referral_figures.PAGES,
    operators.PAGES,
    audit.PAGES,
)


def routes(desk: Desk) -> list[BaseRoute]:
    """The console's routes for the whole web application."""
    nowhere = pages.route(desk, pages.get("/nowhere", _nowhere, None)).endpoint

    async def not_found(request: Request, _error: Exception) -> Response:
        answer: Response = await nowhere(request)
        return answer

    inner: list[BaseRoute] = [Route("/", _front), desk.assets.route()]
    for area in AREAS:
        inner.extend(pages.routes(desk, area))
    console = Starlette(
        routes=inner,
        exception_handlers={404: not_found, 405: not_found},
        middleware=[Middleware(GZipMiddleware, minimum_size=700, compresslevel=6)],
    )
    return [Mount("/console", app=console)]


async def _front(_request: Request) -> Response:
    return RedirectResponse("/console/today", 303)


def _nowhere(_visit: Visit) -> Response:
    raise NotFound
