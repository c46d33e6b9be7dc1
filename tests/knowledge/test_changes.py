"""The base changes while the shop is open."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from content.knowledge import Knowledge, Passage
from tests.knowledge.shop import EVERYTHING, STRAWBERRY, first, shop


def test_a_new_entry_is_found_by_the_next_question():
    knowledge = shop()
    before = knowledge.version
    knowledge.put(Passage("faq:pets", "faq", "店里可以带狗吗", (), "可以，请牵绳。"))
    assert knowledge.version > before
    assert first(knowledge, "能带狗进店吗").passage_id == "faq:pets"


def test_an_edited_entry_is_found_by_its_new_words_only():
    knowledge = shop()
    knowledge.put(Passage("faq:invoice", "faq", "营业执照在哪里看", (), "店门口。"))
    assert first(knowledge, "营业执照哪里能看").passage_id == "faq:invoice"
    answer = first(knowledge, "怎么开发票")
    assert answer is None or answer.passage_id != "faq:invoice" or answer.confidence < 0.3
    assert len(knowledge) == len(EVERYTHING)


def test_a_deleted_product_is_not_spoken_of_again():
    knowledge = shop()
    knowledge.remove(STRAWBERRY.id)
    knowledge.remove(STRAWBERRY.id)
    knowledge.remove("faq:never-there")
    assert all(candidate.passage_id != STRAWBERRY.id for candidate in knowledge.search("草莓多少钱"))
    assert len(knowledge) == len(EVERYTHING) - 1


def test_a_product_whose_price_question_was_known_can_be_renamed():
    knowledge = shop()
    knowledge.put(Passage(STRAWBERRY.id, "product", "丹东红颜草莓", names=("红颜草莓",)))
    assert first(knowledge, "红颜草莓多少钱").passage_id == STRAWBERRY.id


def test_an_entry_edited_a_thousand_times_is_still_one_entry():
    knowledge = shop()
    for number in range(1000):
        knowledge.put(Passage("faq:invoice", "faq", f"怎么开第{number}张发票"))
    assert len(knowledge) == len(EVERYTHING)
    assert first(knowledge, "怎么开第999张发票").passage_id == "faq:invoice"
    assert first(knowledge, "退款多久到账").passage_id == "faq:refund"


def test_changes_one_by_one_answer_as_the_whole_base_at_once():
    one_by_one = Knowledge()
    for passage in EVERYTHING:
        one_by_one.put(passage)
    for text in ("退款多久到账", "草莓多少钱", "发票怎么弄", "能送上楼吗"):
        gradual, at_once = first(one_by_one, text), first(shop(), text)
        assert gradual.passage_id == at_once.passage_id
        assert abs(gradual.confidence - at_once.confidence) < 1e-9


def test_searches_go_on_while_the_base_changes():
    knowledge = shop()
    stop = threading.Event()

    def search():
        found = set()
        while not stop.is_set():
            found.add(first(knowledge, "退款多久到账").passage_id)
        return found

    with ThreadPoolExecutor(3) as threads:
        searches = [threads.submit(search) for _ in range(3)]
        for number in range(200):
            knowledge.put(Passage(f"faq:{number % 20}", "faq", f"第{number}号通知写了什么"))
            if number % 50 == 49:
                knowledge.replace(EVERYTHING)
        stop.set()
        assert all(found.result() == {"faq:refund"} for found in searches)


def test_twelve_thousand_entries_are_searched_quickly_and_take_changes_at_once():
    subjects = [first_ + second for first_ in "赤橙黄绿青蓝紫金银铜铁锡" for second in "山水风云雷电日月星辰"]
    passages = [
        Passage(f"faq:{subject}{number}", "faq", f"{subject}的第{number}条规定是什么", (f"{subject}{number}怎么规定",))
        for subject in subjects
        for number in range(100)
    ]
    knowledge = Knowledge(passages)
    assert len(knowledge) == 12_000
    assert first(knowledge, "青云的第42条规定是什么").passage_id == "faq:青云42"
    knowledge.put(Passage("faq:new", "faq", "食堂周末开门吗"))
    assert first(knowledge, "食堂周末开不开门").passage_id == "faq:new"
