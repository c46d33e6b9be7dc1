"""What is used up waits, is an operator's, or comes too late; and the count is right over restarts and clocks."""

from __future__ import annotations

from datetime import timedelta

from bot.budgets import Ledger, limits_of
from bot.channels.base import Allowance
from bot.outbox import ANSWER, NOTICE, POST
from storage import accounts, outbox, sending
from tests.accounts.conftest import HOUR, Limited, put, states, texts
from tests.stage import START, Stage


def test_posts_wait_until_the_hour_has_room_again_and_keep_their_order(limited: Limited) -> None:
    stage = limited(("account", HOUR, 2))
    put(stage, "一", "二", "三", "四")
    stage.settle()
    assert texts(stage) == ["一", "二"]
    assert [row.reason for row in stage.outbox()[2:]] == ["budget: account 2 in 3600 s"] * 2
    stage.pass_time(HOUR / 2)
    assert texts(stage) == ["一", "二"]
    stage.pass_time(HOUR / 2 + 1)
    assert texts(stage) == ["一", "二", "三", "四"]


def test_an_answer_over_budget_is_an_operators_and_not_lost(limited: Limited) -> None:
    stage = limited(("account", HOUR, 1))
    stage.says("小王", "菜单")
    assert stage.says("李四", "菜单") == ""
    held = stage.outbox()[1]
    assert (held.state, held.reason) == ("held", "budget: account 1 in 3600 s")
    with stage.database.write() as session:
        assert outbox.take_back(session, held.id, ("held",))
        outbox.mark(session, held.id, state="queued", tries=0, due_at=stage.time, confirmed_at=stage.time)
    stage.settle()
    assert states(stage) == ["sent", "sent"]


def test_an_answer_waits_where_there_is_room_within_a_minute(limited: Limited) -> None:
    stage = limited(("group", 30, 1))
    stage.says("小王", "菜单")
    assert stage.says("李四", "菜单") == ""
    assert states(stage) == ["sent", "queued"]
    assert len(stage.pass_time(31)) == 1


def test_what_waits_too_long_is_not_said_and_says_why(limited: Limited) -> None:
    stage = limited(("account", 30 * 86_400, 1))
    put(stage, "一", "二")
    stage.settle()
    stage.pass_time(11 * HOUR)
    assert states(stage) == ["sent", "queued"]
    stage.pass_time(2 * HOUR)
    late = stage.outbox()[1]
    assert (late.state, late.reason) == ("suppressed", "too late for a post; budget: account 1 in 2592000 s")


def test_answers_go_before_notices_and_notices_before_posts(limited: Limited) -> None:
    stage = limited(("account", HOUR, 2))
    put(stage, "广告", priority=POST)
    put(stage, "欢迎", priority=NOTICE)
    put(stage, "答", priority=ANSWER)
    stage.settle()
    assert texts(stage) == ["答", "欢迎"]
    assert states(stage) == ["queued", "sent", "sent"]


def test_a_groups_budget_leaves_other_groups_alone(limited: Limited) -> None:
    stage = limited(("group", HOUR, 1))
    put(stage, "一", "二")
    put(stage, "三", group="h")
    stage.settle()
    assert sorted(texts(stage)) == ["一", "三"]


def test_a_later_post_does_not_overtake_one_that_waits(limited: Limited) -> None:
    stage = limited(("group", HOUR, 1))
    put(stage, "一", "二")
    stage.settle()
    with stage.database.write() as session:
        accounts.set_budgets(session, "stage", {("group", HOUR): 5})
    put(stage, "三")
    stage.settle()
    assert texts(stage) == ["一"]
    with stage.database.write() as session:
        sending.wake_put_off(session, stage.time, account_id="stage")
    stage.settle()
    assert texts(stage) == ["一", "二", "三"]


def test_an_operators_own_words_need_no_budget_and_are_counted(limited: Limited) -> None:
    stage = limited(("account", HOUR, 1))
    stage.says("小王", "菜单")
    stage.operator_says("我在")
    assert texts(stage)[-1] == "我在"
    assert stage.says("李四", "菜单") == ""


def test_a_clock_set_back_neither_frees_nor_blocks_for_ever(limited: Limited) -> None:
    stage = limited(("account", HOUR, 1))
    stage.time += timedelta(days=2)
    put(stage, "一")
    stage.settle()
    stage.time -= timedelta(days=2)
    put(stage, "二")
    stage.settle()
    assert texts(stage) == ["一"]
    waiting = stage.outbox()[1]
    assert waiting.due_at <= stage.time + timedelta(seconds=HOUR)


def test_what_another_process_says_counts_too(limited: Limited) -> None:
    stage = limited(("account", HOUR, 3))
    put(stage, "一")
    stage.settle()
    put(stage, "二")
    with stage.database.write() as session:
        rows = outbox.find_due(session, stage.time)
        outbox.lease(session, rows, stage.time + timedelta(seconds=60))
    put(stage, "三", "四", group="h")
    stage.settle()
    assert texts(stage) == ["一", "三"]


def test_an_operators_number_stands_for_the_channels() -> None:
    channel = (Allowance("account", HOUR, 20), Allowance("group", HOUR, 5))
    assert limits_of(channel, {("group", HOUR): 2, ("account", 86_400): 100}) == (
        Allowance("account", HOUR, 20), Allowance("account", 86_400, 100), Allowance("group", HOUR, 2),
    )


def test_the_forecast_says_when_a_budget_is_used_up_at_this_speed() -> None:
    ledger = Ledger()
    said = [(number, "g", START - timedelta(minutes=60 - number)) for number in range(1, 61)]
    ledger.add(said, START)
    (day,) = ledger.find_uses([Allowance("account", 86_400, 100)], START)
    assert (day.used, day.free_at) == (60, None)
    assert day.empty_at is not None
    assert timedelta(minutes=39) < day.empty_at - START < timedelta(minutes=42)
    (hour,) = ledger.find_uses([Allowance("account", HOUR, 40)], START)
    assert hour.free_at is not None
    assert hour.free_at > START


def test_no_budget_no_count(stage: Stage) -> None:
    put(stage, *[str(number) for number in range(150)])
    stage.settle()
    assert texts(stage) == [str(number) for number in range(150)]
