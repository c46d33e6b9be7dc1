"""What a rule is: the words it looks for, where they are harmless, and what is said about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from content.lint.reading import Reading

# «不搞集赞», «禁止拉人头»: who says that something is not so claims nothing. «不仅» and «不反弹» deny nothing.
DENIED = re.compile(
    r"不(?!仅|但|只|光|反弹|节食|管|论|限|吃药|打针|手术|用(?:吃药|打针|节食|运动|手术|上班|出门)|再|转|买|好意思|看|花|含|添加|伤|痛|错|断|来|抢)"
    r"|没有?(?!时间|错|钱|副作用|任何副作用)|无(?:需|法|须|关)|并非|绝非|而非|请勿|切勿|勿|禁止|严禁|不得|拒绝|杜绝|反对|抵制|取消了?|停止|未(?!来|取)|难以"
    r"|别(?!家|人|的|墅|错过)|谁说|假如说|所谓|声称|宣称|号称|警惕|谨防"
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said about a finding, in both languages, and where the rule comes from."""

    why: str
    why_en: str
    rewrite: str
    rewrite_en: str
    origin: str


class Search(Protocol):
    """What finds places: a pattern, or something that looks more closely."""

    def finditer(self, text: str, /) -> Iterable[re.Match[str]]: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` is searched in the tight text (plain if `is_plain`) when one of `anchors` is in it. A find is harmless when
    `unless` is found in its sentence, when it is denied in its clause, or the text warns of it."""

    id: str
    level: str
    pattern: Search
    words: Words
    anchors: str = ""
    unless: re.Pattern[str] | None = None
    is_plain: bool = False
    is_deniable: bool = True
    rewrite: Callable[[str], str] | None = None

    def find(self, reading: Reading) -> Iterator[tuple[int, int]]:
        """Where the rule is broken, as spans of the text it reads."""
        if self.anchors and reading.signs.isdisjoint(self.anchors):
            return
        for found in self.pattern.finditer(reading.plain if self.is_plain else reading.tight):
            if found.end() > found.start() and not self._is_harmless(reading, found.start(), found.end()):
                yield found.start(), found.end()

    def _is_harmless(self, reading: Reading, start: int, end: int) -> bool:
        if self.is_plain:
            return self.unless is not None and bool(self.unless.search(reading.plain))
        if self.unless is not None and self.unless.search(reading.sentence(start)):
            return True
        if not self.is_deniable:
            return False
        return reading.is_warning or bool(DENIED.search(reading.clause_before(start)))


def pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts))
