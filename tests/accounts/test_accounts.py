"""Several accounts: each speaks by itself, in its own groups, at its own pace; found groups are only listened to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.channels.base import Link, Outgoing, Pace, TryAgain
from bot.events import GroupFound
from bot.sender import Sender
from storage import accounts, groups, places, sending
from tests.accounts.conftest import put, second_account, states, texts
from tests.stage import EVERYTHING, Stage, WatchedChannel


def test_a_group_is_spoken_in_by_the_account_that_heard_it_first(stage: Stage) -> None:
    other = second_account(stage)

    async def hear() -> None:
        for account, group in (("", "g"), ("stage-2", "h"), ("stage-2", None)):
            await stage.dispatcher.receive(stage.message("小王", "菜单", group=group), account)

    asyncio.run(hear())
    stage.settle()
    assert [place for place, _ in stage.channel.said] == ["stage:g"]
    assert [place for place, _ in other.said] == ["stage:h", "stage:p:小王"]
    stage.parts.private_talks.clear()
    stage.says("小王", "菜单", group=None)
    assert [place for place, _ in other.said][-1] == "stage:p:小王"


def test_groups_are_moved_with_what_waits_there(stage: Stage) -> None:
    other = second_account(stage)
    stage.channel.standing.link = Link.REFUSED
    put(stage, "一", "二")
    stage.settle()
    assert states(stage) == ["queued", "queued"]
    with stage.database.write() as session:
        assert places.move(session, ["stage:g"], "stage-2") == 1
    stage.settle()
    assert [text for _, text in other.said] == ["一", "二"]


def test_a_row_written_while_its_group_was_moved_finds_its_way(stage: Stage) -> None:
    other = second_account(stage)
    put(stage, "一", account="stage-2")
    put(stage, "二", account="stage")
    stage.settle()
    assert [text for _, text in other.said] == ["一", "二"]


def test_what_an_account_without_settings_should_say_waits_for_an_operator(stage: Stage) -> None:
    put(stage, "一", account="stage-2")
    stage.settle()
    assert states(stage) == ["queued"]
    with stage.database.write() as session:
        places.move(session, ["stage:g"], "stage")
    stage.settle()
    assert texts(stage) == ["一"]


def test_after_a_long_outage_old_posts_are_not_said(stage: Stage) -> None:
    stage.channel.standing.link = Link.DEAF
    put(stage, "昨天的帖")
    stage.pass_time(13 * 3600)
    stage.channel.standing.link = Link.CONNECTED
    put(stage, "今天的帖")
    stage.settle()
    assert texts(stage) == ["今天的帖"]
    assert stage.outbox()[0].reason == "too late for a post"


def test_an_account_that_is_away_burns_no_tries(stage: Stage) -> None:
    stage.channel.standing.link = Link.CONNECTED

    class Breaks(WatchedChannel):
        async def send(self, message: Outgoing) -> str | None:
            if self.standing.link is not Link.STOPPED:
                return await super().send(message)
            raise TryAgain("no gateway")

    broken = Breaks()
    stage.channels["stage"] = broken
    broken.standing.link = Link.STOPPED
    put(stage, "一", "二")
    for _ in range(20):
        stage.pass_time(60)
    assert [(row.state, row.tries) for row in stage.outbox()] == [("queued", 0)] * 2
    broken.standing.link = Link.CONNECTED
    stage.pass_time(60)
    assert [text for _, text in broken.said] == ["一", "二"]


def test_a_slow_account_slows_no_other(stage: Stage) -> None:
    second_account(stage)
    put(stage, "慢", group="g", account="stage")
    put(stage, "快", group="h", account="stage-2")

    async def scene() -> list[str]:
        gate = asyncio.Event()

        class Slow(WatchedChannel):
            async def send(self, message: Outgoing) -> str | None:
                await gate.wait()
                return await super().send(message)

        slow = Slow()
        written: asyncio.Queue[str] = asyncio.Queue()

        class Quick(WatchedChannel):
            async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
                for message, _ in messages:
                    written.put_nowait(message.text)

        sender = Sender(stage.database, {"stage": slow, "stage-2": Quick()}, lambda: stage.time)
        await sender.start()
        before = [await written.get()]
        put(stage, "还快", group="h", account="stage-2")
        sender.wake()
        before.append(await written.get())
        assert slow.said == []
        await sender.recover()
        gate.set()
        await sender.stop()
        return before

    assert asyncio.run(asyncio.wait_for(scene(), 30)) == ["快", "还快"]
    assert states(stage) == ["sent"] * 3


def test_a_channel_that_asks_for_it_is_written_to_as_a_person_writes(make_stage: Callable[..., Stage]) -> None:
    pace = Pace(seconds_a_character=0.1, least=1.0, most=5.0, apart=2.0)
    stage = make_stage(capabilities=replace(EVERYTHING, pace=pace))
    put(stage, "短", "长" * 300)
    stage.settle()
    assert len(texts(stage)) == 2
    writing, apart = stage.slept[0::2], stage.slept[1::2]
    assert 0.8 <= writing[0] <= 1.25
    assert 4.0 <= writing[1] <= 6.25
    assert all(1.6 <= one <= 2.5 for one in apart)


def test_what_is_urgent_waits_behind_few_of_a_slow_account(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(capabilities=replace(EVERYTHING, pace=Pace()))
    put(stage, *[f"帖{number}" for number in range(10)])

    async def one_round() -> int:
        sender = Sender(stage.database, stage.channels, lambda: stage.time, stage._sleep)
        return await sender.say_due()

    assert asyncio.run(one_round()) == 4
    put(stage, "答", group="h", priority=0)
    asyncio.run(one_round())
    assert "答" in texts(stage)
    assert len(texts(stage)) < 11


def test_a_new_group_elsewhere_is_listened_to_until_an_operator_decides(stage: Stage) -> None:
    stage.parts.is_ours = lambda channel: False
    assert stage.says("小王", "菜单") == ""
    with stage.database.read() as session:
        group = groups.get(session, "stage:g")
    assert (group.speaks, group.is_welcoming, group.management) == ("off", False, "found")
    assert [row.reason for row in stage.outbox()] == ["group is not under management"]
    stage.operator_says("大家好")
    assert texts(stage) == ["大家好"]
    with stage.database.write() as session:
        places.set_management(session, ["stage:g"], groups.TAKEN, groups.SPEAK_CONFIDENT)
    assert stage.says("小王", "菜单") != ""


def test_a_group_with_a_long_id_is_kept_under_its_own_name(stage: Stage) -> None:
    stage.parts.is_ours = lambda channel: False
    group_id = "stage:!" + "x" * 90 + ":server.example"
    stage.hear(GroupFound(
        key="found:1", lane=group_id, occurred_at=stage.time, channel="stage", conversation=group_id,
        group_id=group_id, text="阳光小区", account="stage",
    ))
    with stage.database.read() as session:
        group = groups.get(session, group_id)
    assert (group.name, group.code) == ("阳光小区", groups.code_of(group_id))
    assert len(group.code) <= 18


def test_a_paused_account_keeps_answers_for_an_operator_and_posts_for_later(stage: Stage) -> None:
    with stage.database.write() as session:
        accounts.keep(session, [("stage", "stage")], stage.time)
        accounts.pause(session, "stage", True, stage.time)
    put(stage, "帖")
    assert stage.says("小王", "菜单") == ""
    assert sorted(states(stage)) == ["held", "queued"]
    assert {row.reason for row in stage.outbox()} == {"account is paused"}
    with stage.database.write() as session:
        accounts.pause(session, "stage", False, stage.time)
        sending.wake_put_off(session, stage.time, account_id="stage")
    stage.settle()
    assert texts(stage) == ["帖"]


def test_in_a_paused_group_only_an_operator_speaks(stage: Stage) -> None:
    stage.says("小王", "你好")
    stage.set_group(is_paused=True)
    assert stage.says("小王", "菜单") == ""
    assert "菜单" not in stage.says("小王", "菜单", group="h")
    stage.operator_says("今天休息")
    assert ("stage:g", "今天休息") in stage.channel.said
