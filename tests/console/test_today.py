"""Scenes on the today page: what is stuck shows, an operator settles it once, and it stands in the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.base import Capabilities, Hears, NeverSaid, Says, Unsure
from bot.context import Context
from bot.events import MessageReceived
from bot.routing import Routes
from storage import inbox, jobs, orders, outbox, payments
from storage.audit import AuditEntry
from storage.jobs import Job
from tests.console.conftest import Room
from tests.group_buy.stall import StallStage
from tests.stage import Stage

CAREFUL = Capabilities(
    frozenset(Hears), frozenset(Says), max_text=2000, is_idempotent=False, needs_confirmation=True
)


def audited(stage: Stage) -> list[tuple[str, str]]:
    with stage.database.read() as session:
        entries = session.query(AuditEntry).order_by(AuditEntry.id).all()
    return [(entry.action, entry.subject) for entry in entries if entry.action != "sign_in"]


def test_a_quiet_day_says_so(room: Room) -> None:
    browser = room.browser("viewer")
    assert "都处理好了" in browser.get("/today").text


def test_a_poison_event_rests_with_its_error_until_somebody_retries_it(
    make_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    routes, is_broken = Routes("fragile"), [True]

    @routes.message(lambda message: message)
    def hear(ctx: Context, message: MessageReceived) -> None:
        if is_broken[0]:
            raise ValueError("weights are <missing>")
        ctx.decide("done")

    stage = make_stage(features=(routes,))
    room = Room(stage, tmp_path)
    stage.hear(stage.message("周芳", "车厘子还有货吗？"))
    for seconds in (2, 6, 31, 125):
        stage.pass_time(seconds)
    row = stage.log()[0]
    assert row.state == inbox.RESTING
    browser = room.browser("manager")
    page = browser.get("/today").text
    for words in ("车厘子还有货吗？", "weights are &lt;missing&gt;", "已搁置", "重试"):
        assert words in page
    is_broken[0] = False
    assert "马上再试一次" in browser.post(f"/today/interactions/{row.id}/retry").text
    stage.pass_time(1)
    assert stage.log()[0].state == inbox.DONE
    assert "都处理好了" in browser.get("/today").text
    assert "已经有人处理过了" in browser.post(f"/today/interactions/{row.id}/retry").text
    assert audited(stage) == [("interaction.retry", f"interaction:{row.id}")]


def test_all_resting_events_are_retried_at_once(room: Room) -> None:
    stage = room.stage
    stage.hear(stage.message("周芳", "一"), stage.message("周芳", "二"))
    with stage.database.write() as session:
        for row in stage.log():
            inbox.settle(session, row.id, {"state": inbox.RESTING, "tries": 5, "error": "ValueError: x"})
    browser = room.browser("manager")
    browser.get("/today")
    assert "2 条马上再试一次" in browser.post("/today/interactions/retry").text
    assert {row.state for row in stage.log()} == {inbox.WAITING}


def test_a_member_who_waits_for_a_person_is_on_the_page(room: Room) -> None:
    room.stage.says("周芳", "昨天的草莓坏了两盒")
    room.stage.says("周芳", "转人工")
    room.stage.time += timedelta(minutes=5)
    page = room.browser("viewer").get("/today").text
    assert "昨天的草莓坏了两盒" in page
    assert "5 分钟前" in page


def failed_saying(stage: Stage, trouble: Exception) -> int:
    stage.knows("几点发货", "下午四点前下单当天发货。")
    stage.channel.troubles = [trouble]
    stage.says("周芳", "几点发货？", to_us=True)
    return stage.outbox()[0].id


def test_what_could_not_be_sent_is_sent_again(room: Room) -> None:
    row_id = failed_saying(room.stage, NeverSaid("too long"))
    browser = room.browser("manager")
    assert "too long" in browser.get("/today").text
    browser.post(f"/today/sayings/{row_id}/send-again")
    room.stage.settle()
    assert room.stage.outbox()[0].state == outbox.SENT
    assert len(room.stage.channel.said) == 1
    assert "已经有人处理过了" in browser.post(f"/today/sayings/{row_id}/send-again").text
    room.stage.settle()
    assert len(room.stage.channel.said) == 1


def test_what_was_perhaps_sent_is_marked_as_sent_and_stands_in_the_history(
    make_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    room = Room(make_stage(capabilities=replace(CAREFUL, needs_confirmation=False)), tmp_path)
    row_id = failed_saying(room.stage, Unsure("the line broke"))
    browser = room.browser("manager")
    assert "不知是否发出" in browser.get("/today").text
    browser.post(f"/today/sayings/{row_id}/mark-sent")
    saying = room.stage.outbox()[0]
    assert saying.state == outbox.SENT
    assert saying.sent_no is not None
    assert room.stage.channel.said == []
    assert audited(room.stage) == [("outbox.mark_sent", f"outbox:{row_id}")]


def test_discarding_needs_a_reason_and_keeps_it(room: Room) -> None:
    row_id = failed_saying(room.stage, NeverSaid("too long"))
    browser = room.browser("manager")
    browser.get("/today")
    assert "请写明为什么不发" in browser.post(f"/today/sayings/{row_id}/discard", {"reason": "  "}).text
    assert room.stage.outbox()[0].state == outbox.FAILED
    browser.post(f"/today/sayings/{row_id}/discard", {"reason": "已经电话说过了"})
    saying = room.stage.outbox()[0]
    assert (saying.state, saying.reason) == (outbox.SUPPRESSED, "周姐: 已经电话说过了")
    with room.stage.database.read() as session:
        entry = session.query(AuditEntry).filter(AuditEntry.action == "outbox.discard").one()
    assert json.loads(entry.detail)["reason"] == "已经电话说过了"


def test_what_needs_a_yes_is_held_until_somebody_gives_it(
    make_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = make_stage(capabilities=CAREFUL)
    room = Room(stage, tmp_path)
    stage.knows("几点发货", "下午四点前下单当天发货。")
    stage.says("周芳", "几点发货？", to_us=True)
    assert stage.channel.said == []
    row_id = stage.outbox()[0].id
    browser = room.browser("manager")
    assert "等你确认" in browser.get("/today").text
    browser.post(f"/today/sayings/{row_id}/send-again")
    assert stage.outbox()[0].state == outbox.HELD
    browser.post(f"/today/sayings/{row_id}/confirm")
    stage.settle()
    assert [text for _, text in stage.channel.said] == ["下午四点前下单当天发货。"]


def test_a_resting_job_is_woken(room: Room) -> None:
    now = room.stage.time
    with room.stage.database.write() as session:
        session.add(
            Job(
                key="j",
                kind="AnswerWanted",
                payload="{}",
                state=jobs.RESTING,
                tries=5,
                created_at=now,
                due_at=now,
                error="TimeoutError: no answer",
            )
        )
    browser = room.browser("manager")
    assert "TimeoutError: no answer" in browser.get("/today").text
    browser.post("/today/jobs/1/retry")
    with room.stage.database.read() as session:
        assert session.get_one(Job, 1).state == jobs.QUEUED


def test_words_that_wait_too_long_are_told(room: Room) -> None:
    stage = room.stage
    stage.knows("几点发货", "下午四点前下单当天发货。")
    stage.hear(stage.message("周芳", "几点发货？", to_us=True))
    assert "排队超过两分钟" not in room.browser("viewer").get("/today").text
    stage.time += timedelta(minutes=3)
    assert "有 1 条话排队超过两分钟" in room.browser("viewer").get("/today").text


@pytest.mark.parametrize(
    "path", ["/today/sayings/77/confirm", "/today/jobs/77/retry", "/today/interactions/77/retry"]
)
def test_acting_on_what_is_not_there_changes_nothing(room: Room, path: str) -> None:
    browser = room.browser("manager")
    browser.get("/today")
    assert "已经有人处理过了" in browser.post(path).text
    assert audited(room.stage) == []


def test_figures_count_the_days_messages_and_answers(room: Room) -> None:
    stage = room.stage
    stage.knows("几点发货", "下午四点前下单当天发货。")
    stage.says("周芳", "几点发货？", to_us=True)
    stage.time += timedelta(days=1)
    stage.says("周芳", "早上好")
    stage.says("周芳", "外星人坐什么车来", to_us=True)
    days = room.desk.fortnight.find(stage.time)
    assert len(days) == 14
    yesterday, today = days[-2][1], days[-1][1]
    assert (yesterday.messages, yesterday.answered, yesterday.answered_share) == (1, 1, 1.0)
    assert yesterday.median_ms is not None
    assert (today.messages, today.answered, today.unanswered, today.answered_share) == (2, 0, 1, 0.0)
    page = room.browser("viewer").get("/today/figures").text
    assert page.count("<polyline") == 6
    assert "100%" in page


def test_todays_figures_follow_within_seconds(room: Room) -> None:
    stage = room.stage
    stage.says("周芳", "早上好")
    assert room.desk.fortnight.find(stage.time)[-1][1].messages == 1
    stage.says("周芳", "大家好")
    stage.time += timedelta(seconds=6)
    assert room.desk.fortnight.find(stage.time)[-1][1].messages == 2


def test_a_drop_that_does_not_add_up_and_a_dead_refund_are_shown(room: Room) -> None:
    drop = StallStage(room.stage)
    order_id = drop.join("小王")
    drop.pay(order_id)
    drop.refund(order_id)
    with room.stage.database.write() as session:
        refund = payments.find_owed(session, (payments.BY_HAND,))[0]
        payments.change_refund(session, refund.id, payments.OWED, status=payments.DEAD, error="account closed")
        orders.change(session, [order_id], (orders.CANCELLED,), status=orders.PAID)
    drop.pass_minutes(11)
    page = room.browser("viewer").get("/today").text
    assert "草莓团" in page
    assert 'href="/console/payments/refunds?status=dead"><span>退不出去的款</span><span class="badge red">1<' in page
    assert "account closed" in room.browser("viewer").get("/payments/refunds").text
