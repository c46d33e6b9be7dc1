"""«我的链接» and «海报»: said to the member alone where the channel allows, in a few words in the group otherwise."""

from __future__ import annotations

import re
from typing import Any

import pytest

from handlers.referral.rules import parse_ask
from storage import choices, drops, jobs, referral_links
from tests.group_buy.stall import StallStage
from tests.stage import Stage

ADDRESS = re.compile(r"http://localhost:8700/r/([2-9A-HJ-NP-Z]{8})")


def said(stage: Stage, who: str, text: str, **more: Any) -> list[tuple[str, str]]:
    before = len(stage.channel.said)
    stage.says(who, text, **more)
    return stage.channel.said[before:]


def link_in(stage: Stage, text: str) -> referral_links.ReferralLink:
    found = ADDRESS.search(text)
    assert found is not None, text
    with stage.database.read() as session:
        link = referral_links.find_by_code(session, found[1])
        assert link is not None
        session.expunge(link)
    return link


def code_of(stage: Stage, drop: StallStage) -> str:
    with stage.database.read() as session:
        return str(drops.get(session, drop.id).code)


@pytest.mark.parametrize(("text", "what"), [
    ("我的链接", "link"), ("推广链接", "link"), ("我的专属推广链接！", "link"), ("@小团 邀请链接", "link"), ("my link", "link"), ("海报", "poster"),
    ("我的海报 7Q2K", "poster"), ("我的链接7q2k", "link"), ("海报 带名字", "poster"), ("My Poster", "poster"),
])
def test_asking_is_understood(text: str, what: str) -> None:
    request = parse_ask(text)
    assert request is not None
    assert request.what == what
    assert request.code == ("7Q2K" if "7" in text else "")
    assert request.is_named is ("名字" in text)


@pytest.mark.parametrize("text", ["链接", "链接发一下", "这个链接打不开", "海报真好看", "谁有海报", "我的", "我的链接" * 20, "我的链接 不对", ""])
def test_other_talk_is_left_alone(text: str) -> None:
    assert parse_ask(text) is None


def test_a_member_gets_their_groups_link_in_private_and_a_word_in_the_group(stage: Stage) -> None:
    (private, told), (group, short) = said(stage, "小王", "我的链接")
    assert (private, group) == ("stage:p:小王", "stage:g")
    link = link_in(stage, told)
    assert (link.member_id, link.target_kind, link.target_id, link.group_id) == ("stage:小王", "group", "stage:g", "stage:g")
    assert "私聊" in short
    assert ADDRESS.search(short) is None
    again = said(stage, "小王", "我的链接")
    assert link_in(stage, again[0][1]).code == link.code
    other = said(stage, "李四", "我的链接")
    assert link_in(stage, other[0][1]).code != link.code


def test_in_private_the_answer_is_all_there_is(stage: Stage) -> None:
    stage.says("小王", "大家好")
    ((where, told),) = said(stage, "小王", "我的链接", group=None)
    assert where == "stage:p:小王"
    assert link_in(stage, told).target_id == "stage:g"


def test_the_only_open_drop_is_what_is_shared_and_a_code_chooses(stage: Stage) -> None:
    drop = StallStage(stage, "flash")
    link = link_in(stage, said(stage, "小王", "我的链接")[0][1])
    assert (link.target_kind, link.target_id) == ("drop", drop.id)
    other = StallStage(stage, "flash", title="樱桃团")
    told = said(stage, "小王", "我的链接")[0][1]
    assert link_in(stage, told).target_kind == "group"
    assert code_of(stage, drop) in told
    assert link_in(stage, said(stage, "小王", f"我的链接 {code_of(stage, other).lower()}")[0][1]).target_id == other.id
    ((where, refused),) = said(stage, "小王", "我的链接 ZZZZ")
    assert where == "stage:g"
    assert "没有口令是 ZZZZ" in refused
    assert code_of(stage, other) in refused


def test_a_poster_is_a_picture_and_names_its_owner_only_when_they_say_so(stage: Stage) -> None:
    drop = StallStage(stage, "flash")
    told = said(stage, "小王", "海报")
    link = link_in(stage, told[0][1])
    assert (link.target_id, link.shows_name) == (drop.id, referral_links.NO_NAME)
    assert stage.outbox()[-2].kind == "picture"
    assert f"/r/{link.code}/poster.png" in stage.outbox()[-2].body
    assert link_in(stage, said(stage, "小王", "海报 带名字")[0][1]).shows_name == referral_links.FULL
    assert link_in(stage, said(stage, "小王", "海报")[0][1]).shows_name == referral_links.NO_NAME


def test_where_we_cannot_speak_alone_the_group_hears_it_and_wecom_makes_a_code(stage: Stage) -> None:
    message = stage.message("小王", "我的链接")
    values = {name: getattr(message, name) for name in message.__dataclass_fields__}
    values |= {"channel": "wecom", "group_id": "wecom:wr1", "conversation": "wecom:wr1", "lane": "wecom:wr1", "member_id": "wecom:wm1"}
    stage.hear(type(message)(**values))
    (answer,) = [row for row in stage.outbox() if row.feature == "referral"]
    assert answer.conversation == "wecom:wr1"
    link = link_in(stage, answer.text)
    with stage.database.read() as session:
        (job,) = session.query(jobs.Job).filter_by(kind="JoinWayWanted").all()
    assert link.code in job.payload
    assert "wecom:wr1" in job.payload


def test_what_was_said_long_ago_is_not_answered_in_a_group(stage: Stage) -> None:
    message = stage.message("小王", "我的链接")
    stage.pass_time(3600)
    stage.hear(message)
    stage.settle()
    assert stage.channel.said == []


def test_english_groups_read_english(stage: Stage) -> None:
    stage.says("小王", "hello")
    stage.set_group(language="en")
    told = said(stage, "小王", "my link")
    assert "Your link into" in told[0][1]
    assert "in private" in told[1][1]


def test_a_product_is_shared_by_its_name_and_talk_that_names_nothing_is_left_alone(stage: Stage) -> None:
    product_id = stage.sells("奶油草莓", 3990)
    stage.sells("红颜草莓", 2990)
    link = link_in(stage, said(stage, "小王", "我的链接 奶油草莓")[0][1])
    assert (link.target_kind, link.target_id) == ("product", product_id)
    said(stage, "小王", "我的海报 奶油草莓")
    assert f"/r/{link.code}/poster.png" in stage.outbox()[-2].body
    for text in ("我的链接 草莓", "我的链接 发不出去", "我的链接 100%"):
        stage.says("小王", text)
        assert stage.log()[-1].heard_by != "referral"


def test_who_opted_out_gets_no_link_and_reads_how_to_come_back(stage: Stage) -> None:
    stage.joins("小王")
    with stage.database.write() as session:
        choices.opt_out(session, ["stage:小王"], stage.time)
    answers = said(stage, "小王", "我的链接")
    assert ["我的推广" in words for _, words in answers] == [True]
    assert ADDRESS.search(answers[0][1]) is None
