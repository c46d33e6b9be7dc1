"""Finds the product a member speaks of, and the fact that is asked about it."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from content.knowledge.analysis import Analysis, Reader
from content.knowledge.aspects import Asked, asked
from content.knowledge.passages import Candidate, Passage, Spoken
from content.knowledge.ranking import linear
from content.knowledge.text import LONGEST, normalise, units, without_punctuation
from content.knowledge.weights import probability, unit_weight

CONSIDERED = 12
MENTION = (
    "name_covered", "all_covered", "run", "named_mass", "missed_mass", "missed_known", "head", "whole_name",
    "price", "stock", "spec", "attribute", "value", "about", "no_aspect", "attribute_unknown", "lone",
    "length", "asks", "pointed",
)  # fmt: skip
_POINTED_MASS = 12.0  # what «这个» stands for weighs about as much as a name of three characters
_LIGHT = 2.5  # background weight up to which a character says nothing about which product is meant
_NEUTRAL = frozenset("有是的个种一下了没不能会要还卖买想给在到这那吗呢和与最好点装种款现")
_ASKING = re.compile(
    "为什么|为啥|怎么办|怎么|怎样|咋|如何|什么时候|什么|啥|哪里|哪儿|哪个|哪些|哪种|多久|多少|几|是不是|能不能|可不可以|可以|有没有|会不会|要不要|"
    "[吗么呢吧啊呀哦嘛]"
)
_ASIDE = re.compile(r"[(（【\[].*?[)）】\]]")
_POINTING = re.compile("这[个款种件箱盒]|那[个款种件箱盒]|刚才|上面|它")
_SIZES = re.compile(r"\d+(?:\.\d+)?\s*(?:斤|克|kg|g|ml|l|升|个|只|盒|袋|包|装|片|枚|瓶|罐|件|支)+装?")


@dataclass(frozen=True, slots=True)
class Item:
    """A product, taken apart: its names' characters and pairs, its last word, its attributes."""

    passage: Passage
    units: frozenset[str]
    pairs: frozenset[str]
    head: frozenset[str]
    names: tuple[str, ...]
    attributes: tuple[tuple[str, str, frozenset[str]], ...]  # shown name, read name, pairs of the value
    single: frozenset[str]  # names of one character
    around: frozenset[str]  # characters of attributes and category


@dataclass(frozen=True, slots=True)
class Mention:
    item: Item
    aspect: str | None
    features: list[float]


class Catalogue:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._items: dict[str, Item] = {}
        self._holders: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def put(self, passage: Passage) -> None:
        self.remove(passage.id)
        item = self._items[passage.id] = self._take_apart(passage)
        for term in item.units | item.pairs:
            self._holders.setdefault(term, set()).add(passage.id)

    def remove(self, passage_id: str) -> None:
        item = self._items.pop(passage_id, None)
        if item is None:
            return
        for term in item.units | item.pairs:
            self._holders[term].discard(passage_id)
            if not self._holders[term]:
                del self._holders[term]

    def consider(self, question: Analysis, context: Spoken | None = None) -> list[Mention]:
        """The products the question may speak of, with their features; the raw material of training too."""
        if not self._items:
            return []
        text = self._reader.without_padding(question.plain)
        wanted = asked(text)
        content = _Content(wanted.rest)
        pointed = context.product_id if context and _points(text, content, wanted) else None
        found = self._holding(content)
        if pointed and pointed in self._items and pointed not in found:
            found.append(pointed)
        return [
            self._mention(self._items[each], content, wanted, question, each == pointed) for each in found
        ]

    def points_back(self, question: Analysis) -> bool:
        """Whether the question speaks of what was spoken of before, so that the context of the talk counts."""
        wanted = asked(self._reader.without_padding(question.plain))
        return _points(self._reader.without_padding(question.plain), _Content(wanted.rest), wanted)

    def search(self, question: Analysis, context: Spoken | None = None) -> list[Candidate]:
        mentions = self.consider(question, context)
        if not mentions:
            return []
        judge = linear("mention", MENTION)
        logits = [judge(each.features) for each in mentions]
        strengths = [_strength(each.features) for each in mentions]
        strongest = max(strengths)
        candidates = []
        for mention, logit, strength in zip(mentions, logits, strengths, strict=True):
            others = sum(math.exp(8.0 * (other - strongest)) for other in strengths)
            share = math.exp(8.0 * (strength - strongest)) / others
            topic = probability(logit)
            signals = dict(zip(MENTION, mention.features, strict=True))
            signals |= {"topic": topic, "share": share, "ties": others}
            score = logit + math.log(max(share, 1e-6))
            candidates.append(
                Candidate(mention.item.passage.id, score, topic * share, mention.aspect, signals)
            )
        candidates.sort(key=lambda each: (-each.score, each.passage_id))
        return candidates

    def _holding(self, content: _Content) -> list[str]:
        many = len(self._items)
        mass: dict[str, float] = defaultdict(float)
        for term in content.pairs:
            holders = self._holders.get(term, ())
            rarity = math.log(1 + many / (len(holders) + 0.5))
            for each in holders:
                mass[each] += rarity
        if not mass:
            for term in content.units:
                holders = self._holders.get(term, ())
                if unit_weight(term) > _LIGHT and len(holders) <= 200:
                    for each in holders:
                        mass[each] += 1.0
        return [each for each, _ in sorted(mass.items(), key=lambda pair: (-pair[1], pair[0]))[:CONSIDERED]]

    def _mention(
        self, item: Item, content: _Content, wanted: Asked, question: Analysis, pointed: bool
    ) -> Mention:
        aspect, by_name, by_value = _fact(item, wanted, content)
        features = [
            *self._naming(item, content, pointed),
            *[float(aspect == each) for each in ("price", "stock", "spec")],
            float(by_name),
            float(by_value),
            float(aspect == "about"),
            float(aspect is None),
            float(bool(wanted.names) and not by_name and aspect != "spec"),
            float(_is_lone(item, content)),
            math.log(max(1, question.length)),
            float(bool(question.kinds)),
            float(pointed),
        ]
        return Mention(item, aspect, features)

    def _naming(self, item: Item, content: _Content, pointed: bool) -> list[float]:
        """How well the product is named and how much of the question is about something else."""
        heavy, mass = content.heavy, content.mass
        firm = {unit for pair in content.pair_units if "".join(pair) in item.pairs for unit in pair}
        lone = _is_lone(item, content)
        whole = any(name in content.text for name in item.names)
        if lone or whole:
            firm |= content.units & item.units
        named = sum(weight for unit, weight in heavy.items() if unit in firm)
        near = sum(weight * 0.5 for unit, weight in heavy.items() if unit not in firm and unit in item.units)
        missed = {unit: weight for unit, weight in heavy.items() if unit not in item.units}
        left = sum(weight for unit, weight in missed.items() if unit not in item.around)
        known = sum(weight for unit, weight in missed.items() if unit in self._holders)
        others = [min(left, 40.0) / 40.0, min(known, 40.0) / 40.0]
        if pointed and not named:
            return [1.0, 1.0 - left / (mass + _POINTED_MASS), 0.5, 0.5, *others, 1.0, 1.0]
        return [
            (named + near) / mass if mass else 0.0,
            1.0 - left / mass if mass else 0.0,
            min(_run(content.text, item), 6) / 6.0,
            min(named, 40.0) / 40.0,
            *others,
            float(bool(item.head) and item.head <= firm),
            float(whole or (lone and not content.units.isdisjoint(item.single))),
        ]

    def _take_apart(self, passage: Passage) -> Item:
        names = [_shape(name) for name in (passage.question, *passage.names)]
        sequences = [units(name) for name in names]
        core = units(_shape(_SIZES.sub("", _ASIDE.sub("", passage.question))))
        attributes = []
        around = set(units(_shape(passage.category)))
        for name, value in passage.attributes:
            value_units = units(_shape(value))
            around.update(units(_shape(name)), value_units)
            attributes.append((name, _shape(name), _pairs(value_units)))
        return Item(
            passage,
            frozenset(unit for sequence in sequences for unit in sequence),
            frozenset().union(*map(_pairs, sequences)),
            frozenset(core[-2:]),
            tuple(name for name in (*names[1:], "".join(core)) if len(name) > 1),
            tuple(attributes),
            frozenset(name for name in names if len(name) == 1),
            frozenset(around),
        )


class _Content:
    """What is left of a question once the words that only ask are taken out."""

    def __init__(self, rest: str) -> None:
        self.text = rest.replace(" ", "")
        chunks = [units(chunk) for chunk in _ASKING.sub(" ", rest).split()]
        self.units = frozenset(unit for chunk in chunks for unit in chunk)
        self.pair_units = [pair for chunk in chunks for pair in pairwise(chunk)]
        self.pairs = frozenset(first + second for first, second in self.pair_units)
        weights = {unit: unit_weight(unit) - _LIGHT for unit in self.units - _NEUTRAL}
        self.heavy = {unit: weight for unit, weight in weights.items() if weight > 0.0}
        self.mass = sum(self.heavy.values())


def _is_lone(item: Item, content: _Content) -> bool:
    """Whether a single character is all that is left, and the product's names hold it: «梨多少钱»."""
    if len(content.heavy) != 1 or any("".join(pair) in item.pairs for pair in content.pair_units):
        return False
    return next(iter(content.heavy)) in item.units


def _shape(text: str) -> str:
    return without_punctuation(normalise(text[:LONGEST]), "")


def _pairs(sequence: list[str]) -> frozenset[str]:
    return frozenset(first + second for first, second in pairwise(sequence))


def _run(text: str, item: Item) -> int:
    """The longest run of the text's characters whose pairs all stand in the product's names."""
    sequence = units(text)
    longest = run = 0
    for first, second in pairwise(sequence):
        run = run + 1 if first + second in item.pairs else 0
        longest = max(longest, run)
    return longest + 1 if longest else 0


def _fact(item: Item, wanted: Asked, content: _Content) -> tuple[str | None, bool, bool]:
    """The aspect for this product, and whether an attribute was found by its name or by its value."""
    if wanted.aspect == "price":
        return "price", False, False
    for part in wanted.names:
        for shown, name, _ in item.attributes:
            if part in name:
                return f"attribute:{shown}", True, False
    for shown, name, _ in item.attributes:
        if len(name) > 1 and name in content.text and not _pairs(units(name)) <= item.pairs:
            return f"attribute:{shown}", True, False
    if wanted.aspect == "stock":
        return "stock", False, False
    if wanted.names:
        return ("spec" if wanted.aspect == "spec" and item.passage.names else None), False, False
    free = content.pairs - item.pairs
    for shown, _, value in item.attributes:
        if not free.isdisjoint(value):
            return f"attribute:{shown}", False, True
    return wanted.aspect, False, False


def _points(text: str, content: _Content, wanted: Asked) -> bool:
    """Whether the question speaks of what was spoken of before: «这个», or no name at all."""
    asks = wanted.aspect is not None or bool(wanted.names)
    return _POINTING.search(text) is not None or (asks and content.mass < 4.0)


def _strength(features: Iterable[float]) -> float:
    """How much of the question a product takes up, to part the confidence among several that fit."""
    values = dict(zip(MENTION, features, strict=True))
    return (
        values["name_covered"] + 0.5 * values["run"] + 0.15 * values["head"] + 0.3 * values["whole_name"]
        + 0.5 * values["pointed"] - 0.3 * values["attribute_unknown"]
    )  # fmt: skip
