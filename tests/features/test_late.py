"""What a network tells long after it was said: heard, and not answered as if it were new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.events import MemberJoined
from tests.stage import Stage

ANSWER = "每天下午四点送到小区门口。"


def ask(stage: Stage, minutes: float, text: str = "几点送货？", group: str | None = "g", to_us: bool = False) -> str:
    """Somebody asked so many minutes ago; what we say to it now."""
    before = len(stage.channel.said)
    asked = stage.message("小王", text, group=group, to_us=to_us)
    stage.hear(replace(asked, occurred_at=stage.time - timedelta(minutes=minutes)))
    stage.settle()
    return "\n".join(words for _, words in stage.channel.said[before:])


def reasons(stage: Stage) -> list[tuple[str, str | None]]:
    return [(row.outcome, row.reason) for row in stage.log() if row.kind == "MessageReceived"]


def test_a_question_heard_twenty_minutes_late_is_not_answered_in_a_group(stage: Stage) -> None:
    stage.knows("几点送货", ANSWER)
    assert ANSWER in ask(stage, 14)
    stage.pass_time(600)
    assert ask(stage, 20) == ""
    assert ask(stage, 20, "@小团 几点送货", to_us=True) == ""
    assert ask(stage, 20, "菜单") == ""
    assert [reason for _, reason in reasons(stage)][1:] == ["too old"] * 3


def test_a_question_asked_in_private_long_ago_goes_to_a_person(stage: Stage) -> None:
    stage.knows("几点送货", ANSWER)
    assert ask(stage, 20, group=None) == ""
    assert reasons(stage) == [("unanswered", "too old")]
    said = "\n".join(stage.pass_time(5))
    assert ANSWER not in said
    assert [row.outcome for row in stage.log() if row.kind == "QuestionUnanswered"] == ["handover"]


def test_an_old_complaint_reaches_an_operator_without_words_in_the_group(stage: Stage) -> None:
    assert ask(stage, 60, "收到的草莓全烂了，太气人了，我要退款！") == ""
    assert reasons(stage) == [("handover", "complaint")]


def test_whoever_came_hours_ago_is_not_welcomed(stage: Stage) -> None:
    stage.says("小王", "大家好")
    stage.hear(MemberJoined(
        key="join:1", lane="stage:g", occurred_at=stage.time - timedelta(hours=3), channel="stage", conversation="stage:g",
        group_id="stage:g", member_id="stage:new", member_name="新邻居",
    ))
    stage.pass_time(120)
    assert stage.channel.said == []
    stage.joins("李四")
    stage.pass_time(120)
    assert ["李四" in text and "新邻居" not in text for _, text in stage.channel.said] == [True]
