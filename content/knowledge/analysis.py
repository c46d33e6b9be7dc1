"""Takes a text apart into what the ranker compares: characters, pairs of them, kind of question, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import add

from content.knowledge.lexicon import Lexicon, read_groups
from content.knowledge.questions import question_likelihood
from content.knowledge.text import LONGEST, normalise, sounded, units, without_punctuation
from content.knowledge.weights import unit_weight

KINDS = {
    "为什么": "why", "怎么办": "how", "怎么": "how", "可以": "can", "什么时候": "when", "多久": "long",
    "多少钱": "price", "多少": "much", "哪里": "where", "谁": "who", "推荐": "recommend", "好否": "good",
    "有否": "whether", "是否": "whether", "会否": "whether", "吗": "whether", "什么": "what",
}  # fmt: skip
_WEAK_KINDS = {"whether"}
_HOW_COME = re.compile("怎么(?=.*(?:不|没有|失败))")
_DENIED = re.compile("不|没有|失败|别|无")
_NOTHING = "∅"
_NOTHING_KNOWN = frozenset({_NOTHING})


Terms = tuple[frozenset[str], frozenset[str]]  # characters, pairs


def terms_of(plain: str, read: str) -> Terms:
    """What a text is found by, as written and as read: a rewriting that goes wrong then costs only a little."""
    written, sequence = units(plain), units(read)
    pairs = [*map(add, written, written[1:]), *map(add, sequence, sequence[1:])]
    return frozenset(written + sequence) or _NOTHING_KNOWN, frozenset(pairs)


class Analysis:
    """One text, taken apart. `plain` is the normalised text without signs, `read` the same rewritten; `units`
    and `pairs` are of the second, `written` and `plain_pairs` of the first; `asks` is how likely it asks."""

    __slots__ = ("asks", "denied", "kinds", "latin", "length", "mass", "numbers", "pair_mass", "pairs", "plain",
                 "plain_pairs", "read", "sound", "sounds", "unit_weights", "units", "written")  # fmt: skip

    @property
    def terms(self) -> Terms:
        return self.units | self.written, self.plain_pairs.union(self.pairs)

    def __init__(self, plain: str, read: str, asks: float = 0.0) -> None:
        self.asks = asks
        self.plain = plain
        self.read = read
        written = units(plain) or [_NOTHING]
        sequence = units(read) or written
        self.sound = sounded(plain)
        self.written = frozenset(written)
        self.plain_pairs = frozenset(map(add, written, written[1:]))
        self.length = len(sequence)
        weights = [unit_weight(unit) for unit in sequence]
        self.unit_weights = dict(zip(sequence, weights, strict=True))
        self.units = frozenset(self.unit_weights)
        self.sounds = dict(zip(sequence, sounded(" ".join(sequence)).split(" "), strict=True))
        self.mass = sum(self.unit_weights.values())
        self.pairs = {
            first + second: (heavy + light) / 2
            for first, second, heavy, light in zip(sequence, sequence[1:], weights, weights[1:], strict=False)
        }
        self.pair_mass = sum(self.pairs.values()) or 1.0
        self.kinds = _kinds(read)
        self.denied = _DENIED.search(read) is not None
        self.numbers = frozenset(unit for unit in self.units if unit[0].isdigit())
        self.latin = frozenset(unit for unit in self.units if "a" <= unit[0] <= "z")


def _kinds(read: str) -> frozenset[str]:
    found = {kind for word, kind in KINDS.items() if word in read}
    if len(found) > 1:
        found -= _WEAK_KINDS
    if "price" in found or "recommend" in found:
        found -= {"much", "what"}
    return frozenset(found)


def _longer(words: Iterable[str]) -> list[str]:
    """A single character may belong to a product's name, so only longer padding is taken out there."""
    return [word for word in words if len(word) > 1]


class Reader:
    """Turns texts into analyses with the bundled synonyms and the shop's own, and remembers recent ones."""

    def __init__(self, synonyms: Iterable[tuple[str, ...]] = (), remembered: int = 4096) -> None:
        groups, padding = read_groups()
        own = [tuple(normalise(word) for word in group) for group in synonyms]
        self._lexicon = Lexicon([*own, *groups], padding)
        self._padding = Lexicon([(group[0],) for group in groups if len(group) == 1], _longer(padding))
        self._known: dict[str, Analysis] = {}
        self._remembered = remembered

    def read(self, text: str) -> Analysis:
        return Analysis(*self._shape(text))

    def hear(self, text: str) -> Analysis:
        """As `read`, for a question: with how likely it is one."""
        return Analysis(*self._shape(text), question_likelihood(text[:LONGEST]))

    def terms(self, text: str) -> Terms:
        return terms_of(*self._shape(text))

    def _shape(self, text: str) -> tuple[str, str]:
        shaped = normalise(text[:LONGEST])
        spaced = without_punctuation(shaped)
        rewritten = self._lexicon.rewrite(spaced).replace(" ", "")
        if "怎么" in rewritten and "怎么办" not in rewritten:
            rewritten = _HOW_COME.sub("为什么", rewritten, count=1)
        return spaced.replace(" ", ""), rewritten

    def core(self, text: str) -> str:
        """What is left of a text without punctuation, spaces and padding; two texts with one core say the same."""
        return self.without_padding(without_punctuation(normalise(text[:LONGEST])).replace(" ", ""))

    def without_padding(self, plain: str) -> str:
        """The text as it was written, less the words that only pad a question."""
        return self._padding.rewrite(plain)

    def recall(self, text: str) -> Analysis:
        """As `read`, kept for the next time: for the texts of the base, which are compared again and again."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= self._remembered:
                self._known.clear()
            known = self._known[text] = self.read(text)
        return known
