"""Scenes at the log: finding, filtering, paging, one interaction in detail, and the CSV file."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from content.sheets import guarded
from storage import log, log_walk
from storage.audit import AuditEntry
from tests.console.conftest import Browser, Room

ROW = re.compile(r'href="/console/log/(\d+)" title=')


def shown(browser: Browser, path: str) -> list[int]:
    """The ids of the rows on a page of the log."""
    answer = browser.get(path)
    assert answer.status_code == 200
    return [int(one) for one in ROW.findall(answer.text)]


def follow(browser: Browser, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="/console([^"]+)"', browser.page)
    return found.group(1).replace("&amp;", "&") if found else None


def test_an_interaction_shows_who_said_what_and_what_we_answered(room: Room) -> None:
    room.stage.knows("几点发货", "下午四点前下单当天发货。")
    room.stage.says("周芳", "几点发货？", to_us=True)
    browser = room.browser("viewer")
    page = browser.get("/log").text
    for words in ("周芳", "几点发货？", "下午四点前下单当天发货。", "问答", "已回答"):
        assert words in page


def test_a_word_of_two_characters_is_found_in_messages_names_and_replies(room: Room) -> None:
    room.stage.knows("几点发货", "下午四点前下单当天发货。")
    room.stage.says("周芳", "这个草莓真甜")
    room.stage.says("李晓明", "今天好冷")
    room.stage.says("王伟", "几点发货？", to_us=True)
    browser = room.browser("viewer")
    texts = {row.id: row.text for row in room.stage.log()}
    assert [texts[one] for one in shown(browser, "/log?q=草莓")] == ["这个草莓真甜"]
    assert [texts[one] for one in shown(browser, "/log?q=晓明")] == ["今天好冷"]
    assert "几点发货？" in [texts[one] for one in shown(browser, "/log?q=当天")]
    assert shown(browser, "/log?q=榴莲") == []
    assert "没有符合的记录" in browser.page
    assert shown(browser, "/log?q=草莓 真甜") == shown(browser, "/log?q=草莓")


@pytest.mark.parametrize(
    "words",
    [
        "'",
        '"',
        "*",
        "%",
        "_",
        '草莓"',
        "a' or 1=1 --",
        "NEAR(",
        "(((",
        "😀",
        "\u200b",
        "-",
        "q:x",
        "x" * 5000,
    ],
)
def test_odd_words_find_nothing_and_break_nothing(room: Room, words: str) -> None:
    room.stage.says("周芳", "这个草莓真甜")
    browser = room.browser("viewer")
    assert browser.get("/log", params={"q": words}).status_code == 200
    assert browser.get("/log/count", params={"q": words}).status_code == 200


def test_each_filter_keeps_what_it_names(room: Room) -> None:
    stage = room.stage
    stage.knows("几点发货", "下午四点前下单当天发货。")
    stage.says("周芳", "早上好")
    stage.says("周芳", "几点发货？", to_us=True)
    stage.says("李晓明", "今天好冷", group="g2")
    stage.joins("王伟")
    stage.time += timedelta(days=2)
    stage.says("李晓明", "转人工")
    browser = room.browser("viewer")
    rows = {row.id: row for row in stage.log()}

    def found(query: str) -> set[tuple[str, str | None]]:
        return {(rows[one].kind, rows[one].text) for one in shown(browser, f"/log?{query}")}

    assert found("group=stage:g2") == {("MessageReceived", "今天好冷")}
    assert found("member=stage:周芳") == {("MessageReceived", "早上好"), ("MessageReceived", "几点发货？")}
    assert found("feature=faq") == {("MessageReceived", "几点发货？")}
    assert found("feature=community") == {("MemberJoined", None)}
    assert found("outcome=handover") == {("MessageReceived", "转人工")}
    assert found("kind=MemberJoined") == {("MemberJoined", None)}
    assert found("reply=1") >= {("MessageReceived", "几点发货？"), ("MessageReceived", "转人工")}
    assert ("MessageReceived", "早上好") not in found("reply=1")
    assert found("since=2026-03-04") == {
        ("MessageReceived", "转人工"), ("HandoverOpened", None), ("GreetingDue", None), ("JudgingDue", None),
    }
    assert ("MessageReceived", "转人工") not in found("until=2026-03-03")
    assert ("MessageReceived", "早上好") in found("until=2026-03-03")
    assert found("member=stage:李晓明&outcome=handover&since=2026-03-04") == {("MessageReceived", "转人工")}
    assert found("q=今天&group=stage:g2") == {("MessageReceived", "今天好冷")}
    assert found("q=今天&group=stage:g") == set()
    assert found("state=resting") == set()
    assert found("feature=nobody") == set()


def test_a_date_that_is_none_is_said_beside_the_filter_and_kept_out(room: Room) -> None:
    room.stage.says("周芳", "早上好")
    browser = room.browser("viewer")
    assert len(shown(browser, "/log?since=gestern")) == 1
    assert "请填写日期" in browser.page
    shown(browser, "/log?since=2026-03-05&until=2026-03-01")
    assert "结束日期早于开始日期" in browser.page
    assert browser.get("/log?since=0001-01-01&before=x&after=99999999999999999999").status_code == 200


def test_paging_shows_each_row_once_in_both_directions(room: Room) -> None:
    stage = room.stage
    stage.hear(*(stage.message("周芳" if n % 3 else "李晓明", f"第{n}句草莓") for n in range(130)))
    browser = room.browser("viewer")
    for query, expected in (
        ("", 130),
        ("member=stage:李晓明", 44),
        ("q=草莓", 130),
        ("group=stage:g&q=草莓", 130),
    ):
        path: str | None = f"/log?{query}"
        older: list[int] = []
        while path:
            older += shown(browser, path)
            path = follow(browser, "next")
        assert older == sorted(set(older), reverse=True)
        assert len(older) == expected
        newer = set(shown(browser, f"/log?{query}&before={older[-1]}"))
        while (path := follow(browser, "prev")) is not None:
            newer.update(shown(browser, path))
        assert newer == set(older)


def test_rows_that_come_in_while_paging_are_not_shown_twice(room: Room) -> None:
    stage = room.stage
    stage.hear(*(stage.message("周芳", f"第{n}句") for n in range(60)))
    browser = room.browser("viewer")
    first = shown(browser, "/log")
    following = follow(browser, "next")
    stage.hear(*(stage.message("周芳", f"新的{n}") for n in range(20)))
    assert following is not None
    second = shown(browser, following)
    assert not set(first) & set(second)
    assert len(first) + len(second) == 60


def test_a_walk_that_looks_far_says_so_and_goes_on(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_walk, "WINDOW", 20)
    stage = room.stage
    stage.knows("几点发货", "下午四点前下单当天发货。")
    stage.says("周芳", "几点发货？", to_us=True)
    stage.hear(*(stage.message("李晓明", f"第{n}句草莓") for n in range(70)))
    browser = room.browser("viewer")
    path: str | None = "/log?reply=1"
    pages, found = 0, []
    while path:
        found += shown(browser, path)
        path = follow(browser, "next")
        assert ("还没凑满一页" in browser.page) == (path is not None)
        pages += 1
    assert pages > 2
    assert found == [1]
    while (path := follow(browser, "prev")) is not None:
        assert shown(browser, path) in ([], [1])


def test_counts_are_exact_when_few_and_capped_when_many(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = room.stage
    stage.hear(*(stage.message("周芳", f"第{n}句草莓") for n in range(30)))
    browser = room.browser("viewer")
    assert "<strong>30</strong>" in browser.get("/log/count").text
    assert "<strong>30</strong>" in browser.get("/log/count?q=草莓").text
    assert "<strong>0</strong>" in browser.get("/log/count?q=榴莲").text
    monkeypatch.setattr(log, "MANY", 10)
    assert "<strong>10+</strong>" in browser.get("/log/count?q=草莓").text


def test_one_interaction_shows_the_conversation_around_it(room: Room) -> None:
    stage = room.stage
    stage.knows("几点发货", "下午四点前下单当天发货。", entry_id="faq_when")
    for n in range(30):
        stage.says("李晓明", f"前面第{n}句")
    stage.says("周芳", "几点发货？", to_us=True)
    stage.operator_says("今天已经发了一批")
    for n in range(30):
        stage.says("李晓明", f"后面第{n}句")
    stage.says("王伟", "别的群的话", group="g2")
    asked = next(row for row in stage.log() if row.text == "几点发货？")
    page = room.browser("viewer").get(f"/log/{asked.id}").text
    for words in (
        "几点发货？",
        "下午四点前下单当天发货。",
        "今天已经发了一批",
        "前面第29句",
        "前面第10句",
        "后面第18句",
    ):
        assert words in page
    for words in ("前面第9句", "后面第19句", "别的群的话"):
        assert words not in page
    assert page.count("今天已经发了一批") == 1
    assert 'href="/console/faq/faq_when"' in page
    assert page.index("前面第29句") < page.index('aria-current="true"') < page.index("后面第0句")


@pytest.mark.parametrize("row_id", ["999999", "99999999999999999999999", "0", "-1", "abc"])
def test_an_interaction_that_is_not_there_is_a_page_that_says_so(room: Room, row_id: str) -> None:
    answer = room.browser("viewer").get(f"/log/{row_id}")
    assert answer.status_code == 404
    assert "没有这一页" in answer.text


def test_html_in_names_and_messages_is_shown_as_it_was_written(room: Room) -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    room.stage.says(evil[:60], evil)
    row = room.stage.log()[0]
    browser = room.browser("viewer")
    for path in ("/log", f"/log/{row.id}", "/log?q=" + "%3Cscript%3E", "/log?member=%22%3E%3Cscript%3E"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert '"><script>' not in page
    assert "&lt;script&gt;alert(1)" in browser.get("/log").text


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-1", "@x", "\tx", "\rx", "＝1", "\n=1"])
def test_a_cell_that_looks_like_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == "'" + cell


def test_other_cells_stay_as_they_are() -> None:
    assert [guarded(one) for one in ("你好", "a=b", 12, 0.5, None, "")] == [
        "你好",
        "a=b",
        "12",
        "0.5",
        "",
        "",
    ]


def test_the_export_holds_what_the_filter_shows_and_is_audited(room: Room) -> None:
    stage = room.stage
    stage.says("=cmd|'/c calc'!A0", '=HYPERLINK("http://x","草莓")')
    stage.says("周芳", '草莓，"很甜"\n真的')
    stage.says("周芳", "今天好冷")
    browser = room.browser("manager")
    browser.get("/log?q=草莓")
    answer = browser.post("/log/export", {"q": "草莓"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="log-')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    header, *rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert header[:2] == ["编号", "时间"]
    assert [row[8] for row in rows] == ['草莓，"很甜"\n真的', '\'=HYPERLINK("http://x","草莓")']
    assert rows[1][5] == "'=cmd|'/c calc'!A0"
    assert {len(row) for row in rows} == {len(header)}
    with stage.database.read() as session:
        entry = session.query(AuditEntry).filter(AuditEntry.action == "log.export").one()
    assert entry.operator_name == "周姐"
    assert "草莓" in entry.detail


def test_a_long_export_comes_in_batches_without_gaps(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.console.log_export.BATCH", 7)
    room.stage.hear(*(room.stage.message("周芳", f"第{n}句") for n in range(40)))
    browser = room.browser("manager")
    browser.get("/log")
    rows = list(csv.reader(io.StringIO(browser.post("/log/export").content.decode("utf-8-sig"))))
    assert [row[8] for row in rows[1:]] == [f"第{n}句" for n in range(39, -1, -1)]


def test_htmx_gets_the_results_without_the_page_around_them(room: Room) -> None:
    room.stage.says("周芳", "这个草莓真甜")
    answer = room.browser("viewer").get("/log?q=草莓", headers={"hx-request": "true"})
    assert 'id="results"' in answer.text
    assert "<html" not in answer.text
