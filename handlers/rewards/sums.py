"""How much an order earns: pure sums in whole fen from what is paid and kept for its lines; parts by largest remainder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from content.fen import split
from handlers.rewards.rules import covers
from storage.terms import DROP, FEN, FIRST_ORDER, LEVELS, ORDER, PERCENT, POINTS, PRODUCT, TEAM, WHOLE, Reward, Terms


@dataclass(frozen=True, slots=True)
class Sale:
    """An order as it stands: each line's SKU and worth, what the order costs, and what went back by line. `is_over`:
    it was cancelled or refunded whole, so that nothing is kept for it."""

    drop_id: str | None
    total_fen: int
    skus: tuple[str, ...]
    worths: tuple[int, ...]
    given_back: Mapping[str, int]
    products: Mapping[str, str]
    is_first: bool
    is_team: bool
    is_over: bool = False

    def as_bought(self) -> Sale:
        """The same before anything went back."""
        return replace(self, given_back={}, is_over=False)

    def paid(self) -> list[int]:
        """What was to be paid for each line, discounts shared by worth."""
        return split(self.total_fen, self.worths)

    def kept(self) -> list[int]:
        """What is kept of it. More given back for a line than it cost falls on the other lines."""
        paid = self.paid()
        if self.is_over:
            return [0] * len(paid)
        kept = [max(0, fen - self.given_back.get(sku, 0)) for sku, fen in zip(self.skus, paid, strict=True)]
        left = max(0, self.total_fen - sum(self.given_back.values()))
        return split(left, kept) if sum(kept) > left else kept


@dataclass(frozen=True, slots=True)
class Share:
    """What one line earns on one level by one reward (its place in the terms)."""

    level: int
    position: int
    unit: str
    sku_id: str
    base_fen: int
    wanted: int


def earn(terms: Terms, sale: Sale) -> list[Share]:
    """What every line of a sale earns by the rule as the sale stands. A line has on each level, in each unit and for each
    occasion the reward that names it most closely."""
    paid, kept = sale.paid(), sale.kept()
    found: list[Share] = []
    for position, lines in _covered(terms, sale).items():
        reward = terms.rewards[position]
        bases = [kept[line] for line in lines]
        whole = _whole(reward, sum(paid[line] for line in lines), sum(bases))
        for line, base, part in zip(lines, bases, split(whole, bases), strict=True):
            found.append(Share(reward.level, position, reward.unit, sale.skus[line], base, part))
    return found


def _whole(reward: Reward, paid_fen: int, kept_fen: int) -> int:
    """What a reward gives for its lines together, rounded down: never above the rule."""
    if reward.kind == PERCENT:
        return kept_fen * reward.amount // WHOLE
    flat = reward.amount if reward.unit == POINTS else min(reward.amount, paid_fen)
    return flat * kept_fen // paid_fen if paid_fen else 0


def _covered(terms: Terms, sale: Sale) -> dict[int, list[int]]:
    """The lines each reward is for, by the reward's place."""
    lines: dict[int, list[int]] = {}
    for number, sku in enumerate(sale.skus):
        best: dict[tuple[int, str, str], int] = {}
        for position, reward in enumerate(terms.rewards):
            if not _applies(reward, terms, sale, sku):
                continue
            group = (reward.level, reward.unit, reward.occasion)
            if group not in best or _closeness(reward) > _closeness(terms.rewards[best[group]]):
                best[group] = position
        for position in best.values():
            lines.setdefault(position, []).append(number)
    return dict(sorted(lines.items()))


def _applies(reward: Reward, terms: Terms, sale: Sale, sku: str) -> bool:
    happened = {ORDER: True, FIRST_ORDER: sale.is_first, TEAM: sale.is_team}[reward.occasion]
    is_level = reward.level in LEVELS and reward.level <= terms.top_level
    return happened and is_level and covers(reward.scope, reward.target, sale.drop_id, (sku,), sale.products)


def _closeness(reward: Reward) -> int:
    return {PRODUCT: 2, DROP: 1}.get(reward.scope, 0)


def bound(wanted: int, budget_fen: int | None, cap_fen: int | None, granted_all: int, granted_member: int) -> int:
    """What budget and cap leave of a wish."""
    room = wanted
    if budget_fen is not None:
        room = min(room, budget_fen - granted_all)
    if cap_fen is not None:
        room = min(room, cap_fen - granted_member)
    return max(0, room)


def grant(shares: Sequence[Share], allowed: int) -> list[int]:
    """How an allowed amount falls on the shares of one member."""
    wishes = [one.wanted for one in shares]
    return wishes if allowed >= sum(wishes) else split(allowed, wishes)


def left_of(shares: Sequence[Share], wanted: int, granted: int) -> list[int]:
    """What the shares of one member are worth now, of whom `granted` of `wanted` was promised when they began to earn:
    as the rule says, and less in the same proportion where a budget or cap cut it."""
    now = [one.wanted for one in shares]
    if granted >= wanted:
        return now if sum(now) <= granted else split(granted, now)
    return split(min(granted, sum(now) * granted // wanted if wanted else 0), now)


def is_bounded(unit: str) -> bool:
    """Budgets and caps are in fen of commission."""
    return unit == FEN
