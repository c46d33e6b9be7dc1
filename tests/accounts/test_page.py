"""The channels page: how accounts stand, budgets, pausing, taking groups, moving them, and what waits."""

from __future__ import annotations

import pytest

from bot.channels.base import Link
from bot.events import HearingBack, HearingLost
from bot.sender import Sender
from storage import accounts, groups, outbox, wecom
from tests.accounts.conftest import put, second_account, states
from tests.console.conftest import Room, room
from tests.console_shop.conftest import audited
from tests.stage import Stage

__all__ = ["room"]


@pytest.fixture
def stage(room: Room) -> Stage:
    """The room's stage with its account kept, as at the start of the operator."""
    with room.stage.database.write() as session:
        accounts.keep(session, [("stage", "stage")], room.stage.time)
    return room.stage


def test_an_account_shows_how_it_stands_and_its_budgets(room: Room, stage: Stage) -> None:
    viewer = room.browser("viewer")
    stage.channel.standing.link = Link.DEAF
    stage.channel.standing.detail = "网关没有回应"
    with stage.database.write() as session:
        accounts.set_budgets(session, "stage", {("account", 3600): 40})
    put(stage, *[str(number) for number in range(30)])
    stage.channel.standing.link = Link.CONNECTED
    stage.settle()
    stage.channel.standing.link = Link.DEAF
    page = viewer.get("/channels").text
    assert "断线了，正在重连" in page
    assert "网关没有回应" in page
    assert "30 / 40" in page
    assert "按现在的速度" in page
    assert "Connect a channel" in room.browser("viewer", "en").get("/channels").text


def test_the_code_to_scan_is_for_admins_only(room: Room, stage: Stage) -> None:
    stage.channel.standing.link, stage.channel.standing.code = Link.SCAN, "https://login.example/abc"
    assert "qr-dark" in room.browser("admin").get("/channels/stage").text
    assert "qr-dark" not in room.browser("manager").get("/channels/stage").text


def test_budgets_are_edited_and_what_waited_is_looked_at_again(room: Room, stage: Stage) -> None:
    manager = room.browser("manager")
    manager.get("/channels/stage")
    manager.post("/channels/stage/budgets", {"group-3600": "1"})
    put(stage, "一", "二")
    stage.settle()
    assert states(stage) == ["sent", "queued"]
    page = manager.get("/channels/stage").text
    assert "这个群的发送额度用完了" in page
    assert manager.post("/channels/stage/budgets", {"group-3600": "many"}).status_code == 422
    manager.get("/channels/stage")
    manager.post("/channels/stage/budgets", {"group-3600": ""})
    stage.settle()
    assert states(stage) == ["sent", "sent"]
    assert audited(room)[-1][1:] == ("account.budgets", "account:stage", {})


@pytest.mark.parametrize("wrong", [{"account-0": "5"}, {"account-99999999999": "5"}])
def test_a_budget_of_no_time_or_of_ages_is_no_budget(room: Room, stage: Stage, wrong: dict[str, object]) -> None:
    manager = room.browser("manager")
    manager.get("/channels/stage")
    assert manager.post("/channels/stage/budgets", wrong).status_code == 404


def test_pausing_an_account_holds_its_answers(room: Room, stage: Stage) -> None:
    manager = room.browser("manager")
    manager.get("/channels")
    manager.post("/channels/stage/pause", {"paused": "1"})
    assert stage.says("小王", "菜单") == ""
    assert "账号暂停了" in manager.get("/channels/stage").text
    row = stage.outbox()[0]
    manager.post("/channels/stage/pause", {"paused": "0"})
    manager.get("/channels/stage")
    manager.post(f"/today/sayings/{row.id}/confirm")
    stage.settle()
    assert states(stage) == ["sent"]
    assert [one[1] for one in audited(room)][-3:] == ["account.pause", "account.resume", "outbox.confirm"]


def test_found_groups_are_taken_or_left_many_at_once(room: Room, stage: Stage) -> None:
    stage.parts.is_ours = lambda channel: False
    for group in ("g", "h", "k"):
        assert stage.says("小王", "菜单", group=group) == ""
    manager = room.browser("manager")
    assert manager.get("/channels").text.count('name="group"') == 3
    manager.post("/channels/groups/manage", {"group": ["stage:g", "stage:h"], "do": "mention"})
    manager.get("/channels")
    manager.post("/channels/groups/manage", {"group": ["stage:k"], "do": "leave"})
    with stage.database.read() as session:
        shown = [(one.management, one.speaks) for one in groups.find_all(session)]
    assert shown == [("taken", "mention"), ("taken", "mention"), ("left", "off")]
    assert "没有等你决定的群" in manager.get("/channels").text
    assert stage.says("小王", "菜单", group="k") == ""
    assert stage.says("小王", "菜单", group="g") != ""


def test_groups_move_to_another_account_only_when_somebody_is_sure(room: Room, stage: Stage) -> None:
    other = second_account(stage)
    room.desk.sender = Sender(stage.database, stage.channels, lambda: stage.time)
    stage.says("小王", "你好")
    manager = room.browser("manager")
    assert "勾选的群换到" in manager.get("/channels/stage").text
    manager.post("/channels/groups/move", {"group": "stage:g", "to": "stage-2"})
    assert "先勾选群" in manager.page
    manager.get("/channels/stage")
    manager.post("/channels/groups/move", {"group": "stage:g", "to": "stage-2", "sure": "true"})
    stage.says("小王", "菜单")
    assert [place for place, _ in other.said] == ["stage:g"]
    assert audited(room)[-1][1:] == ("group.move", "account:stage-2", {"groups": ["stage:g"]})


def test_a_group_goes_to_no_account_of_another_channel(room: Room, stage: Stage) -> None:
    with stage.database.write() as session:
        accounts.keep(session, [("web", "web")], stage.time)
    stage.says("小王", "你好")
    manager = room.browser("manager")
    manager.get("/channels/stage")
    moved = manager.post("/channels/groups/move", {"group": "stage:g", "to": "web", "sure": "true"})
    assert moved.status_code == 404


def test_what_could_not_be_heard_is_told(room: Room, stage: Stage) -> None:
    common = {"lane": "account:stage", "channel": "stage", "conversation": "account:stage", "account": "stage"}
    stage.hear(HearingLost(key="lost:1", occurred_at=stage.time, text="gateway killed", **common))
    page = room.browser("viewer").get("/channels/stage").text
    assert "gateway killed" in page
    assert "还没恢复" in page
    stage.hear(HearingBack(key="back:1", occurred_at=stage.time, lost_at="12:00", text="rooms were read again", **common))
    page = room.browser("viewer").get("/channels/stage").text
    assert "还没恢复" not in page
    assert "rooms were read again" in page


def test_settings_are_named_and_never_shown(room: Room, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUAN_MATRIX_HOMESERVER", "https://secret.example")
    page = room.browser("manager").get("/channels").text
    assert "TUAN_MATRIX_HOMESERVER" in page
    assert "还差 2 项" in page
    assert "secret.example" not in page


def test_a_viewer_changes_nothing(room: Room, stage: Stage) -> None:
    viewer = room.browser("viewer")
    viewer.get("/channels/stage")
    for path in ("stage/pause", "stage/budgets", "groups/manage", "groups/move", "groups/stage:g/pause"):
        assert viewer.post(f"/channels/{path}", {"paused": "1"}).status_code == 403, path


def test_an_unknown_account_is_not_found(room: Room, stage: Stage) -> None:
    assert room.browser("viewer").get("/channels/nobody").status_code == 404


def test_what_a_groups_owner_must_send_is_reminded_of_and_not_confirmed(room: Room, stage: Stage) -> None:
    put(stage, "周末有樱桃")
    (row,) = stage.outbox()
    with stage.database.write() as session:
        outbox.mark(session, row.id, state=outbox.HELD, reason="等 周姐 在企业微信里确认 · waits for 周姐 to confirm in WeCom")
        values = {"account": "stage", "kind": wecom.TASK, "chat_id": "g", "sender": "zhoujie"}
        wecom.begin_send(session, row.id, values, stage.time)
        wecom.set_send(session, [row.id], state=wecom.WAITING)
    manager = room.browser("manager")
    for place in ("/today", "/channels/stage"):
        page = manager.get(place).text
        assert "等群主在企业微信确认" in page
        assert "提醒群主" in page
        assert "可以发" not in page
    assert "Remind the group" in room.browser("manager", "en").get("/channels/stage").text
    manager.get("/channels/stage")
    manager.post(f"/today/sayings/{row.id}/remind", {})
    assert states(stage) == ["queued"]
    assert audited(room)[-1][1] == "outbox.remind"
    assert room.browser("viewer").get("/today").text.count("提醒群主") == 0
