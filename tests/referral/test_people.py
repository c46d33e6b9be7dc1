"""Which ids are one person: the ladder, merges with their history, and what is kept apart."""

from __future__ import annotations

import pytest

from bot.referring import learnt
from handlers.referral import people, rules
from storage import identities
from storage.identities import CONFLICT, EXTERNAL, KEPT_APART, MEMBER, MERGED, OPENID, UNDONE, UNIONID, VISITOR
from tests.stage import Stage


def learn(stage: Stage, *keys: tuple[str, str], cause: str = "scene") -> str:
    with stage.database.write() as session:
        return people.learn(session, keys, cause, stage.time)


def person(stage: Stage, member_id: str) -> identities.Person:
    with stage.database.read() as session:
        return identities.everyone_of(session, member_id)


def merges(stage: Stage, *states: str) -> list[tuple[str, str, str]]:
    with stage.database.read() as session:
        return [(row.state, row.kept, row.gone) for row in identities.find_merges(session, states or identities.STATES)]


def settle(stage: Stage, what: str, merge_id: int | None = None) -> bool:
    with stage.database.write() as session:
        latest = identities.find_merges(session, identities.STATES)[0].id
        return people.settle(session, merge_id or latest, what, "operator:1", stage.time)


def test_a_member_of_whom_nothing_is_known_is_a_person_alone(stage: Stage) -> None:
    assert person(stage, "web:m_a") == identities.Person("web:m_a", ("web:m_a",), (), ((MEMBER, "web:m_a"),))
    with stage.database.read() as session:
        assert identities.same_person(session, "web:m_a", "web:m_a")
        assert not identities.same_person(session, "web:m_a", "web:m_b")


def test_a_visitor_and_a_member_become_one_and_nothing_is_learnt_twice(stage: Stage) -> None:
    first = learn(stage, (MEMBER, "web:m_a"), (VISITOR, "v_1"))
    assert learn(stage, (VISITOR, "v_1"), (MEMBER, "web:m_a")) == first
    assert person(stage, "web:m_a").visitor_ids == ("v_1",)
    assert merges(stage) == []


def test_two_persons_merge_when_an_id_of_both_is_learnt_and_the_history_says_so(stage: Stage) -> None:
    learn(stage, (MEMBER, "wechaty:x"), (UNIONID, "u1"))
    learn(stage, (MEMBER, "web:m_a"), (VISITOR, "v_1"))
    learn(stage, (MEMBER, "wechaty:x"), (VISITOR, "v_1"), cause="one browser")
    assert person(stage, "web:m_a").member_ids == ("web:m_a", "wechaty:x")
    assert person(stage, "web:m_a").keys[0] == (UNIONID, "u1")
    ((state, kept, _),) = merges(stage)
    assert (state, kept) == (MERGED, person(stage, "wechaty:x").person_id)
    with stage.database.read() as session:
        assert identities.same_person(session, "web:m_a", "wechaty:x")


def test_a_browser_two_people_share_does_not_make_them_one(stage: Stage) -> None:
    """An identity merged into two members: the first keeps it, the conflict shows."""
    learn(stage, (MEMBER, "wecom:a"), (UNIONID, "u1"), (VISITOR, "v_1"))
    learn(stage, (MEMBER, "wecom:b"), (UNIONID, "u2"))
    learn(stage, (MEMBER, "wecom:b"), (VISITOR, "v_1"))
    learn(stage, (MEMBER, "wecom:b"), (VISITOR, "v_1"), cause="again")
    assert person(stage, "wecom:a").visitor_ids == ("v_1",)
    assert person(stage, "wecom:b").visitor_ids == ()
    assert [state for state, _, _ in merges(stage)] == [CONFLICT]


def test_the_stronger_id_decides(stage: Stage) -> None:
    """Two members of one network are two people by themselves; with the same unionid they are one."""
    learn(stage, (MEMBER, "wecom:a"), (UNIONID, "u1"))
    learn(stage, (MEMBER, "wecom:b"), (VISITOR, "v_1"))
    learn(stage, (MEMBER, "wecom:b"), (UNIONID, "u1"))
    assert person(stage, "wecom:a").member_ids == ("wecom:a", "wecom:b")
    learn(stage, (OPENID, "app1:o1"), (MEMBER, "web:m_c"))
    learn(stage, (OPENID, "app1:o2"), (MEMBER, "web:m_c"))
    assert person(stage, "web:m_c").keys == ((OPENID, "app1:o1"), (MEMBER, "web:m_c"))
    learn(stage, (OPENID, "app2:o3"), (MEMBER, "web:m_c"))
    assert (OPENID, "app2:o3") in person(stage, "web:m_c").keys


def test_a_merge_can_be_undone_and_stays_so(stage: Stage) -> None:
    learn(stage, (MEMBER, "web:m_a"), (VISITOR, "v_1"))
    learn(stage, (MEMBER, "web:m_b"), (VISITOR, "v_2"))
    learn(stage, (MEMBER, "web:m_a"), (VISITOR, "v_2"))
    assert person(stage, "web:m_a").member_ids == ("web:m_a", "web:m_b")
    assert settle(stage, "undo")
    assert not settle(stage, "undo")
    assert person(stage, "web:m_b").visitor_ids == ("v_2",)
    learn(stage, (MEMBER, "web:m_a"), (VISITOR, "v_2"))
    assert person(stage, "web:m_a").member_ids == ("web:m_a",)
    assert [state for state, _, _ in merges(stage)] == [UNDONE]


@pytest.mark.parametrize("what", ["merge", "apart"])
def test_an_operator_settles_a_conflict(stage: Stage, what: str) -> None:
    learn(stage, (MEMBER, "wecom:a"), (EXTERNAL, "corp:1"), (VISITOR, "v_1"))
    learn(stage, (MEMBER, "wecom:b"), (EXTERNAL, "corp:2"))
    learn(stage, (MEMBER, "wecom:b"), (VISITOR, "v_1"))
    assert settle(stage, what)
    learn(stage, (MEMBER, "wecom:b"), (VISITOR, "v_1"))
    with stage.database.read() as session:
        assert identities.same_person(session, "wecom:a", "wecom:b") is (what == "merge")
    assert [state for state, _, _ in merges(stage)] == [MERGED if what == "merge" else KEPT_APART]


def test_a_channel_tells_what_it_learnt_and_nonsense_is_refused(stage: Stage) -> None:
    stage.joins("小王")
    good = learnt("stage", "stage:小王", [(UNIONID, "u1")], key="1", now=stage.time)
    bad = [
        learnt("stage", "stage:小王", keys, key=str(number), now=stage.time)
        for number, keys in enumerate(([("phone", "1")], [(UNIONID, "x" * 200)], [(UNIONID, "")], [(UNIONID, str(n)) for n in range(9)]), 2)
    ]
    assert [one.outcome for one in stage.hear(good, *bad)] == ["done", *["refused"] * 4]
    assert person(stage, "stage:小王").keys == ((UNIONID, "u1"), (MEMBER, "stage:小王"))


def test_what_speaks_against_a_merge_is_said() -> None:
    one, other = [(UNIONID, "u1"), (MEMBER, "web:m_a")], [(UNIONID, "u2"), (MEMBER, "web:m_b")]
    assert rules.speaks_against(one, other, VISITOR) == "two ids of one kind: unionid"
    assert rules.speaks_against(one[1:], other[1:], VISITOR) == ""
    assert rules.speaks_against(one, other, UNIONID) == ""
    assert rules.speaks_against([(MEMBER, "wecom:a")], [(MEMBER, "wecom:b")], VISITOR) != ""
    assert rules.speaks_against([(MEMBER, "wecom:a")], [(MEMBER, "wecom:b")], MEMBER) == ""
