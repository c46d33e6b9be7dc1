"""Reads one line of a roster: who, how many of what, and what else they said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from content.ordering.numbers import NUMERAL, UNITS, narrow, number_of

_END = "[吧哈呀啊哦喔呢的了~～!！。.…]*"
_SEPARATORS = re.compile(r"[\s,，、;；|]+|(?<!\d)[：:]+|[：:]+(?!\d)|(?<=[^\d\s])[/]+(?=[^\d\s])")
_BRACKETS = re.compile(r"[(（\[【]([^()（）\[\]【】]*)[)）\]】]")
PHONE = re.compile(r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)")
_HOUSE = r"(?:号楼|號樓|栋|棟|幢|单元|單元|座|弄|室|楼|樓|层|号院|区|期|巷|#)"
ADDRESS = re.compile(
    rf"(?:\d{{1,4}}(?:-\d{{1,4}}){{1,3}}|[A-Za-z]?\d{{1,4}}{_HOUSE}[\d\-A-Za-z]*(?:[一二三四五六七八九十]{{0,3}}{_HOUSE}[\d\-]*)*"
    rf"|[A-Za-z]座\d*|[A-Za-z]\d?-\d{{2,4}}|[一二三四五六七八九十]+(?:号楼|栋|幢|单元)\d*(?:{_HOUSE})?\d*|#\d{{2,4}})"
)
_ROOM = re.compile(r"\d{3,4}")
_UNIT = re.compile(UNITS)
_BARE = re.compile(r"[+×xX*]?\d{1,3}")
_CANCEL = re.compile(r"(?:我)?(?:不要|不要了|取消|取消了|退|退了|退出|不参加了?|不接了|不买了|不订了|算了|划掉|删除|作废)[吧哈呀啊~～!！。]*")
_VERB = re.compile(r"(?:再来|再加|再要|追加|多加|又要|我要|想要|要|来|订|定|买|拿|加|报|带|帮带|预定|预订)$")
_AGAIN = ("再来", "再加", "再要", "追加", "多加", "又要")
_COUNT = re.compile(rf"^([+×xX*]?)\s*({NUMERAL})\s*({UNITS})?{_END}$")
_COUNT_THEN = re.compile(rf"^([+×xX*]?)({NUMERAL})({UNITS})(?![装裝])(\D.*)$")
_THEN_COUNT = re.compile(rf"^(.*?[^\d+×xX*\-])[\-=]?([+×xX*]?)({NUMERAL})({UNITS})?{_END}$")
_LETTER = re.compile(rf"^([A-Za-z])(?:款|套餐|组|档|型)?[-:：]?([+×xX*]?)({NUMERAL})?({UNITS})?{_END}$")
_LETTERS = re.compile(r"^(?:[A-Za-z][+×xX*]?\d{1,2}){2,}$")
_LETTER_PAIR = re.compile(r"([A-Za-z])[+×xX*]?(\d{1,2})")
_EACH = re.compile(rf"^(.*?)各(?:来|要)?({NUMERAL})({UNITS})?{_END}$")
# A minus, a fraction, or more digits than anybody orders: read, but for a person to look at.
_ODD = re.compile(rf"(?:^|\s)-\d+\s?(?:{UNITS})?|\d{{5,}}\s?(?:{UNITS})|\d\.\d+\s?(?:{UNITS})")
_REMARK = re.compile("^(?:送|放|电话|尾号|地址|自提|住|门牌|备注|已?付|已?转|微信|打卡|第|快走|截止|周|星期|大概|手机|下午|上午|晚上|明天)")
_SURNAMES = frozenset(("欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "慕容", "东方", "令狐", "司徒", "端木", "夏侯"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One person's wish for one thing. A quantity of 0 takes an earlier wish back."""

    name: str
    quantity: int
    variant: str = ""
    note: str = ""
    confidence: float = 1.0

    def as_json(self) -> dict[str, object]:
        row: dict[str, object] = {"name": self.name, "quantity": self.quantity}
        if self.variant:
            row["variant"] = self.variant
        if self.note:
            row["note"] = self.note
        return row


@dataclass(frozen=True, slots=True)
class Menu:
    """What the head of a roster offers: its whole text, and the short keys of its lines («A», «2») with their names."""

    text: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def variant(self, word: str) -> str | None:
        """The menu's key for a word of a row, or the word where the menu names it; None when it does not."""
        if word.upper() in self.keys and not word.isdigit():
            return word.upper()
        number = word[:-1] if word.endswith("号") else ""
        if number in self.keys:
            return self.keys[number]
        for key, name in self.keys.items():
            if len(word) >= 2 and word in name:
                return word if key.isdigit() else key
        stem = word.rstrip("装裝味款")
        is_named = (len(word) >= 2 and word in self.text) or (len(stem) >= 2 and stem in self.text)
        return word if is_named and not word.isdigit() else None


@dataclass(slots=True)
class _Reading:
    """What has been read of a row so far."""

    menu: Menu
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wishes: list[tuple[str, int, float]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # variants whose quantity is still to come
    is_cancelled: bool = False

    def count(self, quantity: int, confidence: float) -> None:
        for variant in self.waiting or [""]:
            self.wishes.append((variant, quantity, confidence))
        self.waiting = []


def read_row(body: str, menu: Menu) -> list[Wanted]:
    """What a row says; empty for a placeholder. Several wishes of one row share its name and note."""
    reading = _Reading(menu)
    tokens = list(_tokens(narrow(body)))
    for place, token in enumerate(tokens):
        _read_token(reading, token, tokens[place + 1:], is_first=place == 0)
    reading.wishes.extend((variant, 1, 0.8) for variant in reading.waiting)
    name, note = " ".join(reading.names), " ".join(reading.notes)
    if reading.is_cancelled:
        return [Wanted(name, 0, "", note)]
    doubt = 0.5 if not name or _ODD.search(narrow(body)) else 1.0
    if not reading.wishes:
        sure = 0.7 if note or not name else 0.8
        return [Wanted(name, 1, "", note, sure * (doubt if name else 1.0))] if name or note else []
    return [Wanted(name, quantity, variant, note, sure * doubt) for variant, quantity, sure in reading.wishes]


def _tokens(body: str) -> Iterator[str]:
    """The words of a row; what stands in brackets is one, and so is a phone number."""
    place = 0
    for match in re.finditer(rf"{_BRACKETS.pattern}|{PHONE.pattern}", body):
        yield from _words(body[place:match.start()])
        yield match[1].strip() if match[1] is not None else match[0]
        place = match.end()
    yield from _words(body[place:])


def _words(text: str) -> Iterator[str]:
    held = ""
    for word in _SEPARATORS.split(text):
        cleaned = word.strip().strip("-=>→").lstrip("@") if word else ""
        if held:  # «2 份»: a number and its unit written apart
            is_unit = _UNIT.fullmatch(cleaned) is not None
            yield held + cleaned if is_unit else held
            held = ""
            if is_unit:
                continue
        if cleaned and _BARE.fullmatch(cleaned):
            held = cleaned
        elif cleaned:
            yield cleaned
    if held:
        yield held


def _read_token(reading: _Reading, token: str, rest: list[str], *, is_first: bool) -> None:
    if PHONE.fullmatch(token) or ADDRESS.fullmatch(token):
        reading.notes.append(token)
    elif _CANCEL.fullmatch(token) and (token not in ("不要", "退") or not rest):
        reading.is_cancelled = True
    elif reading.names and _REMARK.match(token):
        reading.notes.append(token)
    elif _read_count(reading, token, rest) or _read_variant(reading, token, rest):
        return
    elif not reading.names:
        _read_name(reading, token, rest)
    elif not reading.wishes and _continues_name(reading, token, rest):
        reading.names.append(token)
    else:
        reading.notes.append(token)


def _read_count(reading: _Reading, token: str, rest: list[str]) -> bool:
    """A quantity that stands alone: «2份», «+1», «1», «再来1份», «2份不要辣»."""
    verb = ""
    for again in (*_AGAIN, "我要", "想要", "要", "来", "订", "拿", "买", "报", "各"):
        if token.startswith(again) and _COUNT.match(token[len(again):]):
            verb, token = again, token[len(again):]
            break
    match = _COUNT.match(token)
    if match is not None:
        sign, digits, unit = match.groups()
        if not (unit or sign) and not _is_bare_count(reading, digits, rest):
            return False
        quantity = number_of(digits)
        if quantity is None:
            return False
        if verb in _AGAIN:
            reading.notes.append(verb)
        if sign == "+" and reading.wishes and not reading.waiting:
            last, before, sure = reading.wishes.pop()
            reading.wishes.append((last, before + quantity, sure * 0.8))
        elif reading.wishes and not reading.waiting:
            reading.notes.append(token)
        else:
            reading.count(quantity, 1.0 if unit or sign else 0.9)
        return True
    then = _COUNT_THEN.match(token)
    following = None if then is None or ADDRESS.match(token) else number_of(then[2])
    if then is None or following is None:
        return False
    word = then[4].strip("的 ")
    variant = reading.menu.variant(word)
    if variant is not None:
        reading.waiting.append(variant)
    elif not _CANCEL.fullmatch(word):
        reading.notes.append(word)
    if reading.wishes and variant is None:
        return True
    reading.count(following, 0.9)
    return True


def _is_bare_count(reading: _Reading, digits: str, rest: list[str]) -> bool:
    """Is a number without a unit a quantity? Not a room number, and not where a better one follows."""
    if any((later := _COUNT.match(word)) and (later[1] or later[3] or not reading.names) for word in rest):
        return bool(reading.waiting)
    if not digits.isdigit():
        return digits in "两俩仨兩" or (bool(reading.names) and len("".join(reading.names)) > 1)
    return (len(digits) < 3 or digits == "100") and (bool(reading.names) or not rest or bool(reading.waiting))


def _read_variant(reading: _Reading, token: str, rest: list[str]) -> bool:
    """A variant, with or without its quantity: «A2», «B×3», «A2B1», «草莓两盒», «AB各1»."""
    if _LETTERS.fullmatch(token):
        for letter, digits in _LETTER_PAIR.findall(token):
            reading.wishes.append((letter.upper(), int(digits), 1.0))
        return True
    each = _EACH.match(token)
    if each is not None and (quantity := number_of(each[2])) is not None:
        variants = [one for part in re.split(r"[+和跟与]|(?<=[A-Za-z])(?=[A-Za-z])", each[1]) if (one := reading.menu.variant(part)) is not None]
        if variants or reading.waiting:
            reading.waiting.extend(variants)
            reading.count(quantity, 0.9)
            return True
    letter = _LETTER.match(token)
    if letter is not None and (reading.names or letter[1].upper() in reading.menu.keys or rest):
        return _read_letter(reading, letter, rest)
    if not reading.names:
        return False
    match = _THEN_COUNT.match(token)
    if match is not None and (quantity := number_of(match[3])) is not None and (match[2] or match[4] or match[3].isdigit()):
        word = _VERB.sub("", match[1]).rstrip("*×xX+- ")
        named = reading.menu.variant(word)
        if named is not None or (word and len(word) <= 6 and (match[2] or match[4]) and not ADDRESS.match(token)):
            reading.waiting = [named or word]
            reading.count(quantity, 1.0 if named else 0.7)
            return True
    variant = reading.menu.variant(token)
    if variant is not None:
        reading.waiting.append(variant)
        return True
    return False


def _read_letter(reading: _Reading, letter: re.Match[str], rest: list[str]) -> bool:
    key = letter[1].upper()
    if letter[3] is None:
        if key not in reading.menu.keys and not (rest and _COUNT.match(rest[0]) and reading.names):
            return False
        reading.waiting.append(key)
        return True
    quantity = number_of(letter[3])
    if quantity is None or quantity > 99 or not (reading.names or key in reading.menu.keys):
        return False
    reading.wishes.append((key, quantity, 1.0))
    return True


def _read_name(reading: _Reading, token: str, rest: list[str]) -> None:
    """The first word that is nothing else is the name; an address before it and a quantity after it may stick to it."""
    prefix = ADDRESS.match(token) or (_ROOM.match(token) if _ROOM.match(token) and not token.isdigit() else None)
    if prefix is not None and prefix.end() < len(token):
        reading.notes.append(prefix[0])
        token = token[prefix.end():].lstrip("-")
    if _ROOM.fullmatch(token) and rest:
        reading.notes.append(token)
        return
    for cancel in ("不要了", "取消了", "取消", "退出", "不参加"):
        if token.endswith(cancel) and len(token) > len(cancel):
            reading.names.append(token[: -len(cancel)])
            reading.is_cancelled = True
            return
    has_count = any(_COUNT.match(word) and not _ROOM.fullmatch(word) for word in rest) or any(
        _LETTER.match(word) for word in rest
    )
    match = _THEN_COUNT.match(token)
    if match is not None and (quantity := number_of(match[3])) is not None:
        is_plain = match[2] or match[4]
        if is_plain or (not has_count and match[3].isdigit() and len(match[3]) < 3 and not match[1].isascii()):
            name = match[1]
            if letter := re.fullmatch(r"(.*[^A-Za-z])([A-Za-z])", name):
                reading.waiting.append(letter[2].upper())
                name = letter[1]
            stem = _VERB.sub("", name)
            if name.endswith(_AGAIN):
                reading.notes.append(name[-2:])
            reading.names.append(stem.rstrip("-+×*") or name)
            reading.count(quantity, 0.9 if is_plain else 0.6)
            return
    reading.names.append(token)


def _continues_name(reading: _Reading, token: str, rest: list[str]) -> bool:
    """«李 四», «Mary Ann»: a name in two words, where a quantity or nothing follows."""
    last = reading.names[-1]
    if (len(last) == 1 and len(token) == 1 and not token.isascii()) or last in _SURNAMES:
        return True
    is_latin = last.isascii() and token.isascii() and last[:1].isupper() and token[:1].isupper() and token.isalpha()
    return is_latin and len(token) > 1 and bool(rest)
