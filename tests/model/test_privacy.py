"""What leaves the house: no name of a member, nothing personal; and what no model is ever asked."""

from __future__ import annotations

import json

import pytest

from handlers.faq import topics
from tests.model.conftest import House

pytestmark = pytest.mark.one_database


def test_names_of_the_group_are_masked_unless_they_are_the_goods(house: House, always_unsure: None) -> None:
    house.stage.joins("周大福", "草莓", "阿芳芳")
    house.ask("周大福说阿芳芳家的草莓现在啥价呀", who="小王子")
    question = house.server.questions[-1]
    assert "周大福" not in question
    assert "阿芳芳" not in question
    assert "草莓现在啥价" in question


def test_nothing_personal_stands_in_the_whole_request(house: House, always_unsure: None) -> None:
    house.ask("我是小王子，电话13812345678，住阳光小区3号楼501，买够多少不用付运费", who="小王子", group=None)
    sent = json.dumps(house.server.requests[-1], ensure_ascii=False)
    for secret in ("小王子", "13812345678", "501", "stage:"):
        assert secret not in sent
    assert "买够多少不用付运费" in sent


FOR_A_PERSON = (
    ("health", "糖尿病能吃草莓吗"),
    ("health", "孕妇可以吃车厘子吗"),
    ("health", "吃完拉肚子了"),
    ("health", "我对草莓过敏能吃别的吗"),
    ("health", "宝宝几个月能吃"),
    ("health", "这个能治咳嗽吗"),
    ("health", "有降血压的功效吗"),
    ("health", "is it ok for diabetes"),
    ("law", "我要找消协"),
    ("law", "不处理就打12315"),
    ("law", "你们这是违法的吧"),
    ("law", "假一赔十吗"),
    ("law", "我要起诉你们"),
    ("law", "我已经报警了"),
    ("complaint", "我要投诉"),
    ("complaint", "草莓发霉了怎么办"),
    ("complaint", "你们是骗子吗"),
    ("complaint", "少发了一盒怎么办"),
    ("complaint", "车厘子都烂了"),
    ("complaint", "什么态度啊你们"),
    ("complaint", "收到的是假货吗"),
    ("complaint", "有虫子怎么回事"),
    ("refund", "怎么退款"),
    ("refund", "退 款 多久到"),
    ("refund", "退.款"),
    ("refund", "能不能賠償"),
    ("refund", "可以退货吗"),
    ("refund", "我想把钱要回来，退钱"),
    ("refund", "can i get a refund"),
    ("refund", "tuikuan要多久"),
    ("refund", "取消订单怎么弄"),
    ("refund", "坏果怎么赔"),
)


@pytest.mark.parametrize(("topic", "question"), FOR_A_PERSON)
def test_health_law_complaints_and_refunds_are_for_a_person(topic: str, question: str) -> None:
    assert topics.why_a_person(question) == topic


@pytest.mark.parametrize(
    "question",
    [
        "买够多少不用付运费",
        "积分啥时候作废",
        "拿快递几点关门",
        "付现金行不行",
        "草莓哪儿产的",
        "我忘记取货了明天还能取吗",
        "车厘子甜不甜",
        "能送货上门吗",
        "怎么加入会员",
        "周末营业吗",
    ],
)
def test_everyday_questions_are_not(question: str) -> None:
    assert topics.why_a_person(question) is None


@pytest.mark.parametrize(("topic", "question"), FOR_A_PERSON)
def test_such_questions_never_reach_the_model(house: House, topic: str, question: str, always_unsure: None) -> None:
    house.ask(question, who="小王")
    house.ask("那运费怎么算呢", who="小王")  # still of the same matter
    assert house.server.requests == []
    house.ask("那运费怎么算呢", who="李四")
    assert len(house.server.requests) == 1
