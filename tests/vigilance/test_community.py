"""The made-up community, small: the rules find its cheats, and the road says what the rules alone say."""

from __future__ import annotations

from benchmarks.community import measure
from benchmarks.community_road import compare
from benchmarks.community_world import Maker


def test_cheats_are_found_and_honest_people_left_alone_in_a_small_community() -> None:
    figures = measure(201, 3_000)
    assert figures["attribution_as_stored_rule"] == 1.0
    assert figures["fraud_orders"] >= 20
    assert figures["precision"] >= 0.9
    assert figures["recall"] >= 0.7


def test_the_road_credits_and_doubts_as_the_rules_alone() -> None:
    figures = compare(109, 85)
    assert figures["doubted"] > 0
    assert figures["credited_alike"]
    assert figures["doubted"] == figures["doubted_by_rules_alone"] == figures["doubted_by_both"]
    assert figures["ledger_balanced"]


def test_a_seed_makes_the_same_community_every_time() -> None:
    one, other = Maker(3, 800).make(), Maker(3, 800).make()
    assert (one.touches, one.orders) == (other.touches, other.orders)
    assert Maker(4, 800).make().orders != one.orders
