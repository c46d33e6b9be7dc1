"""What is late or soon will be is seen on every page: a badge, the title, and a section of «today»."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from tests.console.conftest import Browser
from tests.console_shop.conftest import Room

PARTIAL = {"hx-request": "true"}


def on_duty(room: Room, role: str = "manager") -> Browser:
    browser = room.browser(role)
    browser.get("/handovers")
    browser.post("/duty", {"on": "1"})
    return browser


def test_a_late_question_is_seen_on_every_page_until_it_is_answered(room: Room) -> None:
    browser = on_duty(room)
    assert 'data-count="0"' in browser.get("/log").text
    room.stage.says("小王", "转人工")
    room.stage.pass_time(11)
    page = browser.get("/faq").text
    assert "<title>(1) " in page
    assert "1 个快到时限" in page
    room.stage.pass_time(6)
    poll = browser.get("/pressing", headers=PARTIAL).text
    assert 'data-count="1"' in poll
    assert "1 个超时" in poll
    assert "<html" not in poll
    page = browser.get("/today").text
    assert "快到或超过时限" in page
    assert "首次回复 · 超时" in page
    room.stage.operator_says("来了", handover_id=1)
    room.stage.pass_time(4)
    page = browser.get("/today").text
    assert "<title>今天" in page
    assert "快到或超过时限" not in page


def test_an_alert_waved_away_on_today_presses_no_more(room: Room) -> None:
    browser = on_duty(room)
    room.stage.says("小王", "转人工")
    room.stage.pass_time(11)
    page = browser.get("/today").text
    alert = page.split("/console/alerts/")[1].split("/")[0]
    browser.post(f"/alerts/{alert}/seen", {"back": "/console/today"})
    assert "<title>今天" in browser.page


def test_only_who_is_told_sees_the_badge(room: Room) -> None:
    manager = on_duty(room)
    admin = room.browser("admin")
    room.stage.says("小王", "转人工")
    room.stage.pass_time(16)
    assert "<title>(1) " in manager.get("/today").text
    assert "<title>今天" in admin.get("/today").text
    viewer = room.browser("viewer").get("/today").text
    assert "/console/pressing" not in viewer


def test_a_question_while_nobody_is_on_duty_presses_everybody(room: Room) -> None:
    room.stage.says("小王", "转人工")
    room.stage.pass_time(16)
    assert "<title>(1) " in room.browser("admin").get("/today").text
    assert "<title>(1) " in room.browser("manager").get("/today").text


def test_polls_within_a_moment_share_one_query(room: Room) -> None:
    browser = on_duty(room)
    room.stage.pass_time(10)
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(room.stage.database.reader, "before_cursor_execute", listen)
    for _ in range(5):
        assert browser.get("/pressing", headers=PARTIAL).status_code == 200
    assert sum("alerts" in statement for statement in seen) == 1


def test_without_javascript_the_address_leads_to_the_queue(room: Room) -> None:
    assert str(room.browser("manager").get("/pressing").url).endswith("/console/handovers")
