"""What the ranker looks at: numbers that compare a question with a text, an entry, and the rest of the base."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rapidfuzz.distance import Indel, LCSseq

from content.knowledge.analysis import Analysis
from content.knowledge.postings import Postings
from content.knowledge.weights import HEAVIEST

RANKED_BY = (
    "cosine", "ratio_read", "longest_common", "kind_same", "kind_conflict", "kind_one_sided",
    "denial_differs", "number_differs", "question_covered_here", "text_covered_here", "swapped_here",
    "ratio_sound", "sound_rescued", "written_pairs_shared",
    "mean_cosine", "entry_covered", "rarest_missed", "rarest_extra", "phrasings",
    "answer_covered", "answer_pairs",
)  # fmt: skip
NAMES = (
    *RANKED_BY,
    "question_covered", "text_covered", "heaviest_missed", "heaviest_extra", "mass_swapped", "latin_differs",
    "question_length", "text_length", "unknown_share", "unknown_pairs",
    "asks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """All characters of an entry's closest texts, its answer, and how many texts it has."""

    units: frozenset[str]
    answer: Analysis
    texts: int


class Rarity:
    """How rare the question's characters are in the base, looked up once a question."""

    def __init__(self, question: Analysis, postings: Postings) -> None:
        self.asks = question.asks
        self.everywhere = postings.weights
        self.of = {unit: postings.weights[unit] for unit in question.units}
        self.total = sum(self.of.values())
        unknown = [weight for unit, weight in question.unit_weights.items() if not postings.holds(unit)]
        self.unknown_share = sum(unknown) / question.mass
        pairs = question.plain_pairs
        self.unknown_pairs = sum([not postings.holds(pair) for pair in pairs]) / (len(pairs) or 1)


def describe(
    question: Analysis, rarity: Rarity, text: Analysis, cosine: float, mean: float, entry: Entry
) -> list[float]:
    """The features of an entry in the order of NAMES: its closest text and that text's cosine, the mean cosine
    of its closest texts, and what is known of the entry as a whole."""
    ours, theirs = question.unit_weights, text.unit_weights
    missed = [unit for unit in ours if unit not in theirs]
    extra = [unit for unit in theirs if unit not in ours]
    missed_here = sum([rarity.of[unit] for unit in missed])
    rare_extra = [rarity.everywhere[unit] for unit in extra]
    extra_here = sum(rare_extra)
    common_here = rarity.total - missed_here + 1e-6
    pairs, their_pairs = question.plain_pairs, text.plain_pairs
    return [
        cosine,
        *_alike(question, text),
        common_here / (common_here + missed_here),
        common_here / (common_here + extra_here),
        min(missed_here, extra_here, 6.0) / 3.0,
        Indel.normalized_similarity(question.sound, text.sound),
        _rescued(question, text, missed, extra),
        2.0 * len(pairs & their_pairs) / (len(pairs) + len(their_pairs) or 1),
        mean,
        *_left_over(question, rarity, entry, missed, max(rare_extra, default=0.0)),
        *_weighed(question, text, missed, extra),
        rarity.unknown_share,
        rarity.unknown_pairs,
        rarity.asks,
    ]


def _alike(question: Analysis, text: Analysis) -> tuple[float, ...]:
    """The wording, the kind of question, denials and numbers of the two."""
    kinds, their_kinds = question.kinds, text.kinds
    same = not kinds.isdisjoint(their_kinds)
    return (
        Indel.normalized_similarity(question.read, text.read),
        LCSseq.similarity(question.read, text.read) / (min(len(question.read), len(text.read)) or 1),
        float(same),
        float(bool(kinds) and bool(their_kinds) and not same),
        float(bool(kinds) != bool(their_kinds)),
        float(question.denied != text.denied),
        float(question.numbers != text.numbers),
    )


def _left_over(
    question: Analysis, rarity: Rarity, entry: Entry, missed: list[str], rarest_extra: float
) -> tuple[float, ...]:
    """What none of the entry's texts covers, and how much of that its answer does."""
    ours, here, pairs = question.unit_weights, rarity.of, question.plain_pairs
    left = [unit for unit in missed if unit not in entry.units]
    return (
        1.0 - sum([ours[unit] for unit in left]) / question.mass,
        max([here[unit] for unit in left], default=0.0),
        rarest_extra,
        math.log(min(entry.texts, 10)),
        sum([here[unit] for unit in left if unit in entry.answer.units]) / (rarity.total + 1e-6),
        len(pairs & entry.answer.plain_pairs) / (len(pairs) or 1),
    )


def _weighed(question: Analysis, text: Analysis, missed: list[str], extra: list[str]) -> tuple[float, ...]:
    """What the two do not share, by how much its characters tell anywhere."""
    ours, theirs = question.unit_weights, text.unit_weights
    mass_missed, mass_extra = sum([ours[unit] for unit in missed]), sum([theirs[unit] for unit in extra])
    return (
        1.0 - mass_missed / question.mass,
        1.0 - mass_extra / text.mass,
        max([ours[unit] for unit in missed], default=0.0) / HEAVIEST,
        max([theirs[unit] for unit in extra], default=0.0) / HEAVIEST,
        min(mass_missed, mass_extra, 60.0) / 30.0,
        float(question.latin != text.latin),
        math.log(question.length),
        math.log(text.length),
    )


def _rescued(question: Analysis, text: Analysis, missed: list[str], extra: list[str]) -> float:
    """The share of our missed characters that the other text spells differently but with the same sound."""
    if not missed or not extra:
        return 0.0
    sounds = {text.sounds[unit] for unit in extra}
    return sum([question.unit_weights[each] for each in missed if question.sounds[each] in sounds]) / question.mass
