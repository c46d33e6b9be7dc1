"""Money is a whole number of fen: parts by largest remainder always sum to the whole."""

from __future__ import annotations

from collections.abc import Sequence


def split(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Share an amount by weights (≥ 0); the parts sum to it. What is left goes to the largest remainders, the first of
    equals first; with no weight at all it goes to the first."""
    total = sum(weights)
    if total == 0:
        return [amount_fen if place == 0 else 0 for place in range(len(weights))]
    parts = [amount_fen * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(amount_fen * weights[place] % total), place))
    for place in by_remainder[: amount_fen - sum(parts)]:
        parts[place] += 1
    return parts
