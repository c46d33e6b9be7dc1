"""The wechaty channel against a real Puppet Service gateway with a mock WeChat behind it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import Operator, open_database
from bot.channels.base import Link, NeverSaid, TryAgain
from bot.channels.wechaty import WechatyChannel
from bot.channels.wechaty.connection import Pace
from bot.events import (
    GroupFound,
    HearingBack,
    HearingLost,
    MemberJoined,
    MemberLeft,
    MembersListed,
    MessageReceived,
    TopicChanged,
)
from bot.outbox import Button, Card, File, MiniProgram, Picture, Text
from handlers import FEATURES
from storage import faq, groups, places
from tests.channels.test_wechaty_faults import certificate
from tests.channels.wechaty_peer import BOT, BOT_NAME, TOKEN, MockGateway, install, is_possible
from tests.channels.wechaty_scene import FAST, PIXEL, Ears, channel_to, now, saying, settings_for, until
from tests.needs import need

ROOM = "r0@chatroom"
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("gateway_packages")]


@pytest.fixture(scope="session")
def gateway_packages() -> None:
    need(is_possible(), "node and npm, for the Wechaty gateway of the tests")
    install()


@asynccontextmanager
async def gateway(**world: int) -> AsyncIterator[MockGateway]:
    peer = MockGateway()
    await peer.populate(**world)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.kill()


@asynccontextmanager
async def scene(home: Path, pace: Pace = FAST, **world: int) -> AsyncIterator[tuple[MockGateway, WechatyChannel, Ears]]:
    async with gateway(**world) as peer, channel_to(home, peer.endpoint, peer.token, pace=pace) as (channel, ears):
        yield peer, channel, ears


def test_from_a_join_to_an_answer_the_whole_operator_lives_in_a_wechat_group(database_url: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway() as peer:
            await peer.make("contact", id="new", name="新邻居")
            settings = settings_for(tmp_path, peer.endpoint, peer.token, database_url=database_url, demo=False)
            open_database(settings)
            channel = WechatyChannel("wechaty", settings, now, pace=FAST)
            operator = Operator(settings, channels=[channel], features=FEATURES)
            with operator.database.write() as session:
                values = {"id": "e1", "question": "几点送货", "answer": "每天下午四点送到小区门口。", "is_enabled": True}
                faq.save(session, values | {"phrasings": ["什么时候送货", "几点送到"]}, now())
            await operator.start()
            try:
                await until(lambda: channel.standing.login)
                await peer.do("join", id=ROOM, who=["new"], by="p0")
                await until(lambda: (ROOM, "new") in present(operator, "p0"))
                with operator.database.write() as session:
                    places.set_management(session, [f"wechaty:{ROOM}"], groups.TAKEN, groups.SPEAK_CONFIDENT)
                await peer.say("p1", f"@{BOT_NAME} 几点送货？", ROOM, mentionIdList=[BOT])
                await until(lambda: any("下午四点" in one.get("text", "") for one in peer.said))
                answer = next(one for one in peer.said if "下午四点" in one.get("text", ""))
                assert answer["conversation"] == ROOM
                assert answer["mentions"] == ["p1"]
                assert answer["text"].startswith("@邻居1\u2005")
            finally:
                await operator.stop()

    def present(operator: Operator, inviter: str) -> set[tuple[str, str]]:
        with operator.database.read() as session:
            membership = groups.find_membership(session, f"wechaty:{ROOM}", "wechaty:new")
        is_there = membership is not None and membership.inviter_id == f"wechaty:{inviter}"
        return {(ROOM, "new")} if is_there else set()

    asyncio.run(play())


def test_what_members_do_is_heard(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, people=4, members=3) as (peer, _, ears):
            await ears.hear(MembersListed)
            assert [one.text for one in ears.of(GroupFound)] == ["团购0群"]
            assert {one[1] for one in ears.of(MembersListed)[0].members} == {"邻居0", "邻居1", "邻居2"}
            await peer.do("join", id=ROOM, who=["p3"], by="p1")
            joined = (await ears.hear(MemberJoined))[0]
            assert (joined.member_name, joined.inviter_id) == ("邻居3", "wechaty:p1")
            await peer.say("p3", "大家好", ROOM, mentionIdList=["p0", BOT])
            await peer.say("p3", "在吗")
            group, private = await ears.hear(MessageReceived, 2)
            assert (group.text, group.mentions, group.is_to_us) == ("大家好", ("wechaty:p0", f"wechaty:{BOT}"), True)
            assert (private.conversation, private.group_id, private.text) == ("wechaty:p:p3", None, "在吗")
            await peer.do("topic", id=ROOM, topic="水果群", by="p0")
            assert (await ears.hear(TopicChanged))[0].text == "水果群"
            await peer.do("leave", id=ROOM, who=["p3"], by="p0")
            assert (await ears.hear(MemberLeft))[0].member_id == "wechaty:p3"

    asyncio.run(play())


def test_a_picture_comes_with_its_data_and_a_roster_with_its_block(tmp_path: Path) -> None:
    block = (
        "<msg><appmsg><title>#接龙\\n1. 小王 苹果2斤</title><type>53</type><solitaire_info>x</solitaire_info></appmsg></msg>"
    )

    async def play() -> None:
        async with scene(tmp_path) as (peer, _, ears):
            await peer.do("file", id="pic", name="a.png", base64=base64.b64encode(PIXEL).decode())
            await peer.say("p0", "", ROOM, id="pic", type=6)
            await peer.say("p0", block, ROOM, type=14)
            picture, roster = await ears.hear(MessageReceived, 2)
            assert (picture.picture, ears.pictures) == ("/pictures/1.png", [PIXEL])
            assert (roster.text, roster.roster) == ("#接龙\n1. 小王 苹果2斤", block)

    asyncio.run(play())


def test_everything_a_shop_says_reaches_wechat(tmp_path: Path, site: tuple[int, bytes]) -> None:
    port, poster = site

    async def play() -> None:
        async with gateway() as peer:
            await peer.make("member", room=ROOM, contact="p0", alias="3栋小王", inviter=None)
            async with channel_to(tmp_path, peer.endpoint, peer.token, port=port) as (channel, ears):
                await speak(peer, channel, ears)

    async def speak(peer: MockGateway, channel: WechatyChannel, ears: Ears) -> None:
        for said in (
            Text("到货了", mention="wechaty:p0"),
            Picture("/poster.png", "海报"),
            Picture("https://shop.example/a.png", "海报"),
            Card("团购", "今晚截止", "/d/7", buttons=(Button("参团", say="参团 7Q2K"),)),
            Card("菜单", buttons=(Button("查价格", say="价格"),)),
            MiniProgram("小店", "wx123", "pages/index", "https://shop.example/b.png"),
            File("价目.pdf", "https://shop.example/p.pdf"),
        ):
            assert await channel.send(saying(said))
        assert await channel.send(saying(Text("私聊"), None, "p1"))
        text, big, by_url, link, menu, mini, file, alone = peer.said
        assert text["mentions"] == ["p0"]
        assert text["text"] == "@3栋小王\u2005到货了"
        assert (big["size"], big["sha256"]) == (len(poster), hashlib.sha256(poster).hexdigest())
        assert by_url["url"] == "https://shop.example/a.png"
        assert (link["link"]["title"], link["link"]["url"]) == ("团购", f"http://localhost:{port}/d/7")
        assert "参团 7Q2K" in link["link"]["description"]
        assert menu["text"] == "菜单\n· 查价格: 「价格」"
        assert (mini["card"]["appid"], mini["card"]["pagePath"]) == ("wx123", "pages/index")
        assert file["url"] == "https://shop.example/p.pdf"
        assert alone["conversation"] == "p1"
        with pytest.raises(NeverSaid):
            await channel.send(saying(Text("长" * 2_001)))
        # What we say is echoed to us, and is not heard as if somebody had said it.
        await peer.say("p1", "收到", ROOM)
        assert [one.text for one in await ears.hear(MessageReceived)] == ["收到"]

    asyncio.run(play())


@pytest.fixture
def site() -> Iterator[tuple[int, bytes]]:
    """Our own site, which only we can reach, with a picture larger than one request may be."""
    poster = PIXEL + bytes(range(256)) * 20_000

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(poster)))
            self.end_headers()
            self.wfile.write(poster)

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], poster
    server.shutdown()
    server.server_close()


def test_a_burst_over_many_rooms_is_kept_in_order_each_message_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, rooms=5) as (peer, channel, ears):
            await peer.do("slow", milliseconds=20)
            rooms, before = [f"r{number}@chatroom" for number in range(5)], channel.calls
            await peer.do("burst", rooms=rooms, talkers=["p0", "p1", "p2"], count=200)
            await ears.hear(MessageReceived, 200)
            for number, room in enumerate(rooms):
                assert ears.texts(room) == [f"第{one}条" for one in range(number, 200, 5)]
            assert len(ears.of(MessageReceived)) == 200
            assert (channel.calls - before) / 200 <= 1.2

    asyncio.run(play())


def test_a_killed_gateway_is_noticed_and_the_silence_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as (peer, channel, ears):
            await ears.hear(MembersListed)
            await peer.kill()
            await until(lambda: channel.standing.link is Link.DEAF, 2)
            with pytest.raises(TryAgain):
                await channel.send(saying(Text("在吗")))
            peer.world = [made for made in peer.world if made["command"] != "room"]
            inside = [BOT, "p0", "p1", "p7"]  # p2 left and p7 came while nobody listened
            await peer.make("contact", id="p7", name="邻居7")
            await peer.make("room", id=ROOM, topic="改名了", members=inside)
            await peer.start()
            lost, back = (await ears.hear(HearingLost))[0], (await ears.hear(HearingBack))[0]
            assert back.lost_at == lost.occurred_at.isoformat()
            listed = (await ears.hear(MembersListed, 2))[1]
            assert {one[0] for one in listed.members} == {"wechaty:p0", "wechaty:p1", "wechaty:p7"}
            assert ears.of(GroupFound)[-1].text == "改名了"
            await peer.say("p0", "回来了", ROOM)
            await until(lambda: "回来了" in ears.texts())

    asyncio.run(play())


def test_members_who_slipped_in_are_found_by_reading_the_list_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, people=5, members=2) as (peer, channel, ears):
            await ears.hear(MembersListed)
            # The event names nobody; the list shows who it was, and the member's own payload by whom.
            await peer.make("member", room=ROOM, contact="p2", alias="新来的", inviter="p0")
            await peer.do("slip", id=ROOM, who=["p2"])
            await peer.do("emit", event="room-join", payload={"inviteeIdList": [], "roomId": ROOM, "timestamp": 0})
            joined = (await ears.hear(MemberJoined))[0]
            assert (joined.member_id, joined.member_name, joined.inviter_id) == ("wechaty:p2", "新来的", "wechaty:p0")
            # No event at all: the daily reading finds them.
            await peer.do("slip", id=ROOM, who=["p3"])
            await peer.do("vanish", id=ROOM, who=["p0"])
            await channel._read_all(is_daily=True)
            last = (await ears.hear(MembersListed, 2))[-1]
            assert {one[0] for one in last.members} == {"wechaty:p1", "wechaty:p2", "wechaty:p3"}

    asyncio.run(play())


def test_an_error_and_an_empty_heartbeat_do_not_end_the_stream(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as (peer, channel, ears):
            await peer.do("emit", event="error", payload={"data": "boom"})
            await peer.do("emit", event="heartbeat", payload={})
            await peer.say("p0", "还在", ROOM)
            await until(lambda: ears.texts() == ["还在"])
            assert ears.of(HearingLost) == []
            assert "boom" in channel.standing.detail

    asyncio.run(play())


def test_a_logged_out_account_shows_the_code_to_scan(tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as (peer, channel, ears):
            await peer.do("logout")
            await until(lambda: channel.standing.link is Link.DEAF)
            await peer.do("scan", code="https://login.example/abc", status=2)
            await until(lambda: channel.standing.link is Link.SCAN)
            assert channel.standing.code == "https://login.example/abc"
            assert "█" in ears.shown[0] or "▄" in ears.shown[0]
            await peer.do("login", id=BOT)
            await until(lambda: channel.standing.link is Link.CONNECTED)
            assert len(await ears.hear(HearingBack)) == 1

    asyncio.run(play())


def test_a_wrong_token_is_told_plainly(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            gateway() as peer,
            channel_to(tmp_path, peer.endpoint, "insecure_wrong", waits=False) as (channel, _),
        ):
            await until(lambda: channel.standing.link is Link.REFUSED)
            assert "token" in channel.standing.detail
            assert TOKEN not in repr(channel.standing)

    asyncio.run(play())


def test_a_gateway_with_its_own_certificate_is_reached_by_pinning_it(tmp_path: Path) -> None:
    pem, key = certificate("shopgate")
    files = tmp_path / "gateway.pem", tmp_path / "gateway.key"
    for path, data in zip(files, (pem, key), strict=True):
        path.write_bytes(data)

    async def play() -> None:
        peer = MockGateway(token="shopgate_1234", certificate=files)
        await peer.populate()
        await peer.start()
        secure = {"wechaty_insecure": False, "wechaty_ca": files[0]}
        try:
            async with channel_to(tmp_path, peer.endpoint, peer.token, **secure) as (channel, _):
                assert channel.standing.login == BOT_NAME
        finally:
            await peer.kill()

    asyncio.run(play())


def test_what_was_told_before_we_end_is_still_heard(tmp_path: Path) -> None:
    async def play() -> None:
        async with gateway() as peer:
            async with channel_to(tmp_path, peer.endpoint, peer.token) as (channel, ears):
                await ears.hear(MembersListed)
                await peer.do("slow", milliseconds=300)
                before = channel.calls
                for number in range(10):
                    await peer.say("p0", f"第{number}条", ROOM)
                await until(lambda: channel.calls >= before + 10)
            assert ears.texts() == [f"第{number}条" for number in range(10)]

    asyncio.run(play())
