"""Makes facts about drops and orders: on the drop's lane, once for what led to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from bot.event import Event

Some = TypeVar("Some", bound=Event)


def lane_of(drop_id: str) -> str:
    """The lane on which everything about a drop runs in order."""
    return f"drop:{drop_id}"


def private(channel: str, member_id: str) -> str:
    """The conversation with one member alone."""
    return f"{channel}:p:{member_id.removeprefix(channel + ':')}"


def of_drop(kind: type[Some], drop_id: str, cause: str, now: datetime, **values: Any) -> Some:
    """A fact about a drop or its teams; `cause` is unique to what led to it, so that it is told once."""
    subject = values.get("team_id") or drop_id
    return kind(
        key=f"{kind.__name__}:{subject}:{cause}", lane=lane_of(drop_id), occurred_at=now, channel="",
        conversation=lane_of(drop_id), **{"drop_id": drop_id} | values,
    )


def of_money(kind: type[Some], order: Any | None, money_id: str, cause: str, now: datetime, **values: Any) -> Some:
    """A fact about a payment or refund: its order's, or, where it has none, on a lane of its own."""
    if order is not None:
        return of_order(kind, order, cause, now, **values)
    lane = lane_of(money_id)
    return kind(key=f"{kind.__name__}:{money_id}:{cause}", lane=lane, occurred_at=now, channel="", conversation=lane, **values)


def of_order(kind: type[Some], order: Any, cause: str, now: datetime, **values: Any) -> Some:
    """A fact about an order (a row or a mapping's values as attributes); its conversation is the member's own."""
    drop_id = order.drop_id or ""
    return kind(
        key=f"{kind.__name__}:{order.id}:{cause}", lane=lane_of(drop_id or order.id), occurred_at=now,
        channel=order.channel, conversation=private(order.channel, order.member_id), group_id=order.group_id,
        member_id=order.member_id, member_name=order.member_name, **{"order_id": order.id, "drop_id": drop_id} | values,
    )
