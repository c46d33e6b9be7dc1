"""What members read of a drop comes from the rows that decide, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from content.render import Words
from handlers.group_buy import messages
from storage import drops
from tests.group_buy.stall import StallStage
from tests.stage import START, Stage

CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("team", {"team_size": 3, "team_hours": 12}, ["3 人成团", "12 小时内", "保留 30 分钟"]),
    ("group", {"goal": 20, "pays": "pickup"}, ["满 20 人报名", "取货时付款"]),
    ("tier", {"steps": [{"kind": "tier", "at": 30, "fen": 2590}]}, ["满 30 人", "降到 ¥25.9", "差价退给每一位"]),
    ("presale", {"balance_due_at": START + timedelta(days=3), "offer": {"deposit_fen": 500}}, ["定金 ¥5", "03-05 20:00 前付清"]),
    ("bargain", {"steps": [{"kind": "cut", "at": 1, "fen": 300}], "offer": {"floor_fen": 2500}}, ["第 1 位帮砍 ¥3", "最低可砍到 ¥25"]),
    ("threshold", {"steps": [{"kind": "threshold", "at": 9900, "fen": 1000}]}, ["满 ¥99 减 ¥10"]),
]


@pytest.mark.parametrize(("kind", "more", "told"), CASES, ids=[case[0] for case in CASES])
def test_the_rules_told_are_the_rows(stage: Stage, kind: str, more: dict[str, Any], told: list[str]) -> None:
    drop = StallStage(stage, kind, **more)
    with stage.database.read() as session:
        row = drops.get(session, drop.id)
        chinese = messages.rules_text(session, Words(), row, "zh")
        english = messages.rules_text(session, Words(), row, "en")
    for words in told:
        assert words in chinese
    assert english
    assert "{" not in english
    assert drop.product_id not in chinese


def test_a_group_where_we_only_listen_is_told_nothing(stage: Stage) -> None:
    stage.hear(stage.message("掌柜", "早上好"))
    stage.set_group(speaks="off")
    StallStage(stage)
    assert stage.pass_time(30) == []


def test_the_last_hour_is_told_once(stage: Stage) -> None:
    drop = StallStage(stage, closes_at=START + timedelta(hours=3))
    assert [text for text in drop.pass_minutes(121) if "请抓紧" in text] != []
    assert [text for text in drop.pass_minutes(5) if "请抓紧" in text] == []
