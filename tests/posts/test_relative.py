"""Posts relative to something: drips after a join, days of a group, before and after what other features tell of."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.events import MomentSet
from storage import audiences
from storage.plans import AFTER
from tests.posts.conftest import Planner
from tests.stage import Stage


def tell(stage: Stage, at: datetime | None, *, subject: str = "drp_1", group: str | None = None) -> None:
    stage.hear(
        MomentSet(
            key=f"moment:{subject}:{at}:{group}", lane="moments", occurred_at=stage.time, channel="", conversation="moments",
            group_id=group, anchor="drop_closes", subject=subject, at="" if at is None else at.isoformat(),
        )
    )


def test_three_days_after_joining_a_member_is_told_alone_and_only_once(stage: Stage, planner: Planner) -> None:
    post = planner.post("{{ member.name }}，来三天了")
    planner.plan(post, "join", when_kind=AFTER, offset_minutes=3 * 1440, at_time="10:00", addressee="member")
    planner.at(12)
    stage.joins("小王", "小李")
    stage.leaves("小李")
    planner.at(9, 59, day=5)
    stage.settle()
    assert [text for _, text in stage.channel.said] == []
    planner.at(10, day=5)
    stage.settle()
    assert stage.channel.said == [("stage:p:小王", "小王，来三天了")]
    assert sorted(planner.states()) == [("sent", None), ("suppressed", "member_left")]
    stage.leaves("小王")
    stage.joins("小王")
    planner.at(12, day=9)
    stage.settle()
    assert len(stage.channel.said) == 1


def test_a_sequence_for_each_new_group(stage: Stage, planner: Planner) -> None:
    with stage.database.write() as session:
        audiences.set_tags(session, "stage:h", ["新"])
    for day in (1, 2):
        planner.plan(planner.post(f"第{day}天"), "group", when_kind=AFTER, offset_minutes=day * 1440, at_time="09:00", audience={"all": True})
    planner.at(11)
    planner.add_groups("n")
    stage.settle()
    for day in (3, 4, 5):
        planner.at(9, day=day)
        stage.settle()
    assert [text for here, text in stage.channel.said if here == "stage:n"] == ["第1天", "第2天"]


def test_two_hours_before_a_drop_closes_wherever_it_moves(stage: Stage, planner: Planner) -> None:
    close = stage.time + timedelta(hours=5)
    tell(stage, close)
    plan = planner.plan(planner.post("还有两小时"), "drop_closes", when_kind=AFTER, offset_minutes=-120, groups=("g", "h"))
    tell(stage, close + timedelta(hours=1))
    assert {row.planned_at for row in planner.rows(plan)} == {close - timedelta(hours=1)}
    assert stage.pass_time(4 * 3600 - 1) == []
    assert stage.pass_time(1) == ["还有两小时"] * 2
    tell(stage, close + timedelta(hours=4))
    assert stage.pass_time(5 * 3600) == []
    tell(stage, stage.time + timedelta(hours=10), subject="drp_2", group="stage:h")
    tell(stage, None, subject="drp_2", group="stage:h")
    assert stage.pass_time(9 * 3600) == []
    assert planner.states(plan)[-1] == ("cancelled", "taken back")


def test_a_moment_that_came_back_is_told_of(stage: Stage, planner: Planner) -> None:
    plan = planner.plan(planner.post("快了"), "drop_closes", when_kind=AFTER, offset_minutes=-60)
    tell(stage, stage.time + timedelta(minutes=30))  # an hour before is past already
    assert planner.rows(plan) == []
    tell(stage, stage.time + timedelta(minutes=90))
    assert stage.pass_time(1800) == ["快了"]


def test_audiences_are_tags_and_segments_of_the_moment(stage: Stage, planner: Planner) -> None:
    planner.add_groups("k")
    with stage.database.write() as session:
        audiences.set_tags(session, "stage:h", ["宝妈", "老群"])
        audiences.set_tags(session, "stage:k", ["老群"])
    stage.joins("甲", "乙", group="h")
    stage.says("甲", "早", group="h")

    def found(**audience: object) -> list[str]:
        with stage.database.read() as session:
            return [one.id for one in audiences.find_groups(session, audience, stage.time)]

    assert found(all=True) == ["stage:g", "stage:h", "stage:k"]
    assert found(tags=["老群"]) == ["stage:h", "stage:k"]
    assert found(tags=["宝妈", "无"]) == ["stage:h"]
    assert found(all=True, min_members=2) == ["stage:h"]
    assert found(all=True, max_members=1) == ["stage:g", "stage:k"]
    assert found(all=True, active_days=1) == ["stage:h"]
    stage.set_group(speaks="off")
    assert found(all=True) == ["stage:h", "stage:k"]
    assert found(groups=["stage:g"]) == ["stage:g"]
    planner.plan(planner.post("特价", "advert"), groups=("h",))
    stage.pass_time(600)
    assert found(all=True, quiet_days=1) == ["stage:k"]
