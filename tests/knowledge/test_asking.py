"""What members ask, and what the retriever makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from content.knowledge import SPEAK_ADDRESSED, SPEAK_UNADDRESSED, Knowledge, Passage, Spoken, normalise
from tests.knowledge.shop import EVERYTHING, first, shop

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "passage_id"),
    [
        ("退款多久到账", "faq:refund"),
        ("请问一下退款几天能到账呀", "faq:refund"),
        ("你们能送货上门不", "faq:delivery"),
        ("如何开具发票", "faq:invoice"),
        ("優惠券怎麼用", "faq:coupon"),
        ("优惠卷咋用", "faq:coupon"),
        ("退款多久到帐", "faq:refund"),
    ],
)
def test_an_entry_is_found_in_other_words(text, passage_id):
    answer = first(shop(), text)
    assert answer.passage_id == passage_id
    assert answer.confidence >= SPEAK_ADDRESSED


@pytest.mark.parametrize(
    ("text", "passage_id", "aspect"),
    [
        ("草莓多少钱", "product:1", "price"),
        ("请问草莓怎么卖的呀", "product:1", "price"),
        ("草莓多少錢一斤", "product:1", "price"),
        ("羊毛被有货吗", "product:2", "stock"),
        ("奶油草莓还有没有", "product:1", "stock"),
        ("草莓哪里产的", "product:1", "attribute:产地"),
        ("草莓能放几天", "product:1", "attribute:保质期"),
        ("羊毛被什么面料的", "product:2", "attribute:面料"),
        ("奶粉几个月的宝宝可以吃", "product:3", "attribute:适用月龄"),
        ("草莓有什么规格", "product:1", "spec"),
        ("羊毛被怎么样", "product:2", "about"),
    ],
)
def test_a_product_question_finds_the_product_and_the_fact_asked(text, passage_id, aspect):
    answer = first(shop(), text)
    assert (answer.passage_id, answer.aspect) == (passage_id, aspect)
    assert answer.confidence >= SPEAK_ADDRESSED


@pytest.mark.parametrize(
    "text",
    [
        "这个奶粉过敏宝宝能喝吗", "草莓和超市的比哪个新鲜", "电饭煲多少钱", "有蓝牙耳机吗", "今天晚上吃什么好呢", "你们老板结婚了吗",
        "羊毛被能带上飞机吗", "孩子发烧了怎么办", "明天下雨吗", "哈哈哈哈", "我家娃昨天又哭了一晚上",
    ],
)  # fmt: skip
def test_what_the_shop_does_not_know_stays_unanswered(text):
    answer = first(shop(), text)
    assert answer is None or answer.confidence < SPEAK_ADDRESSED


def test_a_name_that_sounds_like_a_question_about_a_fact_is_still_a_name():
    pillow = Passage("product:5", "product", "可水洗抗菌枕", attributes=(("洗涤", "40度以下"),), category="居家")
    answer = first(shop(pillow), "可水洗抗菌枕还有货吗")
    assert (answer.passage_id, answer.aspect) == ("product:5", "stock")


def test_products_that_fit_equally_share_the_confidence_and_both_are_returned():
    other = Passage("product:4", "product", "秋冬保暖加厚细羊毛被", names=("羊毛被",), category="居家 被枕")
    found = shop(other).search("羊毛被多少钱", limit=3)
    assert {candidate.passage_id for candidate in found[:2]} == {"product:2", "product:4"}
    assert found[0].confidence < 0.6
    assert found[0].signals["ties"] > 1.5
    assert found[0].signals["topic"] > SPEAK_ADDRESSED


def test_this_one_means_the_product_spoken_of_last():
    knowledge = shop()
    assert all(candidate.passage_id != "product:2" for candidate in knowledge.search("这个多少钱"))
    spoken = knowledge.search("这个多少钱", context=Spoken(product_id="product:2"))[0]
    assert (spoken.passage_id, spoken.aspect) == ("product:2", "price")
    assert spoken.confidence >= SPEAK_ADDRESSED


def test_a_quoted_message_says_what_this_one_is():
    quoted = Spoken(product_id="product:1", quoted="新到的羊毛被, 大家看看")
    assert shop().search("这个有货吗", context=quoted)[0].passage_id == "product:2"


def test_a_named_product_goes_before_the_one_spoken_of_last():
    answer = shop().search("草莓多少钱", context=Spoken(product_id="product:2"))[0]
    assert answer.passage_id == "product:1"


def test_the_shops_own_synonyms_are_understood():
    asked = "小红券怎么使"
    plain, taught = Knowledge(EVERYTHING), Knowledge(EVERYTHING, synonyms=[("优惠券", "小红券"), ("怎么用", "怎么使")])
    known = first(taught, asked)
    unknown = first(plain, asked)
    assert known.passage_id == "faq:coupon"
    assert unknown is None or known.confidence > unknown.confidence


def test_two_entries_that_contradict_each_other_are_both_returned_and_neither_is_sure():
    again = Passage("faq:refund2", "faq", "退款多久到账？", (), "退款要十五天。")
    found = shop(again).search("退款多久到账", limit=3)
    assert {candidate.passage_id for candidate in found[:2]} == {"faq:refund", "faq:refund2"}
    assert abs(found[0].score - found[1].score) < 3.0
    assert found[0].confidence < first(shop(), "退款多久到账").confidence


def test_the_demo_shop_is_understood_by_its_neighbours():
    """Most hand-written questions find their product or entry, and few unknown ones are answered."""
    demo, asked = ROOT / "content" / "demo", ROOT / "benchmarks" / "shop_questions.txt"
    goods = yaml.safe_load((demo / "products.yaml").read_text(encoding="utf-8"))
    entries = yaml.safe_load((demo / "faq.yaml").read_text(encoding="utf-8"))
    knowledge = Knowledge([*map(_product, goods), *map(_entry, entries)])
    meant = {f"{row['aliases'][0]}": f"product:{row['id']}" for row in goods}
    meant |= {row["question"]: f"faq:{row['id']}" for row in entries}
    right = known = silent = unknown = 0
    for line in asked.read_text(encoding="utf-8").splitlines():
        if "=>" not in line or line.startswith("#"):
            continue
        text, wanted = (part.strip() for part in line.split("=>"))
        answer = first(knowledge, text)
        if wanted == "-":
            unknown += 1
            silent += answer is None or answer.confidence < SPEAK_UNADDRESSED
        else:
            known += 1
            passage_id = meant.get(wanted) or meant[wanted.split()[0]]
            right += answer is not None and answer.passage_id == passage_id
    assert right / known >= 0.9
    assert silent / unknown >= 0.8


def _product(row):
    labels = [" ".join(sku["specs"]) for sku in row["skus"]]
    attributes = tuple((name, str(value)) for name, value in row["attributes"])
    names, category = (*row["aliases"], *labels), " ".join(row["category"])
    return Passage(f"product:{row['id']}", "product", row["name"], (), row["brief"], names, attributes, category)


def _entry(row):
    return Passage(f"faq:{row['id']}", "faq", row["question"], tuple(row["phrasings"]), row["answer"])


def test_normalise_brings_widths_scripts_and_invisible_signs_together():
    assert normalise("  ＡＢＣ　退\u200b款\ufeff 多久到賬 ") == "abc 退款 多久到账"


def test_what_has_next_to_nothing_in_common_is_not_looked_at_closely():
    more = [Passage(f"faq:{number}", "faq", f"第{number}号自提柜在小区哪个门口") for number in range(40)]
    assert shop(*more).search("昨晚梦见外星人开会讨论宇宙飞船的门票钱") == []


def test_entries_far_behind_the_best_are_no_candidates():
    found = shop().search("可以送货上门到家里吗", limit=5)
    assert found[0].passage_id == "faq:delivery"
    assert "faq:refund" not in {candidate.passage_id for candidate in found}
