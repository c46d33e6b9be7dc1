"""What a drop allows and costs: pure rules over figures, told the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.base import AnyRow
from storage.drops import BEFORE, GROUP, OPEN, PICKUP, TEAM
from storage.stock import OfferNow

MOST = 999  # of one SKU in one order; more is a slip of the hand
OPEN_HOURS = 48  # a drop without an end closes after this

UNPAID, NOT_FORMED, NO_GOAL = "not paid in time", "team not formed", "goal not met"  # why the rules end an order
KEEPS_LATER = (TEAM, GROUP)  # kinds whose promise depends on others; all the rest confirm an order by itself


@dataclass(frozen=True, slots=True)
class Priced:
    """What lines cost: one unit of each SKU, the threshold's discount, the total, and what is due first."""

    units: dict[str, int]
    threshold_fen: int
    total_fen: int
    deposit_fen: int


@dataclass(frozen=True, slots=True)
class No:
    """A rule's no: `why` is a short name (sold_out, too_many …) that the words and the log use, with its figures."""

    why: str
    name: str = ""
    number: int = 0
    code: str = ""


def is_open(drop: AnyRow, now: datetime) -> bool:
    return bool(drop.status == OPEN and (drop.closes_at is None or now < drop.closes_at))


def unit_price(offer: OfferNow, reached: int, steps: Sequence[AnyRow]) -> int:
    """What one costs now: the drop's price, or that of the highest tier the drop has reached."""
    tiers = [step.fen for step in steps if step.kind == "tier" and step.sku_id == offer.sku_id and step.at <= reached]
    lowest: int = min([offer.price_fen, *tiers])
    return lowest


def threshold(goods_fen: int, steps: Sequence[AnyRow]) -> int:
    """What the highest threshold met takes off."""
    met = [step.fen for step in steps if step.kind == "threshold" and step.at <= goods_fen]
    return min(goods_fen, max(met, default=0))


def price(
    lines: Mapping[str, int], offers: Mapping[str, OfferNow], reached: int, steps: Sequence[AnyRow], less_fen: int = 0
) -> Priced:
    """Price lines; `less_fen` is what cuts, coupons and points take off already."""
    units = {sku_id: unit_price(offers[sku_id], reached, steps) for sku_id in lines}
    goods = sum(units[sku_id] * count for sku_id, count in lines.items())
    off = threshold(goods, steps)
    total = max(0, goods - off - less_fen)
    first = sum((offers[sku_id].deposit_fen or 0) * count for sku_id, count in lines.items())
    return Priced(units, off, total, min(first, total))


def hold_until(drop: AnyRow, now: datetime) -> datetime | None:
    """Until when an unpaid place is kept; None where it is paid at pick-up."""
    if drop.pays == PICKUP:
        return None
    if drop.hold_minutes is None:
        ends: datetime | None = drop.closes_at
        return ends
    return now + timedelta(minutes=drop.hold_minutes)


def team_until(drop: AnyRow, now: datetime) -> datetime:
    """When a team opened now has to be formed: after its hours, and never after the drop."""
    ends = now + timedelta(hours=drop.team_hours)
    return ends if drop.closes_at is None else min(ends, drop.closes_at)


def confirms_at_once(drop: AnyRow) -> bool:
    """Is an order of this drop kept as soon as it is placed? Only where it is paid at pick-up and waits for nobody."""
    return drop.pays == PICKUP and drop.kind not in KEEPS_LATER


def counts_when_paid(drop: AnyRow) -> bool:
    return bool(drop.pays == BEFORE)


def next_cut(steps: Sequence[AnyRow], helped: int) -> int | None:
    """What the next helper of a bargain takes off; None after the last published cut."""
    cuts = {step.at: step.fen for step in steps if step.kind == "cut"}
    return cuts.get(helped + 1)


def tier_reached(steps: Sequence[AnyRow], heads: int) -> int:
    """The highest head-count with a price of its own that is met."""
    return max((step.at for step in steps if step.kind == "tier" and step.at <= heads), default=0)


def advised_thresholds(average_fen: int) -> tuple[int, int]:
    """Where a threshold discount helps: 1.2 and 1.5 times the average order, up to whole yuan."""
    return -(-average_fen * 12 // 1000) * 100, -(-average_fen * 15 // 1000) * 100


def faults_of(values: Mapping[str, object], offers: Sequence[Mapping[str, object]], steps: Sequence[Mapping[str, object]]) -> list[str]:
    """Why a drop cannot be opened as it is written; empty when it can."""
    kind, found = values.get("kind"), []
    if not offers:
        found.append("no_offers")
    if kind == TEAM and not values.get("team_size"):
        found.append("no_team_size")
    if kind == GROUP and not values.get("goal"):
        found.append("no_goal")
    wanted = {"tier": "tier", "threshold": "threshold", "bargain": "cut"}.get(str(kind))
    if wanted and not any(step.get("kind") == wanted for step in steps):
        found.append(f"no_{wanted}")
    if kind == "presale" and (not values.get("balance_due_at") or not all(one.get("deposit_fen") for one in offers)):
        found.append("no_deposit")
    if kind == "flash" and any(one.get("stock_limit") is None for one in offers):
        found.append("no_stock_limit")
    return found
