"""Orders in the talk of a group: found where they are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content.ordering.talk import CANCEL, Offer, Wish, understand

OFFERS = (
    Offer("A", ("A", "草莓", "丹东草莓", "红颜草莓"), "盒"), Offer("B", ("B", "车厘子", "大樱桃"), "盒"),
    Offer("C", ("C", "鸡蛋", "土鸡蛋"), "板"),
)
LABELLED = [
    line.split("\t", 1) for line in Path(__file__).with_name("talk.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def told(wish: Wish | None) -> str:
    """A wish in the words of the labelled set."""
    if wish is None:
        return "-"
    lines = [offer if wish.kind == CANCEL else f"{offer}{quantity}" for offer, quantity in wish.lines]
    return " ".join([wish.kind, *lines, *([f"@{wish.whose}"] if wish.whose else [])])


def test_orders_are_found_and_talk_is_left_alone():
    assert len(LABELLED) >= 400
    wrong = [(text, label, told(understand(text, OFFERS))) for label, text in LABELLED]
    found = [one for one in wrong if one[2] != "-"]
    orders = [one for one in wrong if one[1] != "-"]
    precision = sum(label == got for _, label, got in found) / len(found)
    recall = sum(label == got for _, label, got in orders) / len(orders)
    assert precision >= 0.99, [one for one in found if one[1] != one[2]]
    assert recall >= 0.95, [one for one in orders if one[1] != one[2]]


def test_letters_and_names_are_only_what_is_offered_here():
    assert understand("A2 B1", ()) is None
    assert told(understand("榴莲2份", OFFERS)) == "-"
    assert told(understand("榴莲2份", (Offer("d", ("榴莲",)),))) == "want d2"


def test_a_wish_about_the_order_is_kept_as_its_note():
    assert understand("我要2份，送到3号楼", OFFERS).note == "送到3号楼"
    assert understand("来一份草莓，要大的", OFFERS).note == "要大的"


@pytest.mark.parametrize("text", ["我要99999份", "我要123456份", "我要-2份", "我要0.5份", "我要1e9份", "我要２.５份"])
def test_what_is_no_quantity_is_not_ordered(text):
    wish = understand(text, OFFERS)
    assert wish is None or all(quantity <= 9999 for _, quantity in wish.lines)
    assert wish is None or "0.5" not in text


@given(some.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    wish = understand(text, OFFERS)
    assert wish is None or all(0 <= quantity <= 9999 for _, quantity in wish.lines)


ORDERS = [text for label, text in LABELLED if label != "-"]


@given(some.sampled_from(ORDERS), some.text(alphabet="觉得怎么样呢真好吃啊他说昨天", min_size=3, max_size=20))
def test_an_order_with_unknown_words_before_it_is_talk(order, words):
    wish = understand(words + order, OFFERS)
    assert wish is None
