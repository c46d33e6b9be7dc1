"""Promised times at the desk: written by an admin, checked, audited, and kept by the next clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from content import durations
from storage import clocks, promises
from storage.clocks import Clock
from storage.promises import SUGGESTED
from tests.console_shop.conftest import Room, audited

WRITTEN = {f"{kind}_{stage}": durations.write(getattr(one, stage)) for kind, one in SUGGESTED.items() for stage in ("warn", "late")}


def promised(room: Room) -> dict[str, tuple[int, int]]:
    with room.stage.database.read() as session:
        return {kind: (one.warn, one.late) for kind, one in promises.find_all(session).items()}


def test_an_admin_changes_a_promise_and_the_next_question_is_measured_by_it(room: Room) -> None:
    browser = room.browser("admin")
    assert 'value="15 秒"' in browser.get("/hours").text
    room.stage.says("小王", "转人工")
    browser.post("/hours/promises", WRITTEN | {"first_response_warn": "30秒", "first_response_late": "1分30秒"})
    assert "从下一个问题开始算" in browser.page
    assert 'value="1 分钟 30 秒"' in browser.get("/hours").text
    room.stage.says("李四", "转人工")
    with room.stage.database.read() as session:
        running = session.query(Clock).filter(Clock.kind == clocks.FIRST).order_by(Clock.id).all()
    assert [one.promised_at - one.started_at for one in running] == [timedelta(seconds=15), timedelta(seconds=90)]
    [(who, _, _, detail)] = [one for one in audited(room) if one[1] == "promises.save"]
    assert (who, detail) == ("老板", {"first_response": "10/15 → 30/90 s"})


def test_members_are_told_the_time_that_was_promised(room: Room) -> None:
    browser = room.browser("admin", language="en")
    assert 'value="30 min"' in browser.get("/hours").text
    browser.post("/hours/promises", WRITTEN | {"complaint_response_warn": "1 h", "complaint_response_late": "2 h"})
    assert "2 小时内联系您" in room.stage.says("小王", "草莓烂了一半，太失望了")


def test_an_empty_pair_takes_what_is_suggested(room: Room) -> None:
    browser = room.browser("admin")
    browser.get("/hours")
    browser.post("/hours/promises", WRITTEN | {"resolution_warn": "1 小时", "resolution_late": "2 小时"})
    browser.get("/hours")
    browser.post("/hours/promises", WRITTEN | {"resolution_warn": "", "resolution_late": ""})
    assert promised(room) == {kind: (one.warn, one.late) for kind, one in SUGGESTED.items()}


@pytest.mark.parametrize(
    ("warn", "late", "told"),
    [
        ("马上", "15 秒", "请写成 15 秒"), ("10", "15", "请写成 15 秒"), ("20 秒", "15 秒", "提醒要早于超时"), ("15 秒", "15 秒", "提醒要早于超时"),
        ("1 秒", "15 秒", "要在 2 秒"), ("10 秒", "9999999 小时", "要在 2 秒"), ("", "15 秒", "请写成 15 秒"), ("<b>", "15 秒", "&lt;b&gt;"),
    ],
)
def test_a_promise_that_cannot_be_is_refused_in_plain_words(room: Room, warn: str, late: str, told: str) -> None:
    browser = room.browser("admin")
    browser.get("/hours")
    answer = browser.post("/hours/promises", WRITTEN | {"first_response_warn": warn, "first_response_late": late})
    assert answer.status_code == 422
    assert told in browser.page
    assert promised(room) == {kind: (one.warn, one.late) for kind, one in SUGGESTED.items()}


def test_only_an_admin_changes_promises(room: Room) -> None:
    browser = room.browser("manager")
    assert "只有管理员能改时限" in browser.get("/hours").text
    assert browser.post("/hours/promises", WRITTEN).status_code == 403


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("15秒", 15), ("15 s", 15), ("３０分钟", 1800), ("1小时30分", 5400), ("24 h", 86_400), ("2 天", 172_800), ("1 h 5 min", 3900),
        ("15", None), ("", None), ("秒", None), ("-5 秒", None), ("15 秒左右", None),
    ],
)
def test_lengths_of_time_are_read_as_people_write_them(written: str, seconds: int | None) -> None:
    assert durations.read(written) == seconds
    if seconds:
        assert durations.read(durations.write(seconds)) == durations.read(durations.write(seconds, "en")) == seconds
