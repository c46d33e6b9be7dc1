"""Numbers and units as members write them: full width, Chinese numerals, «两盒», «+1», «×3»."""

from __future__ import annotations

import re

MOST = 9_999  # more than this of one thing is no quantity

UNITS = (
    "人份|大份|小份|中份|公斤|千克|大箱|小箱|大盒|小盒|kg|KG|Kg|份|个|個|箱|盒|袋|斤|克|瓶|罐|包|件|只|隻|条|條|双|套|枚|张|張|"
    "把|颗|顆|串|桶|提|板|排|扎|束|杯|碗|盘|盤|笼|打|框|筐|篮|组|組|片|块|根|棵|本|支|枝|台|朵|听|单|單|位|头|尾|筒|卷|粒|捆|"
    "对|锅|客|人|樽|罈|坛|刀|节|条装|pcs|pc|boxes|box|bags|bag|bottles|bottle|packs|pack|sets|set|jars|jar"
)
NUMERAL = r"(?:\d{1,5}|[零〇一二两兩俩仨三四五六七八九十百]{1,5})"

# Width and look-alikes, one sign for one sign, so that places in the text stay what they were.
_SHAPES = {
    **{code: chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))},
    ord("＃"): "#", ord("＋"): "+", ord("－"): "-", ord("＊"): "*", ord("．"): ".", ord("＠"): "@", ord("\u3000"): " ",
    ord("\xa0"): " ", ord("\t"): " ", ord("✖"): "×", ord("✕"): "×", ord("╳"): "×", ord("➕"): "+", ord("﹢"): "+",
    ord("–"): "-", ord("—"): "-",
    **{0x2460 + place: chr(0x2460 + place) for place in range(20)},
}
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "兩": 2, "俩": 2, "仨": 3,
}


def narrow(text: str) -> str:
    """Full-width letters, digits and spaces as narrow ones; the text keeps its length."""
    return text.translate(_SHAPES)


def number_of(words: str) -> int | None:
    """The number that digits or Chinese numerals say; None for what is no number, or too big to be a quantity."""
    if words.isascii() and words.isdigit():
        value = int(words)
        return value if value <= MOST else None
    total, digit, is_said = 0, 0, False
    for sign in words:
        if sign in _DIGITS:
            digit, is_said = _DIGITS[sign], True
        elif sign in "十百":
            total += (digit if digit or (is_said and total) else 1) * (10 if sign == "十" else 100)
            digit, is_said = 0, False
        else:
            return None
    return total + digit if words else None


QUANTITY = re.compile(rf"({NUMERAL})({UNITS})")
