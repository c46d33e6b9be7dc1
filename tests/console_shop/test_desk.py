"""The service desk: clocks in the queue, duty and alerts, canned replies, notes, drafts, private replies, hours."""

from __future__ import annotations

from storage import desk, handovers, hours
from storage.clocks import Clock
from tests.console.conftest import Browser, Room
from tests.console_shop.conftest import audited, field, find_handover


def take_one(room: Room) -> tuple[Browser, int]:
    room.stage.says("小王", "坏果怎么赔")
    room.stage.says("小王", "转人工")
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    return browser, handover_id


def running(room: Room) -> set[str]:
    with room.stage.database.read() as session:
        return {one.kind for one in session.query(Clock) if one.stopped_at is None}


def test_the_queue_shows_the_most_pressing_clock_and_alerts_who_is_on_duty(room: Room) -> None:
    browser = room.browser("manager")
    browser.get("/handovers")
    browser.post("/duty", {"on": "1"})
    assert "在岗 周姐" in browser.page
    room.stage.says("小王", "转人工")
    assert "首次回复 · 还剩 15 秒" in browser.get("/handovers").text
    room.stage.pass_time(75)
    page = browser.get("/handovers").text
    assert "首次回复 · 超时 1 分钟" in page
    assert "知道了" in page
    alert = page.split("/console/alerts/")[1].split("/")[0]
    browser.post(f"/alerts/{alert}/seen")
    browser.post("/duty", {"on": "0"})
    assert "没有人在岗" in browser.page
    assert ("周姐", "operator.duty") in [entry[:2] for entry in audited(room)]


def test_an_answer_stops_the_first_clock_and_closing_stops_all_until_it_is_opened_again(room: Room) -> None:
    browser, handover_id = take_one(room)
    assert running(room) == {"first_response", "resolution"}
    nonce = field(browser.page, "nonce")
    browser.post(f"/handovers/{handover_id}/reply", {"text": "拍照发我", "nonce": nonce})
    assert running(room) == {"resolution"}
    browser.post(f"/handovers/{handover_id}/close")
    assert running(room) == set()
    browser.post(f"/handovers/{handover_id}/reopen")
    assert running(room) == {"resolution"}


def test_a_private_reply_goes_to_the_member_alone_and_counts_as_the_answer(room: Room) -> None:
    browser, handover_id = take_one(room)
    nonce = field(browser.page, "nonce")
    browser.post(f"/handovers/{handover_id}/reply", {"text": "您的电话是多少", "nonce": nonce, "privately": "true"})
    saying = room.stage.outbox()[-1]
    assert (saying.conversation, saying.group_id) == ("stage:p:小王", None)
    assert '"mention":null' in saying.body
    assert running(room) == {"resolution"}


def test_a_draft_is_kept_until_it_is_sent(room: Room) -> None:
    browser, handover_id = take_one(room)
    assert browser.post(
        f"/handovers/{handover_id}/draft", {"text": "我先查一下"}, headers={"hx-request": "true"}
    ).status_code == 204
    page = browser.get(f"/handovers/{handover_id}").text
    assert "我先查一下</textarea>" in page
    browser.post(f"/handovers/{handover_id}/reply", {"text": "查到了", "nonce": field(page, "nonce")})
    assert "我先查一下" not in browser.get(f"/handovers/{handover_id}").text


def test_a_note_is_for_operators_only(room: Room) -> None:
    browser, handover_id = take_one(room)
    before = len(room.stage.outbox())
    browser.post(f"/handovers/{handover_id}/note", {"note": "老顾客，<b>优先</b>"})
    assert "老顾客，&lt;b&gt;优先&lt;/b&gt;" in browser.page
    assert "1 条备注" in browser.get("/handovers").text
    assert len(room.stage.outbox()) == before
    browser.post(f"/handovers/{handover_id}/note", {"note": "  "})
    assert "备注要写" in browser.page


def test_a_canned_reply_is_written_once_and_filled_in_by_a_tap(room: Room) -> None:
    browser, handover_id = take_one(room)
    browser.get("/canned")
    browser.post("/canned", {"title": "坏果", "text": "坏几个退几个，拍张照就行。"})
    assert "已保存" in browser.page
    assert browser.post("/canned", {"title": "坏果", "text": "别的"}).status_code == 422
    with room.stage.database.read() as session:
        reply = desk.find_canned(session)[0]
    assert "坏几个退几个，拍张照就行。</textarea>" in browser.get(f"/handovers/{handover_id}?draft=canned:{reply.id}").text
    browser.get("/canned")
    browser.post(f"/canned/{reply.id}", {"title": "坏果", "text": "坏几个赔几个。"})
    assert "坏几个赔几个。" in browser.page
    browser.post(f"/canned/{reply.id}/remove")
    assert "还没有快捷回复" in browser.page


def test_business_hours_are_checked_kept_and_used(room: Room) -> None:
    browser = room.browser("manager")
    browser.get("/hours")
    assert "现在营业" in browser.page
    assert browser.post("/hours", {"day0": "9点到12点"}).status_code == 422
    assert "请写成" in browser.page
    assert "9点到12点" in browser.page
    browser.post("/hours", {f"day{number}": "13:30-18:00， 9:00-12:00" for number in range(7)})
    assert "03-03 09:00 开始营业" in browser.page  # it is 20:00 in the shop
    browser.post("/hours/days", {"day": "2026-03-03", "spans": "", "note": "盘点"})
    assert "03-04 09:00 开始营业" in browser.page
    assert browser.post("/hours/days", {"day": "2026-13-40", "spans": ""}).status_code == 422
    browser.post("/hours/days/2026-03-03/remove")
    with room.stage.database.read() as session:
        kept = {row.day: row.spans for row in hours.find_all(session)}
    assert kept == dict.fromkeys("0123456", "09:00-12:00,13:30-18:00")


def test_a_viewer_changes_nothing(room: Room) -> None:
    _, handover_id = take_one(room)
    viewer = room.browser("viewer")
    page = viewer.get(f"/handovers/{handover_id}").text
    assert "/note" not in page
    for path in ("/duty", "/canned", "/hours", f"/handovers/{handover_id}/note", f"/handovers/{handover_id}/draft"):
        assert viewer.post(path, {"on": "1", "note": "x", "text": "x"}).status_code == 403
    with room.stage.database.read() as session:
        assert handovers.get(session, handover_id).state == handovers.TAKEN
        assert desk.find_notes(session, handover_id) == []
