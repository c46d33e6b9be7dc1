"""What a drop's page shows, read in one look from the rows that decide; of members only a masked name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from content.render import Words
from handlers.group_buy import messages, rules
from storage import drops, groups, orders, stock, teams
from storage.base import AnyRow
from storage.stock import OfferNow

SOON, OPEN, FULL, CLOSED, CANCELLED = "soon", "open", "full", "closed", "cancelled"
MOST_JOINED, MOST_TEAMS, TINTS = 8, 6, 8
WEB = "web:"


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing a drop offers; `left` is None without a bound."""

    mark: str
    sku_id: str
    name: str
    price_fen: int
    list_fen: int
    deposit_fen: int | None
    left: int | None
    tiers: tuple[tuple[int, int, bool], ...]  # heads, fen, reached


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drop is. kind: goal, tier, units, heads; `fen` is the next tier's price."""

    kind: str
    done: int
    of: int = 0
    fen: int = 0

    @property
    def missing(self) -> int:
        return max(0, self.of - self.done)

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.of) if self.of else 0


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who joined, as everybody may see them."""

    face: str
    name: str
    tint: int
    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Forming:
    """A team with room."""

    code: str
    face: str
    name: str
    size: int
    missing: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DropView:
    """All a page of a drop shows. `group_id`: the group of ours in the browser that a visitor joins with; `is_for_others`:
    the drop is for groups elsewhere only, where it is joined by a word."""

    drop: AnyRow
    state: str
    offers: list[Offered]
    progress: Progress
    heads: int
    joined: list[Joined]
    teams: list[Forming]
    rules: list[str]
    group_id: str | None
    group_name: str
    is_for_others: bool

    @property
    def code(self) -> str:
        return str(self.drop.code)


def find(session: Session, words: Words, named: str, language: str, now: datetime) -> DropView | None:
    """The drop of an id or a code; None where there is none, or none that members may see yet."""
    drop = drops.find(session, named) if named.startswith("drp_") else drops.find_by_code(session, named)
    if drop is None or drop.status == drops.DRAFT:
        return None
    return _view(session, words, drop, language, now)


def _view(session: Session, words: Words, drop: AnyRow, language: str, now: datetime) -> DropView:
    steps, rows = drops.find_steps(session, drop.id), drops.find_offers(session, drop.id)
    offers = [_offered(one, drop.reached, steps) for one in stock.find_offers(session, drop.id)]
    heads = orders.count_heads(session, drop.id, is_paid=False)
    audience = drops.find_groups(session, drop.id)
    group = _web_group(session, audience)
    forming = teams.find_forming(session, drop.id) if drop.kind == drops.TEAM else ()
    latest = orders.find_latest(session, drop.id, MOST_JOINED)
    roomy = [one for one in forming if one.seats < one.size and now < one.expires_at][:MOST_TEAMS]
    return DropView(
        drop, state_of(drop, offers, now), offers, _progress(session, drop, rows, steps, heads), heads,
        [_joined(row) for row in latest], _teams(session, drop, roomy),
        messages.rules_text(session, words, drop, language).split("\n"),
        None if group is None else group.id, "" if group is None else group.name, bool(audience) and group is None,
    )


def state_of(drop: AnyRow, offers: Sequence[Offered], now: datetime) -> str:
    """What a visitor can do: wait, join, or nothing more."""
    if drop.status == drops.CANCELLED:
        return CANCELLED
    if drop.status == drops.SCHEDULED:
        return SOON
    if not rules.is_open(drop, now):
        return CLOSED
    return FULL if offers and all(one.left == 0 for one in offers) else OPEN


def _offered(offer: OfferNow, reached: int, steps: Sequence[AnyRow]) -> Offered:
    tiers = tuple((one.at, one.fen, one.at <= reached) for one in steps if one.kind == "tier" and one.sku_id == offer.sku_id)
    left = None if offer.free is None else max(0, offer.free)
    price = rules.unit_price(offer, reached, steps)
    return Offered(offer.mark, offer.sku_id, offer.name, price, offer.list_fen, offer.deposit_fen, left, tiers)


def _progress(session: Session, drop: AnyRow, rows: Sequence[AnyRow], steps: Sequence[AnyRow], heads: int) -> Progress:
    """Where a drop waits for heads, only those count that the rules count."""
    tiers = {one.at: one.fen for one in steps if one.kind == "tier"}
    if drop.goal or tiers:
        counted = orders.count_heads(session, drop.id, is_paid=True) if rules.counts_when_paid(drop) else heads
        if drop.goal:
            return Progress("goal", counted, drop.goal)
        ahead = min((at for at in tiers if at > max(counted, drop.reached)), default=0)
        return Progress("tier", counted, ahead, tiers[ahead]) if ahead else Progress("heads", counted)
    limits = [one.stock_limit for one in rows]
    if limits and None not in limits:
        return Progress("units", sum(one.taken for one in rows), sum(limits))
    return Progress("heads", heads)


def _web_group(session: Session, audience: set[str]) -> groups.Group | None:
    found = (groups.find(session, one) for one in sorted(audience) if one.startswith(WEB))
    return next((one for one in found if one is not None and one.closed_at is None), None)


def _teams(session: Session, drop: AnyRow, rows: Sequence[AnyRow]) -> list[Forming]:
    if not rows:
        return []
    names = {row.member_id: row.member_name for row in orders.find_alive(session, drop.id, [one.lead_id for one in rows])}
    shown = [(one, mask(names.get(one.lead_id, ""))) for one in rows]
    return [Forming(one.code, name[0], name, one.size, one.size - one.seats, one.expires_at) for one, name in shown]


def _joined(row: AnyRow) -> Joined:
    name = mask(row.member_name)
    return Joined(name[0], name, sum(row.member_id.encode()) % TINTS, int(row.things or 0), row.placed_at)


def mask(name: str) -> str:
    """The first letter of a name and a star: «小*». What has no letter is all star, a digit too, for a phone's sake."""
    first = next((one for one in name if one.isalnum()), "")
    return f"{first}*" if first.isalpha() else "**"
