"""Nothing is lost and nothing twice: bursts while we are away, inboxes that refuse, homeservers that go away."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest

from bot.channels.base import Link
from bot.dispatch import NotKept
from bot.events import HearingBack, HearingLost, MemberJoined, MessageReceived
from tests.matrix.ear import Ear
from tests.matrix.homeserver import Homeserver, Person

BURST = 300


def test_a_burst_while_we_are_away_is_heard_whole_and_in_order(ear: Ear, us: Person, li: Person, wang: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us, wang)
            await ear.into(room)
        wang.join(room)
        for number in range(BURST):
            (li if number % 3 else wang).say(room, f"第{number}条")
        async with ear:
            await ear.message(f"第{BURST - 1}条")
            assert [one.text for one in ear.of(MessageReceived)] == [f"第{number}条" for number in range(BURST)]
            assert {one.member_name for one in ear.of(MessageReceived)} == {"李四", "小王"}
            assert len(ear.of(MemberJoined)) == 1

    asyncio.run(scene())


def test_a_room_that_fills_up_before_we_look_is_heard_from_our_coming_in(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            pass
        room = li.create(us)
        li.say(room, "我们来之前")
        us.join(room)
        for number in range(120):
            li.say(room, f"第{number}条")
        async with ear:
            await ear.message("第119条")
            assert [one.text for one in ear.of(MessageReceived)] == [f"第{number}条" for number in range(120)]

    asyncio.run(scene())


def test_the_place_in_the_sync_moves_on_only_after_all_is_kept(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            before = ear.channel._rooms.since
            ear.refusals = [NotKept("disk full")] * 3
            li.say(room, "要留住")
            await ear.until(lambda: len(ear.refusals) < 3)
            assert ear.channel._rooms.since == before
            await ear.message("要留住")
        async with ear:
            li.say(room, "之后的")
            await ear.message("之后的")
            assert [one.text for one in ear.of(MessageReceived)] == ["要留住", "之后的"]

    asyncio.run(scene())


def test_a_process_that_dies_before_keeping_hears_it_again(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            ear.refusals = [NotKept("about to die")] * 1_000
            li.say(room, "死前说的")
            await ear.until(lambda: len(ear.refusals) < 1_000)
        ear.refusals = []
        async with ear:
            await ear.message("死前说的")

    asyncio.run(scene())


@pytest.fixture
def own_synapse(tmp_path: Path, synapse: Homeserver) -> Homeserver:
    """One that may be stopped; the shared one shows that it can be installed."""
    folder = tmp_path / "own"
    folder.mkdir()
    return Homeserver(folder)


@pytest.mark.slow
def test_a_homeserver_that_is_killed_frozen_and_restarted_is_told_of_and_caught_up_with(
    own_synapse: Homeserver, tmp_path: Path
) -> None:
    own_synapse.start()
    us, li = own_synapse.person("shop"), own_synapse.person("li")

    async def scene() -> None:
        ear = Ear(tmp_path / "home", own_synapse, us)
        async with ear:
            room = li.create(us)
            await ear.into(room)
            await asyncio.to_thread(own_synapse.stop)
            await ear.first(HearingLost)
            assert ear.channel.standing.link is Link.DEAF
            await asyncio.to_thread(own_synapse.start)
            await asyncio.to_thread(li.say, room, "回来以后")
            await ear.message("回来以后")
            back = await ear.first(HearingBack)
            assert (back.lane, back.account) == ("account:matrix", "matrix")
            assert back.text == "nothing is missing: the homeserver kept it"
            own_synapse.signal(signal.SIGSTOP)
            await ear.until(lambda: ear.channel.standing.link is Link.DEAF, 15)
            own_synapse.signal(signal.SIGCONT)
            await asyncio.to_thread(li.say, room, "解冻以后")
            await ear.message("解冻以后")
            await ear.until(lambda: ear.channel.standing.link is Link.CONNECTED)

    try:
        asyncio.run(scene())
    finally:
        own_synapse.stop()


def test_a_refused_login_waits_for_a_person(ear: Ear, synapse: Homeserver, us: Person, tmp_path: Path) -> None:
    async def scene() -> None:
        wrong = Ear(tmp_path / "other", synapse, us, matrix_password="", matrix_token="not-a-token")
        await wrong.channel.start(wrong.receive)
        await wrong.until(lambda: wrong.channel.standing.link is Link.REFUSED)
        assert "M_UNKNOWN_TOKEN" in wrong.channel.standing.detail
        assert "not-a-token" not in repr(wrong.channel.standing)
        await wrong.first(HearingLost)
        await wrong.channel.stop()
        token = Ear(tmp_path / "third", synapse, us, matrix_password="", matrix_token=us.token)
        async with token:
            assert token.channel.standing.login == us.id

    asyncio.run(scene())


def test_a_token_taken_back_while_we_run_is_replaced_by_the_password(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
            device = ear.channel._rooms.device
            us.post("logout/all")
            li.say(room, "换了令牌以后")
            await ear.message("换了令牌以后")
            assert ear.channel._rooms.device == device

    asyncio.run(scene())


def test_a_place_the_homeserver_does_not_know_is_given_up_and_told(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            room = li.create(us)
            await ear.into(room)
        [path] = (ear.settings.home / "matrix").glob("*.json")
        path.write_bytes(re.sub(rb'"since":"[^"]+"', b'"since":"gone"', path.read_bytes()))
        async with ear:
            back = await ear.first(HearingBack)
            assert (back.text or "").startswith("what was said meanwhile is missing")
            await ear.into(room)
            li.say(room, "又听得见了")
            await ear.message("又听得见了")

    asyncio.run(scene())


def test_a_change_of_our_own_name_is_not_taken_for_our_coming_in(ear: Ear, us: Person, li: Person) -> None:
    async def scene() -> None:
        async with ear:
            pass
        room = li.create(us)
        us.join(room)
        li.say(room, "改名之前")
        us.state(room, "m.room.member", {"membership": "join", "displayname": "小团子"}, us.id)
        li.say(room, "改名之后")
        async with ear:
            await ear.message("改名之后")
            assert [one.text for one in ear.of(MessageReceived)] == ["改名之前", "改名之后"]
            assert set(ear.channel._rooms.known) == {room}

    asyncio.run(scene())
