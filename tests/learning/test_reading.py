"""What reading the log teaches: proposals with real wordings, answers that did not help, demand."""

from __future__ import annotations

import json

from content.learning.reading import Learner
from storage import learning, products, proposals
from tests.learning.conftest import School


def test_questions_without_an_answer_become_one_proposal_with_their_wordings(school: School) -> None:
    stage = school.stage
    stage.says("小王", "能开发票吗", to_us=True)
    stage.says("李四", "可以开发票吗？", to_us=True)
    stage.says("赵六", "能不能开发票", to_us=True)
    stage.says("张三", "你们停车场几点关门", to_us=True)
    school.reads()
    invoice, parking = school.proposals()
    assert (invoice[0].count, parking[0].count) == (3, 1)
    assert {one.text for one in invoice[1]} == {"能开发票吗", "可以开发票吗?", "能不能开发票"}


def test_talk_that_is_no_question_and_what_was_answered_is_not_proposed(school: School) -> None:
    stage = school.stage
    stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    stage.says("小王", "今天风真大")
    assert "39" in stage.says("小王", "能送上楼吗", to_us=True)
    stage.says("李四", "转人工", to_us=True)
    school.reads()
    assert school.proposals() == []


def test_personal_data_does_not_get_into_a_proposal(school: School) -> None:
    school.stage.says("小王", "我是张伟，电话13812345678，发票什么时候开", to_us=True)
    school.reads()
    [(proposal, [phrasing])] = school.proposals()
    for text in (proposal.text, phrasing.text, phrasing.key):
        assert "张伟" not in text
        assert "138" not in text
    assert "发票什么时候开" in proposal.text


def test_each_interaction_is_read_once_and_only_when_it_has_settled(school: School) -> None:
    stage = school.stage
    stage.says("小王", "能开发票吗", to_us=True)
    assert school.learner.read_on(stage.time) == 0
    assert school.reads() > 0
    assert school.learner.read_on(stage.time) <= 1  # the handover said a moment later
    again = Learner(stage.database, stage.shelf.knowledge)
    stage.says("李四", "能开发票吗", to_us=True)
    stage.pass_time(400)
    again.read_on(stage.time)
    [(proposal, [phrasing])] = school.proposals()
    assert (proposal.count, phrasing.count) == (2, 2)


def test_a_learner_that_was_overtaken_loads_what_the_other_kept(school: School) -> None:
    stage = school.stage
    other = Learner(stage.database, stage.shelf.knowledge)
    stage.says("小王", "能开发票吗", to_us=True)
    school.reads()
    stage.says("李四", "可以开发票吗", to_us=True)
    stage.pass_time(400)
    other.read_on(stage.time)
    stage.says("赵六", "能不能开发票", to_us=True)
    school.reads()
    assert [proposal.count for proposal, _ in school.proposals()] == [3]


def test_an_answer_asked_again_counts_as_unresolved_once(school: School) -> None:
    stage = school.stage
    entry = stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    stage.says("小王", "能送上楼吗", to_us=True)
    stage.pass_time(60)
    stage.says("小王", "可以送货上门吗", to_us=True)
    stage.pass_time(120)
    stage.says("李四", "能送上楼吗", to_us=True)
    school.reads()
    school.reads()
    assert school.unresolved() == [(f"faq:{entry}", 1)]
    assert [(one.text, one.count) for one, _ in school.proposals()] == [("能送上楼吗", 1)]


def test_an_answer_followed_by_a_call_for_a_person_counts_as_unresolved(school: School) -> None:
    stage = school.stage
    entry = stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    stage.says("小王", "能送上楼吗", group=None)
    stage.pass_time(600)
    stage.says("小王", "转人工", group=None)
    stage.says("李四", "能送上楼吗", group=None)
    stage.pass_time(3600)
    stage.says("李四", "转人工", group=None)
    school.reads()
    assert school.unresolved() == [(f"faq:{entry}", 1)]


def test_another_question_about_the_same_product_is_no_complaint(school: School) -> None:
    stage = school.stage
    stage.sells("丹东草莓", 3990)
    assert stage.says("小王", "丹东草莓多少钱", to_us=True)
    assert stage.says("小王", "丹东草莓还有货吗", to_us=True)
    school.reads()
    assert school.unresolved() == []


def test_what_an_operator_answers_on_a_handover_stands_under_its_question(school: School) -> None:
    stage = school.stage
    stage.says("小王", "能开发票吗", to_us=True)
    stage.pass_time(5)
    stage.operator_says("可以的，打13812345678，下单时备注抬头就行", handover_id=1)
    school.reads()
    [(proposal, [phrasing])] = school.proposals()
    assert proposal.answer == "可以的,打〔电话〕,下单时备注抬头就行"
    assert (proposal.answered_by, proposal.count, phrasing.count) == ("周姐", 1, 1)


def test_wishes_are_counted_by_product_and_member(school: School) -> None:
    stage = school.stage
    gone = stage.sells("羊毛围巾", 9900, stock=0)
    there = stage.sells("丹东草莓", 3990)
    with stage.database.write() as session:
        skus = [{"id": f"{gone}-1", "specs": ["灰色"], "price_fen": 9900, "stock": 0}]
        values = {
            "id": gone, "name": "羊毛围巾", "brief": "", "unit": "条", "price_fen": 9900, "list_price_fen": None,
            "is_on_sale": True, "category": [], "aliases": [], "attributes": [],
        }
        products.save(session, values, skus, stage.time)
    stage.shelf.refresh()
    for who in ("小王", "李四", "小王"):
        stage.says(who, "羊毛围巾还会补货吗")
    stage.says("赵六", "羊毛围巾想要粉色的")
    stage.says("小王", "想要大码的羊毛围巾")
    stage.says("赵六", "丹东草莓还会补货吗")
    stage.says("赵六", "今天风真大")
    school.reads()
    assert (gone, "restock", "", 2) in school.wished()
    assert {(gone, "variant", "粉色", 1), (gone, "variant", "大码", 1)} <= set(school.wished())
    assert not [one for one in school.wished() if one[0] == there]


def test_a_dismissed_proposal_takes_in_its_like_and_an_accepted_one_does_not(school: School) -> None:
    stage = school.stage
    stage.says("小王", "能开发票吗", to_us=True)
    stage.says("李四", "楼下停车场几点关门", to_us=True)
    school.reads()
    with stage.database.write() as session:
        for proposal, _ in school.proposals():
            state = proposals.DISMISSED if "停车" in proposal.text else proposals.ACCEPTED
            proposals.settle(session, proposal.id, state, by="周姐", now=stage.time)
    stage.says("赵六", "停车场几点关门", to_us=True)
    stage.says("赵六", "可以开发票吗", to_us=True)
    school.reads()
    assert [proposal.text for proposal, _ in school.proposals()] == ["可以开发票吗"]
    assert [proposal.count for proposal, _ in school.proposals(proposals.DISMISSED)] == [2]


def test_passages_count_how_often_they_answered(school: School) -> None:
    stage = school.stage
    entry = stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    for who in ("小王", "李四"):
        stage.says(who, "能送上楼吗", to_us=True)
    school.reads()
    with stage.database.read() as session:
        assert learning.find_uses(session)[f"faq:{entry}"][0] == 2


def test_an_operators_word_without_a_known_handover_is_no_proposal(school: School) -> None:
    stage = school.stage
    stage.operator_says("大家好，今天六点截单", handover_id=None)
    stage.operator_says("大家好，今天六点截单", handover_id=99)
    stage.says("小王", "能开发票吗", group=None)
    school.reads()
    assert json.loads(stage.log()[1].detail or "{}")["handover_id"] == 99
    assert len(school.proposals()) == 1
