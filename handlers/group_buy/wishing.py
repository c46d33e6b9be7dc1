"""Turns what a member wishes into how many of each SKU the member then has in all. Pure: no session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from content.ordering.talk import ADD, CANCEL, LESS, SET, WANT, Wish
from handlers.group_buy.naming import SHARED, having_name, id_of
from storage.drops import OnOffer

QUITE_MANY = 20  # more are asked about before they count

Portions = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Mine:
    """What a member has in one drop: SKU to count in all, and what of it is for others."""

    lines: dict[str, int] = field(default_factory=dict)
    portions: Portions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bound:
    """A wish about one drop; an empty cancel means all of it."""

    drop_id: str
    wish: Wish  # its lines name SKUs


@dataclass(frozen=True, slots=True)
class AskedBack:
    """What has to be asked before a wish counts: which offer, or whether it is so many."""

    why: str
    choices: tuple[OnOffer, ...]
    wish: Wish
    number: int = 0


def bind(wish: Wish, on_offer: Sequence[OnOffer], mine: Mapping[str, Mine], is_sure: bool = False) -> list[Bound | AskedBack]:
    """Which drop and offer each line means; empty for words that mean nothing here (nothing is ordered that could be
    taken back). `is_sure`: the member has said yes to the number."""
    if wish.kind == CANCEL and not wish.lines:
        return _bind_cancel(wish, on_offer, mine)
    had = [one for one in on_offer if mine.get(one.drop_id, Mine()).lines.get(one.sku_id)]
    if wish.kind in (CANCEL, LESS) and not had:
        return []
    by_drop: dict[str, list[tuple[str, int]]] = {}
    for offer_id, count in wish.lines:
        meant = _meant(offer_id, on_offer, had if wish.kind != WANT else [])
        if len(meant) != 1:
            return [AskedBack("which", tuple(meant), wish)]
        by_drop.setdefault(meant[0].drop_id, []).append((meant[0].sku_id, count))
    most = max((count for _, count in wish.lines), default=0)
    if most > QUITE_MANY and wish.kind not in (CANCEL, LESS) and not is_sure:
        return [AskedBack("many", tuple(on_offer), wish, most)]
    return [Bound(drop_id, replace(wish, lines=tuple(lines))) for drop_id, lines in by_drop.items()]


def _bind_cancel(wish: Wish, on_offer: Sequence[OnOffer], mine: Mapping[str, Mine]) -> list[Bound | AskedBack]:
    ids = [drop_id for drop_id, one in mine.items() if any(one.lines.values()) and (not wish.whose or wish.whose in one.portions)]
    if len(ids) > 1:
        return [AskedBack("which", tuple(one for one in on_offer if one.drop_id in ids), wish)]
    return [Bound(drop_id, wish) for drop_id in ids]


def _meant(offer_id: str, on_offer: Sequence[OnOffer], had: Sequence[OnOffer]) -> list[OnOffer]:
    """The offers a line may mean. What names none means the only one there, or the only one the member has."""
    if offer_id and not offer_id.startswith(SHARED):
        return [one for one in on_offer if id_of(one) == offer_id]
    meant = having_name(on_offer, offer_id.removeprefix(SHARED)) if offer_id else list(on_offer)
    mine = [one for one in meant if one in had]
    return mine if len(meant) > 1 and len(mine) == 1 else meant


def own(mine: Mine) -> Counter[str]:
    """What of an order is the member's own."""
    left = Counter(mine.lines)
    for lines in mine.portions.values():
        left.subtract(lines)
    return Counter({sku_id: count for sku_id, count in left.items() if count > 0})


def after(wish: Wish, mine: Mine) -> Mine:
    """What the member has after a bound wish; a count may come out as 0, which takes the SKU back."""
    if wish.kind == CANCEL and not wish.lines and not wish.whose:
        return Mine(dict.fromkeys(mine.lines, 0), {})
    before = Counter(mine.portions.get(wish.whose, {})) if wish.whose else own(mine)
    wanted = _wanted(wish, before)
    lines = {sku_id: mine.lines.get(sku_id, 0) - before[sku_id] + count for sku_id, count in wanted.items()}
    portions = {whose: dict(some) for whose, some in mine.portions.items()}
    if wish.whose:
        portions[wish.whose] = {**portions.get(wish.whose, {}), **wanted}
    return Mine({**mine.lines, **{sku_id: max(0, count) for sku_id, count in lines.items()}}, portions)


def _wanted(wish: Wish, before: Counter[str]) -> dict[str, int]:
    """The part of the wish's owner afterwards, for each SKU it speaks of."""
    if wish.kind == CANCEL:
        return dict.fromkeys([sku_id for sku_id, _ in wish.lines] or list(before), 0)
    spoken: Counter[str] = Counter()
    for sku_id, count in wish.lines:
        spoken[sku_id] += count
    if wish.kind == ADD:
        return {sku_id: before[sku_id] + count for sku_id, count in spoken.items()}
    if wish.kind == LESS:
        return {sku_id: max(0, before[sku_id] - count) for sku_id, count in spoken.items()}
    assert wish.kind in (WANT, SET)
    return dict(spoken)


def undone(mine: Mine, delta: Mapping[str, int], whose: str) -> Mine:
    """What the member has once a change is taken back."""
    lines = {sku_id: max(0, mine.lines.get(sku_id, 0) - count) for sku_id, count in delta.items()}
    portions = {name: dict(some) for name, some in mine.portions.items()}
    if whose in portions:
        portions[whose] = {sku_id: max(0, count - delta.get(sku_id, 0)) for sku_id, count in portions[whose].items()}
    return Mine({**mine.lines, **lines}, portions)
