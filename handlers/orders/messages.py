"""Says how orders stand, to the member alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot import member_links
from bot.context import Context
from bot.outbox import NOTICE, Conversation, Outbox
from bot.telling import private
from storage import orders
from storage.base import AnyRow


def alone(ctx: Context) -> Conversation:
    """The conversation with the member of a fact; order state is never said in a group."""
    language = ctx.settings.language if ctx.settings is not None else ctx.shop.language
    return Conversation(ctx.event.conversation, ctx.event.channel, None, ctx.event.member_id, language)


def only_in_private(outbox: Outbox, here: Conversation) -> None:
    outbox.say(here, "orders/only_in_private", mention=here.member_id)


def my_orders(ctx: Context, mine: Sequence[AnyRow], lines: Mapping[str, Sequence[AnyRow]]) -> None:
    shown = [
        {
            "id": row.id, "status": row.status, "is_confirmed": row.confirmed_at is not None, "total_fen": row.total_fen,
            "has_arrived": row.arrived_at is not None, "lines": [(line.name, line.quantity) for line in lines[row.id]],
            "link": _link(ctx, row) if row.status in orders.ALIVE and row.drop_id else "",
        }
        for row in mine
    ]
    ctx.outbox.say(ctx.here, "orders/my_orders", orders=shown)


def _link(ctx: Context, order: AnyRow) -> str:
    """Where the member sees the order, pays it, and finds its pick-up code."""
    return member_links.link_to_say(ctx.shop.base_url, ctx.shop.secret, order.channel, order.id)


def order_arrived(ctx: Context, order: AnyRow) -> None:
    code = member_links.pickup_code(ctx.shop.secret, order.id) if ctx.shop.secret else ""
    ctx.outbox.say(
        alone(ctx), "orders/order_arrived", code=code, link=_link(ctx, order), priority=NOTICE, order_id=order.id, pickup_point=order.pickup_point,
        owed_fen=order.total_fen if order.status == "placed" else 0,
    )


def order_refunded(outbox: Outbox, here: Conversation, order_id: str, amount_fen: int) -> None:
    outbox.say(here, "orders/order_refunded", priority=NOTICE, order_id=order_id, amount_fen=amount_fen)


def payment_reminder(ctx: Context, order: AnyRow, owed_fen: int, expires_at: datetime | None) -> None:
    """Said to the member alone, whoever's event it was."""
    here = Conversation(private(order.channel, order.member_id), order.channel, None, order.member_id, alone(ctx).language)
    ctx.outbox.say(
        here, "orders/payment_reminder", priority=NOTICE, order_id=order.id, owed_fen=owed_fen, pays=order.pays,
        pickup_point=order.pickup_point, expires_at=expires_at, link=_link(ctx, order) if order.drop_id else "",
    )
