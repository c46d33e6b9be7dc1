"""What a finding says, disguises, what is known, and the shop's dictionary."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.findings import BLOCK, NOTE, OK, is_blocked, worst
from content.lint import Dictionary, Facts, Offered, check
from content.lint.checking import BY_ID

TODAY = date(2026, 11, 22)
STRAWBERRY = Offered("奶油草莓", (5990, 6990), ("草莓",), list_price_fen=7990, stock=12)


def rules_of(text: str, known: Facts | None = None, dictionary: Dictionary | None = None) -> set[str]:
    return {one.rule for one in check(text, known or Facts(today=TODAY), dictionary or Dictionary())}


def test_a_finding_says_where_why_and_what_to_write_instead() -> None:
    text = "早上好！这款茶能根治失眠。"
    found = check(text)[0]
    assert (found.level, found.rule) == (BLOCK, "cure")
    assert text[found.start : found.end] == found.place
    assert "根治" in found.place
    assert "广告法" in found.origin
    assert found.why
    assert found.why_en
    assert found.rewrite


def test_every_rule_says_why_in_both_languages_and_where_it_comes_from() -> None:
    for rule in BY_ID.values():
        said = rule.words
        assert all((said.why, said.why_en, said.rewrite, said.rewrite_en, said.origin)), rule.id


@pytest.mark.parametrize(
    "text",
    ["转 发 领 红 包", "转·发·领·红·包", "轉發領紅包", "转\u200b发领红包",
     "砖发领洪包", "转發领荭苞", "转fa领红b", "【转发】领红包", "转-发-领-红-包"],
)
def test_a_disguise_does_not_help(text: str) -> None:
    assert "share_reward" in rules_of(text)


def test_the_place_of_a_disguised_word_is_where_it_stands() -> None:
    text = "邻居们，根　治 失眠"
    cure = next(one for one in check(text) if one.rule == "cure")
    assert text[cure.start : cure.end].startswith("根　治")


@pytest.mark.parametrize(
    ("harmless", "wrong"),
    [
        ("第一次参团", "全国第一的草莓"), ("最近到货", "最好吃的草莓"), ("最后一天", "史上最低价"), ("最多2份", "全网最低"),
        ("绝对不是药", "绝对有效"), ("100%棉", "100%有效"), ("客户端下线", "发展下线"), ("二级能效", "二级三级分佣"),
        ("帮忙转告楼上", "不转不是中国人"), ("客服400-820-8820", "电话13812345678"), ("QQ糖", "加QQ 12345678"),
        ("不能代替药物治疗疾病", "能治疗糖尿病"), ("谨防骗子让你集赞领奖", "集赞领奖"), ("3人成团发货", "邀请3人进群得红包"),
    ],
)  # fmt: skip
def test_the_same_characters_can_be_harmless(harmless: str, wrong: str) -> None:
    assert rules_of(harmless) == set()
    assert rules_of(wrong)


def test_a_price_the_product_table_contradicts_is_found() -> None:
    known = Facts(products=(STRAWBERRY,))
    assert rules_of("草莓今晚59.9元一箱", known) == set()
    assert rules_of("草莓满100减10元，59.9元一箱", known) == set()
    found = [one for one in check("草莓今晚只要39.9元", known) if one.rule == "price"]
    assert [(one.place, one.rewrite) for one in found] == [("39.9元", "¥59.90")]
    assert "false_before" in rules_of("草莓原价129元，现在59.9元", known)
    assert "false_before" not in rules_of("草莓原价79.9元，现在59.9元", known)


def test_a_product_that_is_sold_out_or_gone_is_found() -> None:
    for gone in (Offered("奶油草莓", (5990,), stock=0), Offered("奶油草莓", (5990,), is_on_sale=False)):
        assert "sold_out" in rules_of("奶油草莓今晚开团", Facts(products=(gone,)))
    assert rules_of("苹果今晚开团", Facts(products=(Offered("奶油草莓", (5990,), stock=0),))) == set()


def test_a_date_that_is_past_is_found_when_something_ends_or_begins_then() -> None:
    assert "past_date" in rules_of("活动截止2026年11月20日")
    assert "past_date" in rules_of("报名截止11月20日")
    for fine in ("活动截止2026年11月25日", "生产日期2025年3月1日", "活动截止1月5日", "截止2026年13月40日"):
        assert rules_of(fine) == set()
    assert rules_of("活动截止2026年11月20日", Facts()) == set()


def test_links_to_us_and_to_the_allowed_are_fine() -> None:
    known = Facts(hosts=frozenset({"shop.example"}))
    assert rules_of("看这里 https://shop.example/d/1 或 https://m.shop.example/x", known) == set()
    assert rules_of("看这里 https://shop.example.evil.com/d", known) == {"link"}
    assert "link" in rules_of("看这里 https://shop.example@evil.com/d", known)


def test_values_that_will_be_filled_in_are_fine_and_others_are_not() -> None:
    known = Facts(values=frozenset({"product", "group"}))
    assert rules_of("{{ product.name }} 今晚开团", known) == set()
    assert rules_of("{{ produkt.name }} 今晚开团", known) == {"missing_value"}
    assert rules_of("{{ product.name }} 今晚开团") == {"missing_value"}


def test_the_shops_own_number_is_no_personal_data() -> None:
    assert rules_of("客服电话 138-1234-5678", Facts(contacts=frozenset({"13812345678"}))) == set()


def test_a_shop_has_words_of_its_own() -> None:
    dictionary = Dictionary({"隔壁老王": NOTE}, frozenset({"顶级城小区"}), frozenset({"hurry"}))
    assert [(one.level, one.rule) for one in check("隔 壁老王来了", dictionary=dictionary)] == [(NOTE, "shop_word")]
    assert rules_of("送到顶级城小区", dictionary=dictionary) == set()
    assert rules_of("顶级草莓", dictionary=dictionary) == {"extreme"}
    assert rules_of("厂家倒闭清仓", dictionary=dictionary) == set()


def test_the_worst_finding_gives_the_level() -> None:
    assert worst([]) == OK
    found = check("顶级草莓，转发领红包")
    assert worst(found) == found[0].level == BLOCK
    assert is_blocked(found)


ENDLESS = ["治疗" * 4000, "转发" * 4000, "最" * 8000, "1-" * 4000, "{{" * 4000, "8" * 8000, "喝三天" * 3000, "a." * 4000, " " * 8000]


@pytest.mark.parametrize("text", ENDLESS)
def test_hostile_texts_come_to_an_end(text: str) -> None:
    assert len(check(text, Facts(today=TODAY))) <= 51


def test_what_is_too_long_to_be_read_is_blocked() -> None:
    assert "too_long" in rules_of("好" * 8001)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered_and_places_are_inside_it(text: str) -> None:
    for one in check(text, Facts(today=TODAY, products=(STRAWBERRY,))):
        assert 0 <= one.start <= one.end <= len(text)
        assert one.place == text[one.start : one.end]
