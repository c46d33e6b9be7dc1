"""What the channel hears in rooms of a real homeserver."""

from __future__ import annotations

import asyncio

from bot.events import GroupFound, HearingLost, MemberJoined, MemberLeft, MessageReceived, TopicChanged
from tests.matrix.ear import Ear
from tests.matrix.homeserver import Person


def test_an_invitation_is_accepted_and_the_group_and_its_talk_are_heard(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(name="阳光小区团购群")
            li.say(room, "说在邀请之前")
            li.invite(room, us)
            await ear.into(room)
            event_id = li.say(room, "草莓多少钱一斤？")
            heard = await ear.message("草莓多少钱一斤？")
            assert (heard.group_id, heard.conversation, heard.lane) == (f"matrix:{room}",) * 3
            assert (heard.key, heard.member_id) == (f"matrix:{event_id}", f"matrix:{li.id}")
            assert (heard.member_name, heard.is_to_us, heard.channel) == ("李四", False, "matrix")
            found = await ear.first(GroupFound, group_id=f"matrix:{room}")
            assert (found.text, found.account) == ("阳光小区团购群", "matrix")
            assert [one.text for one in ear.of(MessageReceived)] == ["草莓多少钱一斤？"]

    asyncio.run(scene())


def test_joins_know_who_invited_and_leaves_and_removals_are_heard(ear: Ear, us: Person, li: Person, wang: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            li.invite(room, wang)
            wang.join(room)
            joined = await ear.first(MemberJoined, member_id=f"matrix:{wang.id}")
            assert (joined.inviter_id, joined.member_name) == (f"matrix:{li.id}", "小王")
            wang.state(room, "m.room.member", {"membership": "join", "displayname": "王姐"}, wang.id)
            wang.say(room, "改名了")
            assert (await ear.message("改名了")).member_name == "王姐"
            li.kick(room, wang)
            left = await ear.first(MemberLeft, member_id=f"matrix:{wang.id}")
            assert (left.member_name, left.text) == ("王姐", "removed by 李四")
            assert len(ear.of(MemberJoined)) == 1

    asyncio.run(scene())


def test_names_and_topics_of_rooms_are_heard(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us, name="旧名字")
            await ear.into(room)
            li.state(room, "m.room.topic", {"topic": "每周三接龙"})
            li.state(room, "m.room.name", {"name": "新名字"})
            topic = await ear.first(TopicChanged, text="每周三接龙")
            assert (topic.member_name, topic.group_id) == ("李四", f"matrix:{room}")
            await ear.first(GroupFound, text="新名字")

    asyncio.run(scene())


def test_being_removed_from_a_group_is_told(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            li.say(room, "最后一句")
            li.kick(room, us)
            lost = await ear.first(HearingLost, group_id=f"matrix:{room}")
            assert lost.text == "removed from the group by 李四"
            assert [one.text for one in ear.of(MessageReceived)] == ["最后一句"]
            li.invite(room, us)
            await ear.into(room)
            li.say(room, "又来了")
            await ear.message("又来了")

    asyncio.run(scene())


def test_mentions_are_heard_as_pills_as_a_list_and_as_typed_names(ear: Ear, us: Person, li: Person, wang: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us, wang)
            await ear.into(room)
            wang.join(room)
            li.say(room, "小团: 草莓还有吗", **{"m.mentions": {"user_ids": [us.id]}})
            listed = await ear.message("@小团 草莓还有吗")
            assert listed.is_to_us
            assert listed.mentions == ()
            pill = f'<a href="https://matrix.to/#/{wang.id}">小王</a> 看这里'
            li.say(room, "小王 看这里", format="org.matrix.custom.html", formatted_body=pill)
            pilled = await ear.message("小王 看这里")
            assert (pilled.is_to_us, pilled.mentions) == (False, (f"matrix:{wang.id}",))
            li.say(room, "@小团 几点自提")
            assert (await ear.message("@小团 几点自提")).is_to_us

    asyncio.run(scene())


def test_replies_hold_what_they_quote(ear: Ear, us: Person, li: Person, wang: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us, wang)
            await ear.into(room)
            wang.join(room)
            asked = wang.say(room, "明天几点到货？")
            li.say(room, "九点", **{"m.relates_to": {"m.in_reply_to": {"event_id": asked}}})
            new = await ear.message("九点")
            assert (new.quotes, new.quoted_text) == (asked, "明天几点到货？")
            li.say(
                room, f"> <{wang.id}> 明天几点到货？\n\n十点吧", **{"m.relates_to": {"m.in_reply_to": {"event_id": asked}}}
            )
            old = await ear.message("十点吧")
            assert (old.quotes, old.quoted_text, old.is_to_us) == (asked, "明天几点到货？", False)
            thread = {"rel_type": "m.thread", "event_id": asked, "is_falling_back": True}
            li.say(room, "在话题里", **{"m.relates_to": thread | {"m.in_reply_to": {"event_id": asked}}})
            assert (await ear.message("在话题里")).quotes is None

    asyncio.run(scene())


def test_a_quoted_message_from_before_our_start_is_looked_up(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        asked = li.say(room, "有没有无籽西瓜？")
        async with ear:
            li.say(room, "还想知道", **{"m.relates_to": {"m.in_reply_to": {"event_id": asked}}})
            heard = await ear.message("还想知道")
            assert heard.quoted_text == "有没有无籽西瓜？"
            assert len(ear.of(MessageReceived)) == 1

    asyncio.run(scene())


def test_a_room_of_two_marked_direct_is_a_private_conversation_until_a_third_comes(
    ear: Ear, us: Person, li: Person, wang: Person
) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us, is_direct=True, preset="trusted_private_chat")
            await ear.into(room)
            li.say(room, "在吗")
            heard = await ear.message("在吗")
            assert (heard.conversation, heard.group_id) == (f"matrix:p:{li.id}", None)
            assert ear.of(GroupFound) == []
            li.invite(room, wang)
            wang.join(room)
            wang.say(room, "我也来了")
            assert (await ear.message("我也来了")).group_id == f"matrix:{room}"

    asyncio.run(scene())


def test_edits_are_kept_beside_what_they_replace_and_what_was_taken_back_is_not_heard(
    ear: Ear, us: Person, li: Person
) -> None:
    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        async with ear:
            pass
        gone = li.say(room, "说错了")
        li.redact(room, gone)
        first = li.say(room, "草梅多少钱")
        new = {"msgtype": "m.text", "body": "草莓多少钱"}
        li.say(room, "* 草莓多少钱", **{
            "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": first},
        })
        async with ear:
            edited = await ear.message("草莓多少钱")
            assert edited.quotes == first
            assert [one.text for one in ear.of(MessageReceived)] == ["草梅多少钱", "草莓多少钱"]

    asyncio.run(scene())


def test_our_own_words_and_notices_of_other_programs_are_not_heard(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            us.say(room, "我们自己说的")
            li.send(room, {"msgtype": "m.notice", "body": "机器人说的"})
            li.say(room, "人说的")
            await ear.message("人说的")
            assert len(ear.of(MessageReceived)) == 1

    asyncio.run(scene())
