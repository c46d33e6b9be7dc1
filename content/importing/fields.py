"""Checks the fields of a row: sizes bounded, money exact in fen, words without control characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from content.importing.refusals import Refused

SEPARATORS = re.compile(r"[、,，;；|\n]")
PAIR_SEPARATORS = re.compile(r"[;；|\n]")
ID = re.compile(r"[\w.:@-]+")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?")
MONEY_SIGNS = str.maketrans("", "", "¥￥元,， ")
ABSENT = frozenset({"", "null", "none", "~", "-"})
TRUE = frozenset({"true", "yes", "y", "1", "是", "上架", "在售", "启用", "on"})
FALSE = frozenset({"false", "no", "n", "0", "否", "下架", "停售", "停用", "off"})
MAX_FEN, MAX_STOCK = 10**12, 10**9
FULL_WIDTH = str.maketrans("０１２３４５６７８９．－", "0123456789.-")


def is_absent(value: Any) -> bool:
    """Nothing was written there."""
    return value is None or (isinstance(value, str) and value.strip() == "") or value == [] or value == {}


def words(value: Any, name: str, longest: int, *, is_needed: bool = False) -> str:
    """Text of one field, trimmed, without control characters; numbers as they were written."""
    if is_absent(value):
        if is_needed:
            raise Refused(f"缺少「{name}」", f"{name} is missing")
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Refused(f"「{name}」应当是文字", f"{name} should be text")
    text = CONTROL.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if is_needed and not text:
        raise Refused(f"缺少「{name}」", f"{name} is missing")
    if len(text) > longest:
        raise Refused(f"「{name}」超过{longest}个字", f"{name} is longer than {longest} characters")
    return text


def identity(value: Any, name: str = "id", longest: int = 80) -> str:
    """An id: letters, digits and . : @ _ - only, since it stands in addresses."""
    text = words(value, name, longest, is_needed=True)
    if not ID.fullmatch(text):
        raise Refused(
            f"「{name}」只能用文字、数字和 . : @ _ -", f"{name} may hold letters, digits and . : @ _ - only"
        )
    return text


def money(value: Any, name: str) -> int:
    """Yuan as written (39.9, ¥1,299.00) to whole fen, exactly; nothing is rounded."""
    text = words(value, name, 40, is_needed=True)
    amount = _number(text.translate(FULL_WIDTH).translate(MONEY_SIGNS), text, name) * 100
    if amount != int(amount):
        raise Refused(f"「{name}」{text} 的小数超过两位", f"{name} {text} has more than two decimals")
    return _bounded(int(amount), text, name, MAX_FEN)


def fen(value: Any, name: str) -> int:
    """Whole fen as written."""
    text = words(value, name, 40, is_needed=True)
    return _whole(text, name, MAX_FEN)


def count(value: Any, name: str) -> int:
    """A whole number of things, not below zero; 3.0 of a spreadsheet is 3."""
    return _whole(words(value, name, 40, is_needed=True), name, MAX_STOCK)


def _whole(text: str, name: str, most: int) -> int:
    amount = _number(text.translate(FULL_WIDTH).replace(",", ""), text, name)
    if amount != int(amount):
        raise Refused(f"「{name}」{text} 不是整数", f"{name} {text} is not a whole number")
    return _bounded(int(amount), text, name, most)


def _number(text: str, shown: str, name: str) -> Decimal:
    if shown.startswith("="):
        raise Refused(f"「{name}」是公式，请换成数值", f"{name} is a formula; write its value")
    try:
        if not NUMBER.fullmatch(text):
            raise InvalidOperation
        return Decimal(text)
    except InvalidOperation:
        raise Refused(f"「{name}」{shown} 不是数字", f"{name} {shown} is not a number") from None


def _bounded(amount: int, text: str, name: str, most: int) -> int:
    if amount < 0:
        raise Refused(f"「{name}」{text} 小于零", f"{name} {text} is below zero")
    if amount > most:
        raise Refused(f"「{name}」{text} 太大", f"{name} {text} is too large")
    return amount


def choice(value: Any, name: str) -> bool:
    """Yes or no in the usual spellings."""
    if isinstance(value, bool):
        return value
    text = words(value, name, 10).lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise Refused(f"「{name}」应当是 是 或 否", f"{name} should be yes or no")


def several(value: Any, name: str, *, most: int, longest: int) -> list[str]:
    """A list, or text separated by 、 , ; |; each once, in order."""
    if is_absent(value):
        return []
    parts: Iterable[Any] = (
        value if isinstance(value, list | tuple) else SEPARATORS.split(words(value, name, 40_000))
    )
    found = dict.fromkeys(text for part in parts if (text := words(part, name, longest)))
    if len(found) > most:
        raise Refused(f"「{name}」超过{most}个", f"{name} has more than {most} parts")
    return list(found)


def pairs(value: Any, name: str, *, most: int = 60, longest: int = 2_000) -> list[list[str]]:
    """Attributes as [[name, value], …], {name: value} or «产地=云南;保质期=3天»."""
    if is_absent(value):
        return []
    found: list[list[str]] = []
    for part in _pairs_of(value, name):
        if len(part) != 2:
            raise Refused(f"「{name}」应当写成 名称=值;名称=值", f"{name} should read name=value;name=value")
        label = words(part[0], name, 40, is_needed=True)
        told = words(part[1], label, longest)
        if told:
            found.append([label, told])
    if len(found) > most:
        raise Refused(f"「{name}」超过{most}个", f"{name} has more than {most} parts")
    return found


def _pairs_of(value: Any, name: str) -> list[list[Any]]:
    if isinstance(value, Mapping):
        return [[key, told] for key, told in value.items()]
    if isinstance(value, list):
        return [part if isinstance(part, list) else [] for part in value]
    written = PAIR_SEPARATORS.split(words(value, name, 40_000))
    return [re.split(r"[=＝:：]", part, maxsplit=1) for part in written if part.strip()]
