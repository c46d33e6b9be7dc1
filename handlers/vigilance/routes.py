"""Hears orders, payments, commissions and refunds, and looks at the referrer whenever one of theirs earns or comes back."""

from __future__ import annotations

from bot.context import Context
from bot.earning import CommissionAccrued
from bot.events import MemberJoined
from bot.referring import ClicksCame, VisitorKnown
from bot.routing import Routes
from bot.trading import OrderFact, OrderPaid, OrderPlaced, OrderRefunded, RefundDue
from handlers.vigilance import actions, seeing
from storage import campaigns, choices, commissions, orders

routes = Routes("vigilance")


@routes.fact(OrderPlaced)
def order_placed(ctx: Context, fact: OrderPlaced) -> None:
    if campaigns.has_any(ctx.session):
        seeing.order_seen(ctx.session, orders.get(ctx.session, fact.order_id), ctx.shop.sign_key)


@routes.fact(OrderPaid)
def order_paid(ctx: Context, fact: OrderPaid) -> None:
    if campaigns.has_any(ctx.session):
        seeing.payer_seen(ctx.session, orders.get(ctx.session, fact.order_id), ctx.shop.sign_key)


@routes.fact(CommissionAccrued)
def commission_accrued(ctx: Context, fact: CommissionAccrued) -> None:
    earners = {row.member_id for row in commissions.find_of_order(ctx.session, fact.order_id)}
    for member_id in sorted(earners | {orders.get(ctx.session, fact.order_id).member_id}):
        seeing.browsers_seen(ctx.session, member_id, ctx.shop.sign_key, ctx.now)
    _look(ctx, fact)


@routes.fact(RefundDue)
def refund_due(ctx: Context, fact: RefundDue) -> None:
    _look(ctx, fact)


@routes.fact(OrderRefunded)
def order_refunded(ctx: Context, fact: OrderRefunded) -> None:
    _look(ctx, fact)


def _look(ctx: Context, fact: OrderFact) -> None:
    if not campaigns.has_any(ctx.session):
        return
    referrer_id = actions.referrer_of(ctx.session, fact.order_id)
    if referrer_id is not None:
        actions.look(ctx.session, referrer_id, ctx.now)


@routes.fact(ClicksCame)
def clicks_came(ctx: Context, fact: ClicksCame) -> None:
    choices.void_touches(ctx.session, ctx.now)


@routes.fact(MemberJoined)
def member_joined(ctx: Context, fact: MemberJoined) -> None:
    choices.void_touches(ctx.session, ctx.now)


@routes.fact(VisitorKnown)
def visitor_known(ctx: Context, fact: VisitorKnown) -> None:
    choices.void_touches(ctx.session, ctx.now)
