"""Clocks: a promise begins with a question, warns, is late, and is stopped by whoever answers; hours shift it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.deadlines import Deadlines
from bot.hours import BadSpans, Hours, read_spans, write_spans
from handlers.clocks.rules import OnDuty, wants_reply, whom_to_tell_of_lateness, whom_to_warn
from storage import clocks, handovers, hours, operators
from storage.clocks import Alert, Clock
from storage.operators import ADMIN, MANAGER, Operator
from tests.stage import Stage


def hire(stage: Stage, name: str, role: str = MANAGER, on_duty: bool = True) -> int:
    with stage.database.write() as session:
        one = Operator(name=name, role=role, password_hash="x", created_at=stage.time)
        one.on_duty_since = stage.time if on_duty else None
        session.add(one)
        session.flush()
        return one.id


def all_clocks(stage: Stage) -> Sequence[Clock]:
    with stage.database.read() as session:
        return session.query(Clock).order_by(Clock.id).all()


def clock(stage: Stage, kind: str) -> Clock:
    return next(one for one in all_clocks(stage) if one.kind == kind)


def told(stage: Stage) -> list[tuple[str, int]]:
    with stage.database.read() as session:
        return [(one.stage, one.operator_id) for one in session.query(Alert).order_by(Alert.id)]


def reached(stage: Stage) -> list[tuple[str, str]]:
    return [(one.key, one.outcome) for one in stage.log() if one.kind == "DeadlineReached"]


def test_ten_seconds_after_an_unanswered_question_one_operator_is_warned_and_after_fifteen_all(stage: Stage) -> None:
    first, second = hire(stage, "周姐"), hire(stage, "阿明")
    stage.says("小王", "你们老板属什么的", to_us=True)
    stage.pass_time(9)
    assert told(stage) == []
    stage.pass_time(1)
    assert told(stage) == [("warn", first)]
    stage.pass_time(5)
    assert told(stage) == [("warn", first), ("late", first), ("late", second)]
    one = clock(stage, clocks.FIRST)
    assert one.promised_at - one.started_at == timedelta(seconds=15)
    assert one.late_at is not None
    assert one.due_at is None


def test_nobody_is_warned_when_the_operator_answers_in_time(stage: Stage) -> None:
    hire(stage, "周姐")
    stage.says("小王", "转人工")
    with stage.database.read() as session:
        found = handovers.find_active(session, "stage:g")
    assert found is not None
    stage.operator_says("来了", handover_id=found.id)
    stage.pass_time(60)
    assert told(stage) == []
    assert clock(stage, clocks.FIRST).stopped_by == "周姐"
    assert clock(stage, clocks.RESOLUTION).stopped_at is None


def test_an_answer_of_ours_to_the_same_member_stops_the_clock_at_its_time(stage: Stage) -> None:
    hire(stage, "周姐")
    stage.knows("几点可以自提？", "早上九点到晚上九点都可以自提。", ["什么时候能自提"])
    stage.says("小王", "你们老板属什么的", to_us=True)
    stage.pass_time(5)
    assert "九点" in stage.says("小王", "几点可以自提？", to_us=True)
    answered_at = stage.time
    stage.pass_time(60)
    one = clock(stage, clocks.FIRST)
    assert (one.stopped_by, one.stopped_at) == ("bot", answered_at)
    assert told(stage) == []


def test_staff_who_answer_in_the_group_stop_the_clock(stage: Stage) -> None:
    hire(stage, "周姐")
    stage.joins("店长")
    stage.says("小王", "你们老板属什么的", to_us=True)
    with stage.database.write() as session:
        from storage import groups

        groups.set_staff(session, "stage:g", "stage:店长", True)
    stage.says("店长", "属兔的哈哈")
    stage.pass_time(60)
    assert clock(stage, clocks.FIRST).stopped_by == "staff"
    assert told(stage) == []


def test_a_member_who_goes_on_after_a_reply_starts_the_next_clock_and_thanks_do_not(stage: Stage) -> None:
    operator = hire(stage, "周姐")
    stage.says("小王", "转人工")
    with stage.database.write() as session:
        found = handovers.find_active(session, "stage:g")
        assert found is not None
        handovers.take(session, found.id, operator, stage.time)
    stage.operator_says("您好，请讲", handover_id=found.id)
    stage.says("小王", "好的谢谢")
    stage.pass_time(300)
    assert clocks.NEXT not in {one.kind for one in all_clocks(stage)}
    stage.says("小王", "我的那箱水果什么时候能送到我家门口")
    stage.pass_time(1)
    asked_at = stage.log()[-1].received_at
    assert clock(stage, clocks.NEXT).started_at <= asked_at
    stage.pass_time(180)
    assert told(stage) == [("warn", operator), ("late", operator)]
    stage.operator_says("明天上午", handover_id=found.id)
    assert clock(stage, clocks.NEXT).stopped_by == "周姐"


def test_a_restarted_loop_misses_no_stage_and_repeats_none(stage: Stage) -> None:
    hire(stage, "周姐")
    for number in range(20):
        stage.hear(stage.message(f"甲{number}", "你们老板属什么的", to_us=True))
    stage.settle()
    stage.pass_time(10)
    warned = reached(stage)
    assert len(warned) == 20
    # A new process: nothing in memory; both stages' time has passed, the first has been fired.
    stage.deadlines = Deadlines(stage.database, stage.dispatcher, lambda: stage.time)
    stage.pass_time(30)
    stage.deadlines = Deadlines(stage.database, stage.dispatcher, lambda: stage.time)
    stage.pass_time(30)
    keys = [key for key, _ in reached(stage)]
    assert len(keys) == len(set(keys)) == 40
    assert {outcome for _, outcome in reached(stage)} == {"warned", "late"}


def test_a_stage_fired_twice_happens_once(stage: Stage) -> None:
    hire(stage, "周姐")
    stage.says("小王", "你们老板属什么的", to_us=True)
    other = Deadlines(stage.database, stage.dispatcher, lambda: stage.time)
    one = clock(stage, clocks.FIRST)
    stage.pass_time(10)
    with stage.database.write() as session:
        again = clocks.get(session, one.id)
        again.stage, again.due_at, again.later = "warn", one.due_at, json.dumps([])
    stage.deadlines = other
    stage.pass_time(1)
    assert len(told(stage)) == 1


def test_outside_business_hours_the_clock_waits_for_the_morning_and_the_member_is_told(stage: Stage) -> None:
    hire(stage, "周姐")
    with stage.database.write() as session:  # the stage's time is 20:00 in Shanghai
        hours.save_week(session, dict.fromkeys(range(7), "09:00-18:00"))
    assert "03-03 09:00" in stage.says("小王", "转人工")
    one = clock(stage, clocks.FIRST)
    assert one.promised_at == datetime(2026, 3, 3, 1, 0, 15, tzinfo=UTC)
    stage.pass_time(3600)
    assert told(stage) == []


def test_spans_are_read_as_people_write_them_and_nonsense_is_refused() -> None:
    assert read_spans("13:30—18:00， 9:00-12:00") == ((540, 720), (810, 1080))
    assert read_spans("18:00-02:00") == ((1080, 1560),)
    assert read_spans("") == ()
    assert write_spans(read_spans("18:00-02:00, 9:00-12:00")) == "09:00-12:00,18:00-02:00"
    for nonsense in ("9-12", "25:00-26:00", "09:00-12:00,11:00-13:00", "上午", "09:61-10:00", "09:00-12:00x"):
        with pytest.raises(BadSpans):
            read_spans(nonsense)


def week(zone: str, spans: str, *days: tuple[str, str]) -> Hours:
    return Hours.of(zone, [*((str(number), spans) for number in range(7)), *days])


def test_open_seconds_are_counted_over_pauses_nights_and_holidays() -> None:
    shop = week("Asia/Shanghai", "09:00-12:00,13:30-18:00", ("2026-10-01", ""))
    eve = datetime(2026, 9, 30, 9, 30, tzinfo=UTC)  # 17:30 in Shanghai
    assert shop.after(eve, 1800) == datetime(2026, 9, 30, 10, 0, tzinfo=UTC)
    assert shop.after(eve, 1801) == datetime(2026, 10, 2, 1, 0, 1, tzinfo=UTC)
    assert not shop.is_open(datetime(2026, 9, 30, 4, 30, tzinfo=UTC))
    assert shop.opens_at(datetime(2026, 9, 30, 10, 0, tzinfo=UTC)) == datetime(2026, 10, 2, 1, 0, tzinfo=UTC)
    assert shop.spans_of(date(2026, 10, 1)) == ()


def test_a_span_past_midnight_counts_for_the_night() -> None:
    shop = week("Asia/Shanghai", "18:00-02:00")
    assert shop.is_open(datetime(2026, 3, 2, 17, 30, tzinfo=UTC))
    assert not shop.is_open(datetime(2026, 3, 2, 18, 0, tzinfo=UTC))


def test_a_clock_change_moves_the_opening_with_the_wall() -> None:
    shop = week("Europe/Berlin", "09:00-17:00")
    assert shop.opens_at(datetime(2026, 3, 28, 20, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert shop.opens_at(datetime(2026, 3, 27, 20, 0, tzinfo=UTC)) == datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
    night = week("Europe/Berlin", "00:00-06:00")  # the night of the change has an hour less, in autumn one more
    spring, autumn = datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert night.after(spring, 5 * 3600) == spring + timedelta(hours=5)
    assert night.after(spring, 5 * 3600 + 1) > spring + timedelta(hours=20)
    assert night.after(autumn, 7 * 3600) == autumn + timedelta(hours=7)


def test_a_shop_that_never_opens_still_has_a_time_and_one_without_hours_is_always_open() -> None:
    never, moment = week("Asia/Shanghai", ""), datetime(2026, 3, 2, tzinfo=UTC)
    assert never.opens_at(moment) is None
    assert never.after(moment, 15) == moment + timedelta(seconds=15)
    always = Hours.of("Asia/Shanghai", [])
    assert always.is_open(moment)
    assert Hours.of("Asia/Shanghai", [("2026-03-02", "")]).opens_at(moment) == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)


def test_the_holder_is_warned_else_whoever_has_least_in_hand_and_late_complaints_go_to_the_admins() -> None:
    lately = datetime(2026, 3, 2, tzinfo=UTC)
    there = [OnDuty(1, 2, None), OnDuty(2, 0, lately), OnDuty(3, 0, None)]
    assert whom_to_warn(9, there) == (9,)
    assert whom_to_warn(None, there) == (3,)
    assert whom_to_warn(None, []) == (clocks.EVERYBODY,)
    assert whom_to_tell_of_lateness(clocks.COMPLAINT_RESPONSE, None, [1, 2, 3], [7]) == [7]
    assert whom_to_tell_of_lateness(clocks.FIRST, 9, [1, 2, 3], [7]) == [1, 2, 3, 9]


@pytest.mark.parametrize("text", ["谢谢", "好的，谢谢！", "嗯嗯", "OK", "👍", "收到，辛苦了", "[微笑]"])
def test_thanks_want_no_reply(text: str) -> None:
    assert not wants_reply(text)


@pytest.mark.parametrize("text", ["好的，那什么时候到", "可以换吗", "谢谢，不过还有一个问题", "?"])
def test_a_question_wants_one(text: str) -> None:
    assert wants_reply(text)


def test_who_is_on_duty_is_active_and_may_speak(stage: Stage) -> None:
    hire(stage, "周姐")
    hire(stage, "老板", ADMIN, on_duty=False)
    with stage.database.read() as session:
        assert [one.name for one in operators.find_on_duty(session)] == ["周姐"]
