"""Members talk to each other and to us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from bot.events import OperatorSpoke
from tests.web.place import Place


def test_what_one_says_the_other_hears_after_it_is_kept(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            told = await wang.says("早上好")
            heard = await li.hear("message", text="早上好")
            assert told == {"type": "ack", "client_id": "c1", "id": heard["id"], "is_new": True}
            assert heard["from"] == {"id": wang.welcome["you"]["id"], "name": "小王", "role": "member"}
            assert (heard["to"], heard["kind"], heard["client_id"]) == ("group", "text", "c1")
            assert [f"i{row.id}" for row in place.log()] == [heard["id"]]

    asyncio.run(scene())


def test_messages_keep_their_order_for_everybody(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li, place.member("赵六") as zhao:
            await asyncio.gather(
                *[_say_all(wang, [f"王{number}" for number in range(20)])],
                *[_say_all(li, [f"李{number}" for number in range(20)])],
            )
            await wang.says("完")
            for one in (wang, li, zhao):
                await one.hear("message", text="完")
            texts = [[frame["text"] for frame in one.frames if frame["type"] == "message"] for one in (wang, li, zhao)]
            assert texts[0] == texts[1] == texts[2]
            assert [text for text in texts[0] if text[0] == "王"] == [f"王{number}" for number in range(20)]
            assert len(texts[0]) == 41

    async def _say_all(who: object, texts: list[str]) -> None:
        for text in texts:
            await who.says(text)  # type: ignore[attr-defined]

    asyncio.run(scene())


def test_we_answer_in_the_group_and_say_which_message_we_answer(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            asked = await wang.says("菜单")
            card = await li.hear("message", kind="card")
            assert card["from"] == {"id": "bot", "name": "小团", "role": "bot"}
            assert card["answers"] == asked["id"]
            assert {"label": "转人工", "say": "转人工", "url": ""} in card["card"]["buttons"]
            assert card["id"].startswith("o")
            assert card["said"] >= 1

    asyncio.run(scene())


def test_private_talk_is_between_the_member_and_us(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            await wang.says("菜单", to="private")
            answer = await wang.hear("message", kind="card")
            assert answer["to"] == "private"
            await wang.says("大家好")
            await li.hear("message", text="大家好")
            assert li.shown("private") == []
            assert len(li.shown()) == len(wang.shown())
            assert len(wang.shown("private")) == 2
        again = place.member(token=wang.welcome["token"])
        async with again:
            assert again.shown("private") == wang.shown("private")

    asyncio.run(scene())


def test_mentions_names_and_answers_to_us_are_for_us(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            bot_card = await _card(wang)
            await li.says("看看这个", mentions=["bot", wang.welcome["you"]["id"], "web:m_nobody", "bot"])
            await li.says("@小团 在吗")
            await li.says("谢谢", quotes=bot_card)
            await li.says("谢谢小团")

    async def _card(wang: object) -> str:
        await wang.says("菜单")  # type: ignore[attr-defined]
        return str((await wang.hear("message", kind="card"))["id"])  # type: ignore[attr-defined]

    asyncio.run(scene())
    details = [orjson.loads(row.detail or "{}") for row in place.log()][1:]
    assert [detail.get("is_to_us", False) for detail in details] == [True, True, True, False]
    assert details[0]["mentions"][0] == "bot"
    assert len(details[0]["mentions"]) == 2
    assert details[2]["quoted_text"].startswith("小团能帮您")


def test_an_operator_speaks_as_a_person_and_mentions_by_name(place: Place) -> None:
    group_id = place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            place.operator.dispatcher.submit(OperatorSpoke(
                key="desk:1", lane=group_id, occurred_at=place.operator.now(), channel="web", conversation=group_id,
                group_id=group_id, text="我来看看", operator_id=1, operator_name="周姐", mention=wang.welcome["you"]["id"],
            ))
            said = await wang.hear("message", text="我来看看")
            assert said["from"]["role"] == "operator"
            assert said["mention"] == {"id": wang.welcome["you"]["id"], "name": "小王"}

    asyncio.run(scene())


def test_joins_and_leaves_are_shown_with_who_invited(place: Place) -> None:
    group_id = place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            inviter = wang.welcome["you"]["id"]
            async with place.member("李四", invited_by=inviter) as li:
                joined = await wang.hear("joined", member={"id": li.welcome["you"]["id"], "name": "李四"})
                assert joined["inviter"] == {"id": inviter, "name": "小王"}
                await wang.send({"type": "members"})
                listed = await wang.hear("members")
                assert [one["name"] for one in listed["members"]] == ["小王", "李四"]
                assert listed["member_count"] == 2
                await li.send({"type": "leave"})
                await li.hear("goodbye")
                assert await li.closed() == 1000
                assert (await wang.hear("left"))["member"]["name"] == "李四"
            async with place.member(token=li.welcome["token"]) as back:
                assert back.welcome["you"] == li.welcome["you"]
                await wang.hear("joined")

    asyncio.run(scene())
    assert place.present(group_id) == ["小王", "李四"]


def test_only_somebody_of_the_group_can_have_invited(place: Place) -> None:
    place.group()
    place.group("lake", "翠湖团")

    async def scene() -> None:
        async with place.member("赵六", code="lake") as stranger:
            for inviter in ("web:m_invented", "", stranger.welcome["you"]["id"]):
                async with place.member("小王", invited_by=inviter) as wang:
                    assert wang.welcome["history"]["group"]["messages"][-1]["inviter"] is None

    asyncio.run(scene())


def test_leaving_ends_every_socket_of_the_member(place: Place) -> None:
    group_id = place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            async with place.member(token=wang.welcome["token"]) as second:
                await wang.send({"type": "leave"})
                assert await second.closed() == await wang.closed() == 1000
                assert second.frames[-1] == wang.frames[-1] == {"type": "goodbye"}
            assert (await li.says("我还在"))["type"] == "ack"

    asyncio.run(scene())
    assert place.present(group_id) == ["李四"]


def test_nicknames_are_distinct_in_a_group(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as one, place.member(" 小 王") as two, place.member("小\u200b王") as three:
            assert [who.welcome["you"]["name"] for who in (one, two, three)] == ["小王", "小 王2", "小王3"]
        several = [place.member("阿May") for _ in range(6)]
        await asyncio.gather(*(who.__aenter__() for who in several))
        assert len({who.welcome["you"]["name"] for who in several}) == 6
        await asyncio.gather(*(who.__aexit__() for who in several))

    asyncio.run(scene())


def test_a_lost_answer_to_hello_makes_no_second_member(place: Place) -> None:
    group_id = place.group()

    async def scene() -> None:
        hello = {"nickname": "小王", "client_id": "x" * 24}
        first = place.member(**hello)
        await first.open()
        await first.socket.close()
        async with place.member(**hello) as second, place.member(**hello) as third:
            assert second.welcome["you"] == third.welcome["you"]

    asyncio.run(scene())
    assert place.present(group_id) == ["小王"]


def test_one_member_in_two_groups_keeps_a_name_that_is_free_in_both(place: Place) -> None:
    place.group()
    place.group("lake", "翠湖团")

    async def scene() -> None:
        async with (
            place.member("小王") as wang, place.member("小王", code="lake") as other,
            place.member(code="lake", token=wang.welcome["token"]) as wang_there,
        ):
            assert wang_there.welcome["you"]["id"] == wang.welcome["you"]["id"] != other.welcome["you"]["id"]
            assert wang_there.welcome["you"]["name"] == "小王2"
            await wang.says("我改名了")
            assert (await wang.hear("message"))["from"]["name"] == "小王2"

    asyncio.run(scene())


def test_members_come_back_after_a_restart(make_place: Callable[..., Place]) -> None:
    place = make_place()
    place.group()

    async def before() -> tuple[str, dict[str, dict[str, int]], list[str]]:
        async with place.member("小王") as wang:
            await wang.says("菜单")
            await wang.hear("message", kind="card")
            stopping = asyncio.to_thread(place.shut)
            code, _ = await asyncio.gather(wang.closed(), stopping)
            assert code == 1012
            return wang.welcome["token"], wang.cursor(), wang.shown()

    async def after(token: str, cursor: dict[str, dict[str, int]], seen: list[str]) -> None:
        async with place.member(token=token, since=cursor) as wang:
            assert wang.shown() == []
            await wang.says("回来了")
        async with place.member(token=token) as fresh:
            assert fresh.shown()[: len(seen)] == seen

    remembered = asyncio.run(before())
    place.open()
    asyncio.run(after(*remembered))
