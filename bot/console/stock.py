"""Stock: what the shop has of every SKU, what orders keep of it, what is sold; and counting it anew, with a reason."""

from __future__ import annotations

import re

from starlette.responses import Response

from bot.console.pages import get, post
from bot.console.visit import Visit
from storage import products, stock
from storage.operators import MANAGER, VIEWER

LIST, A_PAGE, LONGEST_REASON, MOST = "/console/stock", 50, 120, 1_000_000
CHANGE = re.compile(r"[+-]?[0-9]{1,7}")


class TooFew(Exception):
    """There is not so much to take away; undoes the transaction with its audit entry."""


def levels(visit: Visit) -> Response:
    words = visit.query("q", 80)
    with visit.read() as session:
        found = stock.find_levels(session, words, after=visit.query("after", 80) or None, limit=A_PAGE + 1)
    shown = found[:A_PAGE]
    labels = {row.id: " ".join(products.labels_of(row.specs)) for row in shown}
    return visit.page(
        "stock.html", rows=shown, labels=labels, words=words, next_after=shown[-1].id if len(found) > A_PAGE else None,
    )


def adjust(visit: Visit) -> Response:
    sku_id, back = visit.path("id"), visit.back(LIST)
    written, reason = str(visit.form.get("by", "")).strip(), str(visit.form.get("reason", "")).replace("\0", "").strip()
    if CHANGE.fullmatch(written) is None or not 0 < abs(int(written)) <= MOST:
        return visit.go(back, visit.translate("增减写整数，例如 20 或 -3。"), is_bad=True)
    if not reason or len(reason) > LONGEST_REASON:
        return visit.go(back, visit.translate("请写明原因，最多 120 个字。"), is_bad=True)
    try:
        with visit.act("stock.adjust", f"sku:{sku_id}", by=int(written), reason=reason) as session:
            left = stock.adjust(session, sku_id, int(written))
            if left is None:
                raise TooFew
    except TooFew:
        return visit.go(back, visit.translate("没有那么多可减，库存不能小于 0。"), is_bad=True)
    return visit.go(back, visit.translate("改好了，现在是 %(left)s。", left=left))


PAGES = (get("/stock", levels, VIEWER), post("/stock/{id:path}/adjust", adjust, MANAGER))
