"""Hears orders, payments, commissions and refunds, and looks at the referrer whenever one of theirs earns or comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot import personal_links
from bot.choosing import ReferralChoiceAsked
from bot.context import Context
from bot.earning import CommissionAccrued
from bot.events import MemberJoined, MessageReceived
from bot.referring import ClicksCame, VisitorKnown
from bot.routing import Routes
from bot.trading import (
    OrderCancelled,
    OrderFact,
    OrderPaid,
    OrderPlaced,
    OrderReceived,
    OrderRefunded,
    RefundDue,
)
from handlers.vigilance import actions, choosing, messages, seeing
from storage import campaigns, choices, commissions, orders

routes = Routes("vigilance")
ASKED = re.compile(r"(?:我的)?推广(?:中心|数据|页面?)?|我的(?:佣金|奖励|推荐)|my (?:referrals?|rewards?|commissions?)", re.IGNORECASE)
LONGEST = 20


@dataclass(frozen=True, slots=True)
class PageWanted:
    """A member asks for their own page of referring."""


def parse_page_wanted(message: MessageReceived) -> PageWanted | None:
    text = message.text
    if not text or len(text) > LONGEST or message.member_id is None or not ASKED.fullmatch(text.strip()):
        return None
    return PageWanted()


@routes.message(parse_page_wanted, writes=False)
def page_wanted(ctx: Context, request: PageWanted) -> None:
    """The page's address opens what is the member's alone, so it is never said in a group."""
    if ctx.event.group_id is not None:
        messages.page_in_private(ctx.outbox, ctx.here)
    else:
        token = personal_links.give(ctx.shop.secret, ctx.event.member_id or "", ctx.now)
        messages.page(ctx.outbox, ctx.here, f"{ctx.shop.base_url}/me/referral?k={token}")
    ctx.decide("answered", "my referrals", 1.0)


@routes.fact(OrderPlaced)
def order_placed(ctx: Context, fact: OrderPlaced) -> None:
    if campaigns.has_any(ctx.session):
        seeing.order_seen(ctx.session, orders.get(ctx.session, fact.order_id), ctx.shop.secret)


@routes.fact(OrderPaid)
def order_paid(ctx: Context, fact: OrderPaid) -> None:
    if campaigns.has_any(ctx.session):
        seeing.payer_seen(ctx.session, orders.get(ctx.session, fact.order_id), ctx.shop.secret)


@routes.fact(CommissionAccrued)
def commission_accrued(ctx: Context, fact: CommissionAccrued) -> None:
    earners = {row.member_id for row in commissions.find_of_order(ctx.session, fact.order_id)}
    for member_id in sorted(earners | {orders.get(ctx.session, fact.order_id).member_id}):
        seeing.browsers_seen(ctx.session, member_id, ctx.shop.secret, ctx.now)
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
    _came(ctx, fact.member_id, fact.visitor)
    choices.void_touches(ctx.session, ctx.now)


@routes.fact(VisitorKnown)
def visitor_known(ctx: Context, fact: VisitorKnown) -> None:
    _came(ctx, fact.member_id, fact.visitor_id)
    choices.void_touches(ctx.session, ctx.now)


def _came(ctx: Context, member_id: str | None, visitor_id: str) -> None:
    if member_id and visitor_id and campaigns.has_any(ctx.session):
        seeing.browser_came(ctx.session, member_id, visitor_id, ctx.shop.secret, ctx.now)


@routes.fact(ReferralChoiceAsked)
def choice_asked(ctx: Context, fact: ReferralChoiceAsked) -> None:
    refused = choosing.choose(ctx.session, fact.member_id or "", fact.choice, ctx.now, gives_up=fact.gives_up)
    ctx.decide("refused" if refused else "done", refused or fact.choice)


@routes.fact(OrderReceived)
def order_received(ctx: Context, fact: OrderReceived) -> None:
    choosing.order_done(ctx.session, fact.order_id)


@routes.fact(OrderCancelled)
def order_cancelled(ctx: Context, fact: OrderCancelled) -> None:
    choosing.order_done(ctx.session, fact.order_id)
