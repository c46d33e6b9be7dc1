"""Drops at the desk: the list, and one drop's board with its members, money, stock and groups; opening and ending it."""

from __future__ import annotations

from starlette.responses import Response

from bot.console import trade
from bot.console.drop_forms import KINDS
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.speaking import fresh_nonce
from bot.console.visit import Visit
from bot.trading import DropCancelAsked, DropClosingDue, DropOpeningDue, RefundHandedOver, RefundRetryAsked
from handlers.group_buy import actions, messages
from storage import drop_board, drops, groups, orders, payments, reconciling, rosters
from storage.operators import MANAGER, VIEWER

LIST, A_PAGE, LONGEST_REASON = "/console/drops", 50, 200
STATUSES = {
    drops.DRAFT: (mark("草稿"), ""), drops.SCHEDULED: (mark("待开始"), "blue"), drops.OPEN: (mark("进行中"), "green"),
    drops.CLOSED: (mark("已截止"), ""), drops.CANCELLED: (mark("已取消"), "red"),
}
REFUND_STATES = {
    payments.DUE: (mark("等着再试"), "amber"), payments.ASKED: (mark("退款中"), "blue"), payments.BY_HAND: (mark("等人工退"), "amber"),
    payments.DEAD: (mark("退不出去"), "red"), payments.DONE: (mark("已退回"), "green"),
}


def catalogue(visit: Visit) -> Response:
    status, words = visit.chosen("status", drops.STATUSES), visit.query("q", 80)
    with visit.read() as session:
        found = drop_board.find_page(session, status, words, after=visit.query("after", 40) or None, limit=A_PAGE + 1)
        standings = drop_board.count_standings(session, [row.id for row in found[:A_PAGE]])
        counts, unsettled = drop_board.count_by_status(session), rosters.count_pending(session)
    return visit.page(
        "drops.html", drops=found[:A_PAGE], standings=standings, counts=counts, status=status, words=words, statuses=STATUSES,
        kinds=KINDS, next_after=found[A_PAGE - 1].id if len(found) > A_PAGE else None, unsettled=unsettled,
    )


def board(visit: Visit) -> Response:
    drop_id = visit.path("id")
    with visit.read() as session:
        drop = drops.get(session, drop_id)
        offers = drops.find_offers(session, drop_id)
        told = messages.preview(visit.desk.words, messages.values_of(session, drop), visit.desk.settings.language)
        return visit.page(
            "drops_one.html", drop=drop, offers=offers, told=told, statuses=STATUSES, kinds=KINDS, states=REFUND_STATES,
            money=reconciling.sum_money(session, drop_id), standing=drop_board.count_standings(session, [drop_id])[drop_id],
            by_group=drop_board.find_by_group(session, drop_id), teams=drop_board.count_teams(session, drop_id),
            seats=drop_board.count_seats(session, drop_id), owed=drop_board.find_refunds_owed(session, drop_id),
            cancelling=drop_board.sum_cancelling(session, drop_id), nonce=fresh_nonce(),
            stock=drop_board.find_stock(session, [one.sku_id for one in offers]),
            meant=groups.find_names(session, drops.find_groups(session, drop_id)),
        )


def schedule(visit: Visit) -> Response:
    """A draft with a time of its own is opened by the clock."""
    drop_id = visit.path("id")
    with visit.act("drop.schedule", f"drop:{drop_id}") as session:
        is_done = actions.schedule_drop(session, drop_id, visit.now)
    words = visit.translate("到时间会自动开团。") if is_done else visit.translate("请先写一个还没到的开始时间。")
    return visit.go(f"{LIST}/{drop_id}", words, is_bad=not is_done)


def open_now(visit: Visit) -> Response:
    drop_id = visit.path("id")
    told = trade.tell(visit, DropOpeningDue, f"drop-opening:desk:{drop_id}", drop_id, "drop.open", f"drop:{drop_id}", drop_id=drop_id)
    return _after(visit, drop_id, told, visit.translate("开团了。"))


def close(visit: Visit) -> Response:
    drop_id = visit.path("id")
    told = trade.tell(
        visit, DropClosingDue, f"drop-closing:desk:{drop_id}", drop_id, "drop.close", f"drop:{drop_id}", drop_id=drop_id, is_early=True
    )
    return _after(visit, drop_id, told, visit.translate("截止了，不再接单。"))


def cancel(visit: Visit) -> Response:
    """Called off only by who has seen how many orders end and how much money goes back."""
    drop_id, reason = visit.path("id"), str(visit.form.get("reason", "")).replace("\0", "").strip()[:LONGEST_REASON]
    with visit.read() as session:
        drops.get(session, drop_id)
        count, fen = drop_board.sum_cancelling(session, drop_id)
    if visit.form.get("seen") != f"{count}/{fen}":
        return visit.go(f"{LIST}/{drop_id}", visit.translate("刚刚又有订单变动，请看清数字再取消一次。"), is_bad=True)
    if not reason:
        return visit.go(f"{LIST}/{drop_id}", visit.translate("请写明取消原因，成员会看到。"), is_bad=True)
    told = trade.tell(
        visit, DropCancelAsked, f"drop-cancel:{drop_id}", drop_id, "drop.cancel", f"drop:{drop_id}", drop_id=drop_id,
        text=reason, by=trade.by(visit),
    )
    return _after(visit, drop_id, told, visit.translate("已取消，付过的钱都在退。"))


def hand_over(visit: Visit) -> Response:
    """An operator gave the money back by hand."""
    return _refund(visit, RefundHandedOver, "refund.handed_over", visit.translate("记下了：钱已退给成员。"), by=trade.by(visit))


def try_again(visit: Visit) -> Response:
    return _refund(visit, RefundRetryAsked, "refund.retry", visit.translate("正在再试。"))


def _refund(visit: Visit, kind: type[RefundHandedOver] | type[RefundRetryAsked], action: str, done: str, **more: str) -> Response:
    refund_id = visit.path("id")
    with visit.read() as session:
        refund = payments.get_refund(session, refund_id)
        lane_id = drop_of(visit, refund.order_id) if refund.order_id else refund_id
    key = f"{action}:{refund_id}:{refund.tries}"
    told = trade.tell(visit, kind, key, lane_id, action, f"refund:{refund_id}", refund_id=refund_id, **more)
    back = visit.back(LIST)
    return visit.go(back, done) if told.is_done else visit.go(back, trade.why_not(visit, told), is_bad=True)


def drop_of(visit: Visit, order_id: str) -> str:
    """The drop on whose lane an order's events run; the order itself where it has none."""
    with visit.read() as session:
        return str(orders.get(session, order_id).drop_id or order_id)


def _after(visit: Visit, drop_id: str, told: trade.Told, done: str) -> Response:
    if told.is_done:
        return visit.go(f"{LIST}/{drop_id}", done)
    return visit.go(f"{LIST}/{drop_id}", trade.why_not(visit, told), is_bad=True)


PAGES = (
    get("/drops", catalogue, VIEWER),
    get("/drops/{id}", board, VIEWER),
    post("/drops/{id}/schedule", schedule, MANAGER),
    post("/drops/{id}/open", open_now, MANAGER),
    post("/drops/{id}/close", close, MANAGER),
    post("/drops/{id}/cancel", cancel, MANAGER),
    post("/refunds/{id}/handed-over", hand_over, MANAGER),
    post("/refunds/{id}/retry", try_again, MANAGER),
)
