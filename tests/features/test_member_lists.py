"""Whole member lists: joins and leaves no channel told of are found, and the first list greets nobody."""

from __future__ import annotations

from bot.events import MembersListed
from tests.stage import Stage


def lists(stage: Stage, number: int, *people: tuple[str, str], is_whole: bool = True) -> None:
    stage.hear(
        MembersListed(
            key=f"stage:list:{number}", lane="stage:g", occurred_at=stage.time, channel="stage", conversation="stage:g",
            group_id="stage:g", members=tuple((f"stage:{name}", name, inviter) for name, inviter in people),
            is_whole=is_whole,
        )
    )  # fmt: skip


def test_the_first_list_says_who_is_there_and_later_ones_who_came_and_left(stage: Stage) -> None:
    stage.says("小王", "大家好")
    lists(stage, 1, ("小王", ""), ("李四", ""), ("王五", ""))
    assert stage.present() == {"小王", "李四", "王五"}
    assert [row.kind for row in stage.log()] == ["MessageReceived", "MembersListed"]
    assert stage.pass_time(120) == []
    lists(stage, 2, ("小王", ""), ("李四", ""), ("赵六", "stage:小王"))
    assert stage.present() == {"小王", "李四", "赵六"}
    joined = next(row for row in stage.log() if row.kind == "MemberJoined")
    assert (joined.member_id, joined.member_name, joined.outcome) == ("stage:赵六", "赵六", "done")
    assert "stage:小王" in (joined.detail or "")
    assert [row.member_id for row in stage.log() if row.kind == "MemberLeft"] == ["stage:王五"]
    assert any("赵六" in text for text in stage.pass_time(120))


def test_a_list_that_is_a_part_takes_nobody_away(stage: Stage) -> None:
    lists(stage, 1, ("小王", ""), ("李四", ""))
    lists(stage, 2, ("李四", ""), is_whole=False)
    assert stage.present() == {"小王", "李四"}


def test_a_member_who_was_announced_is_not_counted_again(stage: Stage) -> None:
    lists(stage, 1, ("小王", ""))
    stage.joins("李四", inviter="小王")
    lists(stage, 2, ("小王", ""), ("李四", ""))
    assert [row.member_id for row in stage.log() if row.kind == "MemberJoined"] == ["stage:李四"]
