"""Orders in the talk of a group: bound to its open drop, answered, asked back, summed up, and taken back by quoting."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from storage import claims, orders
from tests.group_buy.stall import StallStage
from tests.stage import Stage


def shop(stage: Stage, **more: Any) -> StallStage:
    return StallStage(stage, **({"pays": "pickup"} | more))


def held(stage: Stage, drop: StallStage) -> dict[str, int]:
    """How many each member has in the drop, by name."""
    found: Counter[str] = Counter()
    with stage.database.read() as session:
        alive = orders.find_alive(session, drop.id)
        lines = orders.find_lines(session, [row.id for row in alive])
        for row in alive:
            found[row.member_name] += sum(line.quantity for line in lines[row.id])
    return dict(found)


def note_of(stage: Stage, drop: StallStage, who: str) -> str:
    with stage.database.read() as session:
        return str(orders.find_alive(session, drop.id, [f"stage:{who}"])[0].note)


def test_a_word_in_the_group_is_an_order_answered_with_a_mention(stage: Stage) -> None:
    drop = shop(stage)
    said = stage.says("小王", "我要2份")
    assert "记下了：奶油草莓" in said
    assert "2 份" in said
    assert "¥59.8" in said
    assert held(stage, drop) == {"小王": 2}
    assert stage.outbox()[-1].body.count("stage:小王") == 1
    drop.money()


def test_nothing_is_heard_where_nothing_is_on_offer(stage: Stage) -> None:
    stage.hear(stage.message("掌柜", "早上好"))
    assert stage.says("小王", "+1") == ""
    assert stage.log()[-1].outcome == "none"


def test_before_opening_and_after_closing_a_word_is_only_talk(stage: Stage) -> None:
    drop = shop(stage, is_open=False, opens_at=stage.time + timedelta(hours=1))
    assert stage.says("小王", "+1") == ""
    stage.pass_time(3700)
    assert "记下了" in stage.says("小王", "+1")
    drop.close()
    assert stage.says("李四", "+1") == ""
    assert held(stage, drop) == {"小王": 1}


def test_a_drop_whose_time_is_over_takes_no_more(stage: Stage) -> None:
    drop = shop(stage, closes_at=stage.time + timedelta(hours=1))
    stage.time += timedelta(hours=1, seconds=1)
    assert "现在不能参加" in stage.says("小王", "+1")
    assert held(stage, drop) == {}


@pytest.mark.parametrize("text", ["1", "2", "我家2个娃", "+1 我也觉得", "拿了2份", "还差2人", "周五19:30到", "A", "好的", "不要了", "取消"])
def test_talk_with_numbers_is_left_alone(stage: Stage, text: str) -> None:
    drop = shop(stage)
    stage.says("小王", text)
    assert held(stage, drop) == {}
    assert stage.log()[-1].heard_by != "group_buy"


def test_more_less_other_and_none_change_one_order(stage: Stage) -> None:
    drop = shop(stage)
    expected = [("+1", 1), ("再加一份", 2), ("我要2份", 2), ("改成5", 5), ("减2份", 3), ("我要1份", 1)]
    for text, count in expected:
        said = stage.says("小王", text)
        stage.pass_time(30)
        assert held(stage, drop) == {"小王": count}, text
        assert ("已经有了" in said) == (text == "我要2份"), said
    assert "已取消" in stage.says("小王", "不要了")
    assert held(stage, drop) == {}
    drop.money()


def test_an_order_for_somebody_else_is_noted_beside_the_own(stage: Stage) -> None:
    drop = shop(stage)
    stage.says("小王", "我要2份")
    stage.pass_time(30)
    stage.says("小王", "帮我妈也来一份")
    stage.pass_time(30)
    assert held(stage, drop) == {"小王": 3}
    assert "给我妈 1份" in note_of(stage, drop, "小王")
    assert "已经有了" in stage.says("小王", "帮我妈也来一份")
    stage.pass_time(30)
    stage.says("小王", "改成1份")
    assert held(stage, drop) == {"小王": 2}


def test_odd_amounts_are_asked_back_or_refused_with_a_reason(stage: Stage) -> None:
    drop = shop(stage, stock=40, per_member=30)
    assert "数量不能是 0" in stage.says("小王", "我要0份")
    stage.pass_time(30)
    assert "25 份有点多" in stage.says("小王", "我要25份")
    assert held(stage, drop) == {}
    stage.pass_time(30)
    assert "记下了" in stage.says("小王", "确认")
    stage.pass_time(30)
    assert "每人限 30 份" in stage.says("小王", "再来10份")
    stage.pass_time(30)
    assert "只剩 15 份" in stage.says("李四", "我要16份")
    assert held(stage, drop) == {"小王": 25}


def test_yes_is_only_talk_when_nothing_was_asked(stage: Stage) -> None:
    drop = shop(stage)
    stage.says("小王", "确认")
    assert (held(stage, drop), stage.log()[-1].heard_by) == ({}, None)


def test_with_several_drops_open_we_ask_which_and_take_the_name_for_an_answer(stage: Stage) -> None:
    berries = shop(stage)
    cherries = another(stage, "车厘子", "车厘子团")
    said = stage.says("小王", "+1")
    assert "草莓团" in said
    assert "车厘子团" in said
    stage.pass_time(30)
    assert "请回复名称" in stage.says("小王", "+1")
    stage.pass_time(30)
    assert "记下了" in stage.says("小王", "车厘子")
    assert (held(stage, berries), held(stage, cherries)) == ({}, {"小王": 1})
    stage.pass_time(30)
    stage.says("李四", "草莓两盒 车厘子1")
    assert (held(stage, berries), held(stage, cherries)) == ({"李四": 2}, {"小王": 1, "李四": 1})


def another(stage: Stage, name: str, title: str) -> StallStage:
    """Another open drop in the same group."""
    original = stage.sells
    stage.sells = lambda _name, price, stock, **more: original(name, price, stock, **more)  # type: ignore[method-assign]
    try:
        return StallStage(stage, title=title, pays="pickup")
    finally:
        stage.sells = original  # type: ignore[method-assign]


def test_quoting_takes_an_order_back(stage: Stage) -> None:
    drop = shop(stage)
    message = stage.message("小王", "我要2份")
    stage.hear(message)
    stage.settle()
    stage.pass_time(30)
    assert stage.says("李四", "撤回", quotes=message.message_id) == ""
    assert "已取消" in stage.says("小王", "撤回", quotes=message.message_id)
    assert held(stage, drop) == {}
    stage.pass_time(30)
    stage.says("小王", "+1")
    stage.pass_time(30)
    stage.says("小王", "+2")
    ours = [row for row in stage.outbox() if row.channel_message_id][-1].channel_message_id
    stage.pass_time(30)
    assert "已撤回，现在是" in stage.says("小王", "取消", quotes=ours)
    assert held(stage, drop) == {"小王": 1}
    stage.pass_time(30)
    stage.says("小王", "取消", quotes=ours)
    drop.money()


def test_a_crowd_is_answered_at_most_every_twenty_seconds(stage: Stage) -> None:
    drop = shop(stage, stock=500)
    before = len(stage.outbox())
    expected: dict[str, int] = {}
    for second in range(0, 60, 2):
        names = [f"m{second * 4 + place}" for place in range(7)]
        expected |= {name: 1 + place % 2 for place, name in enumerate(names)}
        stage.hear(*(stage.message(name, f"+{expected[name]}") for name in names))
        stage.pass_time(2)
    stage.pass_time(25)
    times = [row.created_at for row in stage.outbox()[before:]]
    assert 3 <= len(times) <= 5
    assert all(later - earlier >= timedelta(seconds=20) for earlier, later in pairwise(times))
    assert len(expected) == 210
    assert held(stage, drop) == expected
    with stage.database.read() as session:
        assert claims.find_waiting(session, "stage:g") == []
    assert all(len(text) < 2000 for _, text in stage.channel.said)
    drop.money()


def test_the_same_message_twice_is_one_order(stage: Stage) -> None:
    drop = shop(stage)
    message = stage.message("小王", "+2", key="stage:once")
    stage.hear(message, message)
    stage.hear(message)
    assert held(stage, drop) == {"小王": 2}


def test_no_note_address_or_phone_is_said_in_the_group(stage: Stage) -> None:
    drop = shop(stage)
    said = stage.says("小王13800138000", "我要2份 送到3号楼502 电话13900139000")
    assert held(stage, drop) == {"小王13800138000": 2}
    assert "139" not in said
    assert "502" not in said
    for row in stage.outbox():
        assert "13800138000" not in row.text
