"""Which talk in a group is a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from content.knowledge import QUESTION_THRESHOLD, question_likelihood

TALK = Path(__file__).resolve().parents[2] / "benchmarks" / "group_talk.txt"


@pytest.mark.parametrize(
    "text", ["草莓今天还有吗", "请问什么时候发货呀？", "怎么退货", "这个多少钱", "可以自提么", "有货没", "請問怎麼退款", "哪里下单?"]
)
def test_questions_are_heard(text):
    assert question_likelihood(text) >= QUESTION_THRESHOLD


@pytest.mark.parametrize(
    "text", ["哈哈哈哈", "收到啦谢谢", "今天的草莓好甜啊", "+1", "接龙 3. 小王 草莓2盒", "早上好呀大家", "已经付款了", "[微笑]", "😀", ""]
)
def test_other_talk_is_let_pass(text):
    assert question_likelihood(text) < QUESTION_THRESHOLD


@pytest.mark.parametrize(
    "text", ["不管多少钱我都要", "什么都好吃 就是贵", "谁先到谁先拿", "大家看下自己的单对不对", "几乎每周都买", "怎么吃都不腻", "我知道怎么弄了"]
)
def test_a_questions_words_alone_make_no_question(text):
    assert question_likelihood(text) < QUESTION_THRESHOLD


@pytest.mark.parametrize(("wide", "plain"), [("几点到货？", "几点到货?"), ("為什麼還沒發貨？", "为什么还没发货?"), ("有車厘子嗎", "有车厘子吗")])
def test_wide_signs_and_traditional_characters_ask_the_same(wide, plain):
    assert question_likelihood(wide) == question_likelihood(plain)


def test_labelled_group_talk_is_told_apart():
    rows = [line for line in TALK.read_text(encoding="utf-8").splitlines() if line[:1] in "?-" and line]
    heard = [(line[0] == "?", question_likelihood(line[2:]) >= QUESTION_THRESHOLD) for line in rows]
    said = [truth for truth, is_heard in heard if is_heard]
    asked = [is_heard for truth, is_heard in heard if truth]
    assert sum(said) / len(said) >= 0.9
    assert sum(asked) / len(asked) >= 0.85
