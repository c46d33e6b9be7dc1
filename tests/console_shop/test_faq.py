"""The FAQ editor and its test bench: what is saved is answered with at once, and faults are told beside the field."""

from __future__ import annotations

import pytest

from tests.console.conftest import Browser, Room
from tests.console_shop.conftest import audited, field


def save(browser: Browser, entry_id: str = "", **values: str) -> str:
    """Send the entry's form with these fields changed; gives the page that answers."""
    path = f"/faq/{entry_id}" if entry_id else "/faq/new"
    browser.get(path)
    form = {"question": "", "phrasings": "", "answer": "", "category": "", "is_enabled": "true"}
    return browser.post(path, form | {"revision": field(browser.page, "revision")} | values).text


def test_a_new_entry_answers_the_next_question(room: Room) -> None:
    browser = room.browser("manager")
    save(browser, question="可以送货上门吗？", phrasings="能送上楼吗\n送不送到家", answer="满39元送上楼。")
    assert "已保存" in browser.page
    assert "满39元送上楼。" in room.stage.says("小王", "能送上楼吗", to_us=True)
    assert [entry[1] for entry in audited(room)][-1] == "faq.save"


def test_a_changed_phrasing_is_seen_by_the_next_search(room: Room) -> None:
    entry_id = room.stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    before = room.desk.shelf.knowledge.search("冰块会不会化掉")
    assert not before or before[0].confidence < 0.3
    browser = room.browser("manager")
    save(browser, entry_id, question="冰袋管多久？", phrasings="冰块会不会化掉", answer="管六个小时。")
    found = room.desk.shelf.knowledge.search("冰块会不会化掉")
    assert found[0].passage_id == f"faq:{entry_id}"
    assert found[0].confidence > 0.5


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("你好\n{{ shop", "(line 2)"), ("{{ nobody }}", "nobody"), ("{% for a in shop %}", "(line 1)"),
        ("{{ ''.__class__.__mro__ }}", "__class__"), ("{{ 9 ** 99999 }}", "**"), ("长" * 4001, "4000"),
    ],
)
def test_a_faulty_template_is_refused_with_its_reason_and_the_input_is_kept(room: Room, answer: str, told: str) -> None:
    entry_id = room.stage.knows("几点关门？", "八点半。")
    browser = room.browser("manager")
    browser.get(f"/faq/{entry_id}")
    revision = field(browser.page, "revision")
    form = {"question": "几点关门呢？", "answer": answer, "revision": revision}
    response = browser.post(f"/faq/{entry_id}", form)
    assert response.status_code == 422
    assert "这个模板不能用" in response.text
    assert told in response.text
    assert "几点关门呢？" in response.text
    assert room.stage.says("小王", "几点关门？", to_us=True) == "八点半。"


def test_the_shops_name_can_stand_in_an_answer(room: Room) -> None:
    browser = room.browser("manager")
    save(browser, question="你们店叫什么？", answer="叫{{ shop }}，我是{{ bot_name }}。")
    assert room.stage.says("小王", "你们店叫什么？", to_us=True) == "叫阳光邻里，我是小团。"


def test_question_and_answer_are_asked_for_beside_their_fields(room: Room) -> None:
    page = save(room.browser("manager"), phrasings="问" * 401)
    for words in ("请填写问题。", "请填写答案。", "每种不超过400个字"):
        assert words in page


def test_two_entries_asked_alike_are_pointed_out_and_a_contradiction_more_so(room: Room) -> None:
    room.stage.knows("多久能到？", "两天。", ["几天到货"])
    same = room.stage.knows("发货要多久？", "两天。", ["几天 到货？"])
    room.stage.knows("什么时候发货？", "今晚。", ["几天到货！"])
    browser = room.browser("viewer")
    page = browser.get(f"/faq/{same}").text
    assert "答案相同，可以合并" in page
    assert "答案互相矛盾" in page
    assert page.index("答案互相矛盾") < page.index("答案相同，可以合并")
    assert browser.get("/faq").text.count("与别的问答矛盾") == 3


def test_switching_off_silences_an_entry_and_deleting_can_be_undone(room: Room) -> None:
    entry_id = room.stage.knows("几点关门？", "八点半。")
    browser = room.browser("manager")
    browser.get("/faq")
    browser.post(f"/faq/{entry_id}/switch", {"is_enabled": "0", "back": "/console/faq?state=off"})
    assert "几点关门？" in browser.page
    assert room.desk.shelf.knowledge.search("几点关门？") == []
    browser.post(f"/faq/{entry_id}/switch", {"is_enabled": "1"})
    browser.post(f"/faq/{entry_id}/delete")
    assert "已删除「几点关门？」" in browser.page
    assert room.desk.shelf.knowledge.search("几点关门？") == []
    browser.post(f"/faq/{entry_id}/restore")
    assert room.desk.shelf.knowledge.search("几点关门？")[0].passage_id == f"faq:{entry_id}"
    assert [entry[1] for entry in audited(room)[-4:]] == ["faq.switch", "faq.switch", "faq.delete", "faq.restore"]


def test_a_form_opened_before_somebody_elses_save_is_not_saved_over_it_unseen(room: Room) -> None:
    entry_id = room.stage.knows("几点关门？", "八点半。")
    slow, quick = room.browser("manager"), room.browser("admin")
    slow.get(f"/faq/{entry_id}")
    old = field(slow.page, "revision")
    save(quick, entry_id, question="几点关门？", answer="九点。")
    response = slow.post(f"/faq/{entry_id}", {"question": "几点关门？", "answer": "十点。", "revision": old})
    assert response.status_code == 409
    assert "别人刚刚改过这一条" in response.text
    assert "十点。" in response.text
    newer = field(response.text, "revision")
    form = {"question": "几点关门？", "answer": "十点。", "revision": newer, "is_enabled": "true"}
    assert "已保存" in slow.post(f"/faq/{entry_id}", form).text


def test_the_list_is_searched_filtered_and_paged(room: Room) -> None:
    for number in range(60):
        room.stage.knows(f"第{number:02d}个问题？", "答案", entry_id=f"e{number:02d}")
    browser = room.browser("viewer")
    first = browser.get("/faq").text
    assert first.count("data-row") == 50
    assert browser.get("/faq?after=e49").text.count("data-row") == 10
    assert browser.get("/faq?q=第07个").text.count("data-row") == 1
    assert "没有找到" in browser.get("/faq?q=%25_").text


def test_the_bench_tells_what_would_be_answered_and_why(room: Room) -> None:
    room.stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗", "送不送到家"])
    browser = room.browser("viewer")
    sure = browser.get("/faq/bench?q=能送上楼吗&to=us").text
    assert "会回答" in sure
    assert '<div class="words" id="answer-words">满39元送上楼。</div>' in sure
    assert "门槛" in sure
    unknown = browser.get("/faq/bench?q=你们老板属什么的呀&to=us").text
    assert "转人工" in unknown.split('id="verdict"')[1]
    assert "为这个问题写一条问答" not in unknown
    talk = browser.get("/faq/bench?q=今天风真大&to=group").text
    assert "保持沉默" in talk
    assert "看起来不是问我的问题" in talk
    assert "「menu」功能先听懂了" in browser.get("/faq/bench?q=菜单&to=us").text


def test_the_bench_decides_as_the_group_is_answered(room: Room) -> None:
    room.stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗", "送不送到家"])
    room.stage.sells("云南草莓", 3990, stock=7)
    browser = room.browser("viewer")
    for number, text in enumerate(("能送上楼吗", "云南草莓还有吗？", "今天风真大", "谁家的猫丢了？", "云南草莓多少钱")):
        judged = browser.get("/faq/bench", params={"q": text, "to": "group"}).text
        said = room.stage.says(f"成员{number}", text)
        assert ("id=\"answer-words\"" in judged) == bool(said), text
        if said:
            assert said.splitlines()[0] in judged
        room.stage.pass_time(300)


def test_the_bench_says_and_keeps_nothing(room: Room) -> None:
    room.stage.knows("可以送货上门吗？", "满39元送上楼。", ["能送上楼吗"])
    browser = room.browser("viewer")
    before = (len(room.stage.log()), len(room.stage.outbox()), len(audited(room)))
    browser.get("/faq/bench?q=能送上楼吗&to=us")
    assert (len(room.stage.log()), len(room.stage.outbox()), len(audited(room))) == before


def test_what_members_could_read_is_escaped_in_the_bench(room: Room) -> None:
    room.stage.knows("<b>粗</b>可以吗？", "<script>alert(1)</script>")
    page = room.browser("viewer").get("/faq/bench", params={"q": "<b>粗</b>可以吗？", "to": "us"}).text
    assert "<script>alert" not in page
    assert "<b>粗" not in page


def test_a_viewer_may_look_but_not_write(room: Room) -> None:
    entry_id = room.stage.knows("几点关门？", "八点半。")
    viewer = room.browser("viewer")
    page = viewer.get(f"/faq/{entry_id}").text
    assert "/delete" not in page
    assert viewer.get("/faq/new").status_code == 403
    for path in (f"/faq/{entry_id}", f"/faq/{entry_id}/delete", f"/faq/{entry_id}/switch", "/faq/new"):
        assert viewer.post(path, {"question": "x", "answer": "y"}).status_code == 403
    assert room.stage.says("小王", "几点关门？", to_us=True) == "八点半。"
