"""The question set: saved by a click, imported, asked all at once, and compared between versions of what we know."""

from __future__ import annotations

import json
import re

from bot.console.learning_bench import differ, judge, read_lines
from storage import question_sets
from tests.console_shop.conftest import audited
from tests.learning.conftest import Room, School


def saved(school: School) -> list[tuple[str, bool, str | None]]:
    with school.stage.database.read() as session:
        return [(row.text, row.is_addressed, row.expected) for row in question_sets.find_questions(session)]


def test_a_run_before_and_after_an_edit_says_what_it_fixed_and_broke(school: School, room: Room) -> None:
    stage = school.stage
    sends = stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    where = stage.knows("自提点在哪里", "在东门。", ["去哪儿拿货"])
    browser = room.browser("manager")
    browser.get("/learning/questions")
    for text, expected in (
        ("可以送货上门吗", f"faq:{sends}"), ("去哪儿拿货", f"faq:{where}"), ("在哪个门取东西呢", f"faq:{where}"), ("今天风真大", ""),
    ):
        browser.post("/learning/questions", {"text": text, "expected": expected, "to": "us"})
    browser.post("/learning/questions/run")
    with stage.database.read() as session:
        before = question_sets.find_runs(session)[0]
        assert {row.text: row.verdict for row in question_sets.find_results(session, before.id)} == {
            "可以送货上门吗": "right", "去哪儿拿货": "right", "在哪个门取东西呢": "silent", "今天风真大": "right",
        }
    stage.knows("自提点在哪里", "在东门。", ["去哪儿拿货", "在哪个门取东西呢"], entry_id=where)
    stage.knows("送货范围", "三公里内。", ["可以送货上门吗", "今天风真大"], entry_id=sends)
    other = stage.knows("可以送货上门吗", "不送。", ["可以送货上门吗?"])
    stage.knows("送货范围", "三公里内。", [], entry_id=sends)
    browser.get("/learning/questions")
    assert "知识在这之后改过" in browser.page
    browser.post("/learning/questions/run")
    found = re.search(r'id="difference">([^<]*)<', browser.page)
    assert found is not None
    assert found[1] == "修好了 1 道，弄坏了 1 道。"
    with stage.database.read() as session:
        after = question_sets.find_runs(session)[0]
        rows = {row.text: row for row in question_sets.find_results(session, after.id)}
    assert after.revision > before.revision
    assert (rows["可以送货上门吗"].verdict, rows["可以送货上门吗"].passage_id) == ("wrong", f"faq:{other}")
    assert rows["在哪个门取东西呢"].verdict == "right"
    english = room.browser("manager", language="en").get(f"/learning/questions/runs/{after.id}").text
    assert "Fixed 1, broke 1." in english


def test_one_click_saves_a_question_from_the_test_bench_and_from_the_log(school: School, room: Room) -> None:
    stage = school.stage
    entry = stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    stage.says("小王", "能送上楼吗", to_us=True)
    stage.says("李四", "我叫张伟，今天风真大")
    first, second = stage.log()
    browser = room.browser("manager")
    page = browser.get("/faq/bench?q=能送上楼吗&to=group").text
    assert f'value="faq:{entry}"' in page
    browser.post("/learning/questions", {"text": "能送上楼吗", "expected": f"faq:{entry}", "to": "group"})
    browser.get(f"/log/{first.id}")
    browser.post(f"/learning/questions/from-log/{first.id}", {"expected": "answer"})
    browser.get(f"/log/{second.id}")
    browser.post(f"/learning/questions/from-log/{second.id}", {"expected": "silence"})
    assert saved(school) == [
        ("能送上楼吗", False, f"faq:{entry}"), ("能送上楼吗", True, f"faq:{entry}"), ("我叫〔姓名〕,今天风真大", False, None),
    ]
    assert browser.post(f"/learning/questions/from-log/{second.id}", {"expected": "answer"}).status_code == 404
    assert [one[1] for one in audited(room)].count("question.add") == 3


def test_a_file_is_imported_whole_or_not_at_all(school: School, room: Room) -> None:
    browser = room.browser("manager")
    good = "\n".join(json.dumps({"text": f"第{at}种问法", "expected": "faq:x", "to": "us"}) for at in range(30))
    for content in (good + "\n{broken", good + '\n{"text": 3}', good + '\n{"text": "甲", "expected": 7}', "", "[]"):
        browser.get("/learning/questions")
        browser.post("/learning/questions/import", files={"file": ("q.jsonl", content.encode())})
        assert saved(school) == []
    browser.get("/learning/questions")
    browser.post("/learning/questions/import", files={"file": ("q.jsonl", good.encode())})
    assert len(saved(school)) == 30
    more = "\n".join(json.dumps({"text": f"另外第{at}种问法"}) for at in range(2_000))
    browser.post("/learning/questions/import", files={"file": ("q.jsonl", more.encode())})
    assert len(saved(school)) == 30
    assert "2000" in browser.page


def test_lines_are_read_with_masks_and_their_faults() -> None:
    rows, faults = read_lines(
        b'{"text": "\xe6\x88\x91\xe7\x9a\x8413812345678", "to": "us"}\n\n\xff\xfe\n{"text": ""}\n{"text": "a b", "expected": "none"}\n'
    )
    assert rows == [{"text": "我的〔电话〕", "is_addressed": True, "expected": None}]
    assert faults == [3, 4, 5]


def test_a_verdict_is_right_wrong_or_silent() -> None:
    assert judge("faq:a", "faq:a") == judge(None, None) == "right"
    assert judge("faq:a", "faq:b") == judge(None, "faq:b") == "wrong"
    assert judge("faq:a", None) == "silent"


def test_a_fact_is_compared_too() -> None:
    assert judge("product:a price", "product:a price") == judge("product:a", "product:a stock") == "right"
    assert judge("product:a price", "product:a stock") == "wrong"
    assert judge("product:a price", None) == "silent"


def test_an_edit_that_changes_the_fact_told_is_seen(school: School, room: Room) -> None:
    stage = school.stage
    stage.sells("云南高山奶油草莓", 3990, 8, aliases=["草莓"])
    stage.knows("可以送货上门吗？", "满39元送上楼。")
    stage.says("小王", "草莓多少钱", to_us=True)
    [row] = stage.log()
    browser = room.browser("manager")
    browser.get(f"/log/{row.id}")
    browser.post(f"/learning/questions/from-log/{row.id}", {"expected": "answer"})
    [(_, _, expected)] = saved(school)
    assert expected is not None
    assert expected.endswith(" price")
    assert "云南高山奶油草莓 · 价格" in browser.get("/learning/questions").text
    browser.post("/learning/questions/run")
    with stage.database.write() as session:
        session.query(question_sets.BenchResult).one().passage_id = expected.replace("price", "stock")
        session.query(question_sets.SavedQuestion).one().expected = expected.partition(" ")[0]
    browser.post("/learning/questions/run")
    with stage.database.read() as session:
        now, before = (question_sets.find_results(session, run.id) for run in question_sets.find_runs(session))
    fixed, broke, other = differ(now, before)
    assert (fixed, broke, len(other)) == ([], [], 1)


def test_only_the_newest_runs_are_kept_and_a_removed_question_leaves_them(school: School, room: Room) -> None:
    school.stage.knows("可以送货上门吗？", "满39元送上楼。")
    browser = room.browser("manager")
    browser.get("/learning/questions")
    browser.post("/learning/questions/run")
    assert "还没有考题" in browser.page
    browser.post("/learning/questions", {"text": "送吗", "expected": "", "to": "group"})
    for _ in range(question_sets.MOST_RUNS + 2):
        browser.post("/learning/questions/run")
    with school.stage.database.read() as session:
        runs = question_sets.find_runs(session)
        question = question_sets.find_questions(session)[0]
    assert len(runs) == question_sets.MOST_RUNS
    browser.get("/learning/questions")
    browser.post(f"/learning/questions/{question.id}/remove")
    assert browser.get(f"/learning/questions/runs/{runs[0].id}").status_code == 200
    assert saved(school) == []
