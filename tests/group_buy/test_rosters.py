"""Rosters signed in a group become orders: forks merge, nobody's row is lost or changed by somebody else, large changes wait."""

from __future__ import annotations

import itertools
from typing import Any

from bot.signing import settling, showing
from storage import orders, rosters
from storage.base import AnyRow
from tests.group_buy.stall import StallStage
from tests.group_buy.test_talking import held, note_of, shop
from tests.stage import Stage

HEAD = "#接龙 草莓团"
_presses = itertools.count(1)


def roster(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *(f"{number}. {row}" for number, row in enumerate(rows, 1))])


def signs(stage: Stage, who: str, *rows: str, head: str = HEAD, **more: Any) -> str:
    """A member posts a copy in a group that has been quiet for a while."""
    said = stage.says(who, roster(*rows, head=head), **more)
    stage.pass_time(30)
    return said


def changes(stage: Stage, drop: StallStage, *states: str) -> list[AnyRow]:
    with stage.database.read() as session:
        return list(reversed(rosters.find_changes(session, drop.id, states or rosters.STATES)))


def settle(stage: Stage, ids: list[int], is_approved: bool) -> None:
    stage.hear(settling(
        "stage:g", "stage", ids, is_approved=is_approved, by="operator:1", key=str(next(_presses)), now=stage.time
    ))
    stage.settle()


def test_a_signed_row_is_an_order_and_signing_on_adds_only_the_new_one(stage: Stage) -> None:
    drop = shop(stage)
    assert "记下了" in signs(stage, "小王", "小王 2份")
    signs(stage, "李四", "小王 2份", "李四 1份")
    assert held(stage, drop) == {"小王": 2, "李四": 1}
    assert [(row.kind, row.author_name, row.name) for row in changes(stage, drop)] == [("add", "小王", "小王"), ("add", "李四", "李四")]
    drop.money()


def test_forks_of_one_copy_both_count(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "小王", "小王 2份")
    signs(stage, "李四", "小王 2份", "李四 1份")
    signs(stage, "阿芳", "小王 2份", "阿芳 3份")
    signs(stage, "老张", "小王 2份", "阿芳 3份", "老张 1份")
    assert held(stage, drop) == {"小王": 2, "李四": 1, "阿芳": 3, "老张": 1}
    assert changes(stage, drop, "asked") == []


def test_the_author_changes_and_takes_back_the_own_row(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "小王", "小王 2份")
    signs(stage, "李四", "小王 2份", "李四 1份")
    assert "改好了" in signs(stage, "小王", "小王 4份", "李四 1份")
    assert held(stage, drop) == {"小王": 4, "李四": 1}
    signs(stage, "李四", "小王 4份", "李四 不要了")
    assert held(stage, drop) == {"小王": 4}
    assert [row.kind for row in changes(stage, drop)] == ["add", "add", "change", "cancel"]


def test_a_row_changed_by_somebody_else_is_asked_about_once(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "小王", "小王 2份")
    said = signs(stage, "李四", "小王 5份", "李四 1份")
    assert "小王 的接龙被别人改了" in said
    signs(stage, "阿芳", "小王 5份", "李四 1份", "阿芳 1份")
    assert held(stage, drop) == {"小王": 2, "李四": 1, "阿芳": 1}
    assert len([text for _, text in stage.channel.said if "被别人改了" in text]) == 1
    assert [(row.name, row.state) for row in changes(stage, drop, "asked")] == [("小王", "asked")]


def test_a_row_left_out_by_somebody_else_stays(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "小王", "小王 2份")
    signs(stage, "李四", "小王 2份", "李四 1份")
    signs(stage, "阿芳", "李四 1份", "阿芳 1份")
    assert held(stage, drop) == {"小王": 2, "李四": 1, "阿芳": 1}


def test_a_row_for_somebody_else_is_the_posters_order_for_that_name(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "小王", "小王 1份", "隔壁阿姨 2份 3号楼502")
    assert held(stage, drop) == {"小王": 3}
    assert "隔壁阿姨" in note_of(stage, drop, "小王")
    assert all("502" not in text for _, text in stage.channel.said)


def test_the_networks_own_block_says_who_wrote_a_row(stage: Stage) -> None:
    drop = shop(stage)
    stage.hear(stage.message("小王", "来了"), stage.message("李四", "早"))
    title = "#接龙\n草莓团\n\n1. 王女士 2份\n2. 小李 1份"
    rows = [("小王", "王女士 2份"), ("李四", "小李 1份")]
    block = "<solitaire_info><solitaire>" + "".join(
        f"<i><u>{who}</u><t>1772452800</t><r>{title.index(row)}-{len(row)}</r></i>" for who, row in rows
    ) + "</solitaire></solitaire_info>"
    stage.hear(stage.message("李四", title, roster=block))
    assert held(stage, drop) == {"小王": 2, "李四": 1}


def test_a_word_and_a_row_of_one_member_are_one_order(stage: Stage) -> None:
    drop = shop(stage)
    stage.says("小王", "我要2份")
    stage.pass_time(30)
    assert "已经有了" in signs(stage, "小王", "小王 2份")
    assert held(stage, drop) == {"小王": 2}


def test_large_and_unclear_changes_wait_for_an_operator(stage: Stage) -> None:
    drop = shop(stage, stock=200)
    many = [f"邻居{number} 1份" for number in range(12)]
    assert "12 行等团长确认" in signs(stage, "小王", *many)
    assert held(stage, drop) == {}
    waiting = changes(stage, drop, "pending")
    assert [row.why for row in waiting] == ["large"] * 12
    settle(stage, [row.id for row in waiting[:11]], True)
    settle(stage, [row.id for row in waiting], False)
    assert held(stage, drop) == {"小王": 11}
    assert [row.state for row in changes(stage, drop)] == ["approved"] * 11 + ["refused"]
    settle(stage, [row.id for row in waiting], True)
    assert held(stage, drop) == {"小王": 11}
    drop.money()


def test_a_row_that_waits_gives_way_to_its_authors_newer_word(stage: Stage) -> None:
    drop = shop(stage, stock=200)
    signs(stage, "小王", "小王 40份")
    signs(stage, "小王", "小王 4份")
    assert held(stage, drop) == {"小王": 4}
    assert [row.state for row in changes(stage, drop)] == ["refused", "applied"]


def test_what_is_not_on_offer_waits_and_what_is_sold_out_is_said(stage: Stage) -> None:
    drop = shop(stage, stock=3)
    signs(stage, "小王", "小王 C2")
    assert [row.why for row in changes(stage, drop, "pending")] == ["unclear"]
    assert "只剩 3 份" in signs(stage, "李四", "李四 5份")
    assert [(row.name, row.why) for row in changes(stage, drop, "failed")] == [("李四", "sold_out")]
    assert held(stage, drop) == {}


def test_a_roster_after_closing_is_answered_once(stage: Stage) -> None:
    drop = shop(stage)
    signs(stage, "小王", "小王 2份")
    drop.close()
    assert "已经截单" in signs(stage, "李四", "小王 2份", "李四 1份")
    assert signs(stage, "阿芳", "小王 2份", "阿芳 1份") == ""
    assert held(stage, drop) == {"小王": 2}


def test_a_roster_about_something_else_is_left_alone(stage: Stage) -> None:
    drop = shop(stage)
    assert signs(stage, "小王", "小王", "李四", head="#接龙 周六爬山报名") == ""
    assert (held(stage, drop), changes(stage, drop)) == ({}, [])


def test_our_own_list_is_signed_and_merged(stage: Stage) -> None:
    drop = shop(stage)
    stage.says("小王13800138000", "+2")
    stage.pass_time(30)
    stage.says("李四", "帮我妈也来一份")
    stage.pass_time(30)
    shown = stage.says("阿芳", "接龙名单")
    assert "小王〔电话〕 2份" in shown
    assert "我妈 1份" in shown
    assert "138" not in shown
    assert stage.says("老张", "接龙名单") == ""
    stage.pass_time(30)
    stage.says("阿芳", shown.rstrip() + " 阿芳 3份")
    stage.pass_time(30)
    assert held(stage, drop) == {"小王13800138000": 2, "李四": 1, "阿芳": 3}
    assert changes(stage, drop, "asked", "pending") == []
    stage.hear(showing("stage:g", "stage", drop.id, key="1", now=stage.time))
    stage.settle()
    assert "阿芳 3份" in stage.channel.said[-1][1]


def test_many_forks_in_one_batch_lose_nobody(stage: Stage) -> None:
    drop = shop(stage, stock=200)
    signs(stage, "首位", "首位 1份")
    names = [f"邻居{number}" for number in range(40)]
    stage.hear(*(stage.message(name, roster("首位 1份", f"{name} 1份")) for name in names))
    again = [stage.message(name, roster("首位 1份", f"{name} 1份")) for name in names]
    stage.hear(*again)
    stage.pass_time(60)
    assert held(stage, drop) == dict.fromkeys(["首位", *names], 1)
    with stage.database.read() as session:
        assert len(orders.find_alive(session, drop.id)) == 41
    drop.money()
