"""Today: what is stuck, due or waits for a person, and how the last fourteen days went."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.pages import get
from bot.console.visit import Visit
from storage.operators import VIEWER


def today(visit: Visit) -> Response:
    return visit.page("today.html")


PAGES = (get("/today", today, VIEWER),)
