"""Hears orders being placed, paid, received and refunded, and lets attributions and commissions follow."""

from __future__ import annotations

from bot.context import Context
from bot.earning import CommissionDue, DisputeDecisionAsked
from bot.fulfilling import OrderReceiptUndone
from bot.routing import Routes
from bot.trading import (
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderFact,
    OrderPaid,
    OrderPlaced,
    OrderReceived,
    OrderRefunded,
    RefundDue,
)
from handlers.rewards import actions, attributing, disputes
from storage.attributions import CORRECTED

routes = Routes("rewards")


@routes.fact(OrderPlaced)
def order_placed(ctx: Context, fact: OrderPlaced) -> None:
    for one in attributing.attribute_order(ctx.session, fact.order_id, str(ctx.inbox_id), ctx.now):
        ctx.emit(one)


@routes.fact(OrderPaid)
def order_paid(ctx: Context, fact: OrderPaid) -> None:
    _earn(ctx, fact)


@routes.fact(OrderConfirmed)
def order_confirmed(ctx: Context, fact: OrderConfirmed) -> None:
    _earn(ctx, fact)


def _earn(ctx: Context, fact: OrderFact) -> None:
    cause = str(ctx.inbox_id)
    facts = actions.accrue(ctx.session, fact.order_id, cause, ctx.now) or actions.follow(ctx.session, fact.order_id, cause, ctx.now)
    for one in facts:
        ctx.emit(one)


@routes.fact(OrderChanged)
def order_changed(ctx: Context, fact: OrderChanged) -> None:
    _follow(ctx, fact)


@routes.fact(OrderCancelled)
def order_cancelled(ctx: Context, fact: OrderCancelled) -> None:
    _follow(ctx, fact)


@routes.fact(RefundDue)
def refund_due(ctx: Context, fact: RefundDue) -> None:
    """Money owed back is not earned any more, whenever it reaches the member. Orders have written the refund already."""
    _follow(ctx, fact)


@routes.fact(OrderRefunded)
def order_refunded(ctx: Context, fact: OrderRefunded) -> None:
    _follow(ctx, fact)


def _follow(ctx: Context, fact: OrderFact) -> None:
    for one in actions.follow(ctx.session, fact.order_id, str(ctx.inbox_id), ctx.now):
        ctx.emit(one)


@routes.fact(OrderReceived)
def order_received(ctx: Context, fact: OrderReceived) -> None:
    actions.goods_received(ctx.session, fact.order_id, ctx.now)


@routes.fact(OrderReceiptUndone)
def order_receipt_undone(ctx: Context, fact: OrderReceiptUndone) -> None:
    actions.receipt_undone(ctx.session, fact.order_id)


@routes.fact(CommissionDue)
def commission_due(ctx: Context, fact: CommissionDue) -> None:
    count = actions.make_payable(ctx.session, fact.order_id, str(ctx.inbox_id), ctx.now)
    ctx.decide("done", f"{count} payable")


@routes.fact(DisputeDecisionAsked)
def dispute_decision_asked(ctx: Context, fact: DisputeDecisionAsked) -> None:
    answer, cause = fact.text or "", str(ctx.inbox_id)
    if fact.decision == CORRECTED:
        decided = disputes.correct(ctx.session, fact.dispute_id, fact.referrer_id, answer, fact.by, cause, ctx.now)
    else:
        decided = disputes.dismiss(ctx.session, fact.dispute_id, answer, fact.by, ctx.now)
    for one in decided.facts:
        ctx.emit(one)
    ctx.decide("done" if decided.outcome == "done" else "refused", decided.outcome)
