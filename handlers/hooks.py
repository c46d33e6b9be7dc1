"""Tells the shop's own systems what happens to orders: asks for one call of every target, signed and tried again."""

from __future__ import annotations

import json

from bot.context import Context
from bot.jobs import HookWanted
from bot.routing import Routes
from bot.trading import OrderFact, OrderPaid, OrderPlaced, OrderReceived, OrderRefunded
from storage import orders

routes = Routes("hooks")


@routes.fact(OrderPlaced)
def order_placed(ctx: Context, fact: OrderPlaced) -> None:
    _tell(ctx, fact, "order.placed", total_fen=fact.total_fen)


@routes.fact(OrderPaid)
def order_paid(ctx: Context, fact: OrderPaid) -> None:
    _tell(ctx, fact, "order.paid", total_fen=fact.total_fen)


@routes.fact(OrderRefunded)
def order_refunded(ctx: Context, fact: OrderRefunded) -> None:
    _tell(ctx, fact, "order.refunded", refund_id=fact.refund_id, amount_fen=fact.amount_fen)


@routes.fact(OrderReceived)
def order_received(ctx: Context, fact: OrderReceived) -> None:
    _tell(ctx, fact, "order.received")


def _tell(ctx: Context, fact: OrderFact, kind: str, **more: str | int) -> None:
    if not ctx.shop.hook_targets:
        return
    lines = orders.find_lines(ctx.session, [fact.order_id])[fact.order_id]
    data = {
        "order_id": fact.order_id, "drop_id": fact.drop_id, "member_id": fact.member_id, **more,
        "lines": [{"sku_id": one.sku_id, "name": one.name, "quantity": one.quantity, "unit_fen": one.unit_fen} for one in lines],
    }
    told = {"id": fact.key, "type": kind, "created_at": ctx.now.isoformat(), "data": data}
    for place in range(ctx.shop.hook_targets):
        ctx.ask(HookWanted(key=f"hook-out:{place}:{fact.key}"[:200], target=place, body=json.dumps(told, ensure_ascii=False)))
