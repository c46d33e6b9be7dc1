"""WeCom's list of a group's members: the state is a link's code, the unionid says who is one person."""

from __future__ import annotations

from bot.channels.wecom.groups import read_chat
from bot.channels.wecom.rosters import Comparison
from storage import identities, touches
from storage.identities import EXTERNAL, MEMBER, UNIONID
from tests.referral.test_joins import link_of
from tests.stage import Stage


def looked_at(stage: Stage, *people: dict[str, object]) -> None:
    """One look at the group, whose news are heard."""
    rows = [{"type": 2, "join_time": int(stage.time.timestamp()), "join_scene": 3, **one} for one in people]
    chat = read_chat("wr1", {"name": "水果群", "owner": "zhoujie", "member_version": "1", "member_list": rows})
    with stage.database.read() as session:
        changes = Comparison(session, chat, {}, "wecom", stage.time, 10.0).run()
    stage.hear(*changes.events)


def test_a_join_by_a_links_state_is_a_touch_and_its_unionid_is_learnt(stage: Stage) -> None:
    link = link_of(stage, "小王", target="wecom:wr1")
    looked_at(stage, {"userid": "wm1", "name": "李四", "state": link.code, "unionid": "oUnion-1"})
    looked_at(stage, {"userid": "wm1", "name": "李四", "state": link.code, "unionid": "oUnion-1"})
    with stage.database.read() as session:
        (touch,) = touches.find_page(session, touches.Wanted(link_id=link.id))
        person = identities.everyone_of(session, "wecom:wm1")
    assert (touch.kind, touch.member_id, touch.group_id) == ("join", "wecom:wm1", "wecom:wr1")
    assert person.keys == ((UNIONID, "oUnion-1"), (EXTERNAL, "wecom:wm1"), (MEMBER, "wecom:wm1"))


def test_a_unionid_that_is_none_is_left_out(stage: Stage) -> None:
    looked_at(stage, {"userid": "wm2", "name": "赵六", "unionid": "x" * 500}, {"userid": "wm3", "name": "老张", "unionid": 7, "state": "s"})
    with stage.database.read() as session:
        assert identities.everyone_of(session, "wecom:wm2").keys == ((MEMBER, "wecom:wm2"),)
        assert identities.everyone_of(session, "wecom:wm3").keys == ((MEMBER, "wecom:wm3"),)
