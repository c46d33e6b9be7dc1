"""Variants of a post over groups: drawn by chance once a time, counted from the log, a winner proposed when the evidence is enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from handlers.posts import trying
from handlers.posts.drafts import BadPlan
from storage import mix, plans, variants
from tests.posts.conftest import ADMIN, MANAGER, Planner
from tests.stage import Stage

CODES = ("g", "h", "i", "j")


@pytest.fixture
def shop(planner: Planner) -> Planner:
    planner.add_groups(*CODES[2:])
    for code in CODES:
        planner.stage.joins(*(f"{code}{number}" for number in range(4)), group=code)
    return planner


def begin(shop: Planner, outcome: str = "replies", when: str = "每天 11:00", others: Sequence[str] = ("有什么想吃的吗？",)) -> tuple[int, int]:
    first = shop.post("大家好")
    plan = shop.plan(first, when, groups=CODES)
    tried = [shop.post(text) for text in others]
    trial = shop.do(trying.start, plan, tried, outcome, MANAGER, shop.stage.time, "seed")
    return plan, trial.id


def told(stage: Stage) -> dict[str, str]:
    return dict(stage.channel.said)


def results(shop: Planner, trial: int) -> trying.Results:
    with shop.stage.database.read() as session:
        return trying.results(session, trial)


def test_each_group_is_told_one_variant_and_another_draw_is_made_each_time(shop: Planner) -> None:
    _, trial = begin(shop)
    drawn = set()
    for day in range(3, 9):
        shop.stage.channel.said.clear()
        shop.at(11, day=day)
        shop.stage.pass_time(0)
        said = [text for group, text in shop.stage.channel.said if group.startswith("stage:")]
        assert sorted(said) == ["大家好"] * 2 + ["有什么想吃的吗？"] * 2
        drawn.add(tuple(sorted(told(shop.stage).items())))
    assert len(drawn) > 1
    with shop.stage.database.read() as session:
        assert len(variants.find_places(session, trial)) == 24


def test_a_winner_is_proposed_when_the_evidence_is_enough_and_taken_by_an_operator(shop: Planner) -> None:
    stage = shop.stage
    plan, trial = begin(shop)
    proposed_after = None
    for day in range(1, 16):
        stage.channel.said.clear()
        shop.at(11, day=2 + day)
        stage.pass_time(0)
        for group, text in list(stage.channel.said):
            if text == "有什么想吃的吗？":
                code = group.partition(":")[2]
                stage.says(f"{code}0", "我想吃草莓", group=code)
                stage.says(f"{code}1", "樱桃", group=code)
                stage.says(f"{code}1", "还有榴莲", group=code)
        stage.pass_time(3 * 3600)
        found = results(shop, trial)
        assert (found.trial.state == variants.PROPOSED) == (found.verdict.winner is not None)
        if found.verdict.winner is not None:
            proposed_after = day
            break
        assert max(found.verdict.evidence.values()) < found.verdict.needed
    assert found.verdict.winner == 1
    assert proposed_after is not None
    assert proposed_after >= 3
    assert [round(one.mean, 2) for one in found.scores] == [0.0, 0.5]  # two of four members, however often they write
    shop.do(trying.end, trial, 1, MANAGER, stage.time)
    stage.channel.said.clear()
    shop.at(11, day=3 + proposed_after)
    stage.pass_time(0)
    assert {text for _, text in stage.channel.said} == {"有什么想吃的吗？"}
    assert shop.get_plan(plan).post_id == found.scores[1].post_id


def test_nothing_is_counted_before_every_post_had_its_hours(shop: Planner) -> None:
    _, trial = begin(shop, "leaves", others=("想退群的请便",))
    shop.at(11)
    shop.stage.pass_time(0)
    shop.stage.leaves("g0", "g")
    shop.stage.pass_time(23 * 3600)
    assert [one.count for one in results(shop, trial).scores] == [0, 0]
    shop.stage.pass_time(2 * 3600)
    found = results(shop, trial)
    assert sum(one.count for one in found.scores) == 4
    assert sum(one.mean * one.count for one in found.scores) == pytest.approx(0.25)
    assert found.verdict.blocks == 2


def test_groups_where_the_post_was_not_said_are_left_out(shop: Planner) -> None:
    _, trial = begin(shop)
    shop.do(mix.save_rules, "stage:g", {"quiet": "09:00-20:00"})
    shop.at(11)
    shop.stage.pass_time(0)
    shop.stage.pass_time(4 * 3600)
    assert sum(one.count for one in results(shop, trial).scores) == 3


def test_an_edit_meanwhile_does_not_change_what_is_tried(shop: Planner) -> None:
    _, trial = begin(shop)
    for one in results(shop, trial).scores:
        shop.post("改了", post_id=one.post_id)
    shop.at(11)
    assert "改了" not in shop.stage.pass_time(0)
    shop.do(trying.end, trial, None, MANAGER, shop.stage.time)
    shop.at(11, day=3)
    assert set(shop.stage.pass_time(0)) == {"改了"}


def test_what_cannot_be_tried_is_refused(shop: Planner) -> None:
    now = shop.stage.time
    post, other, advert = shop.post("一"), shop.post("二"), shop.post("三", kind="advert")
    plan = shop.plan(post, "每天 11:00", groups=CODES)
    drip = shop.plan(post, "join", when_kind="after")
    for given in ((plan, [advert], "replies"), (plan, [post], "replies"), (plan, [], "replies"), (plan, [other], "luck"), (drip, [other], "replies")):
        with pytest.raises(BadPlan):
            shop.do(trying.start, *given, MANAGER, now)
    trial = shop.do(trying.start, plan, [other], "orders", MANAGER, now)
    with pytest.raises(BadPlan):
        shop.do(trying.start, plan, [other], "orders", MANAGER, now + timedelta(1))
    with pytest.raises(BadPlan):
        shop.do(trying.end, trial.id, 7, MANAGER, now)
    shop.do(trying.end, trial.id, None, MANAGER, now)
    shop.do(trying.start, plan, [other], "orders", MANAGER, now)


def test_variants_ask_for_the_yes_their_kind_needs(shop: Planner) -> None:
    shop.do(mix.save_rules, "", {"approved_kinds": ["talk"]})
    post = shop.post("一")
    plan = shop.plan(post, "每天 11:00", groups=CODES, editor=ADMIN)
    assert shop.get_plan(plan).approval == plans.APPROVED
    shop.do(trying.start, plan, [shop.post("二")], "replies", MANAGER, shop.stage.time)
    assert shop.get_plan(plan).approval == plans.WAITING
