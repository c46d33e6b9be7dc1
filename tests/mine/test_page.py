"""What the page shows and to whom; the rules of a campaign in plain words."""

from __future__ import annotations

import re

import pytest

from bot import personal_links
from bot.dispatch import Overloaded
from tests.mine.conftest import Shopfront, choose
from tests.stage import Stage


def test_a_member_sees_what_they_brought_and_only_masked_names(front: Shopfront) -> None:
    front.brings("小王", "李四大侠", "13812345678")
    front.bought("李四大侠", 2)
    page = front.browser("小王").get("/me/referral").text
    assert "小王，这是你带来的" in page
    assert "¥5.98" in page
    assert "待售后期" in page
    assert "李*" in page
    assert "李四大侠" not in page
    assert "13812345678" not in page
    assert "/r/rules/cmp_a" in page


def test_a_held_reward_is_said_to_be_checked_and_not_why(front: Shopfront) -> None:
    front.stage.joins("小王")
    front.brings("小王", "李四")
    front.drop.join("小王", note="13812345678")
    front.bought("李四", note="13812345678")
    page = front.browser("小王").get("/me/referral").text
    assert "核实中" in page
    assert "手机" not in page


def test_the_link_is_given_in_private_only_and_opens_the_page(front: Shopfront) -> None:
    assert "私聊" in front.stage.says("小王", "我的推广")
    said = front.stage.says("小王", "我的推广", group=None)
    found = re.search(r"/me/referral\?k=(\S+)", said)
    assert found is not None
    assert personal_links.find("", found[1], front.stage.time) == "stage:小王"


def test_the_token_leaves_the_address_and_only_its_owner_gets_in(front: Shopfront) -> None:
    front.brings("小王", "李四")
    client = front.browser()
    answer = client.get("/me/referral", params={"k": front.token("小王")}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/referral")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    for token in ("", "x", "x" * 5000, front.token("小王")[:-2] + "aa", personal_links.give("another secret", "stage:小王", front.stage.time)):
        answer = front.browser().get("/me/referral", params={"k": token})
        assert answer.status_code == 403
        assert "小王" not in answer.text


def test_a_link_is_good_for_a_day(front: Shopfront) -> None:
    front.brings("小王", "李四")
    token = front.token("小王")
    front.stage.pass_time(86_401)
    assert front.browser().get("/me/referral", params={"k": token}).status_code == 403


def test_a_member_who_is_not_there_gets_nothing(front: Shopfront) -> None:
    assert front.browser("没有这个人").get("/me/referral").status_code == 403


def test_a_foreign_page_cannot_choose_for_a_member(front: Shopfront) -> None:
    front.brings("小王", "李四")
    client = front.browser("小王")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/me/referral", data={"choice": "out"}, headers=headers).status_code == 403
    assert front.browser().post("/me/referral", data={"choice": "out"}).status_code == 403
    assert choose(client, "burn").status_code == 422
    assert client.post("/me/referral", content=b"choice=out&" + b"x" * 5000).status_code == 413
    assert client.post("/me/referral", content=b"\xff\xfe\x00").status_code == 422


@pytest.mark.parametrize(("language", "words"), [("zh", ("10%", "2%", "14 天", "没有第三级", "5 元")), ("en", ("10 %", "14 days", "no third level"))])
def test_the_rules_are_written_from_the_terms(front: Shopfront, language: str, words: tuple[str, ...]) -> None:
    page = front.browser(language=language).get("/r/rules/cmp_a").text
    for one in words:
        assert one in page


def test_unknown_campaigns_and_versions_are_a_page(front: Shopfront) -> None:
    client = front.browser()
    for path in ("/r/rules/cmp_b", "/r/rules/%00", "/r/rules/cmp_a?v=9", "/r/rules/" + "a" * 300, "/r/rules/cmp_a'--"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "没有这个活动" in answer.text
    for path in ("/r/rules/cmp_a?v=1", "/r/rules/cmp_a?v=-1", "/r/rules/cmp_a?v=99999999999"):
        assert client.get(path).status_code == 200, path


def test_the_words_are_only_for_who_asks_for_them(stage: Stage) -> None:
    for text in ("我的推广真多啊", "推广一下我家的苹果", "不要再推广了"):
        assert "推广页面" not in stage.says("小王", text, group=None)


def test_asking_without_end_is_slowed_down(front: Shopfront) -> None:
    client = front.browser()
    answers = [client.get("/me/referral").status_code for _ in range(80)]
    assert answers[0] == 403
    assert answers[-1] == 429
    assert client.post("/me/referral", data={"choice": "out"}).status_code == 429


def test_an_answer_that_cannot_be_kept_is_said_to_be_busy(front: Shopfront, monkeypatch: pytest.MonkeyPatch) -> None:
    front.brings("小王", "李四")
    client = front.browser("小王")

    def refuse(*_given: object) -> None:
        raise Overloaded

    monkeypatch.setattr(front.stage.dispatcher, "receive", refuse)
    answer = choose(client, "out")
    assert answer.status_code == 503
    assert "请稍后再试" in answer.text
