"""Statistics of variants: who gets which by chance, and when the evidence is enough, at whatever time it is looked at; pure.

Each time a post is due, its groups are matched by size and activity into blocks of as many as there are variants, and
within each block chance alone says which group gets which. If two variants are alike, the difference of two groups of a block
is as likely to be d as −d, whatever the groups are like and however they hang together from one time to the next. So, with
weights that know the sizes of the differences but not their signs, the product of exp(λ·z) / cosh(λ·z), z = difference / root
mean square of those so far, is a martingale that starts at 1, and so is its mean over several λ (a mixture, as in the mixture
SPRT). By Ville's inequality it ever reaches 1/α with a chance of at most α: it may be looked at as often as one likes.

Sources: Robbins, Statistical methods related to the law of the iterated logarithm (1970), for mixtures; Johari, Koomen,
Pekelis, Walsh, Peeking at A/B tests (2017), for their use; de la Peña, A general class of exponential inequalities for
martingales and ratios (1999), and Ramdas, Grünwald, Vovk, Shafer, Game-theoretic statistics and safe anytime-valid
inference (2023), for symmetric differences and e-processes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALPHA = 0.05
STAKES = (0.25, 0.5, 1.0)  # the λ of the mixture: for faint, middling and plain differences
MOST_VARIANTS = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """A group: its members, and messages a day lately."""

    id: str
    size: int
    activity: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where chance put a group: its block, and its variant from 0."""

    unit_id: str
    block: int
    variant: int


def assign(units: Sequence[Unit], variants: int, seed: str) -> list[Place]:
    """Match groups by size, then activity, and draw within each block. The same seed draws the same; no two variants differ by
    more than one group."""
    matched = sorted(units, key=lambda one: (one.size.bit_length(), one.activity, _drawn(seed, one.id)))
    places = []
    for start in range(0, len(matched), variants):
        block = start // variants
        members = sorted(matched[start : start + variants], key=lambda one: _drawn(seed, "unit", one.id))
        order = sorted(range(variants), key=lambda one: _drawn(seed, "variant", str(block), str(one)))
        places += [Place(unit.id, block, variant) for unit, variant in zip(members, order, strict=False)]
    return places


def _drawn(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


class Race:
    """The evidence that one variant is better than another, grown block by block."""

    def __init__(self) -> None:
        self.blocks = 0
        self._squares = 0.0
        self._logs = [0.0] * len(STAKES)

    def add(self, difference: float) -> None:
        """What the one had more than the other in a block. Equal ones say nothing."""
        if not 1e-100 < abs(difference) < 1e100:
            return
        self.blocks += 1
        self._squares += difference * difference
        scaled = difference / math.sqrt(self._squares / self.blocks)
        for place, stake in enumerate(STAKES):
            self._logs[place] += stake * scaled - _log_cosh(stake * scaled)

    @property
    def evidence(self) -> float:
        """The mean of the products: at most 1/α, ever, with a chance of 1 − α where there is no difference."""
        return sum(math.exp(min(one, 600.0)) for one in self._logs) / len(self._logs)


def _log_cosh(x: float) -> float:
    return abs(x) + math.log1p(math.exp(-2 * abs(x))) - math.log(2)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`winner` is a variant from 0, or None as long as the evidence is not enough; `evidence` is by (better, worse)."""

    winner: int | None
    blocks: int
    evidence: Mapping[tuple[int, int], float]
    needed: float


class Comparison:
    """All variants against each other. The winner is who beat every other at any time; which one it is never changes back,
    since what was once enough stays so."""

    def __init__(self, variants: int, alpha: float = ALPHA) -> None:
        self.variants = variants
        # Every ordered pair is a claim that could be false: together they are false with a chance of at most alpha.
        self.needed = variants * (variants - 1) / alpha
        self._races = {(one, other): Race() for one in range(variants) for other in range(variants) if one != other}
        self._beaten: set[tuple[int, int]] = set()
        self.winner: int | None = None
        self.blocks = 0

    def add(self, outcomes: Mapping[int, float]) -> None:
        """One block: what each variant's group did, by variant, larger being better. Those that said nothing are left out."""
        self.blocks += len(outcomes) > 1
        for (one, other), race in self._races.items():
            if one in outcomes and other in outcomes:
                race.add(outcomes[one] - outcomes[other])
                if race.evidence >= self.needed:
                    self._beaten.add((one, other))
        if self.winner is None:
            every = range(self.variants)
            self.winner = next(
                (one for one in every if all((one, other) in self._beaten for other in every if other != one)), None
            )

    def verdict(self) -> Verdict:
        return Verdict(self.winner, self.blocks, {pair: race.evidence for pair, race in self._races.items()}, self.needed)
