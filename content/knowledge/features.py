"""What the ranker looks at: numbers that compare a question with a text, an entry, and the rest of the base."""

from __future__ import annotations

import math

from rapidfuzz.distance import Indel, LCSseq

from content.knowledge.analysis import Analysis
from content.knowledge.postings import Postings
from content.knowledge.text import sounded
from content.knowledge.weights import HEAVIEST

PAIR = (
    "cosine", "question_covered", "text_covered", "question_pairs_covered", "text_pairs_covered",
    "heaviest_missed", "heaviest_extra", "mass_missed", "mass_extra", "ratio_read", "ratio_plain",
    "longest_common", "kind_same", "kind_conflict", "kind_one_sided", "denial_differs", "number_differs",
    "latin_differs", "question_length", "text_length", "length_differs", "pairs_shared",
    "heaviest_swapped", "mass_swapped", "heaviest_shared", "mass_shared",
    "question_covered_here", "text_covered_here", "swapped_here", "dice_here",
    "ratio_sound", "sound_rescued", "written_pairs_shared",
)  # fmt: skip
ENTRY = (
    "best_question_covered", "best_ratio", "mean_cosine", "entry_covered", "rarest_missed", "rarest_extra",
    "unknown_share", "phrasings",
)  # fmt: skip
NAMES = PAIR + ENTRY


def compare(question: Analysis, text: Analysis, cosine: float, rarity: Rarity) -> list[float]:
    """The PAIR features of a question and one text."""
    ours, theirs = question.unit_weights, text.unit_weights
    missed = [weight for unit, weight in ours.items() if unit not in theirs]
    common = [weight for unit, weight in ours.items() if unit in theirs]
    extra = [weight for unit, weight in theirs.items() if unit not in ours]
    rescued = 0.0
    if missed and extra:
        sounds = {sounded(unit) for unit in theirs if unit not in ours}
        rescued = sum([w for unit, w in ours.items() if unit not in theirs and sounded(unit) in sounds])
        rescued /= question.mass
    mass_missed, mass_extra = sum(missed), sum(extra)
    other = text.pairs
    here = rarity.of
    missed_here = sum([here[unit] for unit, weight in ours.items() if unit not in theirs])
    common_here = sum([here[unit] for unit, weight in ours.items() if unit in theirs])
    get = rarity.postings.weight
    extra_here = sum([get(unit) for unit, weight in theirs.items() if unit not in ours])
    paired = sum([weight for pair, weight in question.pairs.items() if pair in other])
    kinds, their_kinds = question.kinds, text.kinds
    same = not kinds.isdisjoint(their_kinds)
    shorter = min(len(question.read), len(text.read)) or 1
    lengths = math.log(question.length), math.log(text.length)
    return [
        cosine,
        1.0 - mass_missed / question.mass,
        1.0 - mass_extra / text.mass,
        paired / question.pair_mass,
        paired / text.pair_mass,
        max(missed, default=0.0) / HEAVIEST,
        max(extra, default=0.0) / HEAVIEST,
        min(mass_missed, 60.0) / 30.0,
        min(mass_extra, 60.0) / 30.0,
        Indel.normalized_similarity(question.read, text.read),
        Indel.normalized_similarity(question.plain, text.plain),
        LCSseq.similarity(question.read, text.read) / shorter,
        float(same),
        float(bool(kinds) and bool(their_kinds) and not same),
        float(bool(kinds) != bool(their_kinds)),
        float(question.denied != text.denied),
        float(question.numbers != text.numbers),
        float(question.latin != text.latin),
        lengths[0],
        lengths[1],
        abs(lengths[0] - lengths[1]),
        2.0 * paired / (question.pair_mass + text.pair_mass),
        min(max(missed, default=0.0), max(extra, default=0.0)) / HEAVIEST,
        min(mass_missed, mass_extra, 60.0) / 30.0,
        max(common, default=0.0) / HEAVIEST,
        min(sum(common), 60.0) / 30.0,
        common_here / (common_here + missed_here + 1e-6),
        common_here / (common_here + extra_here + 1e-6),
        min(missed_here, extra_here, 6.0) / 3.0,
        2.0 * common_here / (2.0 * common_here + missed_here + extra_here + 1e-6),
        Indel.normalized_similarity(question.sound, text.sound),
        rescued,
        2.0 * len(question.plain_pairs & text.plain_pairs)
        / (len(question.plain_pairs) + len(text.plain_pairs) or 1),
    ]


class Rarity:
    """How rare the question's characters are in the base, looked up once a question."""

    def __init__(self, question: Analysis, postings: Postings) -> None:
        self.postings = postings
        self.of = {unit: postings.weight(unit) for unit in question.units}
        unknown = [weight for unit, weight in question.unit_weights.items() if not postings.holds(unit)]
        self.unknown_share = sum(unknown) / question.mass


def describe(question: Analysis, rarity: Rarity, texts: list[tuple[float, Analysis]], many: int) -> list[float]:
    """The features of an entry: its closest texts with their cosines (best first), of `many` it has."""
    pairs = [compare(question, text, cosine, rarity) for cosine, text in texts]
    first = pairs[0]
    held = frozenset().union(*[text.units for _, text in texts])
    weights = question.unit_weights
    missed = [unit for unit in weights if unit not in held]
    extra = [unit for unit in texts[0][1].units if unit not in weights]
    return [
        *first,
        max(pair[1] for pair in pairs),
        max(pair[9] for pair in pairs),
        sum(cosine for cosine, _ in texts) / len(texts),
        1.0 - sum(weights[unit] for unit in missed) / question.mass,
        max((rarity.of[unit] for unit in missed), default=0.0),
        max((rarity.postings.weight(unit) for unit in extra), default=0.0),
        rarity.unknown_share,
        math.log(min(many, 10)),
    ]
