"""Brings a text into the shapes the rules read, and finds the way back from there to the place in the text."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property

from content.knowledge.text import normalise, sounded

LONGEST = 8_000  # characters that are read
AROUND = 160  # characters to either side that can make a find harmless
# Signs that stand for another in disguise.
_ALIKE = str.maketrans("荭苞蕞薇嶶溦攒讃恏洅幵級赱衮", "红包最微微微赞赞好再开级走滚")
_PUNCTUATION = {"：": ":", "﹕": ":", "∶": ":", "｡": "。", "．": "."}


class _Signs(dict[int, str]):
    """Every character's plain form, worked out once: width, case, traditional, look-alikes; invisible ones are gone."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if sign == "\n" or sign.isascii():
            plain = " " if sign in "\t\r\v\f" else sign.lower()
        elif unicodedata.category(sign) in ("Cf", "Mn", "Me", "Cs", "Co"):
            plain = ""
        else:
            plain = normalise(_PUNCTUATION.get(sign, sign)).translate(_ALIKE) or " "
        self[code] = plain
        return plain


_SIGNS = _Signs()
# What people put between the characters of a word, to hide it. Signs that end a clause stay.
_FILLING = re.compile(
    r"(?<=[\u4e00-\u9fff])[^\S\n]*[^\w\s,。!?;:、()《》【】「」“”{}%¥$\[\]<>@#]?[^\S\n]*(?=[\u4e00-\u9fffa-z0-9])"
    r"|(?<=[a-z0-9])[^\S\n]*[^\w\s,。!?;:、()《》【】「」“”{}%¥$\[\]<>@#.+/]?[^\S\n]*(?=[\u4e00-\u9fff])"
)
# Who warns of something does not do it.
_WARNED = re.compile(
    r"谨防|(?<!不)(?<!不是)骗子|(?<!不)(?<!不是)骗人|骗局|谣言|辟谣|反诈|诈骗|智商税|别信|不要信|不要相信|别相信|切勿相信|不可信"
    r"|(?:这些?|这种|这类|此类)(?:词|话|说法|字眼)[^,。!?]{0,6}不|虚假宣传|(?:属于|涉嫌|都是|就是)(?:违规|违法|传销|诱导)|(?:远离|拒绝|抵制|不做|打击)(?:任何)?传销|抵制|(?:移出|踢出|清出|请出)(?:本)?群|举报|群规|本群规矩"
)
_SENTENCE_END = re.compile(r"[。!?;\n]")
_CLAUSE_END = re.compile(r"[。!?;\n,、:]")


class Reading:
    """One text as the rules read it: `plain` keeps spaces and signs, `tight` has no filling between characters."""

    def __init__(self, text: str) -> None:
        self.text = text[:LONGEST]
        self.plain = self.text.translate(_SIGNS)
        self.tight = _FILLING.sub("", self.plain)
        self.signs = frozenset(self.tight)

    @cached_property
    def sounds(self) -> str:
        return sounded(self.tight)

    @cached_property
    def is_warning(self) -> bool:
        """Whether the text warns of what it names («谨防诈骗», «别信偏方»)."""
        return _WARNED.search(self.tight) is not None

    @cached_property
    def _sentence_ends(self) -> list[int]:
        return [found.start() for found in _SENTENCE_END.finditer(self.tight)]

    @cached_property
    def _clause_ends(self) -> list[int]:
        return [found.start() for found in _CLAUSE_END.finditer(self.tight)]

    def sentence(self, at: int) -> str:
        """The sentence of the tight text around a place."""
        ends = self._sentence_ends
        number = bisect_right(ends, at)
        start = max(ends[number - 1] + 1 if number else 0, at - AROUND)
        return self.tight[start : min(ends[number] if number < len(ends) else len(self.tight), at + AROUND)]

    def clause_before(self, at: int) -> str:
        """What stands before a place in its clause."""
        number = bisect_right(self._clause_ends, at - 1)
        return self.tight[max(self._clause_ends[number - 1] + 1 if number else 0, at - AROUND) : at]

    @cached_property
    def _plain_places(self) -> list[int]:
        return [place for place, sign in enumerate(self.text) for _ in _SIGNS[ord(sign)]]

    @cached_property
    def _tight_places(self) -> list[int]:
        kept: list[int] = []
        last = 0
        for found in _FILLING.finditer(self.plain):
            kept += range(last, found.start())
            last = found.end()
        return [self._plain_places[place] for place in (*kept, *range(last, len(self.plain)))]

    def place(self, start: int, end: int, *, is_tight: bool) -> tuple[int, int]:
        """Where a span of the tight or plain text stands in the text itself."""
        places = self._tight_places if is_tight else self._plain_places
        if not places:
            return 0, 0
        return places[min(start, len(places) - 1)], places[min(max(end - 1, start), len(places) - 1)] + 1
