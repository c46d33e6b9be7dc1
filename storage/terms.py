"""The terms of a campaign as frozen values: whom an order is credited to, what for, how much, and when it is theirs."""

from __future__ import annotations

from dataclasses import dataclass

LAST, FIRST, BOUND = "last", "first", "bound"  # which touch wins: the last in the window, the first, or one that binds
RULES = (LAST, FIRST, BOUND)
FRIEND, REFERRER, UPPER = 0, 1, 2  # who earns: the buyer, who brought them, who brought that one; never further
LEVELS = (FRIEND, REFERRER, UPPER)
FEN, POINTS, COUPON = "fen", "points", "coupon"  # what is earned: commission in fen, points, or coupon fen
UNITS = (FEN, POINTS, COUPON)
ORDER, FIRST_ORDER, TEAM = "order", "first_order", "team"  # what earns it; never a head-count, never a fee
OCCASIONS = (ORDER, FIRST_ORDER, TEAM)
PERCENT, FLAT = "percent", "flat"
SHOP, DROP, PRODUCT = "shop", "drop", "product"
SCOPES = (SHOP, DROP, PRODUCT)
WHOLE = 10_000  # basis points: 500 is five in a hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """One rule: `amount` is basis points of what was paid for the goods (percent; points: so many points per 10,000 fen),
    or a flat amount an order. `scope` says which goods it is for, `target` which drop or product (empty: the shop's all)."""

    level: int
    unit: str = FEN
    kind: str = PERCENT
    amount: int = 0
    occasion: str = ORDER
    scope: str = SHOP
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of a campaign's terms; it never changes. `protection_days` is for the rule «bound»; `top_level` is 2
    only where the shop switched the second level on; budget and cap bound the commission (fen) promised under them, of
    the campaign and of one member, None: no bound."""

    campaign_id: str
    version: int
    rule: str = LAST
    window_days: int = 30
    protection_days: int = 0
    after_sale_days: int = 7
    top_level: int = REFERRER
    budget_fen: int | None = None
    member_cap_fen: int | None = None
    rewards: tuple[Reward, ...] = ()
