"""Orders candidates by the fitted ranker and says how likely the first is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul

from content.knowledge.features import NAMES
from content.knowledge.weights import fitted

CONFIDENCE = (*NAMES, "score", "margin", "runner_up", "share")


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum; values beyond the last weight are not looked at."""

    weights: tuple[float, ...]
    constant: float

    def __call__(self, values: Sequence[float]) -> float:
        total: float = sum(map(mul, self.weights, values), self.constant)
        return total


@cache
def linear(name: str, names: tuple[str, ...]) -> Linear:
    """The fitted weights of that name, in the order of `names`."""
    table: dict[str, float] = fitted()[name]
    return Linear(tuple(float(table[each]) for each in names), float(table["constant"]))


def beside_the_others(scores: Sequence[float], place: int) -> list[float]:
    """How the candidate at `place` stands among the scores: score, margin to the best other, its score, share."""
    score = scores[place]
    rival = max((other for at, other in enumerate(scores) if at != place), default=-12.0)
    rival = max(rival, -12.0)
    top = max(scores)
    share = math.exp(score - top) / sum(math.exp(other - top) for other in scores)
    return [score, max(-6.0, min(score - rival, 6.0)), rival, share]
