"""An order's money at the desk: paid offline (one, or by list), refunds whole and in part, giving an order up."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from bot.console import trade
from bot.console.orders import LIST, ticked
from bot.console.pages import get, post
from bot.console.product_forms import fen_of
from bot.console.speaking import fresh_nonce
from bot.console.visit import NotFound, Visit
from bot.trading import OrderCancelAsked, PaymentReceived, RefundAsked
from storage import orders, payments
from storage.base import AnyRow
from storage.operators import MANAGER

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Refundable:
    """A line of an order and the fen that can still go back for it."""

    line: AnyRow
    left_fen: int


def paid(visit: Visit) -> Response:
    """The rest of an order was paid by hand, or the amount in the form."""
    order_id, back = visit.path("id"), visit.back(f"{LIST}/{visit.path('id')}")
    written = str(visit.form.get("amount", "")).strip()
    amount = fen_of(written) if written else None
    if written and not amount:
        return visit.go(back, visit.translate("金额以元为单位，最多两位小数，例如 39.90。"), is_bad=True)
    told = record_paid(visit, order_id, amount)
    if told is None:
        return visit.go(back, visit.translate("这个订单不用再付了。"), is_bad=True)
    return visit.go(back, visit.translate("已记下收款。")) if told.is_done else visit.go(back, trade.why_not(visit, told), is_bad=True)


def paid_many(visit: Visit) -> Response:
    """Everything still owed on the ticked orders was paid by hand."""
    back, done, ids = visit.back(LIST), 0, ticked(visit)
    if not ids:
        return visit.go(back, visit.translate("请先勾选订单。"), is_bad=True)
    for order_id in ids:
        told = record_paid(visit, order_id)
        done += told is not None and told.is_done
    if done < len(ids):
        words = visit.translate("记下了 %(done)s 个，%(left)s 个不用付或没记成。", done=done, left=len(ids) - done)
        return visit.go(back, words, is_bad=True)
    return visit.go(back, visit.translate("%(count)s 个订单已记为已付。", count=done))


def record_paid(visit: Visit, order_id: str, amount_fen: int | None = None) -> trade.Told | None:
    """Tell that an order was paid by hand; None where nothing is owed. Its reference counts the order's payments, so that
    two operators who record the same money at the same time record it once."""
    with visit.read() as session:
        order = orders.find(session, order_id)
        if order is None or order.status != orders.PLACED:
            return None
        count = len(payments.find_of(session, order_id))
        owed = order.total_fen - payments.sum_kept(session, [order_id])[order_id]
    seen = str(visit.form.get("payments", ""))
    number = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 6 else count
    reference = f"{order_id}/{number + 1}"
    return trade.tell(
        visit, PaymentReceived, f"offline:{reference}", order.drop_id or order_id, "order.paid", f"order:{order_id}",
        order_id=order_id, provider="offline", reference=reference, amount_fen=amount_fen or owed, by=trade.by(visit),
    )


def refund(visit: Visit) -> Response:
    return _refund_page(visit, {}, "")


def ask_refund(visit: Visit) -> Response:
    """First the amount is checked and shown once more; with `sure` it is told."""
    order_id = visit.path("id")
    typed = {name: str(visit.form.get(name, "")).replace("\0", "").strip()[:LONGEST_REASON] for name in ("amount", "sku", "reason")}
    order, rows, kept = _refundable(visit, order_id)
    amount = kept if not typed["amount"] and not typed["sku"] else fen_of(typed["amount"])
    bound = next((row.left_fen for row in rows if row.line.sku_id == typed["sku"]), kept if not typed["sku"] else 0)
    if not typed["amount"] and typed["sku"]:
        amount = bound
    if amount is None or amount <= 0:
        return _refund_page(visit, typed, visit.translate("金额以元为单位，最多两位小数，例如 39.90。"))
    if amount > min(bound, kept):
        return _refund_page(visit, typed, visit.translate("最多能退 %(yuan)s 元。", yuan=f"{min(bound, kept) / 100:.2f}"))
    if not typed["reason"]:
        return _refund_page(visit, typed, visit.translate("请写明退款原因。"))
    nonce = trade.nonce(visit)
    if visit.form.get("sure") != str(amount) or not nonce:
        return _refund_page(visit, typed, "", amount)
    told = trade.tell(
        visit, RefundAsked, f"refund:{visit.operator.id}:{nonce}", order.drop_id or order_id, "order.refund", f"order:{order_id}",
        order_id=order_id, amount_fen=amount, sku_id=typed["sku"], text=typed["reason"], by=trade.by(visit),
    )
    if not told.is_done:
        return _refund_page(visit, typed, trade.why_not(visit, told))
    return visit.go(f"{LIST}/{order_id}", visit.translate("退款已记下，正在退。"))


def _refundable(visit: Visit, order_id: str) -> tuple[AnyRow, list[Refundable], int]:
    """The order, its lines with what can still go back, and what is kept of it."""
    with visit.read() as session:
        order = orders.find(session, order_id)
        if order is None:
            raise NotFound
        back: dict[str, int] = {}
        for one in payments.find_refunds(session, order_id):
            for sku_id, fen in payments.find_parts(session, one.id).items():
                back[sku_id] = back.get(sku_id, 0) + fen
        kept = payments.sum_kept(session, [order_id])[order_id]
        lines = orders.find_lines(session, [order_id])[order_id]
    rows = [Refundable(one, max(0, min(kept, one.quantity * one.unit_fen - back.get(one.sku_id, 0)))) for one in lines]
    return order, rows, kept


def _refund_page(visit: Visit, typed: dict[str, str], fault: str, sure_fen: int = 0) -> Response:
    order, rows, kept = _refundable(visit, visit.path("id"))
    empty = {"amount": "", "sku": "", "reason": ""}
    return visit.page(
        "orders_refund.html", 422 if fault else 200, order=order, rows=rows, kept=kept, typed=empty | typed, fault=fault,
        sure_fen=sure_fen, ends=order.status in (orders.PLACED, orders.PAID) and sure_fen == kept, nonce=fresh_nonce(),
    )


def cancel(visit: Visit) -> Response:
    """Give an order up; what was paid goes back."""
    order_id, reason = visit.path("id"), str(visit.form.get("reason", "")).replace("\0", "").strip()[:LONGEST_REASON]
    with visit.read() as session:
        drop_id = orders.get(session, order_id).drop_id or ""
    told = trade.tell(
        visit, OrderCancelAsked, f"order-cancel:{order_id}", drop_id or order_id, "order.cancel", f"order:{order_id}",
        order_id=order_id, drop_id=drop_id, by=trade.by(visit), text=reason,
    )
    url = f"{LIST}/{order_id}"
    return visit.go(url, visit.translate("订单已取消。")) if told.is_done else visit.go(url, trade.why_not(visit, told), is_bad=True)


PAGES = (
    post("/orders/paid", paid_many, MANAGER),
    post("/orders/{id}/paid", paid, MANAGER),
    get("/orders/{id}/refund", refund, MANAGER),
    post("/orders/{id}/refund", ask_refund, MANAGER),
    post("/orders/{id}/cancel", cancel, MANAGER),
)
