"""The rules alone: what each doubts, and the honest life beside it that it lets be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.vigilance import rules
from handlers.vigilance.rules import DEVICE, HOME, NETWORK, PAYER, PHONE, Case, Join, Known, Purchase, judge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def known(person: str, **signs: str) -> Known:
    return Known(person, frozenset(signs.items()))


def bought(person: str, number: int = 1, *, minutes: float = 0, back: bool = False, drop: tuple[int, int] = (0, 0), **signs: str) -> Purchase:
    return Purchase(
        order_id=f"o{person}{number}", buyer=known(person, **signs), at=NOON + timedelta(minutes=minutes + number), total_fen=5000,
        is_refunded=back, drop_orders=drop[0], drop_refunds=drop[1],
    )


def doubts(referrer: Known, *purchases: Purchase, joins: tuple[Join, ...] = (), **shared: int) -> dict[str, tuple[str, ...]]:
    counts = {sign: shared[sign[1]] for one in (*purchases,) for sign in one.buyer.signs if sign[1] in shared}
    counts |= {sign: shared[sign[1]] for one in joins for sign in one.who.signs if sign[1] in shared}
    counts |= {sign: shared[sign[1]] for sign in referrer.signs if sign[1] in shared}
    return {one.rule: one.order_ids for one in judge(Case(referrer=referrer, purchases=purchases, joins=joins, shared_by=counts))}


@pytest.mark.parametrize("kind", [PAYER, PHONE])
def test_who_pays_or_is_called_like_the_referrer_is_the_referrer(kind: str) -> None:
    assert doubts(known("w", **{kind: "x"}), bought("l", **{kind: "x"})) == {rules.SELF: ("ol1",)}


def test_one_person_in_two_accounts_is_the_referrer() -> None:
    assert doubts(known("w"), bought("w")) == {rules.SELF: ("ow1",)}


def test_one_home_is_held_as_a_household_and_not_as_cheating() -> None:
    assert doubts(known("w", home="h"), bought("l", home="h"), h=2) == {rules.HOUSEHOLD: ("ol1",)}


def test_a_dormitory_an_office_or_a_shops_counter_is_no_home() -> None:
    assert doubts(known("w", home="h"), bought("l", home="h"), h=9) == {}
    assert doubts(known("w", payer="p"), bought("l", payer="p"), p=30) == {}


def test_ordering_once_on_a_friends_phone_is_no_crime() -> None:
    assert doubts(known("w", device="d"), bought("l", device="d")) == {}
    assert doubts(known("w", device="d"), bought("l", device="d"), bought("l", 2, device="d")) == {rules.SELF: ("ol1", "ol2")}


def test_three_buyers_behind_one_device_are_a_ring_and_two_are_not() -> None:
    three = [bought(one, device="d") for one in "abc"]
    assert set(doubts(known("w"), *three, d=3)) == {rules.RING}
    assert doubts(known("w"), *three[:2], d=2) == {}


def test_the_tablet_of_the_pick_up_point_is_no_ring() -> None:
    assert doubts(known("w"), *[bought(one, device="d") for one in "abc"], d=20) == {}


def test_a_family_around_one_tablet_is_no_ring() -> None:
    signs = {(DEVICE, "t"), (HOME, "h")}
    family = [
        Purchase(order_id=one, buyer=Known(one, frozenset(signs | {(DEVICE, one)})), at=NOON, total_fen=5000) for one in "abc"
    ]
    assert doubts(known("w"), *family, t=3, h=3) == {}


def flood(count: int, minutes: float, **more: Any) -> tuple[Join, ...]:
    return tuple(
        Join(who=known(f"j{place}", network="n", device=f"d{place % 3}"), at=NOON + timedelta(minutes=place * minutes), **more)
        for place in range(count)
    )


def test_a_flood_of_idle_joins_from_one_network_is_a_farm() -> None:
    found = doubts(known("w"), bought("j3"), joins=flood(25, 5), n=25, d0=9, d1=8, d2=8)
    assert found == {rules.FARM: ("oj31",)}


def test_as_many_joins_over_weeks_or_of_people_who_buy_are_no_farm() -> None:
    assert doubts(known("w"), bought("j3"), joins=flood(25, 24 * 60), n=25, d0=9, d1=8, d2=8) == {}
    assert doubts(known("w"), bought("j3"), joins=flood(25, 5, is_idle=False), n=25, d0=9, d1=8, d2=8) == {}


def test_neighbours_behind_one_carrier_are_no_farm() -> None:
    everyone = tuple(Join(who=known(f"j{place}", network="n"), at=NOON, is_idle=True) for place in range(25))
    assert doubts(known("w"), bought("j3"), joins=everyone, n=900) == {}


def test_many_orders_within_an_hour_need_something_in_common_to_be_doubted() -> None:
    alike = [bought(str(place), minutes=place, network="n") for place in range(9)]
    apart = [bought(str(place), minutes=place, network=f"n{place}", device=f"d{place}") for place in range(9)]
    assert set(doubts(known("w"), *alike, n=9)) == {rules.VELOCITY}
    assert doubts(known("w"), *apart) == {}


def test_orders_made_to_be_sent_back_are_a_ring_unless_the_goods_were_bad() -> None:
    assert set(doubts(known("w"), *[bought(one, back=True) for one in "abc"])) == {rules.REFUNDS}
    assert doubts(known("w"), *[bought(one, back=True, drop=(40, 12)) for one in "abc"]) == {}
    assert doubts(known("w"), *[bought(one, back=one == "a") for one in "abcdef"]) == {}


def test_evidence_names_kinds_and_figures_and_nobody() -> None:
    case = Case(referrer=known("w", phone="13812345678"), purchases=[bought("l", phone="13812345678")])
    assert "13812345678" not in str([one.evidence for one in judge(case)])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([*rules.SIGNS]), st.sampled_from("xyz"), st.booleans()), max_size=30))
def test_whatever_comes_only_orders_of_the_case_are_doubted(rows: list[tuple[str, str, str, bool]]) -> None:
    purchases = [bought(who, place, back=back, **{kind: value}) for place, (who, kind, value, back) in enumerate(rows)]
    case = Case(referrer=known("a", network="x"), purchases=purchases, shared_by={(NETWORK, "x"): 100})
    for doubt in judge(case):
        assert doubt.order_ids
        assert set(doubt.order_ids) <= {one.order_id for one in purchases}
