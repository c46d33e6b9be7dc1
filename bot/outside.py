"""What an external shop tells us through its webhook, as frozen facts; each is kept once for its source and id."""

from __future__ import annotations

from dataclasses import dataclass

from bot.event import Event

CHANNEL = "shop"  # of events, and of members whom we do not know on any channel of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProductTold(Event):
    """A product as the shop has it now; `product` is its JSON as in docs/hooks.md."""

    source: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrderTold(Event):
    """An order as the shop has it now: `number` is the shop's, `status` placed, paid, received or cancelled; the lines'
    `skus`, `names`, `quantities` and `units_fen` belong together. The member is ours where one was named."""

    source: str = ""
    number: str = ""
    status: str = ""
    skus: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    quantities: tuple[int, ...] = ()
    units_fen: tuple[int, ...] = ()
    total_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRefundTold(Event):
    """The shop gave money of an order back, under its own number."""

    source: str = ""
    number: str = ""
    refund: str = ""
    amount_fen: int = 0


EVENTS: tuple[type[Event], ...] = (ShopProductTold, ShopOrderTold, ShopRefundTold)
