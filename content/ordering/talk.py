"""Understands an order in the talk of a group: «+1», «我要2份», «A2 B1», «改成3», «不要了», «帮我妈也来一份».

The whole sentence must be made of the words of ordering; what holds anything else is talk («我家2个娃», «+1 我也觉得»)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from content.ordering import words
from content.ordering.numbers import narrow, number_of
from content.ordering.rows import ADDRESS, PHONE

WANT, ADD, LESS, SET, CANCEL = "want", "add", "less", "set", "cancel"
LONGEST = 120  # a longer message is talk

@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be ordered here now: its id, and what members may call it (a letter, names, specs)."""

    id: str
    names: tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member wants. `lines` are (offer id, "" where none was named; quantity); `whose` is whom it is for."""

    kind: str
    lines: tuple[tuple[str, int], ...] = ()
    whose: str = ""
    note: str = ""
    confidence: float = 1.0


@dataclass(slots=True)
class _Reading:
    """What has been understood so far."""

    text: str
    offers: Sequence[Offer]
    names: dict[str, str]
    at: int = 0
    kind: str = ""
    verb: str = ""
    whose: str = ""
    note: str = ""
    is_mine: bool = False
    is_doubtful: bool = False  # holds what only a verb makes an order: a bare number, single pieces of something
    is_spoken_of: bool = False  # «我要的草莓»: something ordered before
    has_sign: bool = False
    has_plus: bool = False
    has_unit: bool = False
    is_name_first: bool = False  # «草莓2盒», not «2盒草莓»
    is_parted: bool = False  # a separator stood after the first line
    lines: list[tuple[str, int]] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            return None
        self.at = match.end()
        return match


def understand(text: str, offers: Sequence[Offer]) -> Wish | None:
    """The order in a message; None for talk. Cheap for most talk: only short texts with a word of ordering are read."""
    if len(text) > LONGEST or not words.MAYBE.search(text):
        return None
    plain = narrow(text).strip()
    named, names = _with_names(plain, offers)
    reading = _Reading(named, offers, names)
    while reading.at < len(reading.text):
        if not _step(reading):
            if not _is_note(reading):
                return None
            reading.note = _plain(reading, reading.text[reading.at:])[:60]
            break
    return _wish(reading)


def _with_names(text: str, offers: Sequence[Offer]) -> tuple[str, dict[str, str]]:
    """The text with every offer's name replaced by one sign; longest names first."""
    names = sorted(
        ((name, offer.id) for offer in offers for name in offer.names if len(name) > 1), key=lambda pair: -len(pair[0])
    )
    signs: dict[str, str] = {}
    for place, (name, offer_id) in enumerate(names[:900]):
        if name in text:
            sign = chr(0xE000 + place)
            text = text.replace(name, sign)
            signs[sign] = offer_id
    return text, signs


def _plain(reading: _Reading, text: str) -> str:
    for sign, offer_id in reading.names.items():
        name = next((n for offer in reading.offers if offer.id == offer_id for n in offer.names if len(n) > 1), "")
        text = text.replace(sign, name)
    return text.strip()


def _step(reading: _Reading) -> bool:
    """Understand the next words; False when they are not words of ordering."""
    if reading.take(words.SPACE):
        reading.is_parted = reading.is_parted or bool(reading.lines)
        return True
    if reading.lines and (words.NOTE.match(reading.text, reading.at) or ADDRESS.match(reading.text, reading.at)):
        return False
    is_opening = not (reading.lines or reading.verb or reading.kind)
    if is_opening and (reading.take(words.CALL) or reading.take(ADDRESS) or reading.take(PHONE)):
        return True
    if reading.kind != CANCEL and reading.take(words.LESS):
        reading.kind = LESS
        return True
    if reading.take(words.CANCEL):
        reading.kind = CANCEL
        return True
    return _step_order(reading)


def _step_order(reading: _Reading) -> bool:
    if (match := reading.take(words.FOR)) is not None:
        reading.whose = match["who"]
        return True
    if _take_lines(reading):
        return True
    for kind, pattern in ((SET, words.SET), (ADD, words.ADD)):
        if reading.kind != CANCEL and (match := reading.take(pattern)) is not None:
            if kind == SET and reading.lines:
                reading.lines, reading.named = [], reading.named  # «3份改成2份»: the later number holds
            reading.kind = kind
            return True
    if reading.take(words.ME):
        reading.is_mine = True
        return True
    if words.KEEP.match(reading.text, reading.at) is None and (match := reading.take(words.VERB)) is not None:
        reading.verb = match[0]
        if reading.take(words.UNIT_ALONE):  # «来份»
            reading.has_unit = True
            _add_lines(reading, 1)
        return not words.PAST.match(reading.text, reading.at)
    if (match := reading.take(words.TAIL)) is not None:
        reading.is_spoken_of |= match[0] == "的" and bool(reading.verb) and not reading.lines
        return True
    return reading.take(words.SOFT) is not None


def _take_lines(reading: _Reading) -> bool:
    """Quantities and what they are of."""
    if (match := reading.take(words.OFFER)) is not None:
        reading.named.append(reading.names[match[0]])
        return True
    if (match := reading.take(words.EACH)) is not None:
        quantity = number_of(match["digits"] or match["same"])
        if quantity is None or len(reading.named) < 1:
            return False
        reading.lines.extend((offer_id, quantity) for offer_id in reading.named)
        reading.named = []
        return True
    if _take_letter(reading):
        return True
    match = words.COUNT.match(reading.text, reading.at)
    if match is None:
        return False
    quantity = number_of(match["digits"])
    sign, unit, after = match["sign"], match["unit"], reading.text[match.end():match.end() + 1]
    is_told = unit or sign or match["digits"].isdigit() or reading.kind in (ADD, SET)
    if quantity is None or not is_told or (unit == "人" and not reading.verb) or (not unit and after in words.NUMERALS):
        return False
    reading.at = match.end()
    reading.has_sign |= bool(sign)
    reading.has_plus |= sign == "+"
    reading.has_unit |= bool(unit)
    is_piece = unit in words.PIECES and not any(unit == offer.unit for offer in reading.offers)
    is_unnamed = not reading.named
    _add_lines(reading, quantity)
    is_bare = not (unit or sign) and is_unnamed and reading.lines[-1][0] == ""
    reading.is_doubtful |= is_piece or is_bare or (sign == "+" and quantity >= 50)
    return True


def _add_lines(reading: _Reading, quantity: int) -> None:
    """That many of what was named before, or is named right after."""
    named = reading.named or [""]
    reading.named = []
    following = words.AFTER.match(reading.text, reading.at) if named == [""] and not reading.is_name_first else None
    if following is not None:
        named = [reading.names[following[1]]]
        reading.at = following.end()
    reading.is_name_first |= following is None and named != [""]
    reading.lines.extend((offer_id, quantity) for offer_id in named)


def _take_letter(reading: _Reading) -> bool:
    """«A2», «b一份», «C»: only letters that stand for an offer here."""
    match = words.LETTER.match(reading.text, reading.at)
    if match is None:
        return False
    offer_id = next((offer.id for offer in reading.offers if match["key"].upper() in offer.names), None)
    if offer_id is None:
        return False
    reading.at = match.end()
    quantity = number_of(match["digits"]) if match["digits"] else None
    if quantity is None:
        reading.named.append(offer_id)
    else:
        reading.has_unit = True
        reading.lines.append((offer_id, quantity))
    return True


def _is_note(reading: _Reading) -> bool:
    """What follows a clear order may be a wish about it, or a question beside it."""
    has_order = bool(reading.lines) and (reading.has_unit or reading.has_sign or bool(reading.verb))
    rest = reading.text[reading.at:]
    if not has_order or words.SAID.search(rest):
        return False
    if words.NOTE.match(rest) or ADDRESS.match(rest) or PHONE.match(rest):
        return not words.ASKS.search(rest) or reading.is_parted
    is_clear = bool(reading.verb) and (reading.is_mine or reading.has_unit) and reading.is_parted
    return is_clear and bool(words.ASKS.search(rest)) and not re.match("多少|怎么卖|几[块元个斤]", rest)


def _wish(reading: _Reading) -> Wish | None:
    lines, kind = list(reading.lines), reading.kind
    if kind == CANCEL:
        if lines and not reading.named and not any(offer_id for offer_id, _ in lines):
            return Wish(CANCEL, (), reading.whose, reading.note, 0.9)
        ids = [*reading.named, *(offer_id for offer_id, _ in lines if offer_id)]
        return Wish(CANCEL, tuple((offer_id, 0) for offer_id in ids), reading.whose, reading.note)
    if reading.named:
        if not lines and not (reading.verb or reading.whose or kind == ADD):
            return None
        if kind in (SET, LESS) and not lines:
            return None
        lines.extend((offer_id, 1) for offer_id in reading.named)
    if not lines:
        is_asked = reading.is_mine or reading.whose or reading.verb not in ("要", "接龙", "登记")
        if not kind and words.ALONE.fullmatch(reading.verb) and is_asked:
            return Wish(WANT, (("", 1),), reading.whose, reading.note, 0.8)
        return None
    is_told = bool(reading.verb or kind)
    is_whole = len(lines) == 1 and reading.is_mine and reading.has_unit  # «我家2份»
    if reading.is_spoken_of or (reading.is_doubtful and not is_told and not is_whole):
        return None
    if kind == LESS and not any(one for one, _ in lines) and (not reading.has_unit or lines[0][1] > 9):
        return None
    if not kind:
        kind = ADD if reading.has_plus and not any(one for one, _ in lines) else WANT
    sure = 1.0 if reading.verb or reading.has_sign or kind != WANT else 0.9
    return Wish(kind, tuple(lines), reading.whose, reading.note, sure)
