"""Handing out at the pick-up point, with a phone in one hand: find the member, take the money, tick, undo."""

from __future__ import annotations

from starlette.responses import Response

from bot.console import order_money, orders, picks, takes, trade
from bot.console.pages import get, post
from bot.console.speaking import fresh_nonce
from bot.console.visit import Visit
from bot.trading import OrderMarkAsked
from storage.operators import MANAGER
from storage.order_search import Pick

MOST_SHOWN = 60


def matches(pick: Pick, words: str) -> bool:
    """By name, by the end of the order's id, or by digits in note or address (the end of a phone number)."""
    wanted = words.lower()
    is_digits = wanted.isdecimal() and len(wanted) >= 3
    return (
        wanted in pick.member.lower() or pick.order_id.endswith(wanted)
        or (is_digits and (wanted in pick.address or wanted in pick.note))
    )


def show(visit: Visit) -> Response:
    words = visit.query("q", 40)
    drop, found = picks.find(visit, visit.path("id"))
    digits = "".join(words.split())
    shown = [one for one in found if not words or matches(one, words) or takes.pickup_code(visit, one.order_id) == digits]
    shown.sort(key=lambda one: one.is_received)
    return visit.page(
        "pickups.html", drop=drop, picks=shown[:MOST_SHOWN], more=max(0, len(shown) - MOST_SHOWN), words=words, count=len(found),
        done=sum(one.is_received for one in found), nonce=fresh_nonce(),
    )


def tick(visit: Visit) -> Response:
    """Handed out; what is paid at pick-up is recorded as paid first."""
    drop_id, order_id, nonce = visit.path("id"), str(visit.form.get("order", ""))[:40], trade.nonce(visit)
    back = visit.back(f"/console/drops/{drop_id}/pickups")
    if visit.form.get("paid") == "yes":
        told = order_money.record_paid(visit, order_id)
        if told is not None and not told.is_done:
            return visit.go(back, trade.why_not(visit, told), is_bad=True)
    if not nonce or orders.mark_all(visit, [order_id], "received", nonce):
        return visit.go(back, visit.translate("这个订单现在不能取：还没付款，或者已经取走、取消了。"), is_bad=True)
    return visit.go(back, visit.translate("已取货。"))


def undo(visit: Visit) -> Response:
    """Ticked by mistake."""
    drop_id, order_id, nonce = visit.path("id"), str(visit.form.get("order", ""))[:40], trade.nonce(visit)
    back = visit.back(f"/console/drops/{drop_id}/pickups")
    told = trade.tell(
        visit, OrderMarkAsked, f"undo:{visit.operator.id}:{nonce}:{order_id}", drop_id, "order.unreceived", f"order:{order_id}",
        order_ids=(order_id,), mark="unreceived", by=trade.by(visit),
    )
    if not told.is_done:
        return visit.go(back, visit.translate("超过一天了，或者订单又变了，不能撤销。"), is_bad=True)
    return visit.go(back, visit.translate("已撤销，货还在。"))


PAGES = (
    get("/drops/{id}/pickups", show, MANAGER),
    post("/drops/{id}/pickups", tick, MANAGER),
    post("/drops/{id}/pickups/undo", undo, MANAGER),
)
