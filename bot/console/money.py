"""Money at the desk: payments with filters, money nobody knows the order of, the provider's bills, and refunds still owed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import chores, trade
from bot.console.drops import REFUND_STATES
from bot.console.language import mark
from bot.console.orders import STATUSES, WHYS, midnight
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from bot.fulfilling import StrayAssignAsked, StrayReturnAsked
from storage import bills, charges, drops, order_search, orders, payment_search, payments
from storage.base import AnyRow
from storage.operators import MANAGER, VIEWER
from storage.payment_search import BACK, STRAY, Wanted

HOME, A_PAGE, MOST_CANDIDATES, MOST_ROWS, LONGEST_NOTE = "/console/payments", 50, 20, 200, 300
PROVIDERS = {"offline": mark("线下收款"), "wechat": mark("微信支付"), "shop": mark("外部商城")}
FIELDS = ("q", "provider", "kind", "from", "to")
DIFFERENCES = {
    bills.UNKNOWN_PAYMENT: mark("账单上有，我们没有的收款"), bills.MISSING_PAYMENT: mark("我们有，账单上没有的收款"),
    bills.OTHER_AMOUNT: mark("金额不一样的收款"), bills.UNKNOWN_REFUND: mark("账单上有，我们没有的退款"),
    bills.OTHER_REFUND: mark("金额或状态不一样的退款"),
}
WHAT_TO_DO = {
    bills.UNKNOWN_PAYMENT: mark("在微信商户平台查这笔钱是谁付的；补记或退回后写明怎么处理的。"),
    bills.MISSING_PAYMENT: mark("先别发货，到微信商户平台核实这笔收款。"),
    bills.OTHER_AMOUNT: mark("到微信商户平台核对金额，多退少补。"),
    bills.UNKNOWN_REFUND: mark("可能有人在商户平台直接退了款，请核实后在订单里补记。"),
    bills.OTHER_REFUND: mark("核对这笔退款在商户平台的金额和状态。"),
}


def listing(visit: Visit) -> Response:
    asked = {name: visit.query(name, 120) for name in FIELDS}
    since, until = midnight(visit, asked["from"]), midnight(visit, asked["to"])
    kind = visit.chosen("kind", (STRAY, BACK))
    wanted = Wanted(asked["q"], asked["provider"][:20], kind, since, until and until + timedelta(days=1))
    with visit.read() as session:
        found = payment_search.find_page(session, wanted, after=visit.query("after", 40), limit=A_PAGE + 1)
        shown = found[:A_PAGE]
        count, paid_fen, back_fen = payment_search.sum_page(session, wanted)
        bought = {row.id: row for row in orders.find_with_ids(session, [row.order_id for row in shown if row.order_id])}
        stray, known = payments.find_stray(session, MOST_ROWS), payment_search.find_providers(session)
        waiting = _chores(visit, session)
    return visit.page(
        "money.html", payments=shown, orders=bought, count=count, paid_fen=paid_fen, back_fen=back_fen, asked=asked, stray=stray,
        providers=PROVIDERS, known=known, chores=waiting, next_after=shown[-1].id if len(found) > A_PAGE else None,
    )


def _chores(visit: Visit, session: Session) -> list[chores.Chore]:
    return [one for one in chores.find(visit, session) if one.url.startswith(HOME)]


def one(visit: Visit) -> Response:
    """A payment with what became of it; where nobody knows its order, the orders it may have been for."""
    words = visit.query("q", 120)
    with visit.read() as session:
        payment = payments.get(session, visit.path("id"))
        order = orders.find(session, payment.order_id) if payment.order_id else None
        is_stray = payment.order_id is None and not payment.refunding_fen
        found = _candidates(visit, session, payment, words) if is_stray else []
        kept = payments.sum_kept(session, [row.id for row in found])
        titles = {row.drop_id: drops.get(session, row.drop_id).title for row in found if row.drop_id}
        return visit.page(
            "money_one.html", payment=payment, order=order, is_stray=is_stray, words=words, candidates=found, kept=kept, titles=titles,
            refunds=payments.find_refunds_out_of(session, payment.id), charges=charges.find_of(session, order.id) if order else [],
            providers=PROVIDERS, names=STATUSES, states=REFUND_STATES, whys=WHYS,
        )


def _candidates(visit: Visit, session: Session, payment: AnyRow, words: str) -> list[AnyRow]:
    """By the words asked for; else the order the payment names, and those that owe just this much."""
    if words:
        return list(order_search.find(session, order_search.Wanted(words), visit.now, limit=MOST_CANDIDATES))
    charge = charges.find(session, payment.claimed_for)
    named = orders.find(session, charge.order_id if charge is not None else payment.claimed_for)
    owing = payment_search.find_orders_owing(session, payment.amount_fen, MOST_CANDIDATES)
    return ([] if named is None else [named]) + [row for row in owing if named is None or row.id != named.id]


def assign(visit: Visit) -> Response:
    """The payment was for this order: it counts for it from now on."""
    payment_id, order_id = visit.path("id"), visit.path("order")
    with visit.read() as session:
        payments.get(session, payment_id)
        order = orders.find(session, order_id)
    if order is None:
        raise NotFound
    told = trade.tell(
        visit, StrayAssignAsked, f"stray-assign:{payment_id}:{order_id}", order.drop_id or order_id, "payment.assign",
        f"payment:{payment_id}", payment_id=payment_id, order_id=order_id, by=trade.by(visit),
    )
    return _settled(visit, payment_id, told, visit.translate("这笔款算到 %(name)s 的订单了。", name=order.member_name))


def give_back(visit: Visit) -> Response:
    """Nobody's money goes back the way it came."""
    payment_id = visit.path("id")
    with visit.read() as session:
        payments.get(session, payment_id)
    told = trade.tell(
        visit, StrayReturnAsked, f"stray-return:{payment_id}", payment_id, "payment.return", f"payment:{payment_id}",
        payment_id=payment_id, by=trade.by(visit),
    )
    return _settled(visit, payment_id, told, visit.translate("正在原路退回；线下收的请当面退，再点「已人工退」。"))


def _settled(visit: Visit, payment_id: str, told: trade.Told, done: str) -> Response:
    back = f"{HOME}/{payment_id}"
    if told.is_done:
        return visit.go(back, done)
    is_known = told.reason == "known"
    return visit.go(back, visit.translate("这笔款已经有人处理过了。") if is_known else trade.why_not(visit, told), is_bad=True)


def reconciling(visit: Visit) -> Response:
    """The provider's bills, and what differs from our rows until somebody says what became of it."""
    with visit.read() as session:
        found, past = bills.find_differences(session, limit=MOST_ROWS), bills.find_bills(session)
        settled = bills.find_settled(session, A_PAGE)
        named = _orders_of(session, [*found, *settled])
        waiting = _chores(visit, session)
    return visit.page(
        "money_bills.html", differences=found, settled=settled, bills=past, named=named, kinds=DIFFERENCES, what_to_do=WHAT_TO_DO,
        providers=PROVIDERS, chores=waiting, most=MOST_ROWS,
    )


def _orders_of(session: Session, found: list[AnyRow]) -> dict[int, str]:
    """The order a difference is about, where its number is one of ours."""
    named = {}
    for row in found:
        charge = charges.find(session, row.charge_id)
        if charge is not None:
            named[row.id] = str(charge.order_id)
    return named


def settle(visit: Visit) -> Response:
    """Somebody looked at a difference and says what became of it."""
    row_id, note = visit.path("id"), str(visit.form.get("note", "")).replace("\0", "").strip()[:LONGEST_NOTE]
    back = f"{HOME}/bills"
    if not note:
        return visit.go(back, visit.translate("请写明怎么处理的。"), is_bad=True)
    with visit.act("bill.settle", f"difference:{row_id}", note=note) as session:
        is_done = bills.settle(session, row_id, visit.operator.name, note, visit.now)
    words = visit.translate("已记下。") if is_done else visit.translate("这一条已经有人处理过了")
    return visit.go(back, words, is_bad=not is_done)


def owed(visit: Visit) -> Response:
    """Refunds not with their members yet, those that need a person first."""
    status = visit.chosen("status", payments.OWED)
    with visit.read() as session:
        counts = {one: payments.count_owed(session, (one,)) for one in payments.OWED}
        found = payments.find_owed(session, (status,) if status else (payments.DEAD, payments.BY_HAND), MOST_ROWS)
        bought = {row.id: row for row in orders.find_with_ids(session, [row.order_id for row in found if row.order_id])}
        waiting = _chores(visit, session)
    values: dict[str, Any] = {"refunds": found, "orders": bought, "counts": counts, "status": status, "chores": waiting}
    return visit.page("money_refunds.html", states=REFUND_STATES, whys=WHYS, most=MOST_ROWS, **values)


PAGES = (
    get("/payments", listing, VIEWER),
    get("/payments/bills", reconciling, VIEWER),
    get("/payments/refunds", owed, VIEWER),
    post("/payments/differences/{id:int}/settle", settle, MANAGER),
    get("/payments/{id}", one, VIEWER),
    post("/payments/{id}/assign/{order}", assign, MANAGER),
    post("/payments/{id}/back", give_back, MANAGER),
)
