"""Proposals at the desk: accepted as an entry or a phrasing, dismissed with a reason, and who may."""

from __future__ import annotations

from content.learning.reading import Learner
from storage import faq, handovers
from tests.console_shop.conftest import audited
from tests.learning.conftest import Room, School


def ask(school: School) -> int:
    """Two wordings of one question nobody has written down; gives the proposal's id."""
    school.stage.says("小王", "能开发票吗", to_us=True)
    school.stage.says("李四", "可以帮我开发票吗", to_us=True)
    school.reads()
    [(proposal, _)] = school.proposals()
    return proposal.id


def test_an_accepted_proposal_answers_the_very_next_question(school: School, room: Room) -> None:
    proposal_id = ask(school)
    browser = room.browser("manager")
    page = browser.get(f"/learning/{proposal_id}").text
    assert "能开发票吗" in page
    assert "可以帮我开发票吗" in page
    browser.post(
        f"/learning/{proposal_id}/entry",
        {"question": "能开发票吗", "phrasings": "可以帮我开发票吗", "answer": "可以，下单时备注抬头。"},
    )
    assert "已写进问答" in browser.page
    assert "备注抬头" in school.stage.says("赵六", "能开发票吗", to_us=True)
    assert school.proposals() == []
    [(name, _action, subject, detail)] = [one for one in audited(room) if one[1] == "proposal.accept"]
    assert (name, subject, detail["question"]) == ("周姐", f"proposal:{proposal_id}", "能开发票吗")


def test_one_tap_makes_the_wordings_phrasings_of_an_entry(school: School, room: Room) -> None:
    stage = school.stage
    entry = stage.knows("发票怎么开", "下单时备注抬头。")
    stage.knows("可以送货上门吗？", "满39元送上楼。")
    stage.says("小王", "报销的抬头能写公司名不", to_us=True)
    school.reads()
    [(proposal, _)] = school.proposals()
    browser = room.browser("manager")
    browser.get("/learning")
    browser.post(f"/learning/{proposal.id}/phrasing", {"entry": entry})
    with stage.database.read() as session:
        row = faq.get(session, entry)
    assert row.phrasing_list == ["报销的抬头能写公司名不"]
    assert row.answer == "下单时备注抬头。"
    assert "备注抬头" in stage.says("赵六", "报销的抬头能写公司名不", to_us=True)


def test_an_operators_answer_can_take_the_place_of_an_entrys(school: School, room: Room) -> None:
    stage = school.stage
    entry = stage.knows("自提点在哪里", "在东门。", ["去哪儿拿货"])
    stage.says("小王", "能开发票吗", group=None)
    stage.pass_time(10)
    with stage.database.read() as session:
        [handover] = handovers.find(session, ("open",))
    stage.operator_says("可以开，下单备注抬头", handover_id=handover.id)
    school.reads()
    [(proposal, _)] = school.proposals()
    browser = room.browser("manager")
    page = browser.get(f"/learning/{proposal.id}").text
    assert "可以开,下单备注抬头" in page
    browser.post(f"/learning/{proposal.id}/answer", {"entry": entry, "answer": "{{ nobody }}"})
    with stage.database.read() as session:
        assert faq.get(session, entry).answer == "在东门。"
    browser.post(f"/learning/{proposal.id}/answer", {"entry": entry, "answer": "可以开，下单备注抬头。"})
    with stage.database.read() as session:
        row = faq.get(session, entry)
    assert row.answer == "可以开，下单备注抬头。"
    assert row.phrasing_list == ["去哪儿拿货", "能开发票吗"]


def test_an_answer_that_is_no_template_is_refused_and_nothing_is_settled(school: School, room: Room) -> None:
    proposal_id = ask(school)
    browser = room.browser("manager")
    browser.get(f"/learning/{proposal_id}")
    answer = browser.post(f"/learning/{proposal_id}/entry", {"question": "能开发票吗", "answer": "{{ nobody }}"})
    assert answer.status_code == 422
    assert len(school.proposals()) == 1
    with school.stage.database.read() as session:
        assert faq.count(session) == 0


def test_dismissing_wants_a_reason_and_can_be_undone(school: School, room: Room) -> None:
    proposal_id = ask(school)
    browser = room.browser("manager")
    browser.get("/learning")
    browser.post(f"/learning/{proposal_id}/dismiss", {"reason": " "})
    assert len(school.proposals()) == 1
    browser.post(f"/learning/{proposal_id}/dismiss", {"reason": "和本店无关"})
    assert school.proposals() == []
    assert "和本店无关" in browser.get("/learning?state=dismissed").text
    browser.post(f"/learning/{proposal_id}/reopen")
    assert len(school.proposals()) == 1
    assert [one[1] for one in audited(room)][-2:] == ["proposal.dismiss", "proposal.reopen"]


def test_the_second_operator_on_a_proposal_changes_nothing(school: School, room: Room) -> None:
    proposal_id = ask(school)
    browser = room.browser("manager")
    browser.get(f"/learning/{proposal_id}")
    first = {"question": "能开发票吗", "answer": "可以。"}
    browser.post(f"/learning/{proposal_id}/entry", first)
    browser.get("/learning")
    browser.post(f"/learning/{proposal_id}/entry", first | {"answer": "不可以。"})
    assert "已经有人处理过" in browser.page
    with school.stage.database.read() as session:
        assert [row.answer for row in faq.search(session)] == ["可以。"]


def test_a_viewer_sees_everything_and_may_change_nothing(school: School, room: Room) -> None:
    proposal_id = ask(school)
    viewer = room.browser("viewer")
    for path in ("/learning", f"/learning/{proposal_id}", "/learning/health", "/learning/demand", "/learning/questions"):
        assert viewer.get(path).status_code == 200
        forms = [form.partition("</form>")[0] for form in viewer.page.split("<form")]
        assert not [form for form in forms if 'action="/console/learning' in form and "post" in form and "<button" in form]
    viewer.get("/password")
    for path, data in (
        (f"/learning/{proposal_id}/entry", {"question": "能开发票吗", "answer": "可以。"}),
        (f"/learning/{proposal_id}/phrasing", {"entry": "x"}), (f"/learning/{proposal_id}/answer", {"entry": "x"}),
        (f"/learning/{proposal_id}/dismiss", {"reason": "x"}), (f"/learning/{proposal_id}/reopen", {}),
        ("/learning/demand/1", {"state": "restock"}), ("/learning/questions", {"text": "x"}),
        ("/learning/questions/import", {}), ("/learning/questions/run", {}), ("/learning/questions/1/remove", {}),
        ("/learning/questions/from-log/1", {}),
    ):
        viewer.get("/password")
        assert viewer.post(path, data).status_code == 403, path
    assert len(school.proposals()) == 1


def test_what_members_write_cannot_break_the_page(school: School, room: Room) -> None:
    for text in ("<script>alert(1)</script> 能送吗", "'; drop table proposals; -- 怎么买", "{{ 7 * 7 }} 多少钱一斤", "字" * 9000 + "吗"):
        school.stage.says("小王", text, group=None)
    school.reads()
    page = room.browser("viewer").get("/learning").text
    assert "<script>alert" not in page
    assert "49 多少钱" not in page
    assert room.browser("viewer").get("/learning?after=9999999999999999999999-1&q=%00%25_").status_code == 200
    assert all(len(row.text) <= 200 for row, _ in school.proposals())


def test_memory_and_rows_stay_bounded(school: School) -> None:
    stage = school.stage
    learner = Learner(stage.database, stage.shelf.knowledge, most=20)
    for at in range(60):
        stage.says("小王", f"第{at}期的{'甲乙丙丁戊己庚辛壬癸'[at % 10]}{'春夏秋冬东南西北'[at % 8]}款什么时候能拿", group=None)
    stage.pass_time(400)
    learner.read_on(stage.time)
    assert len(learner._clusters) <= 20
    stage.pass_time(61 * 86_400)
    stage.says("小王", "周末自提点开门吗", group=None)
    stage.pass_time(400)
    learner.read_on(stage.time)
    assert len(school.proposals()) < 5
