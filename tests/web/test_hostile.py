"""Whatever a stranger sends, the others talk on and the stranger gets a plain answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

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


@pytest.mark.parametrize(
    ("nickname", "code"),
    [("", "bad_nickname"), ("\u200b\u202e ", "bad_nickname"), ("小团", "name_reserved"), ("小 团 客服", "name_reserved")],
)
def test_a_nickname_must_be_seen_and_not_be_ours(place: Place, nickname: str, code: str) -> None:
    place.group()

    async def scene() -> None:
        stranger = place.member(nickname)
        await stranger.open()
        assert (await stranger.hear("error"))["code"] == code
        await stranger.send({"type": "hello", "nickname": "小王"})
        await stranger.hear("welcome")
        await stranger.socket.close()

    asyncio.run(scene())


@pytest.mark.parametrize("token", ["", "nonsense", "IndlYjptX2EiCg.AAAA", "x" * 400])
def test_a_forged_token_is_refused_and_a_nickname_still_works(place: Place, token: str) -> None:
    place.group()

    async def scene() -> None:
        stranger = place.member(token=token)
        await stranger.open()
        assert (await stranger.hear("error"))["code"] == "bad_token"
        await stranger.send({"type": "hello", "nickname": "小王"})
        await stranger.hear("welcome")
        await stranger.socket.close()

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


def test_an_unknown_or_closed_group_says_so(place: Place) -> None:
    async def scene() -> None:
        stranger = place.member("小王", code="nowhere")
        await stranger.open()
        assert await stranger.closed() == 4404
        assert stranger.frames[0]["code"] == "unknown_group"

    asyncio.run(scene())


def test_one_member_opens_only_so_many_sockets(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            token = wang.welcome["token"]
            more = [place.member(token=token) for _ in range(visit.MAX_SOCKETS - 1)]
            await asyncio.gather(*(one.__aenter__() for one in more))
            last = place.member(token=token)
            await last.open()
            assert await last.closed() == 4429
            assert last.frames[0]["code"] == "too_many_sockets"
            await asyncio.gather(*(one.__aexit__() for one in more))
            await asyncio.sleep(0.2)
            async with place.member(token=token) as again:
                assert again.welcome["you"] == wang.welcome["you"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [(None, True), ("http://{host}", True), ("https://friend.example", True), ("https://evil.example", False),
     ("null", False), ("http://{host}.evil.example", False), ("file://", False)],
)
def test_only_our_own_pages_and_programs_may_open_a_socket(
    make_place: Callable[..., Place], origin: str | None, is_let_in: bool
) -> None:
    place = make_place(allowed_origins="https://friend.example/")
    place.group()

    async def scene() -> None:
        options: dict[str, Any] = {} if origin is None else {"origin": origin.replace("{host}", place.host)}
        stranger = place.member("小王")
        if is_let_in:
            await stranger.open(**options)
            await stranger.hear("welcome")
            await stranger.socket.close()
        else:
            with pytest.raises(InvalidStatus) as refused:
                await stranger.open(**options)
            assert refused.value.response.status_code == 403

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
        (listener,) = place.operator.web_channel._desk.audience(group_id).listeners
        async with place.member("小王") as wang:
            for _ in range(400):
                place.in_loop(lambda: listener.put(json.dumps({"type": "filler", "text": "x" * 60_000})))
            await wang.says("大家还好吗")
            assert await slow.closed() == 1013
            async with place.member(token=slow.welcome["token"], since=slow.cursor()) as back:
                assert "大家还好吗" in [frame.get("text") for frame in back.welcome["history"]["group"]["messages"]]

    asyncio.run(scene())
