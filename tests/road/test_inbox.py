"""Events: kept once, handled in order, one outcome each."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.context import Context, Refusal
from bot.dispatch import Overloaded
from bot.events import MessageReceived, QuestionUnanswered
from bot.outbox import Text
from bot.routing import Routes
from handlers import FEATURES
from storage import groups, inbox
from tests.stage import START, Stage


def trouble(seconds: float) -> Routes:
    """A feature that crashes on «炸» during the first seconds of the scene, and refuses «不行»."""
    routes = Routes("trouble")

    def parse_crash(message: MessageReceived) -> str | None:
        return message.text if message.text and message.text.startswith("炸") else None

    @routes.message(parse_crash)
    def crash(ctx: Context, request: str) -> None:
        ctx.outbox.put(ctx.here, Text("炸了"))
        if ctx.now < START + timedelta(seconds=seconds):
            raise RuntimeError("not yet")
        ctx.decide("answered", "fine at last")

    class NotToday(Refusal):
        template = "faq/asked_back"

    def parse_refused(message: MessageReceived) -> str | None:
        return message.text if message.text == "不行" else None

    @routes.message(parse_refused)
    def refused(ctx: Context, request: str) -> None:
        groups.get(ctx.session, ctx.event.group_id or "").topic = "undone"
        ctx.outbox.put(ctx.here, Text("行"))
        raise NotToday

    return routes


def test_the_same_key_twice_is_one_event(stage: Stage) -> None:
    first, again = stage.hear(stage.message("小王", "菜单", key="k1"), stage.message("小王", "菜单", key="k1"))
    later = stage.hear(stage.message("小王", "菜单", key="k1"))[0]
    assert (first.is_new, again.is_new, later.is_new) == (True, False, False)
    assert first.inbox_id == again.inbox_id == later.inbox_id
    assert len(stage.log()) == 1
    assert len(stage.outbox()) == 1


def test_a_conversation_is_handled_in_the_order_it_was_heard(stage: Stage) -> None:
    events = [stage.message("小王", f"第{number}句", group=f"g{number % 5}") for number in range(400)]
    stage.hear(*events)
    for group in range(5):
        heard = [row.text for row in stage.log() if row.group_id == f"stage:g{group}"]
        assert heard == [f"第{number}句" for number in range(400) if number % 5 == group]


def test_chatter_is_kept_and_nobody_answers(stage: Stage) -> None:
    assert stage.says("小王", "哈哈哈今天好冷") == ""
    row = stage.log()[0]
    assert (row.heard_by, row.outcome, row.state) == (None, "none", "done")


def test_the_row_says_who_heard_what_was_decided_and_how_long_it_took(stage: Stage) -> None:
    stage.says("小王", "菜单")
    row = stage.log()[0]
    assert (row.heard_by, row.outcome, row.reason, row.confidence) == ("menu", "answered", "menu", 1.0)
    assert row.latency_ms is not None
    assert row.latency_ms >= 0


def test_a_bad_event_hurts_only_itself(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(trouble(60), *FEATURES))
    before, bad, after = stage.hear(
        stage.message("小王", "菜单"), stage.message("李四", "炸"), stage.message("小王", "帮助")
    )
    assert (before.outcome, bad.outcome, after.outcome) == ("answered", "failed", "answered")
    stage.settle()
    assert len(stage.channel.said) == 2
    row = next(row for row in stage.log() if row.text == "炸")
    assert (row.state, row.tries) == ("waiting", 1)
    assert "RuntimeError: not yet" in (row.error or "")


def test_a_failed_event_is_tried_again_and_then_answered_once(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(trouble(3), *FEATURES))
    stage.says("李四", "炸")
    assert stage.pass_time(2) == []
    assert len(stage.pass_time(10)) == 1
    row = stage.log()[0]
    assert (row.state, row.outcome, row.error) == ("done", "answered", None)
    assert stage.pass_time(600) == []


def test_after_five_tries_an_event_rests_until_an_operator_asks_again(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(trouble(1201), *FEATURES))
    stage.says("李四", "炸")
    for _ in range(6):
        stage.pass_time(200)
    row = stage.log()[0]
    assert (row.state, row.tries) == ("resting", 5)
    assert stage.pass_time(100) == []
    stage.retry(row.id)
    assert len(stage.pass_time(1)) == 1
    assert stage.log()[0].state == "done"


def test_a_retry_that_is_asked_for_twice_happens_once(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(trouble(3), *FEATURES))
    stage.says("李四", "炸")
    stage.time += timedelta(seconds=5)
    for retried in [*stage.dispatcher.retry_due(stage.time), *stage.dispatcher.retry_due(stage.time)]:
        retried.result(timeout=30)
    stage.settle()
    assert len(stage.channel.said) == 1


def test_a_refusal_undoes_the_work_and_the_member_reads_why(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(features=(trouble(0), *FEATURES))
    stage.joins("小王")
    said = stage.says("小王", "不行")
    assert "您是想问哪一个" in said
    assert "行" not in said.splitlines()
    with stage.database.read() as session:
        assert groups.get(session, "stage:g").topic == ""
    row = stage.log()[-1]
    assert (row.outcome, row.reason) == ("refused", "NotToday")


def test_a_fact_told_by_a_handler_is_heard_in_the_same_transaction(make_stage: Callable[..., Stage]) -> None:
    teller, listener = Routes("teller"), Routes("listener")
    heard: list[str] = []

    @teller.message(lambda message: re.fullmatch("传话", message.text or ""))
    def tell(ctx: Context, request: object) -> None:
        event = ctx.event
        fact = QuestionUnanswered(
            key=f"fact:{event.key}", lane=event.lane, occurred_at=ctx.now, channel=event.channel,
            conversation=event.conversation, group_id=event.group_id, member_id=event.member_id, text="传到",
        )
        ctx.emit(fact)
        ctx.emit(fact)

    @listener.fact(QuestionUnanswered)
    def listen(ctx: Context, fact: QuestionUnanswered) -> None:
        heard.append(fact.text or "")
        ctx.decide("done")

    stage = make_stage(features=(teller, listener))
    stage.says("小王", "传话")
    told = stage.log()[1]
    assert heard == ["传到"]
    assert (told.kind, told.heard_by, told.cause_id) == ("QuestionUnanswered", "listener", stage.log()[0].id)


def test_a_lane_that_is_too_full_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.dispatch.MAX_WAITING", -1)
    with pytest.raises(Overloaded):
        stage.hear(stage.message("小王", "在吗"))
    assert stage.log() == []


def test_what_was_kept_before_the_stop_is_handled(make_stage: Callable[..., Stage], database_url: str) -> None:
    stage = make_stage()
    waiting = [stage.dispatcher.submit(stage.message("小王", f"第{number}句")) for number in range(500)]
    stage.dispatcher.stop()
    assert all(one.result(timeout=1).is_new for one in waiting)
    assert len(stage.log()) == 500


def test_an_event_survives_its_row(stage: Stage) -> None:
    said = stage.message("小王", "看这个", mentions=("stage:李四",), quotes="m9", picture="/p/1.png", to_us=True)
    stage.hear(said)
    with stage.database.read() as session:
        row = inbox.get(session, stage.log()[0].id)
    assert MessageReceived.read(row) == said


def test_a_changed_name_is_taken_over(stage: Stage) -> None:
    stage.says("小王", "早")
    renamed = stage.message("小王", "早")
    stage.hear(MessageReceived.read(_renamed(renamed, "王先生")))
    assert stage.name_of("stage:小王") == "王先生"
    assert stage.present() == {"王先生"}


class _renamed:
    """The row of a message, under another name."""

    detail = None

    def __init__(self, message: MessageReceived, name: str) -> None:
        for field in ("key", "lane", "occurred_at", "channel", "conversation", "group_id", "member_id", "text"):
            setattr(self, field, getattr(message, field))
        self.member_name = name
