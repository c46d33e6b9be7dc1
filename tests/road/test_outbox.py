"""What we say: in order per conversation, each thing once where that can be, and never a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import NeverSaid, TryAgain, Unsure
from bot.sender import Sender
from storage import outbox
from tests.stage import EVERYTHING, Stage


def states(stage: Stage) -> list[str]:
    return [row.state for row in stage.outbox()]


def test_a_trouble_holds_back_its_conversation_and_no_other(stage: Stage) -> None:
    stage.channel.troubles = [TryAgain("gateway away")]
    stage.hear(stage.message("小王", "菜单"), stage.message("小王", "帮助"))
    stage.settle()
    assert states(stage) == ["queued", "queued"]
    assert "菜单" not in stage.says("李四", "菜单", group="h")
    assert [place for place, _ in stage.channel.said] == ["stage:h"]
    assert len(stage.pass_time(2)) == 2
    assert states(stage) == ["sent"] * 3


def test_retries_end_and_the_failure_is_kept_with_its_reason(stage: Stage) -> None:
    stage.channel.troubles = [TryAgain("no") for _ in range(6)]
    stage.says("小王", "菜单")
    for _ in range(8):
        stage.pass_time(400)
    assert states(stage) in (["failed"], ["suppressed"])
    assert stage.outbox()[0].reason


def test_what_the_channel_refuses_is_never_tried_again(stage: Stage) -> None:
    stage.channel.troubles = [NeverSaid("forbidden words")]
    stage.says("小王", "菜单")
    row = stage.outbox()[0]
    assert (row.state, row.tries) == ("failed", 1)
    assert "forbidden words" in (row.reason or "")


def test_where_nobody_can_know_an_operator_decides(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(capabilities=replace(EVERYTHING, is_idempotent=False))
    stage.channel.troubles = [Unsure("connection lost after sending")]
    stage.says("小王", "菜单")
    assert states(stage) == ["unknown"]
    assert stage.pass_time(1000) == []


@pytest.mark.parametrize(("is_idempotent", "state"), [(True, "queued"), (False, "unknown")])
def test_a_death_while_sending(make_stage: Callable[..., Stage], is_idempotent: bool, state: str) -> None:
    stage = make_stage(capabilities=replace(EVERYTHING, is_idempotent=is_idempotent))
    stage.hear(stage.message("小王", "菜单"))
    with stage.database.write() as session:
        assert outbox.lease_due(session, stage.time, stage.time + timedelta(seconds=60))
    stage.time += timedelta(seconds=61)
    sender = Sender(stage.database, {"stage": stage.channel}, lambda: stage.time)
    asyncio.run(sender.recover())
    assert states(stage) == [state]


def test_a_channel_that_wants_a_person_holds_what_we_say(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(capabilities=replace(EVERYTHING, needs_confirmation=True))
    assert stage.says("小王", "菜单") == ""
    assert states(stage) == ["held"]
    stage.operator_says("我来答")
    assert [text for _, text in stage.channel.said] == ["我来答"]


def test_an_answer_that_comes_far_too_late_is_not_said(stage: Stage) -> None:
    stage.hear(stage.message("小王", "菜单"))
    assert stage.pass_time(16 * 60) == []
    row = stage.outbox()[0]
    assert (row.state, row.reason) == ("suppressed", "too late for an answer")


def test_nothing_is_said_into_a_closed_group(stage: Stage) -> None:
    stage.hear(stage.message("小王", "菜单"))
    stage.set_group(closed_at=stage.time)
    stage.settle()
    assert (states(stage), stage.outbox()[0].reason) == (["suppressed"], "group is closed")


def test_what_was_said_has_its_place_in_the_order(stage: Stage) -> None:
    for number in range(20):
        stage.says("小王", "菜单", group=f"g{number % 3}")
    places = [row.sent_no for row in stage.outbox()]
    assert places == list(range(1, 21))


def test_the_same_key_on_the_channel_over_retries(stage: Stage) -> None:
    stage.channel.troubles = [TryAgain("once")]
    stage.says("小王", "菜单")
    stage.pass_time(2)
    assert stage.channel.keys == [f"tuan-{stage.outbox()[0].id}"]


def test_two_senders_never_lease_the_same_row(stage: Stage) -> None:
    for number in range(30):
        stage.hear(stage.message("小王", "菜单", group=f"g{number}"))
    until = stage.time + timedelta(seconds=60)
    with stage.database.write() as session:
        mine = {row.id for row in outbox.lease_due(session, stage.time, until, limit=10)}
    with stage.database.write() as session:
        theirs = {row.id for row in outbox.lease_due(session, stage.time, until)}
    assert len(mine) == 10
    assert len(theirs) == 20
    assert not mine & theirs
