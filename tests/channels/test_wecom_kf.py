"""微信客服: read once from where we stopped, said once within the window, and handed to a person beyond it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.outbox import Button, Card, File, MiniProgram, Picture, Text
from handlers import FEATURES
from storage import faq, handovers, outbox, wecom
from tests.channels.wecom_place import KF, Shop
from tests.channels.wecom_server import WecomServer

USER = "wm_xiaowang"


def hears(server: WecomServer, shop: Shop, *words: str) -> None:
    """The customer writes, and it is heard."""
    before = len(shop.log())
    for one in words:
        server.corp.write(KF, USER, one)
    assert server.kf_written(KF) == 200
    shop.until(lambda: len(shop.log()) == before + len(words))


def test_messages_are_heard_in_order_and_once_however_often_we_are_called(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    corp = wecom_server.corp
    corp.page = 4
    for number in range(25):
        corp.write(KF, USER, f"第{number}句")
    corp.write(KF, USER, msgtype="image", media_id="m1")
    corp.write(KF, USER, msgtype="location", name="南门", latitude=1.0, longitude=2.0)
    for _ in range(5):
        wecom_server.kf_written(KF)
    wecom_shop.until(lambda: len(wecom_shop.log()) == 27)
    wecom_shop.calm()
    rows = wecom_shop.log()
    assert [row.text for row in rows] == [*(f"第{number}句" for number in range(25)), "[图片]", "[位置] 南门"]
    assert {row.conversation for row in rows} == {f"wecom:kf:{KF}:{USER}"}
    assert {(row.member_id, row.member_name, row.group_id) for row in rows} == {(f"wecom:{USER}", "xiaowang", None)}


def test_the_cursor_moves_only_with_what_is_kept(
    wecom_server: WecomServer, make_wecom_shop: Callable[..., Shop]
) -> None:
    shop = make_wecom_shop()
    shop.calm()
    receive = shop.channel._shared.receive
    assert receive is not None
    tried: list[str] = []

    def refuse(event: object) -> object:
        tried.append("tried")
        if len(tried) == 1:
            raise OSError("no space left on device")
        return receive(event)  # type: ignore[arg-type]

    shop.channel._shared.receive = refuse  # type: ignore[assignment]
    wecom_server.corp.write(KF, USER, "有人吗")
    wecom_server.kf_written(KF)
    shop.until(lambda: tried)
    with shop.database.read() as session:
        cursor = wecom.find_cursor(session, "wecom", KF)
        assert cursor is None or cursor.cursor == "0"
    shop.until(lambda: shop.log())
    shop.calm()
    assert [row.text for row in shop.log()] == ["有人吗"]


def test_an_old_token_of_a_callback_is_done_without(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    wecom_server.corp.write(KF, USER, "有人吗")
    wecom_server.call_back("kf_msg_or_event", Token="ENCold", OpenKfId=KF)
    wecom_shop.until(lambda: wecom_shop.log())


def test_whatever_can_be_said_is_said_in_wecoms_form(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    here = wecom_shop.customer(USER)
    hears(wecom_server, wecom_shop, "你好呀")
    row_id = wecom_shop.say(here, Text("在的"))
    row = wecom_shop.becomes(row_id, outbox.SENT)
    picture = f"{wecom_shop.settings.public_url}/assets/nothing.png"
    wecom_shop.say(here, Card("今晚开团", "草莓 9.9", url="https://shop.example/d/1"))
    wecom_shop.say(here, Card("要看什么", buttons=(Button("菜单", say="菜单"), Button("官网", url="https://shop.example"))))
    wecom_shop.say(here, MiniProgram("小程序", "wx8bd80126147dfAAA", "/pages/index"))
    last = wecom_shop.say(here, Picture(picture, "草莓"))
    wecom_shop.becomes(last, outbox.SENT)
    said = [one for one in wecom_server.corp.kf_said if one["touser"] == USER]
    assert said[0]["text"]["content"] == "在的"
    assert row.channel_message_id == said[0]["msgid"]
    assert said[1]["msgmenu"]["list"] == [{"type": "view", "view": {"url": "https://shop.example/d/1", "content": "今晚开团"}}]
    assert [one["type"] for one in said[2]["msgmenu"]["list"]] == ["click", "view"]
    assert said[3]["msgmenu"]["list"][0]["miniprogram"]["appid"] == "wx8bd80126147dfAAA"
    assert said[4]["text"]["content"] == f"草莓\n{picture}"


def test_our_own_pictures_are_uploaded_and_others_are_not_fetched(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    here, own = wecom_shop.customer(USER), wecom_shop.settings.public_url
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_shop.say(here, Picture(f"{own}/assets/group.css", "ours"))
    wecom_shop.say(here, Card("开团", "草莓", url="https://shop.example", picture=f"{own}/assets/group.css"))
    wecom_shop.say(here, File("清单", f"{own}/assets/group.css"))
    last = wecom_shop.say(here, Picture("http://169.254.169.254/latest/meta-data", "theirs"))
    wecom_shop.becomes(last, outbox.SENT)
    kinds = [one["msgtype"] for one in wecom_server.corp.kf_said]
    assert kinds == ["image", "link", "file", "text"]
    assert len(wecom_server.corp.media) == 2, "the same picture is uploaded once"


def test_an_answer_lost_on_the_way_back_is_said_once(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_server.break_off("kf/send_msg", "after")
    row_id = wecom_shop.say(wecom_shop.customer(USER), Text("9.9 元"))
    wecom_shop.becomes(row_id, outbox.SENT)
    assert [one["text"]["content"] for one in wecom_server.corp.kf_said] == ["9.9 元"]
    wecom_server.break_off("kf/send_msg", "before")
    row_id = wecom_shop.say(wecom_shop.customer(USER), Text("今天送到"))
    wecom_shop.becomes(row_id, outbox.SENT)
    assert [one["text"]["content"] for one in wecom_server.corp.kf_said] == ["9.9 元", "今天送到"]


def test_a_limit_in_the_middle_only_delays(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_server.limit("kf/send_msg", 0.3)
    row_id = wecom_shop.say(wecom_shop.customer(USER), Text("9.9 元"))
    row = wecom_shop.becomes(row_id, outbox.SENT)
    assert row.tries >= 1
    assert len(wecom_server.corp.kf_said) == 1


def test_the_sixth_message_goes_to_a_person(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    here = wecom_shop.customer(USER)
    hears(wecom_server, wecom_shop, "你好呀")
    rows = [wecom_shop.say(here, Text(f"第{number}条")) for number in range(6)]
    row = wecom_shop.becomes(rows[5], outbox.FAILED)
    assert "5 条" in (row.reason or "")
    assert "5 messages" in (row.reason or "")
    assert len(wecom_server.corp.kf_said) == 5
    told = wecom_server.corp.told[-1]
    assert told["touser"] == "aming"
    assert "第5条" in told["text"]["content"]
    assert "xiaowang" in told["text"]["content"]
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_shop.becomes(wecom_shop.say(here, Text("在")), outbox.SENT)


def test_after_48_hours_nothing_is_tried(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_shop.ahead = timedelta(hours=48, minutes=1)
    row = wecom_shop.becomes(wecom_shop.say(wecom_shop.customer(USER), Text("补货了")), outbox.FAILED)
    assert "48" in (row.reason or "")
    assert wecom_server.count("kf/send_msg") == 0
    assert "补货了" in wecom_server.corp.told[-1]["text"]["content"]


def test_a_person_who_holds_the_conversation_is_given_the_words(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_server.corp.kf_held.add(USER)
    row = wecom_shop.becomes(wecom_shop.say(wecom_shop.customer(USER), Text("来了")), outbox.FAILED)
    assert "95018" in (row.reason or "")
    assert "来了" in wecom_server.corp.told[-1]["text"]["content"]


def test_a_message_that_did_not_arrive_after_all_is_marked(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    hears(wecom_server, wecom_shop, "你好呀")
    row_id = wecom_shop.say(wecom_shop.customer(USER), Text("在的"))
    message_id = wecom_shop.becomes(row_id, outbox.SENT).channel_message_id
    assert message_id is not None
    wecom_server.corp.fail(KF, USER, message_id, 10)
    wecom_server.corp.fail(KF, USER, "not-ours", 10)
    wecom_server.kf_written(KF)
    row = wecom_shop.becomes(row_id, outbox.FAILED)
    assert "拒收" in (row.reason or "")


def test_away_for_longer_than_wecom_keeps_messages_is_said_in_the_log(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    wecom_shop.calm()
    wecom_shop.shut()
    wecom_shop.ahead = timedelta(days=4)
    wecom_shop.open()
    wecom_shop.until(lambda: wecom_shop.log("HearingBack"))
    assert "three days" in (wecom_shop.log("HearingLost")[0].text or "")


def test_the_whole_shop_answers_a_customer(
    wecom_server: WecomServer, make_wecom_shop: Callable[..., Shop]
) -> None:
    shop = make_wecom_shop(demo=False, features=FEATURES)
    shop.calm()
    with shop.database.write() as session:
        entry = {
            "id": "e1", "question": "几点送货", "answer": "每天下午四点到六点送。", "phrasings": ["什么时候送货"],
            "is_enabled": True,
        }
        faq.save(session, entry, shop.operator.now())
    shop.until(lambda: shop.operator.shelf.refresh() or True)
    wecom_server.corp.write(KF, USER, "请问几点送货呀？")
    wecom_server.kf_written(KF)
    shop.until(lambda: wecom_server.corp.kf_said)
    assert "四点到六点" in wecom_server.corp.kf_said[0]["text"]["content"]
    wecom_server.corp.write(KF, USER, "人工")
    wecom_server.kf_written(KF)
    shop.until(lambda: len(wecom_server.corp.kf_said) == 2)
    with shop.database.read() as session:
        assert [row.conversation for row in handovers.find(session, (handovers.OPEN,))] == [f"wecom:kf:{KF}:{USER}"]


def test_wecom_going_away_in_the_middle_loses_nothing_and_doubles_nothing(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    wecom_shop.calm()
    hears(wecom_server, wecom_shop, "你好呀")
    wecom_server.close()
    rows = [wecom_shop.say(wecom_shop.customer(USER), Text(words)) for words in ("第一条", "第二条")]
    wecom_shop.until(lambda: wecom_shop.row(rows[0]).reason)
    wecom_shop.until(lambda: wecom_shop.channel.standing.link == "deaf")
    wecom_server.corp.write(KF, USER, "你不在的时候")
    wecom_server.open()
    for row_id in rows:
        wecom_shop.becomes(row_id, outbox.SENT)
    wecom_server.kf_written(KF)
    wecom_shop.until(lambda: len(wecom_shop.log()) == 2)
    assert [one["text"]["content"] for one in wecom_server.corp.kf_said] == ["第一条", "第二条"]
    assert [row.text for row in wecom_shop.log()] == ["你好呀", "你不在的时候"]
