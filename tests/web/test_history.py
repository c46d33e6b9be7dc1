"""Whoever comes back, or scrolls up, sees everything once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.channels.web import history
from bot.channels.web.audience import Listener
from tests.web.place import Member, Place


def test_coming_back_shows_what_was_missed_once(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("李四") as li:
            async with place.member("小王") as wang:
                await li.says("一")
                await wang.hear("message", text="一")
            cursor, seen = wang.cursor(), wang.shown()
            await li.says("二")
            await li.says("菜单")
            await li.hear("message", kind="card")
            async with place.member(token=wang.welcome["token"], since=cursor) as back:
                missed = back.welcome["history"]["group"]
                assert [frame["text"] for frame in missed["messages"]][:2] == ["二", "菜单"]
                assert missed["messages"][2]["kind"] == "card"
                assert not missed["is_gap"]
                assert not set(back.shown()) & set(seen)
            async with place.member(token=wang.welcome["token"], since=back.cursor()) as again:
                assert again.shown() == []

    asyncio.run(scene())


def test_nothing_is_lost_or_doubled_while_members_come_and_go(place: Place) -> None:
    """Readers reconnect all the time while others talk; history and live frames together are each message once."""
    place.group()

    async def scene() -> None:
        async with place.member("甲") as one, place.member("乙") as two:
            readers = [asyncio.create_task(_read_in_pieces(place, f"读{number}")) for number in range(4)]
            await asyncio.gather(_talk(one, 60), _talk(two, 60))
            await one.says("完")
            everything = [f"i{row.id}" for row in place.log()]
            for seen in await asyncio.gather(*readers):
                ours = [shown for shown in seen if shown in set(everything)]
                assert ours == everything[-len(ours):]
                assert len(ours) > 60
                assert len(seen) == len(set(seen))

    asyncio.run(scene())


async def _talk(who: Member, count: int) -> None:
    for number in range(count):
        await who.says(f"{number}")
        await asyncio.sleep(0.004)


async def _read_in_pieces(place: Place, name: str) -> list[str]:
    """All ids seen by one member over many short connections."""
    seen: list[str] = []
    hello: dict[str, Any] = {"nickname": name}
    while True:
        async with place.member(**hello) as reader:
            for _ in range(7):
                frame = await reader.hear("message") if not _is_over(reader) else None
                if frame is None or frame["text"] == "完":
                    return seen + reader.shown()
            seen += reader.shown()
            hello = {"token": reader.welcome["token"], "since": reader.cursor()}


def _is_over(reader: Member) -> bool:
    return any(frame.get("text") == "完" for frame in reader.welcome["history"]["group"]["messages"])


def test_what_we_said_while_a_member_was_away_is_history(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            await wang.says("大家好")
        async with place.member("李四") as li:
            await li.says("菜单")
            card = await li.hear("message", kind="card")
        async with place.member(token=wang.welcome["token"], since=wang.cursor()) as back:
            assert back.shown()[-1] == card["id"]
            assert back.welcome["history"]["group"]["messages"][-1]["card"] == card["card"]

    asyncio.run(scene())


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_scrolling_up_reaches_the_beginning_and_shows_each_message_once(place: Place, limit: int) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            for number in range(14):
                await wang.says("菜单" if number % 5 == 0 else f"第{number}句")
            for _ in range(3):
                await wang.hear("message", kind="card")
            seen: list[str] = []
            before: dict[str, int] | None = {"heard": 2**53, "said": 2**53}
            while before is not None:
                await wang.send({"type": "history", "before": before, "limit": limit})
                page = await wang.hear("history")
                assert len(page["messages"]) <= limit
                seen = [frame["id"] for frame in page["messages"]] + seen
                before = page["earlier"]
            assert sorted(seen) == sorted(wang.shown())
            assert len(seen) == 1 + 14 + 3

    asyncio.run(scene())


def test_a_first_page_that_has_earlier_ones_says_so(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            for number in range(history.FIRST_PAGE + 5):
                await wang.says(f"第{number}句")
        async with place.member("李四") as li:
            page = li.welcome["history"]["group"]
            assert len(page["messages"]) == history.FIRST_PAGE
            await li.send({"type": "history", "before": page["earlier"]})
            earlier = await li.hear("history")
            assert earlier["earlier"] is None
            texts = [frame.get("text") for frame in earlier["messages"] + page["messages"]]
            assert [text for text in texts if text] == [f"第{number}句" for number in range(history.FIRST_PAGE + 5)]

    asyncio.run(scene())


def test_after_too_long_an_absence_there_is_a_gap_to_scroll_through(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_MISSED", 60)
    place.group()

    async def scene() -> None:
        async with place.member("李四") as li, place.member("小王") as wang:
            await wang.socket.close()
            for number in range(70):
                await li.says(f"第{number}句")
            async with place.member(token=wang.welcome["token"], since=wang.cursor()) as back:
                page = back.welcome["history"]["group"]
                assert page["is_gap"]
                assert page["messages"][-1]["text"] == "第69句"
                assert page["earlier"] is not None

    asyncio.run(scene())


def test_what_history_showed_is_not_shown_again_when_it_comes_live_a_moment_later() -> None:
    async def scene() -> list[str]:
        written: list[str] = []

        async def write(frame: str) -> None:
            written.append(frame)

        listener = Listener(write)
        listener.hold_back()
        listener.show("i1", "early, known")
        listener.show("i3", "early, new")
        listener.let_through(["i1", "i2"])
        listener.show("i2", "late, known")
        listener.show("i4", "late, new")
        writing = asyncio.create_task(listener.run())
        await listener.emptied()
        writing.cancel()
        return written

    assert asyncio.run(scene()) == ["early, new", "late, new"]
