"""Tells a bad review or a complaint from other talk: groups of words, weighed by numbers fitted to labelled talk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from content.knowledge.text import normalise, with_traditional
from content.knowledge.weights import probability

WORDS = Path(__file__).with_name("complaints.txt")
FILE = Path(__file__).with_name("complaint_weights.json")
COMPLAINT_THRESHOLD = 0.5
LONGEST = 300  # characters that are read
MOST = 3  # how often a group counts in one text
_NO_SIGN = 0.001  # of talk with none of the words that speak for a complaint
_TAKEN_OUT = ("idioms", "denied")
_SOFTENING = ("asking", "afraid", "praise", "own", "elsewhere", "mild", "thanks")
_DENIABLE = "praise"
_TURN = re.compile("但是?|就是(?!好|喜欢)|不过|只是|可是|可惜|然而|缺点|不足|唯一")
_HARD = ("judged", "ignored", "demand", "warned")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The groups of words as patterns; `speaking` are the words one of which every complaint has."""

    taken_out: re.Pattern[str]
    groups: tuple[tuple[str, re.Pattern[str]], ...]
    for_it: frozenset[str]
    speaking: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Fitted numbers: a weight for each sign. Two cheap looks turn other talk away: a text with no character of
    `evidence`, and none of the words `common` that have no such character, has no word that speaks for a complaint."""

    constant: float
    weights: Mapping[str, float]
    evidence: frozenset[str]
    common: re.Pattern[str]

    @classmethod
    def of(cls, constant: float, weights: Mapping[str, float], rare: frozenset[str]) -> Recogniser:
        common = [word for word in lexicon().speaking if rare.isdisjoint(word)]
        return cls(constant, weights, with_traditional(rare), _by_beginning(common))

    def likelihood(self, text: str) -> float:
        if self.evidence.isdisjoint(text) and self.common.search(text) is None:
            return _NO_SIGN
        found = signs(text)
        return probability(self.constant + sum([self.weights.get(sign, 0.0) for sign in found])) if found else _NO_SIGN


def complaint_likelihood(text: str) -> float:
    """The probability that a member complains in this message, 0..1; most talk costs less than a microsecond."""
    return _shipped().likelihood(text)


def signs(text: str) -> list[str]:
    """What a text is judged by: its groups, how they meet, its length; nothing when no group speaks for a complaint."""
    words = lexicon()
    plain = words.taken_out.sub("_", normalise(text[:LONGEST]))
    counts = {name: min(MOST, len(pattern.findall(plain))) for name, pattern in words.groups}
    speaking = [name for name in words.for_it if counts[name]]
    if not speaking:
        return []
    found = [f"{name} {number + 1}" for name, count in counts.items() for number in range(count)]
    softer = [name for name in _SOFTENING if counts[name]]
    is_hard = any(counts[name] for name in _HARD)
    found += [f"{'hard' if is_hard else 'soft'} and {name}" for name in softer]
    found += [f"many {number}" for number in range(2, min(len(speaking), 4) + 1)]
    found.append("nothing softer" if not softer else "hard" if is_hard else "softer only")
    found += _turns(words, plain)
    found.append("stressed" if counts["stress"] else "calm")
    found.append(f"length {min(len(plain) // 15, 4)}")
    return found


def _turns(words: Lexicon, plain: str) -> list[str]:
    """Praise with a «but» after it: what counts is what comes last."""
    turn = None
    for match in _TURN.finditer(plain):
        turn = match
    if turn is None:
        return []
    before, after = plain[: turn.start()], plain[turn.end() :]
    praise = next(pattern for name, pattern in words.groups if name == _DENIABLE)
    bad = any(pattern.search(after) for name, pattern in words.groups if name in words.for_it)
    found = ["turns bad" if bad else "turns"]
    if praise.search(after):
        found.append("turns good")
    if bad and praise.search(before):
        found.append("praised, then turns bad")
    return found


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    groups: dict[str, list[str]] = {}
    for_it = set()
    for line in WORDS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, words = line.partition(":")
            groups[name.rstrip("!")] = [normalise(word) for word in words.split()]
            if name.endswith("!"):
                for_it.add(name[:-1])
    taken_out = [word for name in _TAKEN_OUT for word in groups.pop(name)]
    speaking = frozenset(word for name in for_it for word in groups[name])
    return Lexicon(
        _any_of(taken_out), tuple((name, _any_of(words, name == _DENIABLE)) for name, words in groups.items()),
        frozenset(for_it), speaking,
    )


def _any_of(words: list[str], is_deniable: bool = False) -> re.Pattern[str]:
    """One of these words, and where it matters not with a «no» before it."""
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(f"(?<![不没])(?:{either})" if is_deniable else either)


def _by_beginning(words: list[str]) -> re.Pattern[str]:
    """One of these words, by their first characters, which is quick where none begins."""
    ends: dict[str, list[str]] = {}
    for word in sorted(words):
        ends.setdefault(word[0], []).append(re.escape(word[1:]))
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in ends.items()))


@lru_cache(maxsize=1)
def _shipped() -> Recogniser:
    fitted: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return Recogniser.of(fitted["constant"], fitted["weights"], frozenset(fitted["evidence"]))
