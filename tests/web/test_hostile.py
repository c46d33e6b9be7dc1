"""Whatever a stranger sends, the others talk on and the stranger gets a plain answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError
from websockets.asyncio.client import connect

from bot import dispatch
from bot.channels.web import visit
from bot.channels.web.frames import MAX_FRAME
from storage import inbox
from tests.web.place import Member, Place

PIECES = [
    ("{", "bad_json"),
    ("[1, 2]", "bad_frame"),
    ('"hello"', "bad_frame"),
    ("{}", "unknown_frame"),
    ('{"type": "dance"}', "unknown_frame"),
    ('{"type": ["say"]}', "unknown_frame"),
    ('{"type": "say", "client_id": "a", "text": 7}', "bad_frame"),
    ('{"type": "say", "text": "no id"}', "bad_frame"),
    ('{"type": "say", "client_id": "a b", "text": "x"}', "bad_frame"),
    ('{"type": "say", "client_id": "' + "a" * 65 + '", "text": "x"}', "bad_frame"),
    ('{"type": "say", "client_id": "a", "text": "x", "to": "everybody"}', "bad_frame"),
    ('{"type": "say", "client_id": "a", "text": "x", "mentions": "bot"}', "bad_frame"),
    ('{"type": "say", "client_id": "a", "text": "x", "quotes": "i99999999999999999999"}', "bad_frame"),
    ('{"type": "say", "client_id": "a", "text": "x", "quotes": "i424242"}', "bad_quote"),
    ('{"type": "say", "client_id": "a", "text": "x", "picture": "https://elsewhere.example/a.png"}', "bad_picture"),
    ('{"type": "say", "client_id": "a", "text": "x", "picture": "/pictures/../secret"}', "bad_picture"),
    ('{"type": "say", "client_id": "a", "text": "\\ud800"}', "bad_json"),
    ('{"type": "say", "client_id": "a", "text": ""}', "empty"),
    ('{"type": "say", "client_id": "a", "text": " \\u200b\\u2060\\ufe0f\\n "}', "empty"),
    ('{"type": "history", "before": {"heard": -1}}', "bad_frame"),
    ('{"type": "history", "before": {"heard": 1.5}}', "bad_frame"),
    ('{"type": "history", "before": {}, "limit": 100000}', "bad_frame"),
    ('{"type": "hello", "nickname": "again"}', "hello_again"),
    ("[" * 20_000, "bad_json"),
]


def test_every_malformed_frame_gets_its_error_and_the_socket_lives_on(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            for piece, code in PIECES:
                await wang.send(piece)
                assert (await wang.hear("error"))["code"] == code, piece
            assert (await wang.says("还在"))["type"] == "ack"

    asyncio.run(scene())
    assert [row.text for row in place.log()] == ["还在"]


def test_an_error_about_a_message_names_it(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            assert (await wang.says("x" * 2001))["code"] == "too_long"
            assert (await wang.says("x" * 2000))["type"] == "ack"
            assert (await wang.says("\u200d"))["code"] == "empty"

    asyncio.run(scene())


def test_a_flood_of_nonsense_ends_the_visit(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            for _ in range(visit.MAX_FAULTS + 1):
                await wang.send("nonsense")
            assert await wang.closed() == 1008

    asyncio.run(scene())


@pytest.mark.parametrize("size", [MAX_FRAME + 1, 1_000_000])
def test_a_huge_message_closes_the_socket_politely(place: Place, size: int) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            await wang.send(json.dumps({"type": "say", "client_id": "a", "text": "x" * size}))
            assert await wang.closed() == 1009
            assert (await li.says("没事"))["type"] == "ack"

    asyncio.run(scene())


def test_a_binary_frame_closes_the_socket(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            await wang.send(b"\x00\x01")
            assert await wang.closed() == 1003
            assert wang.frames[-1]["code"] == "binary_frame"

    asyncio.run(scene())


def test_nothing_is_heard_before_hello(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.group()
    monkeypatch.setattr(visit, "HELLO_SECONDS", 0.3)

    async def scene() -> None:
        silent = Member(f"ws://{place.host}/g/garden/socket", {})
        silent.socket = await connect(silent.address)
        for frame in ({"type": "say", "client_id": "a", "text": "x"}, {"type": "members"}, {"type": "leave"}):
            await silent.send(frame)
            assert (await silent.hear("error"))["code"] == "hello_first"
        assert await silent.closed() == 4408

    asyncio.run(scene())
    assert place.log() == []


def test_a_message_said_again_under_its_client_id_is_one_message(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            first = await wang.says("一次", "same")
            second = await wang.says("一次", "same")
            async with place.member(token=wang.welcome["token"]) as back:
                third = await back.says("一次", "same")
            other = await li.says("一次", "same")
            assert first["is_new"] is True
            assert (second["is_new"], third["is_new"]) == (False, False)
            assert first["id"] == second["id"] == third["id"] != other["id"]
            await li.says("完")
            await wang.hear("message", text="完")
            assert len([frame for frame in wang.frames if frame.get("text") == "一次"]) == 2

    asyncio.run(scene())
    assert len(place.log()) == 3


def test_a_member_who_says_too_much_is_slowed_down(make_place: Callable[..., Place]) -> None:
    place = make_place(messages_a_minute=60)
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            answers = [await wang.says(f"{number}") for number in range(18)]
            refused = [answer for answer in answers if answer["type"] == "error"]
            assert 1 <= len(refused) <= 3
            assert {answer["code"] for answer in refused} == {"rate_limited"}
            assert 0 < refused[0]["retry_after"] <= 1
            assert (await li.says("我没有刷屏"))["type"] == "ack"
            await asyncio.sleep(refused[-1]["retry_after"] + 0.05)
            assert (await wang.says("慢慢说"))["type"] == "ack"

    asyncio.run(scene())


def test_emoji_and_zero_width_text_arrive_clean(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            await wang.says("好\u200b吃\u202e！👩\u200d👩\u200d👧❤\ufe0f\x00\x07\r\n下一行")
            assert (await wang.hear("message"))["text"] == "好吃！👩\u200d👩\u200d👧❤\ufe0f\n下一行"

    asyncio.run(scene())


def test_html_in_names_and_texts_stays_text(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("<img src=x>") as wang:
            await wang.says("<script>alert(1)</script>")
            frame = await wang.hear("message")
            assert frame["from"]["name"] == "<img src=x>"
            assert frame["text"] == "<script>alert(1)</script>"

    asyncio.run(scene())


def test_when_too_much_comes_in_members_are_told_to_wait(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            monkeypatch.setattr(dispatch, "MAX_WAITING", -1)
            refused = await wang.says("挤不进", "again")
            assert (refused["code"], refused["retry_after"]) == ("busy", 2.0)
            monkeypatch.setattr(dispatch, "MAX_WAITING", 100)
            assert (await wang.says("挤不进", "again"))["is_new"] is True

    asyncio.run(scene())


def test_what_cannot_be_written_down_is_never_confirmed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.group()

    def full(*_: object) -> None:
        raise OperationalError("insert", {}, Exception("database or disk is full"))

    async def scene() -> None:
        async with place.member("小王") as wang:
            with monkeypatch.context() as broken:
                broken.setattr(inbox, "insert_all", full)
                assert (await wang.says("没写下", "again"))["code"] == "busy"
            assert place.log() == []
            assert (await wang.says("没写下", "again"))["is_new"] is True

    asyncio.run(scene())


def test_who_does_not_read_is_let_go_and_finds_everything_later(place: Place) -> None:
    group_id = place.group()

    async def scene() -> None:
        slow = place.member("慢")
        await slow.open(max_queue=1)
        await slow.hear("welcome")
        (listener,) = place.operator.web_channel._lobby.audience(group_id).listeners
        async with place.member("小王") as wang:
            for _ in range(400):
                place.in_loop(lambda: listener.put(json.dumps({"type": "filler", "text": "x" * 60_000})))
            await wang.says("大家还好吗")
            assert await slow.closed() == 1013
            async with place.member(token=slow.welcome["token"], since=slow.cursor()) as back:
                assert "大家还好吗" in [frame.get("text") for frame in back.welcome["history"]["group"]["messages"]]

    asyncio.run(scene())
