"""Complaints heard in a group, answers judged by what follows them, and what members say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from content.knowledge.complaints import COMPLAINT_THRESHOLD, complaint_likelihood
from storage import answers, clocks, handovers
from storage.answers import AnswerGiven
from storage.clocks import Clock
from storage.groups import SPEAK_OFF
from storage.handovers import Handover
from tests.needs import need
from tests.stage import Stage

HOUR = "早上九点到晚上九点都可以自提。"


def all_handovers(stage: Stage) -> list[Handover]:
    with stage.database.read() as session:
        return session.query(Handover).order_by(Handover.id).all()


def kinds_running(stage: Stage) -> set[str]:
    with stage.database.read() as session:
        return {one.kind for one in session.query(Clock) if one.stopped_at is None}


def verdicts(stage: Stage) -> list[str | None]:
    with stage.database.read() as session:
        return [one.verdict for one in session.query(AnswerGiven).order_by(AnswerGiven.id)]


@pytest.fixture
def shop(stage: Stage) -> Stage:
    stage.knows("几点可以自提？", HOUR, ["什么时候能自提", "自提时间"], entry_id="pickup")
    return stage


def test_a_bad_review_in_the_group_is_taken_to_an_operator_with_two_clocks_and_one_apology(stage: Stage) -> None:
    assert "30 分钟内联系您" in stage.says("小王", "草莓烂了一半，太失望了")
    assert stage.says("小王", "客服也没人理，垃圾") == ""
    assert [(one.reason, one.question) for one in all_handovers(stage)] == [("complaint", "草莓烂了一半，太失望了")]
    assert kinds_running(stage) == {clocks.COMPLAINT_RESPONSE, clocks.COMPLAINT_CLOSING}


def test_waiting_for_a_person_turns_into_a_complaint(stage: Stage) -> None:
    stage.says("小王", "转人工")
    stage.says("小王", "到现在都没人理我，我要投诉")
    assert [one.reason for one in all_handovers(stage)] == ["complaint"]
    assert {clocks.COMPLAINT_RESPONSE, clocks.COMPLAINT_CLOSING} <= kinds_running(stage)


def test_an_answer_of_ours_does_not_settle_a_complaint_and_half_an_hour_is_late(shop: Stage) -> None:
    shop.says("小王", "草莓烂了一半，太失望了")
    shop.says("小王", "几点可以自提？", to_us=True)
    shop.pass_time(1800)
    with shop.database.read() as session:
        response = session.query(Clock).filter(Clock.kind == clocks.COMPLAINT_RESPONSE).one()
    assert response.late_at is not None
    found = all_handovers(shop)[0]
    shop.operator_says("对不起，马上给您补一箱", handover_id=found.id)
    assert kinds_running(shop) == {clocks.COMPLAINT_CLOSING}


def test_where_we_are_to_be_silent_the_complaint_is_still_taken(stage: Stage) -> None:
    stage.says("小王", "大家好")
    stage.set_group(speaks=SPEAK_OFF)
    assert stage.says("小王", "草莓烂了一半，太失望了") == ""
    assert len(all_handovers(stage)) == 1


@pytest.mark.parametrize(
    "text",
    ["收到就是烂的，气死我了", "虾臭了，客服没人管", "差评，以后不会再买", "缺斤少两，我要投诉", "用了一次就坏了，退钱", "橙子又酸又涩，太难吃了"],
)
def test_these_are_complaints(text: str) -> None:
    assert complaint_likelihood(text) >= COMPLAINT_THRESHOLD


@pytest.mark.parametrize(
    "text",
    ["坏果怎么赔", "会不会不新鲜", "电梯又坏了", "不好意思拿错了", "差一份成团", "没有坏的，全都很新鲜", "后悔没多买两份", "今天好冷啊", "",
     "谢谢客服，退款收到了", "怕坏，买少一点", "臭豆腐还有吗", "?" * 10_000, "😀" * 300],
)  # fmt: skip
def test_these_are_none(text: str) -> None:
    assert complaint_likelihood(text) < COMPLAINT_THRESHOLD


def test_the_recogniser_holds_what_it_promises_on_the_labelled_set() -> None:
    reviews = Path(__file__).parents[3] / "shared" / "data" / "shop" / "reviews.jsonl"
    need(reviews.is_file(), "no reviews to measure on")
    from benchmarks.reviews import load, measure, scores

    samples = load(reviews)
    precision, recall, bad, _ = scores(samples, measure(samples))
    assert precision >= 0.9
    assert recall >= 0.85
    assert bad > 150
    precision, recall, *_ = scores(samples, measure(samples), "reviews")
    assert precision >= 0.9
    assert recall >= 0.85


@pytest.mark.parametrize(
    ("text", "is_heard"),
    [
        ("杯子很好看，但是漏水，根本没法用", True),
        ("被子漏毛，不过客服很好，盖着暖和，喜欢", False),
        ("总体一般，做工粗糙", True),
        ("有点薄，不过很喜欢", False),
    ],
)
def test_of_praise_and_blame_what_comes_last_counts(text: str, is_heard: bool) -> None:
    assert (complaint_likelihood(text) >= COMPLAINT_THRESHOLD) is is_heard


def test_an_answer_nobody_comes_back_to_is_resolved(shop: Stage) -> None:
    shop.says("小王", "几点可以自提？", to_us=True)
    shop.says("小王", "好的")
    shop.pass_time(1800)
    assert verdicts(shop) == []
    shop.pass_time(61)
    assert verdicts(shop) == [answers.RESOLVED]


@pytest.mark.parametrize(
    ("afterwards", "verdict"),
    [
        ("什么时候能自提", answers.REASKED),
        ("转人工", answers.PERSON),
        ("差评，态度太差，没人管", answers.COMPLAINED),
        ("没用", answers.DISLIKED),
        ("今天好冷啊", answers.RESOLVED),
    ],
)
def test_what_the_member_does_next_decides(shop: Stage, afterwards: str, verdict: str) -> None:
    shop.says("小王", "几点可以自提？", to_us=True)
    shop.pass_time(120)
    shop.says("小王", afterwards, to_us=True)
    shop.pass_time(1741 + 120)
    assert verdicts(shop)[0] == verdict


def test_somebody_elses_words_do_not_count_and_what_comes_after_half_an_hour_neither(shop: Stage) -> None:
    shop.says("小王", "几点可以自提？", to_us=True)
    shop.says("李四", "转人工")
    shop.pass_time(1801)
    shop.says("小王", "转人工")
    shop.pass_time(70)
    assert verdicts(shop) == [answers.RESOLVED]


def test_a_thumb_rates_the_members_own_last_answer(shop: Stage) -> None:
    shop.says("小王", "几点可以自提？", to_us=True)
    shop.says("李四", "👍")
    shop.says("小王", "👍")
    with shop.database.read() as session:
        assert answers.count_ratings(session, shop.time.replace(year=2025)) == (1, 0)
    assert "转人工" in shop.says("小王", "没用")
    with shop.database.read() as session:
        assert answers.count_ratings(session, shop.time.replace(year=2025)) == (0, 1)


def test_judging_goes_on_where_it_ended_and_judges_once(shop: Stage) -> None:
    for number in range(3):
        shop.says(f"甲{number}", "几点可以自提？", to_us=True)
        shop.pass_time(900)
    shop.pass_time(2000)
    shop.pass_time(2000)
    assert verdicts(shop) == [answers.RESOLVED] * 3
    judged = [one.reason for one in shop.log() if one.kind == "JudgingDue"]
    assert sum(int((reason or "0").split()[0]) for reason in judged) == 3


def test_a_closed_handover_ends_the_closing_clock_when_it_is_looked_at(stage: Stage) -> None:
    stage.says("小王", "草莓烂了一半，太失望了")
    with stage.database.write() as session:
        handovers.close(session, all_handovers(stage)[0].id, stage.time)
    stage.pass_time(86_400)
    assert clocks.COMPLAINT_CLOSING not in kinds_running(stage)
