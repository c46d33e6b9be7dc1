"""Rosters as groups write them: each becomes the rows it means, whatever its form."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content.ordering import native, roster
from tests.needs import need

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "roster"
OURS = [json.loads(line) for line in Path(__file__).with_name("rosters.jsonl").read_text("utf-8").splitlines()]


def rows(text: str) -> list[dict[str, object]]:
    found = roster.read(text)
    return [] if found is None else [one.as_json() for one in found.wanted]


@pytest.mark.parametrize("case", OURS, ids=lambda case: case["raw"][:24])
def test_a_roster_means_its_rows(case):
    assert rows(case["raw"]) == case["rows"]


def test_the_shared_examples_are_all_right():
    need(SHARED.is_dir(), "no shared data beside the checkout")
    for line in (SHARED / "dev.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        assert rows(case["raw"]) == case["expected"], case["id"]


def test_a_row_knows_where_it_stands_and_how_sure_it_is():
    text = "#接龙\n橙子\n1. 小王 2份\n2. 大刘3"
    found = roster.read(text)
    assert [text[row.start:row.end] for row in found.rows] == ["小王 2份", "大刘3"]
    assert [row.wanted[0].confidence for row in found.rows] == [1.0, 0.6]


def test_the_head_and_what_it_offers_are_kept():
    found = roster.read("#接龙\nA 红颜 39.9/盒\nB 淡雪 59.9/盒\n1. 豆豆妈 A2")
    assert found.menu.keys == {"A": "红颜", "B": "淡雪"}
    assert found.head.startswith("A 红颜")


def block(title: str, *signed: tuple[str, int, str]) -> str:
    """The block WeChat sends beside a title, its places counted in UTF-16 units."""
    items = []
    for author, at, body in signed:
        offset = len(title[: title.index(body)].encode("utf-16-le")) // 2
        length = len(body.encode("utf-16-le")) // 2
        items.append(f"<i><u>{author}</u><h>0</h><s>.</s><t>{at}</t><r>{offset}-{length}</r></i>")
    inner = f"<solitaire><tt>0-8</tt><s>.</s><au>wx_a</au><content><s>{len(items)}</s>{''.join(items)}</content></solitaire>"
    return f"<solitaire_info><![CDATA[{inner}]]></solitaire_info>"


def test_the_native_block_says_who_wrote_which_row_and_when():
    title = "#接龙\n🍊橙子\n\n1. 小王🍀 2份\n送到门口\n2. 李四 1"
    found = native.read(title, block(title, ("wx_a", 1700000000, "小王🍀 2份\n送到门口"), ("wx_b", 1700000060, "李四 1")))
    assert [(row.author, row.signed_at, row.wanted[0].as_json()) for row in found.rows] == [
        ("wx_a", 1700000000, {"name": "小王🍀", "quantity": 2, "note": "送到门口"}),
        ("wx_b", 1700000060, {"name": "李四", "quantity": 1}),
    ]


def test_an_escaped_block_is_read_and_one_that_does_not_fit_is_not():
    title = "#接龙\n橙子\n1. 小王 2份"
    plain = block(title, ("wx_a", 1700000000, "小王 2份"))
    escaped = html.escape(plain.replace("<![CDATA[", "").replace("]]>", ""))
    assert native.read(title, plain).rows[0].author == "wx_a"
    assert native.read(title, escaped) == native.read(title, plain)
    assert native.read("#接龙\n橙", plain) is None
    assert native.read(title, "") is None


def test_five_hundred_rows_are_read():
    text = "#接龙\n橙子\n" + "\n".join(f"{number}. 邻居{number}号 {number % 9 + 1}份" for number in range(1, 501))
    found = roster.read(text)
    assert len(found.rows) == 500
    assert found.rows[-1].wanted[0].as_json() == {"name": "邻居500号", "quantity": 6}


def test_a_text_beyond_every_roster_is_none():
    assert roster.read("#接龙\n" + "1. 小王 2份\n" * 10_000) is None


@given(some.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    for one in rows("#接龙\n1. " + text):
        assert one["quantity"] >= 0


PEOPLE = ["小王", "李四", "阿芳", "豆豆妈", "Tony", "王阿姨", "🐳", "陈叔", "Lily", "七月🍓"]
NAMES = some.lists(some.sampled_from(PEOPLE), min_size=1, max_size=10, unique=True)
SIGNS = some.sampled_from(["{n}份", " {n}份", " {n}", " +{n}", "+{n}", " x{n}", "：{n}份", "，{n}箱", " 要{n}份", " {n} 份"])


@given(NAMES, some.data())
def test_however_it_is_written_the_quantity_is_found(names, data):
    wanted = [(name, data.draw(some.integers(1, 99))) for name in names]
    lines = [f"{place}. {name}{data.draw(SIGNS).format(n=n)}" for place, (name, n) in enumerate(wanted, 1)]
    read = rows("#接龙\n橙子 10斤 39元\n\n" + "\n".join(lines))
    assert [(one["name"], one["quantity"]) for one in read] == wanted
