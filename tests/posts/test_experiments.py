"""Who gets which variant by chance, and that looking all the time does not find winners that are none."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content.experiments import Comparison, Race, Unit, assign

UNITS = some.lists(
    some.builds(Unit, some.text(max_size=6), some.integers(0, 500), some.floats(0, 500)), unique_by=lambda one: one.id, max_size=60
)


@given(UNITS, some.integers(2, 4), some.text(max_size=8))
def test_groups_are_shared_out_evenly_and_the_same_by_the_same_seed(units: list[Unit], variants: int, seed: str) -> None:
    places = assign(units, variants, seed)
    assert places == assign(list(reversed(units)), variants, seed)
    assert sorted(one.unit_id for one in places) == sorted(one.id for one in units)
    counts = Counter(one.variant for one in places)
    assert max(counts.values(), default=0) - min((counts[one] for one in range(variants)), default=0) <= 1
    for block in {one.block for one in places}:
        inside = [one.variant for one in places if one.block == block]
        assert len(set(inside)) == len(inside) <= variants


def test_blocks_hold_groups_of_one_size_and_activity() -> None:
    units = [Unit(f"g{number}", size, activity) for number, (size, activity) in enumerate([(5, 1), (5, 9), (200, 1), (200, 9)] * 2)]
    known = {one.id: one for one in units}
    for seed in ("a", "b", "c"):
        blocks: dict[int, set[tuple[int, float]]] = {}
        for place in assign(units, 2, seed):
            blocks.setdefault(place.block, set()).add((known[place.unit_id].size, known[place.unit_id].activity))
        assert all(len(kinds) == 1 for kinds in blocks.values())


def test_another_seed_draws_anew() -> None:
    units = [Unit(f"g{number}", 50, 5.0) for number in range(40)]
    first = {one.unit_id: one.variant for one in assign(units, 2, "monday")}
    second = {one.unit_id: one.variant for one in assign(units, 2, "tuesday")}
    assert 8 <= sum(first[one] != second[one] for one in first) <= 32


def run(variants: int, times: int, effect: float, chance: random.Random) -> int | None:
    """Eight groups that differ much and lastingly, drawn anew each time, looked at after every block."""
    habits = [chance.paretovariate(1.5) * 0.02 for _ in range(8)]
    units = [Unit(f"g{number}", 10 + 30 * (number // 4), habit) for number, habit in enumerate(habits)]
    comparison = Comparison(variants)
    for time in range(times):
        mood = chance.lognormvariate(0, 0.7)
        blocks: dict[int, dict[int, float]] = {}
        for place in assign(units, variants, f"{chance.random()}:{time}"):
            habit = habits[int(place.unit_id[1:])]
            gain = 1 + effect * (place.variant == 1)
            blocks.setdefault(place.block, {})[place.variant] = habit * mood * gain * chance.lognormvariate(0, 0.3)
        for number in sorted(blocks):
            comparison.add(blocks[number])
            if comparison.winner is not None:
                return comparison.winner
    return None


@pytest.mark.parametrize(("variants", "runs"), [(2, 1000), (3, 250)])
def test_looking_all_the_time_finds_a_winner_that_is_none_in_at_most_five_percent(variants: int, runs: int) -> None:
    chance = random.Random(1)
    false = sum(run(variants, 20, 0.0, chance) is not None for _ in range(runs))
    assert false / runs <= 0.05


def test_a_real_difference_is_found() -> None:
    chance = random.Random(20260303)
    found = [run(2, 40, 0.8, chance) for _ in range(60)]
    assert found.count(1) >= 48
    assert found.count(0) <= 1


def test_evidence_is_a_martingale_over_all_signs() -> None:
    """The mean over every way the signs may fall is 1, exactly, for differences of any size."""
    sizes = (0.001, 3.0, 0.2, 0.0, 40.0, 0.7)
    total = 0.0
    for signs in range(2 ** len(sizes)):
        race = Race()
        for place, size in enumerate(sizes):
            race.add(size if signs >> place & 1 else -size)
        total += race.evidence
    assert total / 2 ** len(sizes) == pytest.approx(1.0)


@given(some.lists(some.dictionaries(some.integers(0, 2), some.floats(-1e6, 1e6), max_size=3), max_size=30))
def test_a_winner_stays_the_winner(blocks: list[dict[int, float]]) -> None:
    comparison = Comparison(3)
    winner = None
    for block in blocks:
        comparison.add(block)
        if winner is not None:
            assert comparison.winner == winner
        winner = comparison.winner
