"""One set of scenes for every channel. A channel plugs in by a far side, and declares what it cannot; see
docs/channels.md."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bot.channels.base import Channel, Handed, Hears, Link, Outgoing, Says
from bot.outbox import Card, Conversation, File, MiniProgram, Picture, Said, Text
from storage import outbox
from tests.channels.road import PATIENCE, Road, values

BURST = 30
KINDS: Mapping[Says, Said] = {
    Says.TEXT: Text("文字"),
    Says.PICTURE: Picture("https://shop.example/a.jpg", "一张图"),
    Says.CARD: Card("卡片", "看看", "https://shop.example/c"),
    Says.MINI_PROGRAM: MiniProgram("小程序", "wx1", "pages/a"),
    Says.FILE: File("清单.pdf", "https://shop.example/f.pdf"),
}

UNDECLARED = "this far side neither plays it nor declares in `cannot` that its channel has no such thing"


class FarSide(ABC):
    """The network's other end, as a scene plays it: members who talk and see, and a line that can break.

    `cannot` names scenes (without `test_`) that this channel cannot pass, each with why. `splits_text` declares that
    what is too long goes out in parts instead of being refused, `hands_over` that a person says on the network what we
    want said (`Handed`): the row is held then, and `seen` gives what that person was shown. `most_said` is how much the
    network lets us say in a row.
    """

    cannot: ClassVar[Mapping[str, str]] = {}
    splits_text: ClassVar[bool] = False
    hands_over: ClassVar[bool] = False
    most_said: ClassVar[int] = BURST

    def __init__(self, road: Road) -> None:
        self.road = road

    @abstractmethod
    async def open(self) -> Channel:
        """Start the network and build the channel, not started yet."""

    @abstractmethod
    async def close(self) -> None:
        """End the network; the channel is stopped already."""

    @property
    @abstractmethod
    def here(self) -> Conversation:
        """The conversation the scenes play in: a group where the channel has groups."""

    @abstractmethod
    async def say(self, who: str, text: str, token: str = "") -> None:
        """A member says something; the same `token` is the same message once more. ConnectionError when nobody hears."""

    @abstractmethod
    async def seen(self) -> list[str]:
        """The words of ours that members have seen in the conversation, in the order they saw them."""

    async def begin(self) -> None:
        """Somebody has spoken and was heard: the conversation is known to us."""
        await self.say("小王", "在吗")
        await self.road.until(lambda: bool(self.road.log()), "nothing was heard")

    async def join(self, who: str) -> None:
        """A member enters the group."""
        raise AssertionError(UNDECLARED)

    async def leave(self, who: str) -> None:
        """A member leaves the group."""
        raise AssertionError(UNDECLARED)

    async def break_line(self) -> None:
        """The connection is lost."""
        raise AssertionError(UNDECLARED)

    async def mend_line(self) -> None:
        """The network can be reached again."""
        raise AssertionError(UNDECLARED)


Scene = Callable[[Any, FarSide, Road, Channel], Awaitable[None]]


def scene(play: Scene) -> Callable[..., None]:
    """A scene: the network is opened, the channel started, played, and all is ended; skipped where declared."""

    @wraps(play)
    def test(self: Any, far: FarSide) -> None:
        why = far.cannot.get(play.__name__.removeprefix("test_"))
        if why:
            pytest.skip(f"declared: {why}")
        asyncio.run(asyncio.wait_for(_play(self, play, far), 4 * PATIENCE))

    test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", "far")]
    )
    return test


async def _play(self: Any, play: Scene, far: FarSide) -> None:
    channel = await far.open()
    far.road.open(channel)
    await channel.start(far.road.dispatcher.receive)
    await far.road.until(lambda: channel.standing.link is Link.CONNECTED, "it never connected")
    try:
        await play(self, far, far.road, channel)
    finally:
        await channel.stop()
        await far.close()


class Conformance:
    """Subclass it as Test…, with a fixture `far` that gives the channel's far side on the fixture `road`."""

    @pytest.fixture
    def road(self, tmp_path: Path) -> Iterator[Road]:
        road = Road(tmp_path / "home")
        yield road
        road.close()

    @scene
    async def test_order_heard(self, far: FarSide, road: Road, channel: Channel) -> None:
        for number in range(BURST):
            await far.say("小王" if number % 2 else "李四", f"第{number}句")
        await road.until(lambda: len(road.log()) >= BURST, "not everything was heard")
        assert values(road.log(), "text") == [f"第{number}句" for number in range(BURST)]

    @scene
    async def test_order_said(self, far: FarSide, road: Road, channel: Channel) -> None:
        await far.begin()
        said = [f"答{number}" for number in range(far.most_said)]
        rows = await road.say(far.here, *said)
        assert values(rows, "state") == [said_state(far)] * len(said)
        assert await _seen(far, len(said)) == said

    @scene
    async def test_duplicates(self, far: FarSide, road: Road, channel: Channel) -> None:
        for _ in range(3):
            await far.say("小王", "只说一次", token="one")
        await far.say("小王", "完")
        await road.until(lambda: "完" in values(road.log(), "text"), "the end was not heard")
        assert values(road.log(), "text") == ["只说一次", "完"]

    @scene
    async def test_reconnect(self, far: FarSide, road: Road, channel: Channel) -> None:
        await far.say("小王", "断之前")
        await road.until(lambda: bool(road.log()), "nothing was heard")
        await far.break_line()
        road.put(far.here, "断的时候说的")
        await road.sender.say_due()
        await far.mend_line()
        await road.until(lambda: channel.standing.link is Link.CONNECTED, "it did not come back")
        await far.say("小王", "回来了")
        await road.until(lambda: "回来了" in values(road.log(), "text"), "it is deaf after the break")
        await road.settle()
        assert values(road.log(), "text") == ["断之前", "回来了"]
        # Never twice; and not lost in silence: where nobody can know, an operator decides.
        state = road.outbox()[-1].state
        assert state == "sent" or (state == "unknown" and not channel.capabilities.is_idempotent)
        seen = await _seen(far, 1) if state == "sent" else await far.seen()
        assert seen.count("断的时候说的") <= 1
        assert state == "unknown" or seen == ["断的时候说的"]

    @scene
    async def test_limits(self, far: FarSide, road: Road, channel: Channel) -> None:
        await far.begin()
        longest, longer = "长" * channel.capabilities.max_text, "很" * (channel.capabilities.max_text + 1)
        fits, exceeds = await road.say(far.here, longest, longer)
        assert fits.state == said_state(far)
        if far.splits_text:
            assert exceeds.state == "sent"
            assert "".join(await _seen(far, 3)) == longest + longer
        else:
            assert (exceeds.state, exceeds.tries) == ("failed", 1)
            assert "NeverSaid: " in (exceeds.reason or "")
            assert await _seen(far, 1) == [longest]

    @scene
    async def test_capabilities_said(self, far: FarSide, road: Road, channel: Channel) -> None:
        await far.begin()
        for kind, said in KINDS.items():
            (row,) = await road.say(far.here, said)
            if kind in channel.capabilities.says:
                assert row.state == said_state(far), f"declared, and not said: {kind}: {row.reason}"
                assert not far.hands_over or len(row.reason or "") > 5, "held without words for the operator"
            else:
                assert row.state == "failed", f"not declared, and yet {row.state}: {kind}"
                assert len((row.reason or "").removeprefix("NeverSaid:").strip()) > 5
        assert len(await _seen(far, len(channel.capabilities.says & KINDS.keys()))) >= 1

    @scene
    async def test_capabilities_heard(self, far: FarSide, road: Road, channel: Channel) -> None:
        hears = channel.capabilities.hears
        if Hears.JOIN in hears:
            await far.join("赵六")
            await road.until(lambda: "赵六" in values(road.log("MemberJoined"), "member_name"), "the join was not heard")
        if Hears.LEAVE in hears:
            await far.leave("赵六")
            await road.until(lambda: bool(road.log("MemberLeft")), "the leave was not heard")
        await far.say("小王", "你好")
        await road.until(lambda: bool(road.log()), "nothing was heard")
        is_private = far.here.group_id is None
        assert (Hears.PRIVATE_TEXT if is_private else Hears.GROUP_TEXT) in hears

    @scene
    async def test_idempotency(self, far: FarSide, road: Road, channel: Channel) -> None:
        """Killed after it was said and before that was written down."""
        await far.begin()
        road.put(far.here, "一次就好")
        with road.database.write() as session:
            (row,) = outbox.lease_due(session, road.now(), road.now())
        with suppress(Handed):
            await channel.send(Outgoing.of(row))
        await road.sender.recover()
        await road.settle()
        state = road.outbox()[-1].state
        assert state == (said_state(far) if channel.capabilities.is_idempotent else "unknown")
        assert await _seen(far, 1) == ["一次就好"]

    @scene
    async def test_events(self, far: FarSide, road: Road, channel: Channel) -> None:
        """What comes in bears the channel's name, in its ids too, and a key of its own."""
        for number in range(3):
            await far.say("小王", f"话{number}")
        await road.until(lambda: len(road.log()) == 3, "not everything was heard")
        rows = [row for row in road.log("") if not row.conversation.startswith("account:")]
        assert {row.channel for row in rows} == {channel.name}
        assert len(set(values(rows, "key"))) == len(rows)
        for row in rows:
            for one in (row.conversation, row.group_id, row.member_id):
                assert one is None or one.startswith(f"{channel.name}:"), one
            assert row.lane == row.conversation
            assert row.outcome != "failed", row.error

    @scene
    async def test_start_and_stop_twice(self, far: FarSide, road: Road, channel: Channel) -> None:
        await channel.start(road.dispatcher.receive)
        await far.say("小王", "还在吗")
        await road.until(lambda: bool(road.log()), "nothing was heard")
        assert values(road.log(), "text") == ["还在吗"]
        await channel.stop()
        await channel.stop()
        assert channel.standing.link is Link.STOPPED

    @scene
    async def test_silence_after_stop(self, far: FarSide, road: Road, channel: Channel) -> None:
        await far.say("小王", "之前")
        await road.until(lambda: bool(road.log()), "nothing was heard")
        await channel.stop()
        before = len(road.log(""))
        try:
            async with asyncio.timeout(2):
                await far.say("小王", "之后")
        except (ConnectionError, TimeoutError):
            pass
        await asyncio.sleep(0.3)
        assert len(road.log("")) == before

    @scene
    async def test_standing(self, far: FarSide, road: Road, channel: Channel) -> None:
        assert (channel.standing.link, channel.standing.since is not None) == (Link.CONNECTED, True)
        await channel.stop()
        assert channel.standing.link is Link.STOPPED


def said_state(far: FarSide) -> str:
    """What a row becomes that was said, or handed to a person who says it."""
    return "held" if far.hands_over else "sent"


async def _seen(far: FarSide, count: int) -> list[str]:
    """What members saw, once it is as many as expected; a moment longer shows what came twice."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while loop.time() < end:
        if len(await far.seen()) >= count:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    return await far.seen()
