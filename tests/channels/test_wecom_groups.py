"""Customer groups: whatever callbacks come, late, twice or out of order, each join and leave counts once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bot.events import read
from storage import groups
from tests.channels.wecom_corp import Group, Somebody
from tests.channels.wecom_place import KF, Shop
from tests.channels.wecom_server import WecomServer


def joins(shop: Shop) -> list[str | None]:
    return [row.member_name for row in shop.log("MemberJoined")]


def test_groups_are_found_page_by_page_with_whoever_was_there_before_us(
    wecom_server: WecomServer, make_wecom_shop: Callable[..., Shop]
) -> None:
    corp = wecom_server.corp
    corp.page = 2
    made = [corp.group(f"花园{number}团") for number in range(5)]
    old = int(time.time()) - 86_400
    for group in made:
        corp.join(group, "老王", joined=old)
    shop = make_wecom_shop()
    shop.calm()
    assert sorted(row.text or "" for row in shop.log("GroupFound")) == [f"花园{number}团" for number in range(5)]
    assert all(sorted(shop.here(group.chat_id)) == ["周姐", "老王"] for group in made)
    assert shop.log("MemberJoined") == []
    with shop.database.read() as session:
        assert groups.find_staff(session, f"wecom:{made[0].chat_id}") == {"wecom:zhoujie"}


def test_a_join_is_heard_with_inviter_and_state(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    corp = wecom_server.corp
    group = corp.group("花园团")
    assert wecom_server.chat_changed(group.chat_id, "create") == 200
    wecom_shop.calm()
    invited = corp.join(group, "小李", inviter="zhoujie")
    scanned = corp.join(group, "小张", scene=3, state="zhou7K2Q")
    wecom_server.chat_changed(group.chat_id, detail="add_member", members=(invited.user_id, scanned.user_id))
    wecom_shop.until(lambda: len(wecom_shop.log("MemberJoined")) == 2)
    wecom_shop.calm()
    heard = {row.member_name: read(row) for row in wecom_shop.log("MemberJoined")}
    assert heard["小李"].inviter_id == "wecom:zhoujie"
    assert heard["小张"].via == "zhou7K2Q"
    assert int(heard["小张"].occurred_at.timestamp()) == scanned.joined


def test_a_state_that_comes_late_is_waited_for(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    corp = wecom_server.corp
    group = corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    late = corp.join(group, "小张", scene=3, state="zhou7K2Q", state_from=time.time() + 0.35)
    unseen = corp.join(group, "小孙", seen_from=time.time() + 0.35)
    wecom_server.chat_changed(group.chat_id, detail="add_member", members=(late.user_id, unseen.user_id))
    wecom_shop.calm()
    assert sorted(joins(wecom_shop)) == ["小孙", "小张"]
    assert {row.member_name: read(row).via for row in wecom_shop.log("MemberJoined")} == {"小张": "zhou7K2Q", "小孙": None}


def test_who_scans_a_plain_code_is_counted_though_no_state_ever_comes(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    group = wecom_server.corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    wecom_server.corp.join(group, "小张", scene=3)
    wecom_server.chat_changed(group.chat_id, detail="add_member")
    wecom_shop.calm()
    assert joins(wecom_shop) == ["小张"]


def test_duplicate_and_disordered_callbacks_count_once(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    corp = wecom_server.corp
    group = corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    stays, goes = corp.join(group, "小李"), corp.join(group, "小张")
    for _ in range(3):
        wecom_server.chat_changed(group.chat_id, detail="add_member", members=(stays.user_id, goes.user_id))
    wecom_shop.calm()
    del group.people[goes.user_id]
    for _ in range(2):
        wecom_server.chat_changed(group.chat_id, detail="del_member", members=(goes.user_id,))
        wecom_server.chat_changed(group.chat_id, detail="add_member", members=(stays.user_id, goes.user_id))
        wecom_shop.calm()
    assert sorted(joins(wecom_shop)) == ["小张", "小李"]
    assert [row.member_id for row in wecom_shop.log("MemberLeft")] == [f"wecom:{goes.user_id}"]
    assert sorted(wecom_shop.here(group.chat_id)) == ["周姐", "小李"]


def test_who_came_and_went_before_we_could_look_counts_once(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    group = wecom_server.corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    for _ in range(2):
        wecom_server.chat_changed(group.chat_id, detail="del_member", members=("wmghost",))
        wecom_server.chat_changed(group.chat_id, detail="add_member", members=("wmghost",))
        wecom_shop.calm()
    assert [row.member_id for row in wecom_shop.log("MemberJoined")] == ["wecom:wmghost"]
    assert [row.member_id for row in wecom_shop.log("MemberLeft")] == ["wecom:wmghost"]
    assert wecom_shop.here(group.chat_id) == ["周姐"]


def test_a_name_a_notice_an_owner_and_a_dismissal_are_heard(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    group = wecom_server.corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    group.name, group.notice, group.owner = "花园新团", "周六自提", "aming"
    wecom_server.chat_changed(group.chat_id, detail="change_name")
    wecom_shop.calm()
    with wecom_shop.database.read() as session:
        known = groups.get(session, f"wecom:{group.chat_id}")
        assert (known.name, known.topic) == ("花园新团", "周六自提")
    del wecom_server.corp.groups[group.chat_id]
    for _ in range(2):
        assert wecom_server.chat_changed(group.chat_id, "dismiss") == 200
    with wecom_shop.database.read() as session:
        assert groups.get(session, f"wecom:{group.chat_id}").closed_at is not None
    assert len(wecom_shop.log("GroupClosed")) == 1


def test_what_happened_while_we_were_away_is_read_when_we_are_back(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    corp = wecom_server.corp
    group = corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    gone = corp.join(group, "小李")
    wecom_server.chat_changed(group.chat_id, detail="add_member", members=(gone.user_id,))
    wecom_shop.calm()
    wecom_shop.shut()
    del group.people[gone.user_id]
    corp.join(group, "小张", joined=int(time.time()) + 1)
    wecom_shop.open()
    wecom_shop.calm()
    assert joins(wecom_shop) == ["小李", "小张"]
    assert [row.member_id for row in wecom_shop.log("MemberLeft")] == [f"wecom:{gone.user_id}"]


def test_a_stop_right_after_a_callback_loses_nothing(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    corp = wecom_server.corp
    group = corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    wecom_server.limit("externalcontact/groupchat/get", 1.0)
    corp.join(group, "小张")
    assert wecom_server.chat_changed(group.chat_id, detail="add_member") == 200
    corp.write(KF, "wm_xiaowang", "有人吗")
    assert wecom_server.kf_written(KF) == 200
    wecom_shop.shut()
    wecom_shop.open()
    wecom_shop.calm()
    assert joins(wecom_shop) == ["小张"]
    assert [row.text for row in wecom_shop.log()] == ["有人吗"]


def test_a_storm_with_limits_expired_tokens_broken_calls_and_a_restart_counts_everything_once(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    corp, dice = wecom_server.corp, random.Random(7)
    made = [corp.group(f"{name}团") for name in "甲乙丙"]
    for group in made:
        wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    people: list[tuple[Group, Somebody]] = []
    left: list[str] = []
    for number in range(45):
        group = dice.choice(made)
        state = f"by{number}" if number % 3 == 0 else ""
        somebody = corp.join(
            group, f"邻居{number}", scene=3 if state else 1, state=state, state_from=time.time() + dice.random() * 0.4,
            inviter="" if state else "zhoujie",
        )
        people.append((group, somebody))
        told = [(group, "add_member", somebody.user_id)] * dice.randint(1, 3)
        if number % 5 == 4:
            wecom_shop.until(lambda: {one.name for _, one in people[:-1]} <= {*joins(wecom_shop)})
            home, gone = dice.choice([pair for pair in people[:-1] if pair[1].user_id not in left])
            left.append(gone.user_id)
            del home.people[gone.user_id]
            told += [(home, "del_member", gone.user_id), (home, "add_member", gone.user_id)]
        trouble = dice.choice(("", "", "token", "limit", "break"))
        if trouble == "token":
            wecom_server.expire_token()
        elif trouble == "limit":
            wecom_server.limit("externalcontact/groupchat/get", 0.1)
        elif trouble == "break":
            wecom_server.break_off("externalcontact/groupchat/get")
        dice.shuffle(told)
        for where, detail, user_id in told:
            assert wecom_server.chat_changed(where.chat_id, detail=detail, members=(user_id,)) == 200
        if number == 22:
            wecom_shop.shut()
            wecom_shop.open()
    wecom_shop.calm()
    heard = {row.member_id: read(row) for row in wecom_shop.log("MemberJoined")}
    assert sorted(joins(wecom_shop)) == sorted(somebody.name for _, somebody in people)
    assert {own: event.via for own, event in heard.items()} == {
        f"wecom:{one.user_id}": one.state or None for _, one in people
    }
    assert sorted(row.member_id or "" for row in wecom_shop.log("MemberLeft")) == sorted(f"wecom:{one}" for one in left)
    for group in made:
        assert sorted(wecom_shop.here(group.chat_id)) == sorted(one.name for one in group.people.values())


def test_a_busy_group_does_not_keep_a_newcomer_waiting_for_ever(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    group = wecom_server.corp.group("花园团")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.calm()
    wecom_server.corp.join(group, "小张", scene=3)

    def is_heard() -> bool:
        wecom_server.chat_changed(group.chat_id, detail="add_member")
        return bool(joins(wecom_shop))

    wecom_shop.until(is_heard)
    wecom_shop.calm()
    assert joins(wecom_shop) == ["小张"]
