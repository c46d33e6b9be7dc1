"""What the channel says in rooms of a real homeserver, and how its noes are taken."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.base import NeverSaid, TryAgain
from bot.channels.pictures import Pictures
from bot.events import MessageReceived
from bot.outbox import Button, Card, MiniProgram, Picture, Text
from tests.matrix.ear import Ear, outgoing
from tests.matrix.homeserver import Homeserver, Person

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def test_the_same_transaction_is_one_event_also_after_a_restart(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        message = outgoing(7, f"matrix:{room}", Text("草莓 19.9 元一斤"))
        async with ear:
            first = await ear.channel.send(message)
            assert await ear.channel.send(message) == first
        async with ear:
            assert await ear.channel.send(message) == first
        said = li.reads(room)
        assert [event["content"]["body"] for event in said] == ["草莓 19.9 元一斤"]
        assert f"matrix:{said[0]['event_id']}" == first

    asyncio.run(scene())


def test_a_mention_is_a_pill_with_the_members_name(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        async with ear:
            await ear.channel.send(outgoing(8, f"matrix:{room}", Text("有<货>的\n明天到", f"matrix:{li.id}")))
        content = li.reads(room)[0]["content"]
        assert content["body"] == "李四: 有<货>的\n明天到"
        assert content["m.mentions"] == {"user_ids": [li.id]}
        assert content["formatted_body"] == (
            f'<a href="https://matrix.to/#/{li.id}">李四</a> 有&lt;货&gt;的<br>明天到'
        )

    asyncio.run(scene())


def test_a_card_is_html_with_words_beside_it_and_nothing_in_it_is_markup(ear: Ear, us: Person, li: Person) -> None:
    card = Card(
        "红颜草莓 <b>3斤</b>", "今晚八点截单", "https://shop.example/d/1?a=1&b=2", "",
        (Button("参团", say="参团 7Q2K"), Button("看看", url="javascript:alert(1)"), Button("地图", url="https://map.example/")),
    )

    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        async with ear:
            await ear.channel.send(outgoing(9, f"matrix:{room}", card))
        content = li.reads(room)[0]["content"]
        assert content["body"] == (
            "红颜草莓 <b>3斤</b>\n今晚八点截单\nhttps://shop.example/d/1?a=1&b=2\n参团：回复「参团 7Q2K」\n地图 https://map.example/"
        )
        html = content["formatted_body"]
        assert html.startswith("<strong>红颜草莓 &lt;b&gt;3斤&lt;/b&gt;</strong><br>今晚八点截单<br>")
        assert '<a href="https://shop.example/d/1?a=1&amp;b=2">' in html
        assert "javascript" not in html

    asyncio.run(scene())


def test_pictures_are_handed_over_and_theirs_are_kept_here(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        pictures = Pictures(ear.settings.home)
        async with ear:
            ours = pictures.keep(PNG, "png")
            await ear.channel.send(outgoing(10, f"matrix:{room}", Picture(ours, "海报")))
            await ear.channel.send(outgoing(11, f"matrix:{room}", Picture("/posters/x.png", "海报")))
            li.send(room, {"msgtype": "m.image", "body": "IMG_1.png", "url": li.upload(PNG, "image/png"), "info": {}})
            li.send(room, {"msgtype": "m.image", "body": "假的", "url": li.upload(b"MZ" * 50, "image/png")})
            await ear.until(lambda: len(ear.of(MessageReceived)) == 2)
        shown, told, _, _ = li.reads(room)
        assert (shown["content"]["msgtype"], shown["content"]["body"]) == ("m.image", "海报")
        server = shown["content"]["url"].removeprefix("mxc://")
        assert li.http.get(f"{li.url}/_matrix/client/v1/media/download/{server}").content == PNG
        assert told["content"]["body"] == "海报\nhttp://localhost:8700/posters/x.png"
        theirs, fake = ear.of(MessageReceived)
        path = pictures.find((theirs.picture or "").removeprefix("/pictures/"))
        assert path is not None
        assert path.read_bytes() == PNG
        assert (theirs.text, fake.picture) == ("", None)

    asyncio.run(scene())


def test_a_private_word_opens_a_direct_room_and_goes_on_in_it(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            where = (f"matrix:p:{li.id}", Text("您的订单到了"), f"matrix:{li.id}")
            await ear.channel.send(outgoing(12, *where))
            await ear.channel.send(outgoing(13, f"matrix:p:{li.id}", Text("自提点：东门"), f"matrix:{li.id}"))
            [room] = li.get("sync")["rooms"]["invite"]
            li.join(room)
            assert [event["content"]["body"] for event in li.reads(room)] == ["您的订单到了", "自提点：东门"]
            li.say(room, "收到")
            assert (await ear.message("收到")).conversation == f"matrix:p:{li.id}"

    asyncio.run(scene())


def test_what_cannot_be_said_is_refused_with_its_reason(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        with pytest.raises(TryAgain):
            await ear.channel.send(outgoing(14, "matrix:!x:shop.test", Text("太早")))
        async with ear:
            room = li.create(us)
            await ear.into(room)
            with pytest.raises(NeverSaid, match="not in this room"):
                await ear.channel.send(outgoing(15, "matrix:!nowhere:shop.test", Text("没有")))
            with pytest.raises(NeverSaid, match="cannot say a mini"):
                await ear.channel.send(outgoing(16, f"matrix:{room}", MiniProgram("店", "wx1", "/")))
            li.state(room, "m.room.power_levels", {"users": {}, "events_default": 50})
            with pytest.raises(NeverSaid, match="M_FORBIDDEN"):
                await ear.channel.send(outgoing(17, f"matrix:{room}", Text("不许")))

    asyncio.run(scene())


def test_an_encrypted_room_is_refused_with_an_explanation_once(ear: Ear, us: Person, li: Person) -> None:
    encryption = {"algorithm": "m.megolm.v1.aes-sha2"}

    async def scene() -> None:
        async with ear:
            room = li.create(name="加密群", initial_state=[{"type": "m.room.encryption", "content": encryption}])
            li.invite(room, us)
            await ear.until(lambda: "加密群" in ear.channel.standing.detail)
            li.send(room, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"}, "m.room.encrypted")
            li.state(room, "m.room.topic", {"topic": "别的"})
            await ear.until(lambda: len(ear.heard) == 2)
            with pytest.raises(NeverSaid, match="encrypted"):
                await ear.channel.send(outgoing(18, f"matrix:{room}", Text("说不了")))
        async with ear:
            await ear.until(lambda: "加密群" in ear.channel.standing.detail)
        assert [event["content"]["body"][:12] for event in li.reads(room)] == ["这个房间开启了端到端加密"]

    asyncio.run(scene())


def test_a_homeserver_that_wants_us_slower_names_its_time(ear: Ear, synapse: Homeserver, us: Person, li: Person) -> None:
    async def scene() -> None:
        room = li.create(us)
        us.join(room)
        synapse.slow_down(us)
        async with ear:
            said = [ear.channel.send(outgoing(number, f"matrix:{room}", Text("快"))) for number in range(20, 26)]
            with pytest.raises(TryAgain) as refused:
                await asyncio.gather(*said)
            assert refused.value.after is not None
            assert 0 < refused.value.after <= 10

    asyncio.run(scene())
