"""The figures of referring: what is counted, the files, and hostile names in them."""

from __future__ import annotations

import csv
import io

import openpyxl

from storage import clicks, referral_links, touches
from tests.console.conftest import Room
from tests.console_fraud.conftest import rewarded


def visited(room: Room, owner: str, *visitors: str, group: str = "stage:g") -> str:
    """A member's link to the group was opened by these visitors; gives its id."""
    stage, hour = room.stage, int(room.stage.time.timestamp()) // 3600
    with stage.database.write() as session:
        link = referral_links.ensure(session, f"stage:{owner}", "group", group, stage.time, group_id=group)
        clicks.keep(session, [(link.id, one, hour, stage.time, clicks.COUNTED, 1, "", "d1") for one in visitors])
        clicks.keep(session, [(link.id, "robot", hour, stage.time, clicks.BOT, 9, "", "d2")])
        return link.id


def test_k_factor_share_rate_and_money_by_member_group_and_link(room: Room) -> None:
    drop = rewarded(room)
    visited(room, "小王", "v1", "v2", "v3", "v4")
    room.stage.pass_time(86400)
    room.stage.joins("张三", inviter="小王")
    order_id = drop.join("李四", 2)
    drop.pay(order_id)
    drop.refund(order_id, 1000)
    page = room.browser("viewer").get("/referral-figures?days=30").text
    assert "小王" in page
    assert "¥49.8" in page  # 59.80 less what went back
    rows = exported(room, "member")
    assert rows[1][2:] == ["4", "4", "2", "2", "1", "49.8", "4.98"]
    assert exported(room, "group")[1][1:3] == ["stage:g", "4"]
    assert exported(room, "link")[1][2:4] == ["4", "4"]


def exported(room: Room, by: str) -> list[list[str]]:
    browser = room.browser("manager")
    browser.get("/referral-figures")
    answer = browser.post("/referral-figures/export", {"days": "30", "by": by, "form": "csv"})
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_a_join_taken_back_and_a_robots_visit_count_for_nothing(room: Room) -> None:
    rewarded(room)
    visited(room, "小王", "v1")
    room.stage.leaves("李四")
    rows = exported(room, "member")
    assert rows[1][2:6] == ["1", "1", "0", "0"]


def test_a_name_like_a_formula_is_guarded_in_both_files(room: Room) -> None:
    rewarded(room)
    room.stage.joins("=HYPERLINK(1)")
    visited(room, "=HYPERLINK(1)", "v1")
    assert any(row[0] == "'=HYPERLINK(1)" for row in exported(room, "member"))
    browser = room.browser("manager")
    browser.get("/referral-figures")
    answer = browser.post("/referral-figures/export", {"days": "30", "by": "member", "form": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert {row[0].data_type for row in sheet.iter_rows(min_row=2)} == {"s"}


def test_nothing_at_all_and_odd_questions(room: Room) -> None:
    browser = room.browser("viewer")
    for path in ("/referral-figures", "/referral-figures?days=0&by=planet", "/referral-figures?days=%00&by=link"):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "0.000" in page.text
    assert browser.post("/referral-figures/export", {}).status_code == 403


def test_who_was_met_before_is_nobodys_new_member(room: Room) -> None:
    rewarded(room)
    room.stage.pass_time(40 * 86400)
    with room.stage.database.write() as session:
        touches.add(session, "late", touches.PAGE, "stage:小王", room.stage.time, member_id="stage:李四")
    assert exported(room, "member") == [exported(room, "member")[0]] or exported(room, "member")[1][5] == "0"
