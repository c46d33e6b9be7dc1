"""Group sends and drafts: held until a staff member has sent them, reminded of, and never made twice."""

from __future__ import annotations

import pytest

from bot.channels.wecom.errors import ApiError
from bot.events import OperatorSpoke
from bot.outbox import ANSWER, POST, Card, Text
from storage import groups, members, outbox, wecom
from tests.channels.wecom_corp import Group, Task
from tests.channels.wecom_place import Shop, patient
from tests.channels.wecom_server import WecomServer


def found(server: WecomServer, shop: Shop, *names: str, owner: str = "zhoujie") -> list[Group]:
    """Groups the shop knows."""
    made = [server.corp.group(name, owner) for name in names]
    for group in made:
        server.chat_changed(group.chat_id, "create")
    shop.calm()
    shop.until(lambda: len(shop.log("GroupFound")) >= len(names))
    shop.calm()
    return made


def tasks(server: WecomServer) -> list[Task]:
    return list(server.corp.tasks.values())


def test_a_post_is_held_until_a_staff_member_sends_it(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Card("今晚开团", "草莓 9.9", url="https://shop.example/d"), POST)
    row = wecom_shop.becomes(row_id, outbox.HELD)
    assert "zhoujie" in (row.reason or "")
    (task,) = tasks(wecom_server)
    assert (task.sender, task.text, list(task.status)) == ("zhoujie", "今晚开团\n草莓 9.9", [group.chat_id])
    assert task.body["attachments"][0]["link"]["url"] == "https://shop.example/d"
    plan = wecom_server.corp.told[-1]
    assert plan["touser"] == "zhoujie"
    assert "「花园团」" in plan["text"]["content"]
    wecom_server.corp.confirm(task)
    row = wecom_shop.becomes(row_id, outbox.SENT)
    assert row.channel_message_id == task.msgid
    assert row.sent_no is not None
    assert group.received == [("1", "今晚开团\n草莓 9.9")]


def test_the_same_post_to_many_groups_is_one_task_an_owner(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    hers = found(wecom_server, wecom_shop, "一团", "二团", "三团")
    his = found(wecom_server, wecom_shop, "四团", owner="aming")
    rows = [wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("今晚八点开团"), POST) for group in hers + his]
    for row_id in rows:
        wecom_shop.becomes(row_id, outbox.HELD)
    assert sorted((task.sender, len(task.status)) for task in tasks(wecom_server)) in (
        [("aming", 1), ("zhoujie", 3)], [("aming", 1), ("zhoujie", 1), ("zhoujie", 2)],
    )
    for task in tasks(wecom_server):
        wecom_server.corp.confirm(task)
    for row_id in rows:
        wecom_shop.becomes(row_id, outbox.SENT)


def test_a_group_that_had_its_send_today_says_why(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    group.received.append(("1", "别人的群发"))
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    wecom_shop.becomes(row_id, outbox.HELD)
    wecom_server.corp.confirm(tasks(wecom_server)[0])
    row = wecom_shop.becomes(row_id, outbox.FAILED)
    assert "has had its group sends" in (row.reason or "")
    assert [(one.whose, one.count) for one in wecom_shop.channel.capabilities.allowances] == [("group", 1), ("group", 28)]


def test_a_staff_member_who_forgets_is_reminded_and_in_the_end_it_is_stopped(
    wecom_server: WecomServer, wecom_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from bot.channels.wecom import sends

    (group,) = found(wecom_server, wecom_shop, "花园团")
    monkeypatch.setattr(sends, "REMIND_APART", timedelta(0))
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    wecom_shop.becomes(row_id, outbox.HELD)
    (task,) = tasks(wecom_server)
    wecom_shop.until(lambda: task.reminders == 3)
    wecom_shop.channel.api.patience = patient(give_up=0.5)
    row = wecom_shop.becomes(row_id, outbox.FAILED)
    assert "nobody confirmed" in (row.reason or "")
    wecom_shop.until(lambda: task.is_stopped)
    assert task.reminders == 3


def test_a_post_an_operator_takes_back_is_stopped_at_wecom(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    wecom_shop.becomes(row_id, outbox.HELD)
    with wecom_shop.database.write() as session:
        assert outbox.take_back(session, row_id, (outbox.HELD,))
        outbox.mark(session, row_id, state=outbox.SUPPRESSED, reason="写错了")
    wecom_shop.until(lambda: tasks(wecom_server)[0].is_stopped)
    assert wecom_shop.row(row_id).state == outbox.SUPPRESSED


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_task_whose_answer_was_lost_is_made_once(wecom_server: WecomServer, wecom_shop: Shop, when: str) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    wecom_server.break_off("externalcontact/add_msg_template", when)
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    wecom_shop.becomes(row_id, outbox.HELD)
    assert len(tasks(wecom_server)) == 1
    wecom_server.corp.confirm(tasks(wecom_server)[0])
    assert wecom_shop.becomes(row_id, outbox.SENT).channel_message_id == tasks(wecom_server)[0].msgid


def test_a_stop_between_asking_and_writing_down_makes_no_second_task(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    wecom_shop.becomes(row_id, outbox.HELD)
    wecom_shop.shut()
    with wecom_shop.database.write() as session:  # as a process killed in the middle leaves it
        wecom.set_send(session, [row_id], state=wecom.ASKING, message_id=None)
        outbox.mark(session, row_id, state=outbox.LEASED)
        outbox.expire_all_leases(session, wecom_shop.operator.now())
    wecom_shop.open()
    wecom_shop.becomes(row_id, outbox.HELD)
    (task,) = tasks(wecom_server)
    wecom_server.corp.confirm(task)
    wecom_shop.becomes(row_id, outbox.SENT)


def test_a_limit_delays_a_post(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    wecom_server.limit("externalcontact/add_msg_template", 0.3)
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    wecom_shop.becomes(row_id, outbox.HELD)
    assert len(tasks(wecom_server)) == 1


def test_an_answer_in_a_group_is_drafted_and_one_tap_settles_it(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    corp = wecom_server.corp
    (group,) = found(wecom_server, wecom_shop, "花园团")
    with wecom_shop.database.write() as session:
        members.keep(session, [("wecom:wm_li", "wecom", "小李")], wecom_shop.operator.now())
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("今天送到", mention="wecom:wm_li"))
    row = wecom_shop.becomes(row_id, outbox.HELD)
    assert "zhoujie" in (row.reason or "")
    words, asked = corp.told[-2:]
    assert (words["touser"], words["text"]["content"]) == ("zhoujie", "@小李 今天送到")
    card = asked["template_card"]
    assert "「花园团」" in card["main_title"]["title"]
    assert [one["key"] for one in card["button_list"]] == ["sent", "skip"]
    forged = card["task_id"][:-1] + ("0" if card["task_id"][-1] != "0" else "1")
    wecom_server.call_back("template_card_event", FromUserName="zhoujie", EventKey="sent", TaskId=forged)
    assert wecom_shop.row(row_id).state == outbox.HELD
    for _ in range(2):
        assert wecom_server.call_back(
            "template_card_event", FromUserName="zhoujie", EventKey="sent", TaskId=card["task_id"]
        ) == 200
    assert wecom_shop.row(row_id).state == outbox.SENT
    assert tasks(wecom_server) == []


def test_a_draft_may_be_skipped(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("今天送到"))
    wecom_shop.becomes(row_id, outbox.HELD)
    task_id = wecom_server.corp.told[-1]["template_card"]["task_id"]
    wecom_server.call_back("template_card_event", FromUserName="zhoujie", EventKey="skip", TaskId=task_id)
    row = wecom_shop.row(row_id)
    assert (row.state, (row.reason or "").partition(":")[0]) == (outbox.SUPPRESSED, "zhoujie")


def test_what_an_operator_says_in_a_group_is_drafted_too(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    own = f"wecom:{group.chat_id}"
    spoken = OperatorSpoke(
        key="desk:1", lane=own, occurred_at=wecom_shop.operator.now(), channel="wecom", conversation=own, group_id=own,
        text="我是周姐", operator_id=1, operator_name="周姐",
    )
    handled = wecom_shop.operator.dispatcher.submit(spoken).result(timeout=10)
    wecom_shop.in_loop(wecom_shop.operator.sender.wake)
    with wecom_shop.database.read() as session:
        (said,) = outbox.find_of_causes(session, [handled.inbox_id])[handled.inbox_id]
    wecom_shop.becomes(said.id, outbox.HELD)
    assert wecom_server.corp.told[-2]["text"]["content"] == "我是周姐"


def test_nobody_to_ask_is_said_plainly(wecom_server: WecomServer, make_wecom_shop: object) -> None:
    shop = make_wecom_shop(wecom_staff="")  # type: ignore[operator]
    (group,) = found(wecom_server, shop, "花园团")
    wecom_server.corp.staff.clear()
    with shop.database.write() as session:
        wecom.save_chat(session, group.chat_id, "wecom", "", "", shop.operator.now())
    group.owner = ""
    row_id = shop.say(shop.group_of(group.chat_id), Text("今天送到"))
    assert "nobody could be asked" in (shop.becomes(row_id, outbox.FAILED).reason or "")


def in_channel(shop: Shop, work: object) -> object:
    import asyncio

    loop = shop.operator._loop
    assert loop is not None
    return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=10)  # type: ignore[arg-type]


def test_a_way_to_join_has_a_state_and_is_made_once(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    one, two = found(wecom_server, wecom_shop, "一团", "二团")
    ways = wecom_shop.channel.join_ways
    made = in_channel(wecom_shop, ways.make("zhou7K2Q", [one.chat_id], remark="周姐推广", base_name="花园团"))
    again = in_channel(wecom_shop, ways.make("zhou7K2Q", [one.chat_id]))
    assert made == again
    (way,) = wecom_server.corp.ways.values()
    assert (way["state"], way["auto_create_room"], way["room_base_name"], way["scene"]) == ("zhou7K2Q", 1, "花园团", 2)
    assert made.qr_code.startswith("https://")  # type: ignore[attr-defined]
    changed = in_channel(wecom_shop, ways.make("zhou7K2Q", [one.chat_id, two.chat_id]))
    assert changed.config_id == made.config_id  # type: ignore[attr-defined]
    assert way["chat_id_list"] == [one.chat_id, two.chat_id]
    with pytest.raises(ValueError, match="state"):
        in_channel(wecom_shop, ways.make("周姐", [one.chat_id]))
    with pytest.raises(ApiError):
        in_channel(wecom_shop, ways.make("other", ["wr_nowhere"]))
    in_channel(wecom_shop, ways.remove("zhou7K2Q"))
    assert wecom_server.corp.ways == {}


def test_a_welcome_is_kept_by_its_name(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    put = wecom_shop.channel.welcomes.put
    first = in_channel(wecom_shop, put("花园", "欢迎 %NICKNAME%", title="菜单", url="https://shop.example"))
    assert in_channel(wecom_shop, put("花园", "欢迎 %NICKNAME%", title="菜单", url="https://shop.example")) == first
    assert in_channel(wecom_shop, put("花园", "欢迎新邻居")) == first
    assert [one["text"]["content"] for one in wecom_server.corp.welcomes.values()] == ["欢迎新邻居"]
    assert wecom_server.count("externalcontact/group_welcome_template/edit") == 1
    in_channel(wecom_shop, wecom_shop.channel.welcomes.remove("花园"))
    assert wecom_server.corp.welcomes == {}


def test_a_dismissed_group_is_not_written_to(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    (group,) = found(wecom_server, wecom_shop, "花园团")
    wecom_server.chat_changed(group.chat_id, "dismiss")
    wecom_shop.until(lambda: wecom_shop.log("GroupClosed"))
    with wecom_shop.database.read() as session:
        assert groups.get(session, f"wecom:{group.chat_id}").closed_at is not None
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("开团了"), POST)
    assert wecom_shop.becomes(row_id, outbox.SUPPRESSED).reason == "group is closed"


def test_a_post_may_be_longer_than_a_draft_and_nothing_is_cut(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    here = wecom_shop.group_of(found(wecom_server, wecom_shop, "花园团")[0].chat_id)
    wecom_shop.becomes(wecom_shop.say(here, Text("长" * 1_300), POST), outbox.HELD)
    assert tasks(wecom_server)[0].text == "长" * 1_300
    for words, priority in (("长" * 1_301, POST), ("长" * 661, ANSWER)):
        row = wecom_shop.becomes(wecom_shop.say(here, Text(words), priority), outbox.FAILED)
        assert "characters, at most" in (row.reason or "")
