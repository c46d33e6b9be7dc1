"""Posts planned around drops: before they open, before teams have to be formed, after they close, with live values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.trading import DropCancelAsked
from handlers.group_buy import actions
from handlers.posts.drafts import BadPlan
from storage import drops
from storage.plans import AFTER
from tests.group_buy.stall import StallStage
from tests.posts.conftest import Planner
from tests.stage import Stage

HOUR = 3600
WORDS = (
    "{{ drop.title }} {{ drop.price }}（原价{{ drop.list_price }}）{{ drop.opens }}开，{{ drop.closes }}截止，还剩{{ drop.left }}份，"
    "已有{{ drop.heads }}人，差{{ drop.missing }}人，还有{{ drop.hours_left }}小时"
)


@pytest.fixture
def planner(stage: Stage) -> Planner:
    stage.time = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
    return Planner(stage)


def follow(planner: Planner, anchor: str, minutes: int, words: str = "快了", groups: tuple[str, ...] = ("g",)) -> int:
    return planner.plan(planner.post(words), anchor, when_kind=AFTER, offset_minutes=minutes, groups=groups)


def change(stall: StallStage, **values: object) -> None:
    with stall.stage.database.write() as session:
        assert drops.change(session, stall.id, (drops.SCHEDULED, drops.OPEN), **values)
    stall.stage.settle()


def test_an_hour_before_a_drop_opens_its_groups_read_what_it_offers(stage: Stage, planner: Planner) -> None:
    plan = follow(planner, "drop_opens", -60, WORDS, ("g", "h"))
    opens, closes = stage.time + timedelta(hours=5), stage.time + timedelta(hours=8)
    stall = StallStage(stage, is_open=False, opens_at=opens, closes_at=closes)
    stage.settle()
    assert [(row.group_id, row.planned_at) for row in planner.rows(plan)] == [("stage:g", opens - timedelta(hours=1))]
    assert stage.pass_time(4 * HOUR - 1) == []
    assert stage.pass_time(1) == ["草莓团 ¥29.9（原价¥39.9）3月2日 15:00开，3月2日 18:00截止，还剩50份，已有0人，差0人，还有4小时"]
    assert stall.drop().status == "scheduled"


def test_a_plan_follows_a_drop_that_moves_to_and_fro(stage: Stage, planner: Planner) -> None:
    opens = stage.time + timedelta(hours=5)
    stall = StallStage(stage, is_open=False, opens_at=opens, closes_at=opens + timedelta(hours=3))
    plan = follow(planner, "drop_opens", -60)  # the plan comes after the drop
    stage.settle()
    for at in (opens + timedelta(hours=1), opens, stage.time + timedelta(minutes=30), opens + timedelta(hours=2)):
        stage.pass_time(60)
        change(stall, opens_at=at)
    assert [(row.planned_at, row.state) for row in planner.rows(plan)] == [(opens + timedelta(hours=1), "planned")]
    stage.pass_time(6 * HOUR - 240)
    assert planner.states(plan) == [("sent", None)]


def test_two_hours_before_it_closes_early_or_late(stage: Stage, planner: Planner) -> None:
    before = follow(planner, "drop_closes", -120, "{{ drop.title }}还剩{{ drop.left }}份")
    after = follow(planner, "drop_closes", 60, "谢谢{{ drop.heads }}位")
    stall = StallStage(stage, pays="pickup", closes_at=stage.time + timedelta(hours=3))
    stall.join("小王", 4)
    assert "草莓团还剩46份" in stage.pass_time(HOUR)
    stall.close()
    assert planner.rows(after)[0].planned_at == stage.time + timedelta(hours=1)
    assert "谢谢1位" in stage.pass_time(HOUR)
    assert [planner.states(plan) for plan in (before, after)] == [[("sent", None)]] * 2


def test_a_drop_called_off_takes_its_posts_with_it(stage: Stage, planner: Planner) -> None:
    plans = [follow(planner, "drop_opens", 120), follow(planner, "drop_closes", -60)]
    stall = StallStage(stage, closes_at=stage.time + timedelta(hours=5))
    assert [planner.states(plan) for plan in plans] == [[("planned", None)]] * 2
    stall.hear(DropCancelAsked, drop_id=stall.id, by="operator:1", text="货没到")
    assert [planner.states(plan) for plan in plans] == [[("cancelled", "taken back")]] * 2
    assert "快了" not in stage.pass_time(5 * HOUR)


def test_two_hours_before_a_team_has_to_be_formed_its_group_reads_who_is_missing(stage: Stage, planner: Planner) -> None:
    plan = follow(planner, "drop_forms", -120, "差{{ drop.missing }}人成团，{{ drop.team_size }}人{{ drop.price }}")
    stall = StallStage(
        stage, "team", team_size=3, team_hours=6, has_one_team=True, pays="pickup", closes_at=stage.time + timedelta(hours=24),
    )
    assert planner.rows(plan) == []
    stall.join("小王")
    stall.join("小李")
    assert "差1人成团，3人¥29.9" in stage.pass_time(4 * HOUR)
    stall.join("小张")
    stall.join("小陈")
    second = planner.rows(plan)[-1]
    assert (second.state, second.planned_at) == ("planned", stage.time + timedelta(hours=4))
    stall.join("小刘")
    stall.join("小周")
    assert planner.states(plan) == [("sent", None), ("cancelled", "taken back")]


def test_a_group_drop_has_to_be_formed_when_it_closes(stage: Stage, planner: Planner) -> None:
    plan = follow(planner, "drop_forms", -60, "差{{ drop.missing }}人")
    stall = StallStage(stage, "group", goal=3, pays="pickup", closes_at=stage.time + timedelta(hours=2))
    stall.join("小王")
    assert "差2人" in stage.pass_time(HOUR)
    assert planner.states(plan) == [("sent", None)]


def test_a_post_of_its_own_speaks_of_the_drop_open_in_its_group(stage: Stage, planner: Planner) -> None:
    stall = StallStage(stage, closes_at=stage.time + timedelta(hours=5))
    post = planner.post("{{ drop.title }}只要{{ drop.price }}", product_id=stall.product_id)
    here, elsewhere = planner.plan(post), planner.plan(post, groups=("h",))
    assert "草莓团只要¥29.9" in stage.pass_time(600)
    assert planner.states(here) == [("sent", None)]
    assert planner.states(elsewhere) == [("skipped", "missing: drop")]
    other = stage.sells("蓝莓", 1990, 10)
    plan = planner.plan(planner.post("{{ drop.title }}", product_id=other))
    stage.pass_time(600)
    assert planner.states(plan) == [("skipped", "missing: drop")]


def test_the_groups_of_a_draft_may_change_until_it_opens(stage: Stage, planner: Planner) -> None:
    plan = follow(planner, "drop_opens", -60, groups=("g", "h"))
    values = {"kind": "flash", "title": "草莓团", "hold_minutes": 30, "opens_at": stage.time + timedelta(hours=4)}
    stall = StallStage(stage, is_open=False, **values)
    stage.settle()
    offer = {"sku_id": stall.sku, "price_fen": 2990, "stock_limit": 50}
    with stage.database.write() as session:
        assert actions.rewrite_drop(session, stall.id, values, [offer], ["stage:h"])
    stage.settle()
    assert {(row.group_id, row.state) for row in planner.rows(plan)} == {("stage:g", "cancelled"), ("stage:h", "planned")}


def test_a_plan_follows_only_what_there_is(planner: Planner) -> None:
    with pytest.raises(BadPlan, match="is one of join, group, drop_opens"):
        follow(planner, "drop_close", -60)
