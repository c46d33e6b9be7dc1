"""Copies of a roster are merged: nobody is lost, nobody's row is changed by somebody else, in whatever order they come."""

from __future__ import annotations

import json
import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from content.ordering import roster
from content.ordering.merging import Copy, Merged, entries_of, merge
from tests.needs import need

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "roster"


def entries(text: str):
    return entries_of(roster.read(text))


def written(rows: list[tuple[str, int]]) -> str:
    return "#接龙\n橙子\n" + "\n".join(f"{place}. {name} {count}份" for place, (name, count) in enumerate(rows, 1))


def copy(author: str, *rows: tuple[str, int], at: float = 0.0) -> Copy:
    return Copy(author, entries(written(list(rows))) if rows else (), at)


def stands(merged: Merged) -> list[tuple[str, int]]:
    return [(one.name, one.quantity) for one in merged.wanted]


def test_the_shared_examples_are_all_right():
    need(SHARED.is_dir(), "no shared data beside the checkout")
    for line in (SHARED / "forks.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        copies = [Copy(author, entries(text), place) for place, (author, text) in enumerate(case["versions"])]
        merged = merge(entries(case["before"]), copies)
        assert [one.as_json() for one in merged.wanted] == case["merged"], case["id"]
        assert merged.asked_names == case.get("questions", []), case["id"]


def test_somebody_elses_row_said_differently_is_asked_about():
    merged = merge(entries(written([("甲", 1), ("乙", 2)])), [copy("丙", ("甲", 9), ("乙", 2), ("丙", 1))])
    assert stands(merged) == [("甲", 1), ("乙", 2), ("丙", 1)]
    assert [(one.entry.name, one.asked_by, one.now.wanted[0].quantity) for one in merged.questions] == [("甲", "丙", 9)]


def test_an_author_who_speaks_again_answers_the_question():
    base = entries(written([("甲", 1), ("乙", 2)]))
    merged = merge(base, [copy("丙", ("甲", 1), ("丙", 1), at=1), copy("乙", ("甲", 1), ("乙", 5), ("丙", 1), at=2)])
    assert stands(merged) == [("甲", 1), ("乙", 5), ("丙", 1)]
    assert merged.questions == ()


def test_a_copy_of_an_older_copy_is_compared_with_that_one():
    first = copy("甲", ("甲", 1), at=1)
    second = copy("乙", ("甲", 1), ("乙", 2), at=2)
    late = copy("丙", ("甲", 1), ("丙", 3), at=3)
    assert stands(merge((), [first, second, late])) == [("甲", 1), ("乙", 2), ("丙", 3)]
    assert merge((), [first, second, late]).questions == ()


def test_signing_for_another_is_that_posters_row():
    merged = merge((), [
        copy("小王", ("小王", 1), ("小王妈妈", 2), at=1), copy("小王", ("小王", 1), at=2), copy("小王妈妈", ("小王", 1), at=3),
    ])
    assert stands(merged) == [("小王", 1)]


def test_two_rows_with_one_name_by_two_people_are_two_rows():
    merged = merge((), [copy("wx_1", ("妮妮", 1), at=1), copy("wx_2", ("妮妮", 1), ("妮妮", 3), at=2)])
    assert stands(merged) == [("妮妮", 1), ("妮妮", 3)]


def test_every_change_is_told_with_what_was_before():
    merged = merge(entries(written([("甲", 1), ("乙", 2)])), [
        copy("甲", ("甲", 4), ("乙", 2), at=1), copy("乙", ("甲", 4), at=2), copy("丙", ("甲", 4), ("丙", 1), at=3),
    ])
    assert [(one.kind, one.author, one.entry.name) for one in merged.changes] == [
        ("changed", "甲", "甲"), ("removed", "乙", "乙"), ("added", "丙", "丙"),
    ]
    assert merged.changes[0].before.wanted[0].quantity == 1


MEMBERS = [f"邻居{sign}" for sign in "甲乙丙丁戊己庚辛"]


@some.composite
def histories(draw):
    """A group signing: each member copies some earlier copy, and adds or changes the own row there."""
    seen: list[list[tuple[str, int]]] = [[("团长", 1)]]
    copies: list[Copy] = []
    wanted: dict[str, int] = {"团长": 1}
    for at in range(draw(some.integers(1, 10))):
        author = draw(some.sampled_from(MEMBERS))
        # Whoever signed before starts from a copy that has the own last word; others from any copy seen.
        last = (author, wanted[author]) if author in wanted else None
        fits = [place for place, rows in enumerate(seen) if last is None or last in rows]
        base = seen[draw(some.sampled_from(fits))]
        count = draw(some.integers(1, 20))
        rows = [(name, number) for name, number in base if name != author] + [(author, count)]
        seen.append(rows)
        copies.append(copy(author, *rows, at=at))
        wanted[author] = count
    return copies, wanted


@given(histories(), some.randoms(use_true_random=False))
def test_in_whatever_order_the_copies_come_everybodys_last_word_stands(history, chance: random.Random):
    copies, wanted = history
    base = entries(written([("团长", 1)]))
    straight = merge(base, copies)
    chance.shuffle(copies)
    assert merge(base, copies) == straight
    assert dict(stands(straight)) == wanted
    assert len(straight.entries) == len(wanted)


@given(some.lists(some.sampled_from(MEMBERS), min_size=1, max_size=8, unique=True), some.permutations(range(8)))
def test_forks_of_one_copy_merge_to_the_same_rows_whoever_comes_first(authors, order):
    base = [("团长", 1)]
    forks = [copy(author, *base, (author, 2)) for author in authors]
    times = [Copy(one.author, one.entries, at) for one, at in zip(forks, order, strict=False)]
    assert sorted(stands(merge(entries(written(base)), times))) == sorted([*base, *((author, 2) for author in authors)])


COPIED = some.lists(some.tuples(some.sampled_from(MEMBERS), some.integers(0, 9)), max_size=6)


@given(some.lists(some.tuples(some.sampled_from(MEMBERS), COPIED), max_size=8))
def test_no_row_goes_but_by_its_authors_own_hand(posted):
    base = entries(written([(name, 1) for name in MEMBERS]))
    merged = merge(base, [copy(author, *rows, at=at) for at, (author, rows) in enumerate(posted)])
    gone = {change.entry.name for change in merged.changes if change.kind == "removed"}
    assert {entry.name for entry in base} - {entry.name for entry in merged.entries} <= gone
    for change in merged.changes:
        if change.kind == "removed":
            assert change.author in (change.entry.name, change.entry.author)
