"""Handing out by code: a member says six digits or shows a square code, and whoever stands there with a phone ticks."""

from __future__ import annotations

import hmac
from datetime import timedelta

from starlette.responses import Response

from bot import member_links
from bot.console.pages import get
from bot.console.speaking import fresh_nonce
from bot.console.visit import Visit
from storage import drops, groups, order_search
from storage.operators import MANAGER
from storage.order_search import Pick

LATELY, MOST_LOOKED_AT = timedelta(days=60), 50_000


def show(visit: Visit) -> Response:
    """The orders a code stands for; a scanned code names its order as well."""
    written, order_id = visit.query("code", 20), visit.query("order", 40)
    code = "".join(sign for sign in written if sign.isascii() and sign.isdigit())
    found = _find(visit, code, order_id) if len(code) == member_links.CODE_DIGITS else []
    return visit.page("takes.html", code=code, written=written, found=found, nonce=fresh_nonce())


def _find(visit: Visit, code: str, order_id: str) -> list[tuple[str, str, Pick]]:
    """Each order of the code as (drop id, title, pick)."""
    with visit.read() as session:
        rows = order_search.find_to_hand_out(session, visit.now - LATELY, order_id, MOST_LOOKED_AT)
        meant = [row for row in rows if hmac.compare_digest(code, pickup_code(visit, row.id))]
        names = groups.find_names(session, {row.group_id for row in meant if row.group_id})
        titles = {row.drop_id: drops.get(session, row.drop_id).title for row in meant}
        picks = order_search.find_picks_of(session, [row.id for row in meant], names)
    drop_of = {row.id: row.drop_id for row in meant}
    return [(drop_of[one.order_id], titles[drop_of[one.order_id]], one) for one in picks]


def pickup_code(visit: Visit, order_id: str) -> str:
    return member_links.pickup_code(visit.desk.secret.decode(), order_id)


PAGES = (get("/take", show, MANAGER),)
