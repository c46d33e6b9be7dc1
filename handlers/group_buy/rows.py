"""What a copy of a roster changed, row by row: compared with how the roster stood, and judged. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from content.ordering.merging import Entry
from content.ordering.roster import Roster
from content.ordering.rows import Wanted
from handlers.group_buy.naming import having_name
from storage.drops import OnOffer

MOST_ROWS, MOST_UNITS = 10, 30  # changed by one copy; more wait for an operator
SURE = 0.6  # rows read with less confidence wait for an operator
ADD, CHANGE, CANCEL, ASK = "add", "change", "cancel", "ask"
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that stands differently now; `author` is a member's id, `before` and `after` what it wants."""

    kind: str
    author: str
    name: str
    before: tuple[Wanted, ...]
    after: tuple[Wanted, ...]

    @property
    def confidence(self) -> float:
        return min((one.confidence for one in self.after), default=1.0)

    @property
    def units(self) -> int:
        return sum(one.quantity for one in self.after)


def entries_of(roster: Roster, channel: str) -> tuple[Entry, ...]:
    """A roster's rows as entries; the network's own authors as members' ids, names bounded."""
    return tuple(
        Entry(row.name[:LONGEST_NAME], row.wanted, f"{channel}:{row.author}" if row.author else "") for row in roster.rows
    )


def dump(entries: Sequence[Entry]) -> str:
    return json.dumps([[one.name, one.author, words_of(one.wanted)] for one in entries], ensure_ascii=False)


def load(written: str) -> tuple[Entry, ...]:
    return tuple(Entry(name, wanted_of(wanted), author) for name, author, wanted in json.loads(written))


def words_of(wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    return [one.as_json() | {"confidence": one.confidence} for one in wanted]


def wanted_of(written: Sequence[dict[str, Any]]) -> tuple[Wanted, ...]:
    return tuple(Wanted(**one) for one in written)


def differences(before: Sequence[Entry], now: Sequence[Entry]) -> list[Changed]:
    """Every row that was added, changed or taken back, by author and name."""
    old, new = _gathered(before), _gathered(now)
    found = []
    for key in dict.fromkeys([*new, *old]):
        had, wants = old.get(key, ()), new.get(key, ())
        if _counts(had) == _counts(wants):
            continue
        kind = ADD if not _counts(had) else CHANGE if _counts(wants) else CANCEL
        found.append(Changed(kind, key[0], key[1], had, wants))
    return found


def _gathered(entries: Sequence[Entry]) -> dict[tuple[str, str], tuple[Wanted, ...]]:
    found: dict[tuple[str, str], tuple[Wanted, ...]] = {}
    for entry in entries:
        found[entry.author, entry.name] = (*found.get((entry.author, entry.name), ()), *entry.wanted)
    return found


def _counts(wanted: Sequence[Wanted]) -> list[tuple[str, int]]:
    return sorted((one.variant, one.quantity) for one in wanted if one.quantity > 0)


def why_waiting(changed: Sequence[Changed], on_offer: Sequence[OnOffer], is_sure: bool) -> dict[Changed, str]:
    """Which rows wait for an operator, and why: all of a large change, and each that is unclear."""
    if len(changed) > MOST_ROWS or sum(one.units for one in changed) > MOST_UNITS:
        return dict.fromkeys(changed, "large")
    found = {}
    for one in changed:
        if not is_sure:
            found[one] = "which_drop"
        elif one.confidence < SURE or lines_of(one.after, on_offer) is None or not one.name:
            found[one] = "unclear"
    return found


def lines_of(wanted: Sequence[Wanted], on_offer: Sequence[OnOffer]) -> dict[str, int] | None:
    """SKU to count; None where a row names what is not on offer, or does not say which of several."""
    lines: dict[str, int] = {}
    for one in wanted:
        meant = having_name(on_offer, one.variant) if one.variant else list(on_offer)
        if len(meant) != 1:
            return None
        lines[meant[0].sku_id] = lines.get(meant[0].sku_id, 0) + one.quantity
    return {sku_id: count for sku_id, count in lines.items() if count > 0}


def is_own(name: str, member_name: str) -> bool:
    """Does a row's name stand for the member who signed it? People shorten their names in lists."""
    return bool(name) and bool(member_name) and (name in member_name or member_name in name)


def key_of(*parts: object) -> str:
    """A change's identity: the same one is noted and asked about once."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:40]
