"""Handovers: one operator wins, the answer goes out in their name, and every step can be undone or found again."""

from __future__ import annotations

from storage import handovers
from tests.console.conftest import Browser, Room
from tests.console_shop.conftest import audited, field, find_handover


def ask_for_a_person(room: Room, question: str = "坏果怎么赔") -> None:
    room.stage.says("小王", question)
    room.stage.says("小王", "转人工")


def answer(browser: Browser, handover_id: int, text: str) -> int:
    nonce = field(browser.get(f"/handovers/{handover_id}").text, "nonce")
    return browser.post(f"/handovers/{handover_id}/reply", {"text": text, "nonce": nonce}).status_code


def test_the_queue_says_who_waits_how_long_where_and_why(room: Room) -> None:
    ask_for_a_person(room)
    room.stage.says("李四", "你们老板属什么的", to_us=True)
    room.stage.pass_time(420)
    page = room.browser("viewer").get("/handovers").text
    for words in ("小王", "坏果怎么赔", "要求人工", "7 分钟", "李四", "你们老板属什么的", "没答上来"):
        assert words in page
    assert page.index("小王") < page.index("李四")


def test_an_empty_queue_says_so_and_points_to_the_test_bench(room: Room) -> None:
    page = room.browser("viewer").get("/handovers").text
    assert "没有人在等" in page
    assert "/console/faq/bench" in page


def test_an_unanswered_question_shows_the_nearest_answer_we_did_not_dare_to_give(room: Room) -> None:
    room.stage.knows("榴莲可以帮忙开吗？", "可以，到店当场给您开。")
    room.stage.says("小王", "大家好")
    with room.stage.database.write() as session:
        handovers.open_once(
            session, conversation="stage:g", channel="stage", group_id="stage:g", member_id="stage:小王",
            reason="unanswered", question="榴莲能帮忙开一下吗", cause_id=None, now=room.stage.time,
        )
    page = room.browser("manager").get("/handovers").text
    assert "最接近：榴莲可以帮忙开吗？" in page


def test_the_first_operator_takes_it_and_the_second_is_told_who_has_it(room: Room) -> None:
    ask_for_a_person(room)
    first, second = room.browser("manager"), room.browser("admin")
    handover_id = find_handover(first)
    second.get("/handovers")
    first.post(f"/handovers/{handover_id}/take")
    assert "name=\"text\"" in first.page
    second.post(f"/handovers/{handover_id}/take")
    assert "周姐 正在处理这个会话" in second.page
    assert "name=\"text\"" not in second.page
    taken = [entry for entry in audited(room) if entry[1] == "handover.take"]
    assert [entry[0] for entry in taken] == ["周姐"]


def test_an_answer_goes_out_in_the_operators_name_and_mentions_the_member(room: Room) -> None:
    ask_for_a_person(room)
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    assert answer(browser, handover_id, "坏几个退几个，拍张照就行") == 200
    saying = room.stage.outbox()[-1]
    assert (saying.text, saying.operator_id) == ("坏几个退几个，拍张照就行", 1)
    assert '"mention":"stage:小王"' in saying.body
    room.stage.settle()
    assert room.stage.channel.said[-1] == ("stage:g", "坏几个退几个，拍张照就行")
    with room.stage.database.read() as session:
        assert handovers.get(session, handover_id).answered_at is not None
    said = [entry for entry in audited(room) if entry[1] == "conversation.say"]
    assert said == [
        ("周姐", "conversation.say", "conversation:stage:g", {"text": "坏几个退几个，拍张照就行", "handover": handover_id})
    ]
    assert "坏几个退几个" in browser.get(f"/handovers/{handover_id}").text


def test_a_private_answer_goes_to_the_member_alone(room: Room) -> None:
    room.stage.says("小王", "转人工", group=None)
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    answer(browser, handover_id, "在的，您说")
    saying = room.stage.outbox()[-1]
    assert (saying.conversation, saying.group_id, saying.member_id) == ("stage:p:小王", None, "stage:小王")


def test_a_form_sent_twice_is_said_once(room: Room) -> None:
    ask_for_a_person(room)
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    nonce = field(browser.page, "nonce")
    for _ in range(2):
        browser.post(f"/handovers/{handover_id}/reply", {"text": "马上到", "nonce": nonce})
    assert [saying.text for saying in room.stage.outbox()].count("马上到") == 1


def test_only_who_took_it_can_answer(room: Room) -> None:
    ask_for_a_person(room)
    first, second = room.browser("manager"), room.browser("admin")
    handover_id = find_handover(first)
    first.post(f"/handovers/{handover_id}/take")
    second.get("/handovers")
    before = len(room.stage.outbox())
    refused = second.post(f"/handovers/{handover_id}/reply", {"text": "我也来说", "nonce": "a" * 24})
    assert refused.status_code == 409
    assert "周姐 正在处理这个会话" in refused.text
    assert len(room.stage.outbox()) == before


def test_an_empty_or_endless_answer_is_refused_and_kept_in_the_box(room: Room) -> None:
    ask_for_a_person(room)
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    assert answer(browser, handover_id, "  ") == 422
    assert "请写点什么再发送" in browser.page
    assert answer(browser, handover_id, "长" * 1001) == 422
    assert "最多 1000 个字" in browser.page
    assert "长" * 1001 in browser.page


def test_closing_can_be_undone_until_the_member_asks_again(room: Room) -> None:
    ask_for_a_person(room)
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    browser.post(f"/handovers/{handover_id}/close")
    assert "会话已结束" in browser.page
    browser.post(f"/handovers/{handover_id}/reopen")
    assert "周姐 处理中" in browser.page
    browser.post(f"/handovers/{handover_id}/close")
    room.stage.says("小王", "转人工")
    browser.get("/handovers")
    browser.post(f"/handovers/{handover_id}/reopen")
    assert "已经有新的转人工" in browser.page


def test_handing_back_puts_it_into_the_queue_for_somebody_else(room: Room) -> None:
    ask_for_a_person(room)
    first, second = room.browser("manager"), room.browser("admin")
    handover_id = find_handover(first)
    first.post(f"/handovers/{handover_id}/take")
    first.post(f"/handovers/{handover_id}/hand-back")
    second.get("/handovers")
    second.post(f"/handovers/{handover_id}/take")
    assert "老板 处理中" in second.page
    actions = [entry[1] for entry in audited(room) if entry[2] == f"handover:{handover_id}"]
    assert actions == ["handover.take", "handover.hand_back", "handover.take"]


def test_a_manager_cannot_close_what_another_one_has(room: Room) -> None:
    ask_for_a_person(room)
    room.hire("阿明", "manager")
    first, second = room.browser("manager"), Browser(room.app)
    second.sign_in("阿明")
    handover_id = find_handover(first)
    first.post(f"/handovers/{handover_id}/take")
    second.get(f"/handovers/{handover_id}")
    second.post(f"/handovers/{handover_id}/close")
    with room.stage.database.read() as session:
        assert handovers.get(session, handover_id).state == handovers.TAKEN


def test_a_viewer_sees_no_buttons_and_is_refused_when_trying(room: Room) -> None:
    ask_for_a_person(room)
    viewer = room.browser("viewer")
    handover_id = find_handover(viewer)
    page = viewer.get(f"/handovers/{handover_id}").text
    assert f"/handovers/{handover_id}/take" not in page
    assert viewer.post(f"/handovers/{handover_id}/take").status_code == 403
    with room.stage.database.read() as session:
        assert handovers.get(session, handover_id).state == handovers.OPEN


def test_the_view_asks_for_news_and_gets_nothing_when_there_is_none(room: Room) -> None:
    ask_for_a_person(room)
    browser = room.browser("viewer")
    handover_id = find_handover(browser)
    page = browser.get(f"/handovers/{handover_id}").text
    seen = page.split("lines?seen=")[1].split('"')[0]
    assert browser.get(f"/handovers/{handover_id}/lines?seen={seen}").status_code == 204
    room.stage.says("小王", "在吗")
    news = browser.get(f"/handovers/{handover_id}/lines?seen={seen}")
    assert news.status_code == 200
    assert "在吗" in news.text
    assert "<html" not in news.text


def test_an_answer_can_be_kept_as_an_entry_and_an_entry_used_as_an_answer(room: Room) -> None:
    entry_id = room.stage.knows("坏果怎么赔？", "坏几个退几个。")
    ask_for_a_person(room, "坏果怎么赔")
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    browser.post(f"/handovers/{handover_id}/take")
    drafted = browser.get(f"/handovers/{handover_id}?draft=faq:{entry_id}").text
    assert "坏几个退几个。</textarea>" in drafted
    answer(browser, handover_id, "拍照发我")
    kept = browser.get(f"/handovers/{handover_id}").text
    assert "/console/faq/new?question=" in kept


def test_names_and_words_of_members_are_escaped(room: Room) -> None:
    room.stage.says("<script>alert(1)</script>", "<img src=x onerror=alert(2)>")
    room.stage.says("<script>alert(1)</script>", "转人工")
    browser = room.browser("manager")
    handover_id = find_handover(browser)
    for page in (browser.get("/handovers").text, browser.get(f"/handovers/{handover_id}").text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(2)&gt;" in page
