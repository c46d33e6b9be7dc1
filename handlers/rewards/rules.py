"""Who brought an order: pure rules over the touches that were kept, the same answer whenever they are asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from storage.terms import BOUND, DROP, FIRST, PRODUCT, SHOP, Terms

LOOK_BACK = timedelta(days=365)  # older touches are not looked at
MOST_TOUCHES = 50  # of them the latest
# Why a touch won or lost.
WON, OWN, VOID, EXPIRED, ELSEWHERE = "won", "own", "void", "expired", "elsewhere"
EARLIER, LATER, PROTECTED, REBOUND, RENEWED = "earlier", "later", "protected", "rebound", "renewed"
NO_TOUCH = "no_touch"


class Touch(Protocol):
    """What the rules need of a touch; the rows of storage/touches.py have it."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def referrer_id(self) -> str: ...
    @property
    def campaign_id(self) -> str: ...
    @property
    def void_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """Who brought somebody: the touch that won (None: nobody), a reason code, and each touch's verdict, oldest first."""

    reason: str
    touch: Touch | None
    line: tuple[tuple[int, str], ...]


def attribute(terms: Terms, touches: Sequence[Touch], own: Collection[str], placed_at: datetime) -> Answer:
    """Which of the touches (oldest first, none after `placed_at`) the terms' rule credits; `own` are the members who are
    the buyer: nobody brings themselves."""
    looked_at = touches[-MOST_TOUCHES:]
    verdicts: dict[int, str] = {}
    fit: list[Touch] = []
    window = timedelta(days=terms.window_days)
    for touch in looked_at:
        verdict = _unfit(touch, terms, own, placed_at, window)
        if verdict is None:
            fit.append(touch)
        else:
            verdicts[touch.id] = verdict
    if terms.rule == BOUND:
        winner = _bound(terms, fit, placed_at, window, verdicts)
    else:
        winner = None
        if fit:
            winner = fit[0] if terms.rule == FIRST else fit[-1]
            verdicts |= {touch.id: LATER if terms.rule == FIRST else EARLIER for touch in fit}
    if winner is not None:
        verdicts[winner.id] = WON
    line = tuple((touch.id, verdicts[touch.id]) for touch in looked_at)
    reason = terms.rule if winner is not None else line[-1][1] if line else NO_TOUCH
    return Answer(reason, winner, line)


def _unfit(touch: Touch, terms: Terms, own: Collection[str], placed_at: datetime, window: timedelta) -> str | None:
    """Why a touch cannot win whatever else there is."""
    if touch.referrer_id in own:
        return OWN
    if touch.void_at is not None and touch.void_at <= placed_at:
        return VOID
    if touch.campaign_id and touch.campaign_id != terms.campaign_id:
        return ELSEWHERE
    if terms.rule != BOUND and placed_at - touch.at > window:
        return EXPIRED
    return None


def _bound(
    terms: Terms, fit: Sequence[Touch], placed_at: datetime, window: timedelta, verdicts: dict[int, str]
) -> Touch | None:
    """A touch binds; each further one of the same referrer renews the bond. Another's touch changes nothing while the bond
    is protected, and binds anew after that, or once the bond has run out."""
    bond: Touch | None = None
    protection = min(timedelta(days=terms.protection_days), window)
    for touch in fit:
        if bond is not None and touch.referrer_id != bond.referrer_id and touch.at - bond.at < protection:
            verdicts[touch.id] = PROTECTED
            continue
        if bond is not None:
            verdicts[bond.id] = EXPIRED if touch.at - bond.at > window else REBOUND if touch.referrer_id != bond.referrer_id else RENEWED
        bond = touch
    if bond is not None and placed_at - bond.at > window:
        verdicts[bond.id] = EXPIRED
        return None
    return bond


def in_order(
    in_force: Sequence[Terms], drop_id: str | None, skus: Sequence[str], products: Mapping[str, str]
) -> list[Terms]:
    """The terms that have a reward for these goods: those for a product before those for the drop before those for the
    whole shop, else as they come (the campaign begun last first)."""
    ranked = []
    for terms in in_force:
        scopes = {one.scope for one in terms.rewards if covers(one.scope, one.target, drop_id, skus, products)}
        if scopes:
            ranked.append((min(_RANK[scope] for scope in scopes), terms))
    return [terms for _, terms in sorted(ranked, key=lambda pair: pair[0])]


_RANK = {PRODUCT: 0, DROP: 1, SHOP: 2}


def covers(scope: str, target: str, drop_id: str | None, skus: Sequence[str], products: Mapping[str, str]) -> bool:
    """Is one of these SKUs, sold in this drop, what a reward is for?"""
    if scope == SHOP:
        return True
    if scope == DROP:
        return target == drop_id
    return any(products.get(sku) == target for sku in skus)


def may_approve(proposed_by: str, approver: str, count_admins: int) -> bool:
    """Who proposed a payout does not approve it, unless there is nobody else."""
    return approver != proposed_by or count_admins < 2
