"""Hears orders being placed, paid, received and refunded, and lets attributions, commissions and coupons follow."""

from __future__ import annotations

import re

from bot.context import Context
from bot.earning import CommissionDue, DisputeDecisionAsked
from bot.events import MessageReceived
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
from handlers.rewards import actions, attributing, coupons, disputes, messages
from storage import campaigns
from storage.attributions import CORRECTED
from storage.terms import COUPON, POINTS

USE = re.compile(r"(?:@\S+\s*)?(?:(?:我要)?(用券|用优惠券|use coupon)|(?:我要)?(用积分|use points))[。.!！]?", re.IGNORECASE)
LONGEST = 30

routes = Routes("rewards")


def parse_use(message: MessageReceived) -> str | None:
    """The unit somebody wants to use: coupon or points."""
    text = message.text
    found = USE.fullmatch(text.strip()) if text and len(text) <= LONGEST else None
    return None if found is None else COUPON if found[1] else POINTS


@routes.message(parse_use)
def use(ctx: Context, unit: str) -> None:
    if ctx.event.group_id is not None:
        messages.coupon_in_private(ctx.outbox, ctx.here)
        ctx.decide("answered", "only in private", 1.0)
        return
    used = coupons.use(ctx.session, ctx.sender().id, unit, str(ctx.inbox_id), ctx.now)
    if not used.amount_fen:
        messages.coupon_none(ctx.outbox, ctx.here, unit)
        ctx.decide("answered", "nothing to use", 1.0)
        return
    messages.coupon_used(ctx.outbox, ctx.here, unit, used.amount_fen, used.order_id, used.total_fen)
    for one in used.facts:
        ctx.emit(one)
    ctx.decide("done", used.order_id, 1.0)


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
    if not campaigns.has_any(ctx.session):
        return
    cause = str(ctx.inbox_id)
    facts = actions.accrue(ctx.session, fact.order_id, cause, ctx.now) or actions.follow(ctx.session, fact.order_id, cause, ctx.now)
    coupons.follow(ctx.session, fact.order_id, cause, ctx.now)
    for one in facts:
        ctx.emit(one)


@routes.fact(OrderChanged)
def order_changed(ctx: Context, fact: OrderChanged) -> None:
    _follow(ctx, fact)


@routes.fact(OrderCancelled)
def order_cancelled(ctx: Context, fact: OrderCancelled) -> None:
    if campaigns.has_any(ctx.session):
        coupons.follow(ctx.session, fact.order_id, str(ctx.inbox_id), ctx.now)
        _follow(ctx, fact)


@routes.fact(RefundDue)
def refund_due(ctx: Context, fact: RefundDue) -> None:
    """Money owed back is not earned any more, whenever it reaches the member. Orders have written the refund already."""
    _follow(ctx, fact)


@routes.fact(OrderRefunded)
def order_refunded(ctx: Context, fact: OrderRefunded) -> None:
    _follow(ctx, fact)


def _follow(ctx: Context, fact: OrderFact) -> None:
    """A shop that never had a campaign has nothing that could follow, and pays nothing for it."""
    if not campaigns.has_any(ctx.session):
        return
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
