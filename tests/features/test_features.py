"""Scenes in a group: welcomed, answered or left in peace, handed over."""

from __future__ import annotations

import json

import pytest

from bot.channels.base import NeverSaid
from storage import groups, handovers, products
from tests.stage import Stage


@pytest.fixture
def shop(stage: Stage) -> Stage:
    stage.knows("几点可以自提？", "每天 9 点到 21 点都可以来自提。", ["什么时候能自提", "几点能取货", "自提时间是几点"])
    stage.knows("水果坏了怎么赔？", "拍照发给我们，坏几个赔几个。", ["坏果怎么赔", "烂了几个怎么办"])
    stage.sells("云南高山奶油草莓 3斤装", 3990, 8, aliases=["草莓", "奶油草莓"], attributes=[["产地", "云南会泽"]])
    return stage


def test_those_who_come_together_are_greeted_together_and_once(stage: Stage) -> None:
    stage.joins("小王", "李四", "阿芳")
    said = stage.pass_time(5)
    assert len(said) == 1
    assert all(name in said[0] for name in ("小王", "李四", "阿芳"))
    assert stage.pass_time(300) == []


def test_a_second_greeting_keeps_a_minute_away_from_the_first(stage: Stage) -> None:
    stage.joins("小王")
    assert len(stage.pass_time(5)) == 1
    stage.joins("李四")
    assert stage.pass_time(20) == []
    stage.joins("阿芳")
    said = stage.pass_time(45)
    assert len(said) == 1
    assert "李四、阿芳" in said[0]


def test_many_joiners_are_greeted_in_few_words(stage: Stage) -> None:
    stage.joins(*(f"邻居{number}" for number in range(12)))
    said = stage.pass_time(5)
    assert "等 12 位邻居" in said[0]
    assert "邻居7" not in said[0]


def test_who_left_before_the_greeting_is_not_greeted(stage: Stage) -> None:
    stage.joins("小王")
    stage.leaves("小王")
    assert stage.pass_time(5) == []


def test_the_inviter_is_kept(stage: Stage) -> None:
    stage.joins("小王")
    stage.joins("李四", inviter="小王")
    with stage.database.read() as session:
        membership = groups.find_membership(session, "stage:g", "stage:李四")
    assert membership is not None
    assert membership.inviter_id == "stage:小王"


@pytest.mark.parametrize("words", ["菜单", "帮助", "menu", "@小团 菜单", "你能做什么？"])
def test_the_menu_is_a_card_with_buttons(stage: Stage, words: str) -> None:
    assert "小团能帮您" in stage.says("小王", words)
    assert '"buttons":[{' in stage.outbox()[0].body


def test_an_english_group_reads_english(stage: Stage) -> None:
    stage.joins("小王")
    stage.pass_time(5)
    stage.set_group(language="en")
    assert "can help" in stage.says("小王", "menu")


def test_a_question_is_answered_from_the_faq(shop: Stage) -> None:
    assert "9 点到 21 点" in shop.says("小王", "请问几点能自提")
    row = shop.log()[-1]
    assert (row.heard_by, row.outcome) == ("faq", "answered")
    assert row.confidence is not None


def test_a_price_is_the_price_of_this_moment(shop: Stage) -> None:
    assert "¥39.9" in shop.says("小王", "草莓多少钱")
    with shop.database.write() as session:
        product = session.query(products.Product).one()
        sku = session.query(products.Sku).one()
        product.price_fen = sku.price_fen = 3590
    shop.pass_time(120)
    assert "¥35.9" in shop.says("李四", "草莓多少钱")


def test_stock_and_specs_come_from_the_live_rows(shop: Stage) -> None:
    assert "还剩 8 份" in shop.says("小王", "草莓还有货吗")
    assert "云南会泽" in shop.says("李四", "草莓产地是哪里")


def test_a_deleted_product_is_not_spoken_of(shop: Stage) -> None:
    with shop.database.write() as session:
        products.remove(session, session.query(products.Product).one().id, shop.time)
    assert shop.says("小王", "草莓多少钱") == ""


@pytest.mark.parametrize("talk", ["哈哈哈", "今天草莓真好吃", "我妈也喜欢", "晚上一起遛弯去", "😂😂", "\u200b", "?", "好的收到"])
def test_chatter_is_left_in_peace(shop: Stage, talk: str) -> None:
    assert shop.says("小王", talk) == ""


def test_talk_between_two_members_is_not_answered(shop: Stage) -> None:
    assert shop.says("小王", "@李四 几点能自提", mentions=("stage:李四",)) == ""
    assert shop.says("小王", "几点能自提", quotes="m1") == ""


def test_three_messages_in_a_row_are_one_question(shop: Stage) -> None:
    said = [shop.says("小王", part) for part in ("问一下", "草莓", "多少钱")]
    assert said[:2] == ["", ""]
    assert "¥39.9" in said[2]


def test_who_asks_again_is_pointed_to_the_answer_above_once(shop: Stage) -> None:
    assert "9 点到 21 点" in shop.says("小王", "几点可以自提？")
    shop.pass_time(20)
    assert shop.says("李四", "请问几点能自提") == "上面 20:00 刚回答过：每天 9 点到 21 点都可以来自提。"
    assert json.loads(shop.outbox()[-1].body)["mention"] == "stage:李四"
    first, second = shop.log()
    assert (second.outcome, second.reason) == ("pointed", first.reason)
    assert shop.says("阿芳", "请问几点能自提") == ""
    assert "just answered" in (shop.log()[-1].reason or "")
    assert "坏几个赔几个" in shop.says("阿芳", "水果坏了怎么赔？")
    shop.pass_time(120)
    assert "9 点到 21 点" in shop.says("阿芳", "几点可以自提？")


def test_a_long_answer_is_pointed_to_by_its_first_words(shop: Stage) -> None:
    shop.knows("快递发什么公司？", "默认发顺丰，\n偏远地区和节假日改发邮政，到货会慢一两天，请耐心等等。", ["发什么快递"])
    assert "偏远地区" in shop.says("小王", "你们发什么快递？")
    assert shop.says("李四", "你们发什么快递？").endswith("刚回答过：默认发顺丰， 偏远地区和节假日改发邮政，到货会慢…")


def test_an_answer_that_changed_meanwhile_is_said_anew(shop: Stage) -> None:
    assert "¥39.9" in shop.says("小王", "草莓多少钱")
    with shop.database.write() as session:
        session.query(products.Product).one().price_fen = session.query(products.Sku).one().price_fen = 3590
    assert "¥35.9" in shop.says("李四", "草莓多少钱")
    assert "刚回答过" in shop.says("阿芳", "草莓多少钱")


def test_only_plain_questions_of_the_group_are_pointed_above(shop: Stage) -> None:
    assert shop.says("小王", "几点可以自提？")
    for chatter in ("几点自提来着哈哈", "每天九点自提真不错", "自提"):
        assert "刚回答过" not in shop.says("李四", chatter)
    assert "9 点到 21 点" in shop.says("李四", "几点可以自提？", to_us=True)
    assert "9 点到 21 点" in shop.says("小王", "几点可以自提？", group=None)


def test_an_answer_nobody_can_read_is_not_pointed_to(shop: Stage) -> None:
    shop.channel.troubles.append(NeverSaid("refused"))
    shop.says("小王", "几点可以自提？")
    assert shop.says("李四", "几点可以自提？") == ""
    assert shop.log()[-1].outcome == "silent"


def test_two_who_ask_at_the_same_moment_get_one_answer(shop: Stage) -> None:
    shop.hear(shop.message("小王", "几点可以自提？"), shop.message("李四", "几点可以自提？"))
    shop.settle()
    assert [text for _, text in shop.channel.said if "刚回答过" not in text] == ["每天 9 点到 21 点都可以来自提。"]


def test_while_an_operator_talks_we_keep_silent(shop: Stage) -> None:
    shop.joins("小王")
    shop.pass_time(5)
    shop.operator_says("今天的车晚一点到")
    assert shop.says("小王", "几点能自提") == ""
    assert shop.log()[-1].reason == "an operator is talking"
    shop.pass_time(200)
    assert shop.says("小王", "几点能自提")


def test_staff_in_the_group_counts_as_an_operator(shop: Stage) -> None:
    shop.joins("周姐", "小王")
    shop.pass_time(5)
    with shop.database.write() as session:
        membership = groups.find_membership(session, "stage:g", "stage:周姐")
        assert membership is not None
        membership.is_staff = True
    shop.says("周姐", "我看看啊")
    assert shop.says("小王", "几点能自提") == ""


@pytest.mark.parametrize(("speaks", "unasked", "mentioned"), [("off", 0, 0), ("mention", 0, 1), ("confident", 1, 1)])
def test_a_group_decides_how_much_we_speak(shop: Stage, speaks: str, unasked: int, mentioned: int) -> None:
    shop.joins("小王", "李四")
    shop.pass_time(5)
    shop.set_group(speaks=speaks)
    assert bool(shop.says("小王", "几点能自提")) == bool(unasked)
    assert bool(shop.says("李四", "水果坏了怎么赔", to_us=True)) == bool(mentioned)


def test_an_unknown_question_put_to_us_goes_to_a_person(shop: Stage) -> None:
    assert shop.says("小王", "亲子烘焙课还能报名吗", to_us=True) == ""
    said = shop.pass_time(3)
    assert "转给同事" in said[0]
    with shop.database.read() as session:
        handover = handovers.find(session, [handovers.OPEN])[0]
    assert (handover.member_id, handover.reason) == ("stage:小王", "unanswered")
    assert "烘焙课" in handover.question


def test_an_unknown_question_to_everybody_is_left_to_the_group(shop: Stage) -> None:
    assert shop.says("小王", "亲子烘焙课还能报名吗") == ""
    assert shop.pass_time(10) == []


def test_a_fragment_to_us_waits_for_the_rest(shop: Stage) -> None:
    shop.says("小王", "我想问一下", to_us=True)
    assert "9 点到 21 点" in shop.says("小王", "几点能自提")
    assert shop.pass_time(5) == []
    with shop.database.read() as session:
        assert handovers.count(session) == {}


def test_the_menu_does_not_answer_a_question(shop: Stage) -> None:
    shop.says("小王", "亲子烘焙课还能报名吗", to_us=True)
    assert shop.says("小王", "菜单")
    assert "转给同事" in shop.pass_time(3)[0]


def test_a_private_question_is_always_met(shop: Stage) -> None:
    assert "9 点到 21 点" in shop.says("小王", "几点能自提", group=None)
    assert shop.says("小王", "随便聊聊月亮", group=None) == ""
    assert len(shop.pass_time(3)) == 1


def test_asking_for_a_person_twice_opens_one_handover(shop: Stage) -> None:
    assert "请同事来回复" in shop.says("小王", "转人工")
    assert "已经收到" in shop.says("小王", "转人工")
    with shop.database.read() as session:
        assert handovers.count(session) == {"open": 1}


def test_an_operators_words_reach_the_group_and_answer_the_handover(shop: Stage) -> None:
    shop.says("小王", "转人工")
    with shop.database.read() as session:
        handover = handovers.find(session, [handovers.OPEN])[0]
    shop.operator_says("您好，烘焙课周六开", handover_id=handover.id)
    assert shop.channel.said[-1] == ("stage:g", "您好，烘焙课周六开")
    with shop.database.read() as session:
        assert handovers.get(session, handover.id).answered_at == shop.time


@pytest.mark.parametrize("words", ["x" * 10_000, "吗" * 5000, "🤔" * 200, "<script>alert(1)</script>多少钱", "{{ 7*7 }}吗"])
def test_strange_questions_do_no_harm(shop: Stage, words: str) -> None:
    shop.says("小王", words, to_us=True)
    assert shop.log()[-1].state == "done"
    assert "49" not in "".join(text for _, text in shop.channel.said)


def test_what_this_means_is_the_product_spoken_of_last(shop: Stage) -> None:
    assert "¥39.9" in shop.says("小王", "草莓多少钱")
    shop.pass_time(30)
    assert "云南会泽" in shop.says("小王", "这个产地是哪里", to_us=True)
    shop.pass_time(600)
    assert "云南会泽" not in shop.says("李四", "这个产地是哪里", to_us=True)


def test_a_quoted_message_says_which_product_is_meant(shop: Stage) -> None:
    said = shop.says("小王", "这个多少钱", to_us=True, quotes="m1", quoted_text="今天的奶油草莓到了")
    assert "¥39.9" in said


def test_when_two_answers_are_close_we_ask_back(stage: Stage) -> None:
    stage.knows("上海的包裹几天能到", "两天。")
    stage.knows("北京的包裹几天能到", "三天。")
    said = stage.says("小王", "包裹几天能到", to_us=True)
    assert "您是想问哪一个" in said
    body = stage.outbox()[-1].body
    assert "上海的包裹几天能到" in body
    assert "北京的包裹几天能到" in body
    assert "转人工" in body
    assert stage.log()[-1].outcome == "asked_back"
    assert stage.says("小王", "上海的包裹几天能到") == "两天。"
