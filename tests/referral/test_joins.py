"""Joins: by a link, an invitation or a state; who leaves soon, who comes back, and nobody twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.events import MemberJoined
from handlers.referral import people
from storage import identities, members, referral_links, touches
from storage.base import AnyRow
from tests.stage import Stage

HOUR = 3600.0


def link_of(stage: Stage, who: str, kind: str = referral_links.GROUP, target: str = "stage:g") -> referral_links.ReferralLink:
    with stage.database.write() as session:
        members.keep(session, [(f"stage:{who}", "stage", who)], stage.time)
        made = referral_links.ensure(session, f"stage:{who}", kind, target, stage.time)
        session.expunge(made)
    return made


def comes(stage: Stage, who: str, via: str | None = None, group: str = "g", key: str = "", **more: Any) -> None:
    stage.hear(MemberJoined(
        key=key or f"join:{who}:{group}:{stage.time}", lane=f"stage:{group}", occurred_at=stage.time, channel="stage",
        conversation=f"stage:{group}", group_id=f"stage:{group}", member_id=f"stage:{who}", member_name=who, via=via, **more,
    ))


def touched(stage: Stage, who: str) -> list[AnyRow]:
    with stage.database.read() as session:
        known = identities.everyone_of(session, f"stage:{who}")
        return touches.find_for(
            session, known.member_ids, known.visitor_ids, stage.time, stage.time - timedelta(days=30)
        )


def test_a_join_by_a_link_is_a_touch_of_its_owner(stage: Stage) -> None:
    link = link_of(stage, "小王")
    comes(stage, "李四", link.code)
    (touch,) = touched(stage, "李四")
    assert (touch.kind, touch.referrer_id, touch.link_id, touch.group_id) == ("join", "stage:小王", link.id, "stage:g")


def test_an_inviter_whom_the_channel_names_is_a_referrer(stage: Stage) -> None:
    stage.joins("小王")
    stage.joins("李四", inviter="小王")
    assert [one.referrer_id for one in touched(stage, "李四")] == ["stage:小王"]


def test_wecoms_state_is_the_links_code_and_the_link_says_whose_it_is(stage: Stage) -> None:
    link = link_of(stage, "小王")
    comes(stage, "李四", link.code, inviter_id="stage:staff")
    assert [one.referrer_id for one in touched(stage, "李四")] == ["stage:小王"]


@pytest.mark.parametrize("via", [None, "link", "ABCD2345", "abcd2345", "x" * 60, "' or 1=1"])
def test_a_join_of_nobodys_making_is_no_touch(stage: Stage, via: str | None) -> None:
    comes(stage, "李四", via)
    assert touched(stage, "李四") == []


def test_ones_own_link_brings_nobody(stage: Stage) -> None:
    comes(stage, "小王", link_of(stage, "小王").code)
    assert touched(stage, "小王") == []


def test_a_paused_or_expired_link_brings_nobody(stage: Stage) -> None:
    paused, expired = link_of(stage, "小王"), link_of(stage, "老张")
    with stage.database.write() as session:
        referral_links.pause(session, paused.id, stage.time)
        referral_links.set_expiry(session, expired.id, stage.time)
    comes(stage, "李四", paused.code)
    comes(stage, "赵六", expired.code)
    assert touched(stage, "李四") == touched(stage, "赵六") == []


@pytest.mark.parametrize(("hours", "is_void"), [(1, True), (71.9, True), (72, False)])
def test_who_leaves_within_three_days_was_not_brought(stage: Stage, hours: float, is_void: bool) -> None:
    comes(stage, "李四", link_of(stage, "小王").code)
    stage.time += timedelta(hours=hours)
    stage.leaves("李四")
    (touch,) = touched(stage, "李四")
    assert (touch.void_why == touches.LEFT_SOON) is is_void
    assert (touch.void_at == stage.time) is is_void


def test_coming_back_is_no_new_join(stage: Stage) -> None:
    link = link_of(stage, "小王")
    comes(stage, "李四", link.code)
    stage.leaves("李四")
    stage.time += timedelta(hours=1)
    comes(stage, "李四", link.code)
    (touch,) = touched(stage, "李四")
    assert touch.void_at is not None
    stage.joins("赵六")
    stage.leaves("赵六")
    stage.time += timedelta(hours=1)
    comes(stage, "赵六", link.code)
    assert touched(stage, "赵六") == []


def test_coming_back_as_another_member_of_the_same_person_is_no_new_join(stage: Stage) -> None:
    link = link_of(stage, "小王")
    stage.joins("李四")
    stage.leaves("李四")
    with stage.database.write() as session:
        people.learn(session, [(identities.UNIONID, "u1"), (identities.MEMBER, "stage:李四")], "scene", stage.time)
        people.learn(session, [(identities.UNIONID, "u1"), (identities.MEMBER, "stage:李四小号")], "scene", stage.time)
    comes(stage, "李四小号", link.code)
    assert touched(stage, "李四小号") == []


def test_a_join_told_twice_or_of_somebody_long_here_is_one_touch_or_none(stage: Stage) -> None:
    link = link_of(stage, "小王")
    comes(stage, "李四", link.code, key="a")
    comes(stage, "李四", link.code, key="b")
    assert len(touched(stage, "李四")) == 1
    stage.joins("赵六")
    stage.time += timedelta(days=2)
    comes(stage, "赵六", link.code)
    assert touched(stage, "赵六") == []


def test_who_joins_another_group_is_a_new_join_there(stage: Stage) -> None:
    link = link_of(stage, "小王")
    comes(stage, "李四", link.code)
    comes(stage, "李四", link.code, group="h")
    assert [one.group_id for one in touched(stage, "李四")] == ["stage:g", "stage:h"]


def test_a_visitor_known_when_they_join_brings_their_earlier_clicks(stage: Stage) -> None:
    with stage.database.write() as session:
        touches.add(session, "click:1", touches.CLICK, "stage:小王", stage.time, visitor_id="v_1")
    assert touched(stage, "李四") == []
    comes(stage, "李四", visitor="v_1")
    assert [(one.kind, one.visitor_id) for one in touched(stage, "李四")] == [("click", "v_1")]
