"""A drop's stall while claims are settled: who wants what, what is left, which team has room. Pure: no session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handlers.group_buy import rules
from handlers.group_buy.rules import No, Priced
from storage.base import AnyRow
from storage.drops import TEAM
from storage.stock import OfferNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one member asks of a drop. `cause` is unique to the asking; mode: add or set; `team` is a code, «new» or empty."""

    cause: str
    channel: str
    group_id: str | None
    member_id: str
    member_name: str
    lines: Mapping[str, int]
    mode: str = "add"
    team: str = ""
    if_late: str = "refund"
    source: str = "talk"
    pickup_point: str = ""
    address: str | None = None
    note: str = ""


@dataclass(slots=True)
class TeamNow:
    """A forming team with what room it has."""

    id: str
    code: str
    group_id: str | None
    lead_id: str
    free: int
    expires_at: datetime
    is_new: bool = False
    taken: int = 0


@dataclass(slots=True)
class Basket:
    """A member's order in the drop. `why_fixed`: why its lines stay as they are (paid_already, bargained), or empty."""

    order_id: str
    lines: dict[str, int]
    less_fen: int = 0
    why_fixed: str = ""
    is_seated: bool = False  # in a team that still forms


@dataclass(frozen=True, slots=True)
class Sold:
    """A claim accepted: the order with its lines from now on (empty: taken back), and the team it has a new seat in."""

    claim: Claim
    order_id: str
    is_new: bool
    lines: dict[str, int]
    priced: Priced | None
    team: TeamNow | None


@dataclass(slots=True)
class Stall:
    """Everything needed to settle claims on one drop, at most one a member."""

    drop: AnyRow
    offers: dict[str, OfferNow]
    steps: Sequence[AnyRow]
    audience: set[str]
    present: set[str]  # members of the audience's groups, where a claim came from elsewhere
    baskets: dict[str, list[Basket]]
    teams: list[TeamNow]
    now: datetime
    new_id: Callable[[str], str]
    new_code: Callable[[], str]
    taken: Counter[str] = field(default_factory=Counter)

    def settle(self, claim: Claim) -> Sold | No:
        """Accept a claim or say why not; what is accepted is taken off what is left."""
        refused = self._refuse(claim)
        if refused is not None:
            return refused
        mine = self.baskets.get(claim.member_id, [])
        changeable = next((one for one in mine if not one.why_fixed), None)
        wanted = self._wanted(claim, mine, changeable)
        if isinstance(wanted, No):
            return wanted
        before = Counter(changeable.lines if changeable else {})
        more = Counter(wanted)
        more.subtract(before)
        short = self._short(more) or self._over_limit(mine, more)
        if short is not None:
            return short
        if changeable is None and not wanted:
            return No("nothing_to_take_back")
        team = None
        if changeable is None and self.drop.kind == TEAM:
            found = self._team(claim, mine)
            if isinstance(found, No):
                return found
            team = found
            team.free, team.taken = team.free - 1, team.taken + 1
        self.taken.update(more)
        priced = None
        if wanted:
            less = changeable.less_fen if changeable else 0
            priced = rules.price(wanted, self.offers, self.drop.reached, self.steps, less)
        order_id = changeable.order_id if changeable else self.new_id("ord")
        return Sold(claim, order_id, changeable is None, wanted, priced, team)

    def _refuse(self, claim: Claim) -> No | None:
        if not rules.is_open(self.drop, self.now):
            return No("not_open")
        if self.audience and claim.group_id not in self.audience and claim.member_id not in self.present:
            return No("not_for_you")
        unknown = [sku_id for sku_id in claim.lines if sku_id not in self.offers]
        if unknown or not claim.lines:
            return No("unknown_offer")
        least = 0 if claim.mode == "set" else 1
        odd = [count for count in claim.lines.values() if not least <= count <= rules.MOST]
        return No("odd_amount", number=odd[0]) if odd else None

    def _wanted(self, claim: Claim, mine: list[Basket], changeable: Basket | None) -> dict[str, int] | No:
        """The lines the changeable (or new) order has afterwards; «set» speaks of all the member's orders together."""
        wanted = Counter(changeable.lines if changeable else {})
        if claim.mode == "add":
            wanted.update(claim.lines)
        else:
            fixed: Counter[str] = Counter()
            for basket in mine:
                fixed.update(basket.lines if basket.why_fixed else {})
            for sku_id, count in claim.lines.items():
                if count < fixed[sku_id]:
                    why = next(one.why_fixed for one in mine if one.why_fixed and sku_id in one.lines)
                    return No(why, number=fixed[sku_id])
                wanted[sku_id] = count - fixed[sku_id]
        too_many = [count for count in wanted.values() if count > rules.MOST]
        if too_many:
            return No("odd_amount", number=too_many[0])
        return {sku_id: count for sku_id, count in wanted.items() if count > 0}

    def _short(self, more: Mapping[str, int]) -> No | None:
        for sku_id, count in more.items():
            offer = self.offers[sku_id]
            if count > 0 and offer.free is not None and self.taken[sku_id] + count > offer.free:
                return No("sold_out", offer.name, max(0, offer.free - self.taken[sku_id]))
        return None

    def _over_limit(self, mine: list[Basket], more: Mapping[str, int]) -> No | None:
        limit = self.drop.per_member
        had = sum(sum(basket.lines.values()) for basket in mine)
        if limit is not None and sum(more.values()) > 0 and had + sum(more.values()) > limit:
            return No("too_many", number=limit)
        return None

    def _team(self, claim: Claim, mine: list[Basket]) -> TeamNow | No:
        """The team a new order gets its seat in; a member has one seat in a team."""
        if any(basket.is_seated for basket in mine):
            return No("seated_already")
        if claim.team not in ("", "new"):
            named = next((team for team in self.teams if team.code == claim.team), None)
            if named is None or self.now >= named.expires_at:
                return No("team_over", code=claim.team)
            return named if named.free > 0 else No("team_full", code=claim.team)
        roomy = [
            team for team in self.teams
            if team.free > 0 and self.now < team.expires_at and (not self.drop.has_one_team or team.group_id == claim.group_id)
        ]
        if roomy and (claim.team == "" or self.drop.has_one_team):
            return roomy[0]
        fresh = TeamNow(
            self.new_id("tem"), self.new_code(), claim.group_id, claim.member_id, self.drop.team_size,
            rules.team_until(self.drop, self.now), is_new=True,
        )
        self.teams.append(fresh)
        return fresh
