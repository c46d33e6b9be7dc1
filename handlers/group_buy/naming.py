"""What members may call what is on offer in a group, and which offer their words mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from content.ordering.talk import Offer
from storage.drops import OnOffer

SHARED = "?"  # begins the id of a name that several offers have
SHORTEST = 2


def id_of(one: OnOffer) -> str:
    return f"{one.drop_id}|{one.sku_id}"


def names_of(one: OnOffer, is_alone: bool) -> set[str]:
    """Letter, name, its last words («草莓» of «奶油草莓»), aliases; of an offer that is its drop's only one, the title too."""
    product = one.name.split(" ")[0]
    names = {one.mark, one.name, product, *one.aliases}
    names |= {product[start:] for start in range(1, len(product) - 1)} if not product.isascii() else set()
    if is_alone:
        names |= {one.title, one.title.removesuffix("团购").removesuffix("团"), one.code}
    return {name for name in names if len(name) >= SHORTEST or name == one.mark}


def offers_of(on_offer: Sequence[OnOffer]) -> list[Offer]:
    """The offers as talk reads them. A name that several have stands for none of them, so that it is asked about."""
    drop_ids = [one.drop_id for one in on_offer]
    meant: dict[str, list[OnOffer]] = {}
    for one in on_offer:
        for name in names_of(one, drop_ids.count(one.drop_id) == 1):
            meant.setdefault(name, []).append(one)
    found = [
        Offer(id_of(one), tuple(sorted(name for name, having in meant.items() if having == [one])), one.unit)
        for one in on_offer
    ]
    shared = [Offer(SHARED + name, (name,)) for name, having in meant.items() if len(having) > 1]
    return found + shared


def having_name(on_offer: Sequence[OnOffer], name: str) -> list[OnOffer]:
    """The offers a name may mean."""
    drop_ids = [one.drop_id for one in on_offer]
    named = name.strip()
    return [
        one for one in on_offer
        if named in (words := names_of(one, drop_ids.count(one.drop_id) == 1)) or named.upper() == one.mark
        or named in (one.title, one.code) or (len(named) > 1 and any(word.startswith(named) for word in words))
    ]


def of_drop_named(on_offer: Sequence[OnOffer], head: str) -> set[str]:
    """The drops that a text names: by title, code, or what they offer."""
    found: set[str] = set()
    for drop_id in {one.drop_id for one in on_offer}:
        some = [one for one in on_offer if one.drop_id == drop_id]
        words = {some[0].title, some[0].code, *(one.name.split(" ")[0] for one in some)}
        if any(len(word) > 1 and word in head for word in words):
            found.add(drop_id)
    return found


def shown(on_offer: Iterable[OnOffer], is_one_drop: bool) -> list[str]:
    """How the choices are named when we ask back: with letters in one drop, by drop otherwise."""
    some = list(on_offer)
    if is_one_drop:
        return [f"{one.mark} {one.name}" for one in some]
    alone = [one.drop_id for one in some]
    return [one.title if alone.count(one.drop_id) == 1 else f"{one.title} {one.name}" for one in some]
