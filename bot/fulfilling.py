"""What operators do while goods and stray money find their members, as frozen facts beside those of bot/trading.py."""

from __future__ import annotations

from dataclasses import dataclass

from bot.event import Event
from bot.trading import OrderFact


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReminderAsked(Event):
    """An operator reminds members of orders not paid yet, each alone and at most once a day."""

    order_ids: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceiptUndone(OrderFact):
    """A receipt was ticked by mistake: the goods are still with us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayAssignAsked(Event):
    """An operator knows whose order a payment without one was for. Its lane is the order's."""

    payment_id: str = ""
    order_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReturnAsked(Event):
    """An operator gives back a payment that belongs to no order."""

    payment_id: str = ""
    by: str = ""


EVENTS: tuple[type[Event], ...] = (PaymentReminderAsked, OrderReceiptUndone, StrayAssignAsked, StrayReturnAsked)
