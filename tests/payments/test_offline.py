"""Paid by hand: confirmed by a list, once; who has not paid is reminded alone, once a day."""

from __future__ import annotations

from datetime import timedelta

from bot.fulfilling import PaymentReminderAsked
from bot.payments import offline
from tests.group_buy.stall import StallStage
from tests.stage import Stage


def confirm(stage: Stage, *order_ids: str) -> int:
    with stage.database.read() as session:
        told = offline.confirm(session, order_ids, "operator:1", stage.time)
    stage.hear(*told, *told)
    stage.settle()
    return len(told)


def remind(stage: Stage, drop: StallStage, *order_ids: str) -> list[tuple[str, str]]:
    before = len(stage.channel.said)
    drop.hear(PaymentReminderAsked, order_ids=order_ids, by="operator:1")
    stage.settle()
    return [one for one in stage.channel.said[before:] if ":p:" in one[0]]


def test_a_list_is_confirmed_once(stage: Stage) -> None:
    drop = StallStage(stage)
    order_ids = [drop.join(who) for who in ("小王", "小李", "小张")]
    drop.pay(order_ids[0], 1000)
    with stage.database.read() as session:
        stale = offline.confirm(session, order_ids, "operator:2", stage.time)
    assert confirm(stage, *order_ids, "ord_none") == 3
    stage.hear(*stale)
    assert confirm(stage, *order_ids) == 0
    assert drop.money().paid_fen == 3 * 2990
    assert {drop.order(one).status for one in order_ids} == {"paid"}


def test_who_has_not_paid_is_reminded_alone_and_once_a_day(stage: Stage) -> None:
    drop = StallStage(stage, hold_minutes=None)
    paid, late = drop.join("小王"), drop.join("小李")
    drop.pay(paid)
    said = remind(stage, drop, paid, late)
    assert [where for where, _ in said] == ["stage:p:小李"]
    assert "¥29.9" in said[0][1]
    assert remind(stage, drop, paid, late) == []
    stage.time += timedelta(days=1)
    assert len(remind(stage, drop, paid, late)) == 1
    stage.time += timedelta(days=1)
    drop.pay(late)
    assert remind(stage, drop, paid, late) == []
