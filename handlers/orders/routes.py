"""Hears money coming and going, marks of goods, and members asking for their orders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.context import Context
from bot.earning import DiscountDue
from bot.events import Event, MessageReceived
from bot.fulfilling import PaymentReminderAsked
from bot.outside import CHANNEL, ShopOrderTold, ShopRefundTold
from bot.routing import Routes
from bot.trading import (
    OrderArrived,
    OrderChanged,
    OrderMarkAsked,
    OrderPlaced,
    OrderRefunded,
    PaymentReceived,
    ReconcileDue,
    RefundAnswered,
    RefundAsked,
    RefundDue,
    RefundHandedOver,
    RefundRetryAsked,
)
from handlers.orders import actions, messages, outside, prices, refunds, rules
from storage import charges, orders, payments, reconciling, stock

ASKED = re.compile(r"(?:@\S+\s*)?(?:查一?下|看看)?我的订单[?？!！。]*|(?:@\S+\s*)?my orders[?.!]*", re.IGNORECASE)
LONGEST = 30
MOST_FEN = 100_000_000  # a payment beyond a million yuan is a mistake

routes = Routes("orders")


@dataclass(frozen=True, slots=True)
class OrdersWanted:
    """A member wants to know how their orders stand."""


def parse_orders_wanted(message: MessageReceived) -> OrdersWanted | None:
    text = message.text
    if not text or len(text) > LONGEST or not ASKED.fullmatch(text.strip()):
        return None
    return OrdersWanted()


@routes.message(parse_orders_wanted, writes=False)
def orders_wanted(ctx: Context, request: OrdersWanted) -> None:
    event = ctx.event
    if event.group_id is not None:
        messages.only_in_private(ctx.outbox, ctx.here)
        ctx.decide("answered", "only in private", 1.0)
        return
    mine = orders.find_of_member(ctx.session, ctx.sender().id, 5)
    lines = orders.find_lines(ctx.session, [row.id for row in mine])
    messages.my_orders(ctx.outbox, ctx.here, mine, lines)
    ctx.decide("answered", f"{len(mine)} orders", 1.0)


@routes.fact(PaymentReceived)
def payment_received(ctx: Context, fact: PaymentReceived) -> None:
    if not 0 < fact.amount_fen <= MOST_FEN or not 0 < len(fact.reference) <= 120 or len(fact.provider) > 20:
        ctx.decide("refused", "odd amount")
        return
    received_at = _time(fact.paid_at, fact.occurred_at)
    received = actions.payment_received(
        ctx.session, fact.order_id, fact.provider, fact.reference, fact.amount_fen, received_at=received_at, by=fact.by,
        cause=str(ctx.inbox_id), now=ctx.now,
    )
    if fact.charge_id:
        charges.mark_paid(ctx.session, fact.charge_id, ctx.now)
    for one in received.facts:
        ctx.emit(one)
    ctx.decide("done", received.outcome)


def _time(written: str, otherwise: datetime) -> datetime:
    """A provider's own time; ours where it is not one, or has no zone."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return otherwise
    return otherwise if moment.tzinfo is None else moment


@routes.fact(OrderPlaced)
def order_placed(ctx: Context, fact: OrderPlaced) -> None:
    """What costs nothing is paid for already."""
    if fact.total_fen == 0:
        for one in actions.settle(ctx.session, fact.order_id, str(ctx.inbox_id), ctx.now):
            ctx.emit(one)


@routes.fact(OrderChanged)
def order_changed(ctx: Context, fact: OrderChanged) -> None:
    actions.lock(ctx.session, fact.order_id)
    for one in actions.settle(ctx.session, fact.order_id, str(ctx.inbox_id), ctx.now, payments.PRICE_FELL):
        ctx.emit(one)


@routes.fact(RefundDue)
def refund_due(ctx: Context, fact: RefundDue) -> None:
    wanted = actions.owe(
        ctx.session, fact.order_id, fact.amount_fen, fact.why, fact.posting, ctx.now, fact.sku_id
    )
    for job in wanted:
        ctx.ask(job)
    ctx.decide("done", f"{len(wanted)} refunds")


@routes.fact(RefundAsked)
def refund_asked(ctx: Context, fact: RefundAsked) -> None:
    _follow(ctx, refunds.ask(
        ctx.session, fact.order_id, fact.amount_fen, fact.sku_id, fact.text or "", fact.by, str(ctx.inbox_id), ctx.now
    ))


@routes.fact(RefundAnswered)
def refund_answered(ctx: Context, fact: RefundAnswered) -> None:
    _follow(ctx, refunds.answered(
        ctx.session, fact.refund_id, fact.attempt, fact.outcome, fact.reference, fact.error, str(ctx.inbox_id), ctx.now
    ))


@routes.fact(RefundHandedOver)
def refund_handed_over(ctx: Context, fact: RefundHandedOver) -> None:
    _follow(ctx, refunds.handed_over(ctx.session, fact.refund_id, fact.by, str(ctx.inbox_id), ctx.now))


@routes.fact(RefundRetryAsked)
def refund_retry_asked(ctx: Context, fact: RefundRetryAsked) -> None:
    _follow(ctx, refunds.retry(ctx.session, fact.refund_id))


def _follow(ctx: Context, answered: refunds.Answered) -> None:
    for one in answered.facts:
        ctx.emit(one)
    if answered.job is not None:
        ctx.ask(answered.job, due_at=ctx.now + timedelta(seconds=answered.seconds))
    ctx.decide("refused" if answered.outcome in ("more_than_paid", "no_such_order") else "done", answered.outcome)


@routes.fact(OrderMarkAsked)
def order_mark_asked(ctx: Context, fact: OrderMarkAsked) -> None:
    if fact.mark == rules.UNDONE_MARK:
        facts, refused = actions.undo_receipt(ctx.session, fact.order_ids, fact.by, str(ctx.inbox_id), ctx.now)
    else:
        facts, refused = actions.mark(ctx.session, fact.order_ids, fact.mark, fact.by, str(ctx.inbox_id), ctx.now)
    for one in facts:
        ctx.emit(one)
    ctx.decide("refused" if refused and not facts else "done", ",".join(refused) or None)


@routes.fact(PaymentReminderAsked)
def payment_reminder_asked(ctx: Context, fact: PaymentReminderAsked) -> None:
    found = [order for order in actions.remind(ctx.session, fact.order_ids, fact.by, ctx.now) if order.channel != CHANNEL]
    for order in found:
        owed = order.total_fen - payments.sum_kept(ctx.session, [order.id])[order.id]
        messages.payment_reminder(ctx, order, owed, stock.find_expiry(ctx.session, order.id))
    ctx.decide("done", str(len(found)))


@routes.fact(OrderArrived)
def order_arrived(ctx: Context, fact: OrderArrived) -> None:
    messages.order_arrived(ctx.outbox, messages.alone(ctx), orders.get(ctx.session, fact.order_id))


@routes.fact(DiscountDue)
def discount_due(ctx: Context, fact: DiscountDue) -> None:
    """Who tells this holds the order's drop, and has seen that the order takes it."""
    facts = prices.apply_discount(ctx.session, fact.order_id, fact.unit, fact.unit, fact.amount_fen, str(ctx.inbox_id), ctx.now)
    if not facts:
        raise LookupError(f"{fact.order_id} takes no {fact.unit}")
    for one in facts:
        ctx.emit(one)


@routes.fact(OrderRefunded)
def order_refunded(ctx: Context, fact: OrderRefunded) -> None:
    if fact.channel != CHANNEL:  # a customer of the external shop whom we cannot reach
        messages.order_refunded(ctx.outbox, messages.alone(ctx), fact.order_id, fact.amount_fen)


@routes.fact(ReconcileDue)
def reconcile_due(ctx: Context, fact: ReconcileDue) -> None:
    money = reconciling.sum_money(ctx.session, fact.drop_id)
    problems = reconciling.find_problems(ctx.session, fact.drop_id)
    reconciling.keep(ctx.session, fact.drop_id, money, problems, ctx.now)
    ctx.decide("done", "adds up" if not problems else f"{len(problems)} problems")


@routes.fact(ShopOrderTold)
def shop_order_told(ctx: Context, fact: ShopOrderTold) -> None:
    became, facts = outside.order_told(ctx.session, fact, str(ctx.inbox_id), ctx.now)
    _told(ctx, became, facts, is_refused=became == "other_total")


@routes.fact(ShopRefundTold)
def shop_refund_told(ctx: Context, fact: ShopRefundTold) -> None:
    became, facts = outside.refund_told(ctx.session, fact, str(ctx.inbox_id), ctx.now)
    _told(ctx, became, facts, is_refused=became in ("no_such_order", "more_than_paid"))


def _told(ctx: Context, became: str, facts: list[Event], *, is_refused: bool) -> None:
    for one in facts:
        ctx.emit(one)
    ctx.decide("refused" if is_refused else "done", became)
