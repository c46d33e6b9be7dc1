"""Names and texts of strangers, made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.cleaning import MAX_NAME, clean_name, clean_text, distinct, sounds_like
from bot.limits import Allowance


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("  小\t王\n", "小 王"), ("Ｍａｙ", "May"), ("王\u202e李", "王李"), ("\u3164\u2800\uffa0", ""), ("🍓妈", "🍓妈"),
        ("一" * 30, "一" * 20), ("Z\u0301\u0301\u0301\u0301\u0301algo", "Z\u0301\u0301\u0301algo"), ("\u0301", ""),
        ("\ufe0f\u200d", ""),
    ],
)
def test_a_nickname_is_cleaned(raw: str, name: str) -> None:
    cleaned = clean_name(raw)
    assert unicodedata.normalize("NFD", cleaned) == unicodedata.normalize("NFD", name) or cleaned == name


@given(st.text(max_size=200))
def test_whatever_is_typed_a_name_is_short_and_visible_or_empty(raw: str) -> None:
    name = clean_name(raw)
    assert len(name) <= MAX_NAME
    assert name == "" or any(unicodedata.category(one)[0] in "LNPS" for one in name)
    assert not any(unicodedata.category(one) == "Cc" for one in name)
    assert clean_name(name) == name or not name.isascii()


@given(st.text(max_size=300))
def test_cleaning_a_text_twice_changes_nothing_more(raw: str) -> None:
    assert clean_text(clean_text(raw)) == clean_text(raw)


@given(st.lists(st.sampled_from(["小王", "小王2", "小 王", "王", "x" * 20]), max_size=12))
def test_names_stay_distinct(wanted: list[str]) -> None:
    taken: list[str] = []
    for name in wanted:
        taken.append(distinct(name, taken))
    assert len(set(taken)) == len(taken)
    assert all(len(name) <= MAX_NAME for name in taken)


def test_names_that_sound_like_ours_are_found() -> None:
    assert sounds_like("小-团", "小团")
    assert sounds_like("Ｔｕａｎ bot", "tuan")
    assert not sounds_like("团小", "小团")


def test_an_allowance_fills_up_again() -> None:
    now = 0.0
    allowance = Allowance(60, 3, lambda: now)
    assert [allowance.take("a") for _ in range(3)] == [0, 0, 0]
    assert allowance.take("a") == pytest.approx(1)
    assert allowance.take("b") == 0
    now = 1.0
    assert allowance.take("a") == 0
    assert allowance.take("a") > 0
