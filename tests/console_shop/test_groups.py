"""Groups and members: settings that count at once, staff who silence us, and what a member did over all groups."""

from __future__ import annotations

import re

import pytest

from storage import groups
from tests.console.conftest import Room
from tests.console_shop.conftest import audited, field

SETTINGS = {"name": "下午茶团", "topic": "三点后取", "language": "zh", "speaks": "confident", "is_welcoming": "true"}


def test_the_list_counts_members_messages_and_what_was_answered(room: Room) -> None:
    room.stage.knows("几点关门？", "八点半。")
    room.stage.joins("小王", "李四")
    room.stage.says("小王", "几点关门？", to_us=True)
    room.stage.says("李四", "你们老板属什么", to_us=True)
    page = re.sub(r"\s+", " ", room.browser("viewer").get("/groups").text)
    row = page.split("<tr data-row>")[1].split("</tr>")[0]
    assert '<td class="number" data-label="成员">2</td>' in row
    assert '<td class="number" data-label="7 天消息">2</td>' in row
    assert ">50%</td>" in row


def test_a_new_web_group_has_a_join_link_and_its_code_drawn(room: Room) -> None:
    browser = room.browser("manager")
    browser.get("/groups/new")
    browser.post("/groups/new", {"name": "阳光花园邻里团", "code": "sunshine"})
    assert 'value="http://localhost:8700/g/sunshine"' in browser.page
    assert 'class="qr-dark"' in browser.page
    assert "style=" not in browser.page
    assert "群里还没有成员" in browser.page
    again = browser.post("/groups/new", {"name": "另一个", "code": "sunshine"})
    assert again.status_code == 422
    assert "这个代号已经用了" in again.text
    assert "另一个" in again.text


@pytest.mark.parametrize("code", ["A", "大", "x", "-x", "a/b", "a b", "a" * 40, "../x", ""])
def test_a_code_that_does_not_fit_into_a_link_is_refused(room: Room, code: str) -> None:
    browser = room.browser("manager")
    browser.get("/groups/new")
    assert browser.post("/groups/new", {"name": "群", "code": code}).status_code == 422


def test_settings_count_from_the_next_message_on(room: Room) -> None:
    room.stage.knows("几点关门？", "八点半。")
    assert room.stage.says("小王", "几点关门？", to_us=True) == "八点半。"
    room.stage.pass_time(600)
    browser = room.browser("manager")
    browser.get("/groups/stage:g")
    browser.post("/groups/stage:g", SETTINGS | {"speaks": "off"})
    assert "已保存" in browser.page
    assert room.stage.says("李四", "几点关门？", to_us=True) == ""
    browser.post("/groups/stage:g", SETTINGS | {"speaks": "nonsense"})
    assert "请选择一项" in browser.page
    with room.stage.database.read() as session:
        row = groups.get(session, "stage:g")
    assert (row.name, row.topic, row.speaks) == ("下午茶团", "三点后取", "off")


def test_staff_who_talk_silence_us(room: Room) -> None:
    room.stage.knows("几点关门？", "八点半。")
    room.stage.joins("周姐", "小王")
    browser = room.browser("manager")
    browser.get("/groups/stage:g")
    browser.post("/groups/stage:g/staff", {"member": "stage:周姐", "is_staff": "1"})
    assert "取消店员" in browser.page
    room.stage.says("周姐", "我在，大家说")
    assert room.stage.says("小王", "几点关门？", to_us=True) == ""
    browser.post("/groups/stage:g/staff", {"member": "stage:周姐", "is_staff": "0"})
    room.stage.pass_time(600)
    room.stage.says("周姐", "我先忙去了")
    assert room.stage.says("小王", "几点关门？", to_us=True) == "八点半。"
    assert browser.post("/groups/stage:g/staff", {"member": "stage:谁也不是", "is_staff": "1"}).status_code == 404


def test_an_operator_speaks_in_a_group(room: Room) -> None:
    room.stage.says("小王", "大家晚上好")
    browser = room.browser("manager")
    nonce = field(browser.get("/groups/stage:g").text, "nonce")
    browser.post("/groups/stage:g/say", {"text": "今晚十点截单", "nonce": nonce})
    room.stage.settle()
    assert room.stage.channel.said[-1] == ("stage:g", "今晚十点截单")
    assert room.stage.outbox()[-1].operator_id == 1
    assert "今晚十点截单" in browser.get("/groups/stage:g").text
    said = [entry for entry in audited(room) if entry[1] == "conversation.say"]
    assert said[-1][2:] == ("conversation:stage:g", {"text": "今晚十点截单", "handover": None})


def test_a_members_timeline_goes_over_all_groups_newest_first(room: Room) -> None:
    room.stage.knows("几点关门？", "八点半。")
    room.stage.joins("豆豆妈")
    room.stage.joins("小王", inviter="豆豆妈")
    room.stage.says("小王", "几点关门？", to_us=True)
    room.stage.says("小王", "转人工", group="h")
    room.stage.says("小王", "在吗", group=None)
    room.stage.leaves("小王")
    page = room.browser("viewer").get("/members/stage:小王").text
    order = [page.index(words) for words in ("退群", "在吗", "转人工</p>", "几点关门？", ">入群<")]
    assert order == sorted(order)
    for words in ("八点半。", "豆豆妈 邀请", "私聊", "等待接手"):
        assert words in page


def test_a_long_timeline_is_paged(room: Room) -> None:
    room.stage.hear(*[room.stage.message("小王", f"第{number:03d}句") for number in range(120)])
    browser = room.browser("viewer")
    page = browser.get("/members/stage:小王").text
    assert "第119句" in page
    assert "第069句" not in page
    older = page.split("?before=")[1].split('"')[0]
    assert "第069句" in browser.get(f"/members/stage:小王?before={older}").text


def test_a_note_is_kept_with_its_author_and_its_length_is_bounded(room: Room) -> None:
    room.stage.says("小王", "大家好")
    browser = room.browser("manager")
    browser.get("/members/stage:小王")
    browser.post("/members/stage:小王/note", {"note": "<b>对花生过敏</b>"})
    assert "&lt;b&gt;对花生过敏&lt;/b&gt;" in browser.page
    long = browser.post("/members/stage:小王/note", {"note": "长" * 401})
    assert long.status_code == 422
    assert "最多 400 个字" in long.text
    assert [entry[:3] for entry in audited(room) if entry[1] == "member.note"] == [
        ("周姐", "member.note", "member:stage:小王")
    ]


def test_members_are_found_by_name(room: Room) -> None:
    room.stage.joins("豆豆妈", "老陈")
    browser = room.browser("viewer")
    page = browser.get("/members?q=豆豆").text
    assert "豆豆妈" in page
    assert "老陈" not in page
    assert "没有找到" in browser.get("/members?q=没这个人").text


def test_a_viewer_may_look_but_not_act(room: Room) -> None:
    room.stage.says("小王", "大家好")
    viewer = room.browser("viewer")
    page = viewer.get("/groups/stage:g").text
    assert "/say" not in page
    assert "/staff" not in page
    for path in ("/groups/stage:g", "/groups/stage:g/say", "/groups/stage:g/staff", "/members/stage:小王/note", "/groups/new"):
        assert viewer.post(path, {"text": "x", "name": "x"}).status_code == 403


def test_an_unknown_group_or_member_is_not_found(room: Room) -> None:
    browser = room.browser("viewer")
    assert browser.get("/groups/stage:nowhere").status_code == 404
    assert browser.get("/members/stage:nobody").status_code == 404
    assert browser.get("/handovers/999").status_code == 404
