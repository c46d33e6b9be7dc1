"""What members may send to hurt us: huge, broken, half and false."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.channels.matrix.reading import Reader
from bot.channels.matrix.rooms import MAX_ID, Notebook, Room, Rooms, our_id
from bot.channels.matrix.wire import Homeserver as Wire
from bot.channels.matrix.wire import Unreachable, read, without_token
from bot.channels.matrix.words import MAX_TEXT, read_words, split_quotation
from bot.channels.matrix.writing import MAX_CONTENT, text_content
from bot.channels.pictures import Pictures
from bot.events import Event, MessageReceived
from tests.matrix.ear import Ear
from tests.matrix.homeserver import Person

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BROKEN: tuple[Any, ...] = (None, True, 7, -1.5, "x", [], [[]], {}, {"a": {"b": []}}, [None, 3], 10**30)


def read_all(tmp_path: Path, events: list[Any], room: Room | None = None) -> list[Event]:
    rooms = Rooms()
    rooms.user = "@shop:shop.test"
    reader = Reader(rooms, Wire("http://127.0.0.1:1"), Pictures(tmp_path), lambda: NOW, "matrix", "小团")
    return asyncio.run(reader.read(room or Room("!r:shop.test", count=3), events))


def event(content: Any, kind: str = "m.room.message", **more: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": "$1", "sender": "@li:shop.test", "origin_server_ts": 1_772_452_000_000,
            "content": content} | more  # fmt: skip


def test_a_real_homeserver_passes_broken_contents_on_and_talk_goes_on(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            assert li.tries(room, b'{"msgtype": "m.text", "body": "\\ud800"}') >= 400
            li.say(room, "字" * 15_000)
            li.say(room, "半个", **{"m.relates_to": "x", "formatted_body": 5, "m.new_content": []})
            li.say(room, "\u202e倒\x07着\u200b说")
            li.send(room, {"msgtype": "m.image", "body": "没有", "url": {"x": 1}})
            li.state(room, "m.room.member", {"membership": "join", "displayname": "名" * 80}, li.id)
            li.say(room, "还在吗")
            last = await ear.message("还在吗")
            assert last.member_name == "名" * 40
            long, half, turned, picture = [one for one in ear.of(MessageReceived) if one.text != "还在吗"]
            assert long.text == "字" * MAX_TEXT
            assert half.text == "半个"
            assert turned.text == "倒着说"
            assert (picture.text, picture.picture) == ("［图片］", None)

    asyncio.run(scene())


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_any_member_of_an_event_may_have_any_type(tmp_path: Path, broken: Any) -> None:
    good = {
        "msgtype": "m.text", "body": "好", "format": "x", "formatted_body": "x", "m.mentions": {"user_ids": ["@a:b"]},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}, "m.new_content": {"msgtype": "m.text", "body": "好"},
    }
    events = [event(broken), event(broken, broken), event(good, unsigned=broken, origin_server_ts=broken)]
    events += [event(good | {name: broken}) for name in good]
    events += [event(good, **{name: broken}) for name in ("event_id", "sender", "type")]
    for kind in ("m.room.member", "m.room.name", "m.room.topic", "m.room.canonical_alias", "m.room.encryption"):
        events.append(event(broken, kind, state_key="@li:shop.test"))
        events.append(event({"membership": broken, "name": broken, "topic": broken}, kind, state_key=broken))
        events.append(event({"membership": "join", "displayname": broken}, kind, state_key="@x:y", unsigned={"prev_content": broken}))
    for fact in read_all(tmp_path, events):
        orjson.dumps(fact)
        assert len(fact.key) <= MAX_ID
        assert "\x00" not in (fact.text or "")


def test_nobody_speaks_from_the_future(tmp_path: Path) -> None:
    for told, meant in (
        (int((NOW + timedelta(days=400)).timestamp() * 1000), NOW), (-5, NOW), (10**30, NOW), (True, NOW), ("1", NOW),
        (int((NOW - timedelta(hours=2)).timestamp() * 1000), NOW - timedelta(hours=2)),
    ):
        [heard] = read_all(tmp_path, [event({"msgtype": "m.text", "body": "好"}, origin_server_ts=told)])
        assert heard.occurred_at == meant


def test_long_ids_are_shortened_and_stay_different() -> None:
    first, second = (our_id("!" + "a" * 200 + tail) for tail in ("1", "2"))
    assert len(first) == len(second) == MAX_ID
    assert first != second
    assert our_id("!short:shop.test") == "matrix:!short:shop.test"


def test_answers_that_are_no_json_objects_are_no_answers() -> None:
    for told in (b"", b"[]", b"<html>", b"[" * 100_000, b"\xff"):
        with pytest.raises(Unreachable):
            read(told)
    assert read(b'{"body": "\\ud800"}') == {"body": "?"}


def test_quotations_of_any_length_are_read_in_no_time() -> None:
    assert split_quotation("> <@a:b> 问\n> 二\n\n答") == ("问\n二", "答")
    read_words(event({
        "msgtype": "m.text", "body": "> " * 30_000, "formatted_body": '<a href="' * 6_000,
        "m.relates_to": {"m.in_reply_to": {"event_id": "$q"}},
    }))


def test_a_token_never_stands_in_an_address() -> None:
    assert without_token("/x?access_token=secret&since=a%2Fb") == "/x?since=a%2Fb"
    assert without_token("/x?access_token=secret") == "/x"


def test_html_that_makes_an_event_too_large_is_left_away() -> None:
    content = text_content("<" * 8_000, "@li:shop.test", "李四")
    assert "formatted_body" in content
    content = text_content("&\n" * 8_000, "@li:shop.test", "李四")
    assert "formatted_body" not in content
    assert len(orjson.dumps(content)) <= MAX_CONTENT


def test_a_torn_notebook_begins_anew_and_another_logins_is_not_read(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, "matrix")
    rooms = Rooms()
    rooms.since = "s1"
    rooms.room("!r:shop.test").name = "群"
    asyncio.run(notebook.keep("a", rooms))
    assert notebook.open("a").known["!r:shop.test"].name == "群"
    assert notebook.open("b").since == ""
    [path] = (tmp_path / "matrix").glob("*.json")
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b'{"login": "a", "since": 5')
    assert notebook.open("a").since == ""
