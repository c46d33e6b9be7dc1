"""Polls in a group: one vote a member, numbers mean something only while a poll is open, the result is said once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.context import Context
from bot.events import PollAsked, PollClosingDue
from bot.outbox import Outbox
from bot.talk import Heard
from content import polls as words
from content.polls import BadPoll
from content.render import Words
from handlers.polls.routes import Vote, as_vote
from handlers.posts.drafts import BadPost
from storage import polls
from tests.posts.conftest import Planner, planner  # noqa: F401
from tests.stage import Stage

FRUIT = ("苹果", "香蕉", "草莓")


def ask(stage: Stage, *, question: str = "明天想吃什么？", choices: tuple[str, ...] = FRUIT, key: str = "one", right: int = 0) -> None:
    stage.hear(PollAsked(
        key=f"poll:{key}", lane="stage:g", occurred_at=stage.time, channel="stage", conversation="stage:g",
        group_id="stage:g", question=question, choices=choices, right=right, source="周姐",
    ))  # fmt: skip
    stage.settle()


def counts(stage: Stage) -> list[int]:
    with stage.database.read() as session:
        return polls.count_votes(session, polls.find(session)[0])


def outcomes(stage: Stage, text: str) -> list[tuple[str, str | None]]:
    return [(row.outcome, row.reason) for row in stage.log() if row.text == text]


@pytest.fixture
def group(planner: Planner) -> Stage:  # noqa: F811
    return planner.stage


def test_members_say_numbers_may_change_them_and_read_the_result_at_the_end(group: Stage) -> None:
    ask(group)
    assert group.channel.said[-1][1].startswith("明天想吃什么？\n1. 苹果\n2. 香蕉\n3. 草莓")
    assert group.says("小王", "1") == ""
    group.says("李四", "选3")
    group.says("阿芳", "３")
    group.says("小王", "2号！")
    assert counts(group) == [0, 1, 2]
    assert outcomes(group, "2号！")[0][1] == "poll 1: 2 (was 1)"
    assert group.log()[-1].heard_by == "polls"
    said = group.pass_time(24 * 3600)
    assert any("共 3 人回答" in one and "3. 草莓：2 人（67%）" in one and "最多的是：草莓。" in one for one in said)
    assert group.pass_time(24 * 3600) == []
    group.says("小王", "1")
    assert counts(group) == [0, 1, 2]
    assert outcomes(group, "1")[-1] == ("none", None)


def test_a_bare_number_is_talk_where_no_poll_is_open_or_has_no_such_choice(group: Stage) -> None:
    group.says("小王", "1")
    ask(group, choices=("好", "不好"))
    group.says("小王", "3")
    group.says("李四", "1", group="h")
    group.says("小王", "1", group=None)
    assert [row.heard_by for row in group.log() if row.kind == "MessageReceived"][:3] == [None, None, None]
    assert counts(group) == [0, 0]


def test_how_it_goes_is_said_at_most_every_five_minutes_and_for_a_few_votes(group: Stage) -> None:
    ask(group)
    for name in ("小王", "李四"):
        group.says(name, "1")
    assert group.pass_time(300) == []
    for name in ("阿芳", "老周", "大刘", "小美"):
        group.says(name, "2")
    said = group.pass_time(300)
    assert len(said) == 1
    assert "已有 6 人回答" in said[0]
    assert group.pass_time(600) == []


def test_a_quiz_tells_the_right_answer_only_at_the_end(group: Stage) -> None:
    ask(group, question="草莓先洗还是先去蒂？", choices=("先洗", "先去蒂"), right=1)
    for name in ("小王", "李四", "阿芳"):
        group.says(name, "1")
    group.says("老周", "2")
    (going,) = group.pass_time(300)
    assert "正确" not in going
    said = group.pass_time(24 * 3600)
    assert "正确答案是 1. 先洗，3 人答对。" in said[0]


def test_another_poll_ends_the_one_that_is_open(group: Stage) -> None:
    ask(group)
    group.says("小王", "1")
    ask(group, question="第二问？", choices=("是", "否"), key="two")
    assert any("「明天想吃什么？」结束，共 1 人回答" in text for _, text in group.channel.said)
    group.says("小王", "2")
    assert counts(group) == [0, 1]


def test_a_result_due_at_night_is_said_in_the_morning(group: Stage) -> None:
    ask(group)
    group.says("小王", "1")
    group.time = group.time.replace(hour=15)  # 23:00 on the wall
    closing = PollClosingDue(
        key="by hand", lane="stage:g", occurred_at=group.time, channel="stage", conversation="stage:g", group_id="stage:g", poll_id=1
    )
    group.hear(closing)
    assert group.pass_time(60) == []
    assert any("结束，共 1 人回答" in one for one in group.pass_time(9 * 3600))


def test_a_post_asks_a_poll_once_at_its_time(planner: Planner) -> None:  # noqa: F811
    stage = planner.stage
    part = {"kind": "poll", "question": "{{ group.name }}想团什么？", "choices": "苹果\n香蕉", "right": "", "hours": "2"}
    planner.plan(planner.post(parts=[{"kind": "text", "text": "来投票"}, part]), minutes=10)
    assert stage.pass_time(600) == ["来投票", "g群想团什么？\n1. 苹果\n2. 香蕉"]
    stage.says("小王", "2")
    assert counts(stage) == [0, 1]
    assert any("共 1 人回答" in one for one in stage.pass_time(2 * 3600))
    assert planner.states() == [("sent", None)]


@pytest.mark.parametrize("bad", [{"choices": "一个"}, {"right": "7"}, {"hours": "1000"}, {"choices": "a\na"}, {"question": " "}])
def test_a_post_with_what_is_no_poll_is_refused(planner: Planner, bad: dict[str, str]) -> None:  # noqa: F811
    part = {"kind": "poll", "question": "好吗？", "choices": "好\n不好", "right": "", "hours": ""} | bad
    with pytest.raises(BadPost):
        planner.post(parts=[part])


def test_an_answer_to_what_we_asked_back_is_no_vote(group: Stage) -> None:
    ask(group)
    lately = Heard(0, "MessageReceived", "stage:小王", "自提", "asked_back", None, group.time)
    with group.database.read() as session:
        asked_back, other = (
            Context(group.message(who, "1"), session, group.time, 99, Outbox(Words(), group.time), group.parts.knowledge,
                    group.parts.shop, group.parts.talk, earlier=[lately])
            for who in ("小王", "李四")
        )  # fmt: skip
        assert (as_vote(asked_back, Vote(1)), as_vote(other, Vote(1))) == (None, Vote(1))


@given(some.text(max_size=12))
def test_any_words_are_a_vote_or_none(text: str) -> None:
    choice = words.read_vote(text)
    assert choice is None or 1 <= choice <= 6


@given(some.text(max_size=300), some.text(max_size=300), some.text(max_size=5), some.text(max_size=5))
def test_any_words_are_a_poll_within_its_bounds_or_refused(question: str, choices: str, right: str, hours: str) -> None:
    try:
        poll = words.read(question, choices, right, hours)
    except BadPoll:
        return
    assert 2 <= len(poll.choices) <= 6
    assert poll.right is None or 1 <= poll.right <= len(poll.choices)
