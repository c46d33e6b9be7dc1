"""What nobody sane would ask, and what happens then."""

from __future__ import annotations

import json

import pytest

from content.knowledge import SPEAK_ADDRESSED, Knowledge, Passage, question_likelihood
from content.knowledge.evaluation import BadRows, answer, evaluate
from tests.knowledge.shop import first, shop

STRANGE = [
    "", " ", "?", "？？？", "。。。", "😀😀😀", "\u200b\u200b", "\x00\x01", "a" * 10_000, "草莓" * 5_000, "?" * 10_000, "1" * 10_000,
    "[微笑][微笑]", "\ud83d", "𠮷𠮷𠮷", "ᠮᠣᠩᠭᠣᠯ", "مرحبا", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\n\n\n", "的了吗呢吧",
    "好", "嗯", "+1",
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_strange_text_is_never_answered_with_confidence_and_never_fails(text):
    found = shop().search(text)
    assert all(0.0 <= candidate.confidence <= 1.0 for candidate in found)
    if not text.startswith("草莓"):
        assert all(candidate.confidence < SPEAK_ADDRESSED for candidate in found)
    assert 0.0 <= question_likelihood(text) <= 1.0


def test_a_question_of_ten_thousand_characters_is_read_as_far_as_it_matters():
    knowledge = shop()
    found = knowledge.search("退款多久到账" + "呀" * 10_000)
    assert len(found) <= 3


@pytest.mark.parametrize(
    "text", ["退款 多久 到账 please", "how long 退款多久到账", "退款多久到账😀😀", "【急】退款多久到账！！！", "退 款 多 久 到 账"]
)
def test_mixed_scripts_and_decoration_do_not_hide_the_question(text):
    assert first(shop(), text).passage_id == "faq:refund"


def test_an_english_entry_is_found_by_an_english_question():
    entry = Passage("faq:ship", "faq", "Do you ship abroad?", ("international shipping",), "No.")
    assert first(shop(entry), "do you ship abroad").passage_id == "faq:ship"


def test_an_empty_base_answers_nothing():
    assert Knowledge().search("退款多久到账") == []


def test_a_passage_of_signs_alone_is_kept_and_harms_nobody():
    knowledge = shop(Passage("faq:odd", "faq", "？？？", ("", "!!!"), ""), Passage("product:odd", "product", "★★★"))
    assert first(knowledge, "退款多久到账").passage_id == "faq:refund"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"), ("[]", "not a JSON object"), ('{"id": "a"}', "needs `id` and `question`"),
        ('{"id": "x", "question": "问", "aliases": "不是表"}', "must be a list"), ('{"id": "1", "question": "再来"}', "twice"),
        ("\\xff\\xfe", "not JSON"),
    ],
)  # fmt: skip
def test_bad_rows_are_told_with_their_line_and_the_reason(tmp_path, line, reason):
    entries, queries = tmp_path / "faq.jsonl", tmp_path / "queries.jsonl"
    entries.write_text('{"id": "1", "question": "怎么退货"}\n' + line + "\n", encoding="utf-8")
    queries.write_text('{"id": "q", "text": "如何退货", "answer_id": "1"}\n', encoding="utf-8")
    with pytest.raises(BadRows) as caught:
        evaluate(entries, queries)
    assert caught.value.rows[0][1] == 2
    assert reason in str(caught.value)


def test_a_question_for_an_unknown_entry_is_told(tmp_path):
    entries, queries = tmp_path / "faq.jsonl", tmp_path / "queries.jsonl"
    entries.write_text('{"id": "1", "question": "怎么退货"}\n', encoding="utf-8")
    queries.write_text('{"id": "q", "text": "如何退货", "answer_id": "9"}\n', encoding="utf-8")
    with pytest.raises(BadRows, match="unknown entry 9"):
        evaluate(entries, queries)


def test_answers_are_null_below_the_threshold_and_always_carry_their_confidence(tmp_path):
    entries, queries = tmp_path / "faq.jsonl", tmp_path / "queries.jsonl"
    rows = [{"id": 1, "question": "怎么退货", "aliases": ["如何退货"]}, {"id": 2, "question": "发票怎么开"}]
    asked = [{"id": "a", "text": "怎样退货"}, {"id": "b", "text": "今晚月色真美"}, {"id": "c", "text": ""}]
    entries.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    queries.write_text("\n".join(json.dumps(row) for row in asked), encoding="utf-8")
    said = list(answer(entries, queries))
    assert [row["answer_id"] for row in said] == ["1", None, None]
    assert said[0]["score"] > SPEAK_ADDRESSED > said[1]["score"]
