"""What happens to attributions and commissions, as frozen facts beside those of bot/trading.py."""

from __future__ import annotations

from dataclasses import dataclass

from bot.event import Event
from bot.trading import OrderFact


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAttributed(OrderFact):
    """Who brought an order was decided: `referrer_id` (empty: nobody), and the reason's code."""

    referrer_id: str = ""
    campaign_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionAccrued(OrderFact):
    """An order began to earn: the commissions' ids."""

    commission_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionReversed(OrderFact):
    """Money went back, and commission with it: so many fen less."""

    amount_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionDue(OrderFact):
    """The after-sale days of an order are over: its pending commissions become payable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionCorrected(OrderFact):
    """An admin settled a dispute in favour of somebody else (empty: of nobody)."""

    referrer_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecisionAsked(Event):
    """An admin decides a dispute about who brought an order. decision: corrected (to `referrer_id`; empty: to nobody) or
    dismissed. The text is the answer to the member."""

    dispute_id: int = 0
    decision: str = ""
    referrer_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountDue(OrderFact):
    """A coupon or points (`unit`) were used for an order: so much comes off it."""

    unit: str = ""
    amount_fen: int = 0


EVENTS: tuple[type[Event], ...] = (
    OrderAttributed, CommissionAccrued, CommissionReversed, CommissionDue, AttributionCorrected, DisputeDecisionAsked, DiscountDue,
)
