"""Orders at the desk: finding them, one order with its price, money and trail, and marking many at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from bot.console import trade
from bot.console.drops import REFUND_STATES
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.speaking import fresh_nonce
from bot.console.visit import Visit
from bot.trading import OrderMarkAsked
from handlers.orders import prices, rules
from storage import attributions, drop_board, drops, groups, order_search, orders, payments, stock, teams
from storage.operators import MANAGER, VIEWER
from storage.order_search import LATE, TO_SHIP, UNPAID, Wanted

LIST, A_PAGE, MOST_GROUPS, MOST_DROPS, AT_ONCE = "/console/orders", 50, 300, 100, 200
STATUSES = {
    orders.PLACED: (mark("待付款"), "amber"), orders.PAID: (mark("已付款"), "green"), orders.SHIPPED: (mark("已发货"), "blue"),
    orders.RECEIVED: (mark("已取货"), "green"), orders.REFUNDED: (mark("已退款"), "red"), orders.CANCELLED: (mark("已取消"), ""),
}
STATES = {UNPAID: mark("还没付"), TO_SHIP: mark("待发货"), LATE: mark("超过 72 小时没发")}
STEPS = {
    "list": mark("平时价"), "drop": mark("团购优惠"), "tier": mark("阶梯价优惠"), "threshold": mark("满减"), "cut": mark("好友帮砍"),
    "coupon": mark("优惠券"), "points": mark("积分"), "total": mark("合计"),
}
TRACES = {
    "placed": mark("下单"), "changed": mark("改单"), "money": mark("收到款"), "paid": mark("付清"), "confirmed": mark("成团确认"),
    "shipped": mark("发货"), "arrived": mark("到货"), "received": mark("取货"), "unreceived": mark("撤销取货"), "cancelled": mark("取消"),
    "refund_due": mark("要退款"), "refunded": mark("退到了"), "helped": mark("帮砍"), "discount": mark("优惠"), "reminded": mark("催付"),
    "repriced": mark("降价"),
}
WHYS = {
    payments.OVER: mark("多付"), payments.LATE: mark("付晚了"), payments.ENDED: mark("订单结束"), payments.PRICE_FELL: mark("降价补差"),
    payments.PART: mark("人工退款"), payments.STRAY: mark("不知谁付的"),
}
MARKS = ("shipped", "arrived", "received")
FIELDS = ("q", "state", "drop", "group", "from", "to")


def asked_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The filters as written, bounded."""
    return {name: str(given.get(name, "")).replace("\0", "").strip()[:120] for name in FIELDS}


def wanted_of(visit: Visit, asked: Mapping[str, str]) -> Wanted:
    """The filters as understood; what is no date or state is left out. The last day counts whole."""
    since, until = midnight(visit, asked["from"]), midnight(visit, asked["to"])
    state = asked["state"] if asked["state"] in (*STATUSES, *STATES) else ""
    return Wanted(asked["q"], state, asked["drop"], asked["group"], since, until and until + timedelta(days=1))


def midnight(visit: Visit, written: str) -> datetime | None:
    try:
        day = date.fromisoformat(written)
        return datetime.combine(day, time(), visit.desk.zone).astimezone(UTC) if 2000 <= day.year <= 2100 else None
    except ValueError:
        return None


def search(visit: Visit) -> Response:
    asked = asked_of(visit.request.query_params)
    wanted = wanted_of(visit, asked)
    with visit.read() as session:
        found = order_search.find(session, wanted, visit.now, after=visit.query("after", 40) or None, limit=A_PAGE + 1)
        shown = found[:A_PAGE]
        lines = orders.find_lines(session, [row.id for row in shown])
        count, total_fen = order_search.count(session, wanted, visit.now)
        newest, rooms = drop_board.find_page(session, limit=MOST_DROPS), groups.find_newest(session, MOST_GROUPS)
        named = groups.find_names(session, {row.group_id for row in shown if row.group_id})
    return visit.page(
        "orders.html", orders=shown, lines=lines, count=count, total_fen=total_fen, asked=asked, names=STATUSES, states=STATES,
        ship_by={row.id: order_search.ship_by(row) for row in shown}, nonce=fresh_nonce(),
        next_after=found[A_PAGE - 1].id if len(found) > A_PAGE else None, drops=newest, groups=rooms, group_names=named,
    )


def order(visit: Visit) -> Response:
    order_id = visit.path("id")
    with visit.read() as session:
        row = orders.get(session, order_id)
        kept = payments.sum_kept(session, [order_id])[order_id]
        paid = payments.find_of(session, order_id)
        return visit.page(
            "orders_one.html", order=row, lines=orders.find_lines(session, [order_id])[order_id], kept=kept, payments=paid,
            refunds=payments.find_refunds(session, order_id), steps=prices.explain_price(session, order_id),
            traces=[(one, json.loads(one.detail)) for one in orders.find_traces(session, order_id)],
            drop=drops.find(session, row.drop_id) if row.drop_id else None, seat=teams.find_seat(session, order_id),
            group=groups.find_names(session, [row.group_id] if row.group_id else []).get(row.group_id or "", ""),
            expires_at=stock.find_expiry(session, order_id), ship_by=order_search.ship_by(row), owed_fen=max(0, row.total_fen - kept),
            is_attributed=attributions.find(session, order_id) is not None,
            names=STATUSES, states=REFUND_STATES, whys=WHYS, step_names=STEPS, trace_names=TRACES, nonce=fresh_nonce(),
            may_mark={one: rules.may_mark(one, row.status, row.pays, row.confirmed_at is not None) for one in MARKS},
        )


def mark_many(visit: Visit) -> Response:
    """Mark the ticked orders shipped, arrived or received; those that may not be are counted and left."""
    wanted, ids = str(visit.form.get("mark", "")), ticked(visit)
    back, nonce = visit.back(LIST), trade.nonce(visit)
    if not ids or wanted not in MARKS or not nonce:
        return visit.go(back, visit.translate("请先勾选订单。"), is_bad=True)
    refused = mark_all(visit, ids, wanted, nonce)
    if refused:
        words = visit.translate("%(count)s 个订单现在不能这样标记，其他都好了。", count=refused)
        return visit.go(back, words, is_bad=True)
    return visit.go(back, visit.translate("已标记 %(count)s 个订单。", count=len(ids)))


def ticked(visit: Visit) -> list[str]:
    """The orders whose boxes are ticked, at most a bounded number."""
    ids = [one for one in visit.form.getlist("order") if isinstance(one, str) and 0 < len(one) <= 40]
    return list(dict.fromkeys(ids))[:AT_ONCE]


def mark_all(visit: Visit, ids: list[str], wanted: str, nonce: str) -> int:
    """Tell it on the lane of each drop; gives how many were refused or not kept."""
    with visit.read() as session:
        rows = orders.find_with_ids(session, ids)
    by_lane: dict[str, list[str]] = {}
    for row in rows:
        by_lane.setdefault(row.drop_id or row.id, []).append(row.id)
    refused = len(ids) - len(rows)
    for lane_id, some in sorted(by_lane.items()):
        told = trade.tell(
            visit, OrderMarkAsked, f"mark:{visit.operator.id}:{nonce}:{wanted}:{lane_id}", lane_id, f"order.{wanted}",
            f"drop:{lane_id}", order_ids=tuple(some), mark=wanted, by=trade.by(visit),
        )
        refused += len([one for one in told.reason.split(",") if one]) if told.outcome in ("done", "refused") else len(some)
    return refused


PAGES = (
    get("/orders", search, VIEWER),
    get("/orders/{id}", order, VIEWER),
    post("/orders/mark", mark_many, MANAGER),
)
