"""The shop's dictionary at the desk: words, phrases that are fine, our own numbers, rules switched off, and a box to try."""

from __future__ import annotations

from tests.console.conftest import Room
from tests.console_posts.conftest import Planner, audited
from tests.console_posts.test_posts import TALK

PLACE = "/calendar/words"


def tried(room: Room, text: str) -> str:
    browser = room.browser("admin")
    browser.get(PLACE)
    return browser.post(f"{PLACE}/try", {"tried": text}).text


def test_a_word_of_the_shop_is_found_by_the_next_check_and_gone_when_removed(room: Room, planner: Planner) -> None:
    browser = room.browser("admin")
    assert "词典还是空的" in browser.get(PLACE).text
    assert "已保存" in browser.post(PLACE, {"kind": "word", "text": "隔壁老王", "level": "block"}).text
    assert "shop_word" in tried(room, "隔 壁老王今天也来了")
    browser.get("/posts/new")
    refused = browser.post("/posts/new", TALK | {"part_text": "隔壁老王今天也来了"})
    assert "shop_word" in refused.text
    assert '/console/posts/1"' not in browser.get("/posts").text
    browser.get(PLACE)
    browser.post(f"{PLACE}/remove", {"kind": "word", "text": "隔壁老王"})
    assert "没有查出什么" in tried(room, "隔壁老王今天也来了")
    assert [entry[1] for entry in audited(room) if entry[1] != "sign_in"] == ["lint.save", "lint.remove"]


def test_our_own_number_host_and_phrase_are_fine(room: Room, planner: Planner) -> None:
    browser = room.browser("admin")
    said = {"contact": "13812345678", "host": "Shop.Example", "allowed": "顶级草莓"}
    texts = {"contact": "有事打 138-1234-5678", "host": "菜单在 https://m.shop.example/d/1", "allowed": "「顶级草莓」是这个品种的名字"}
    for kind, words in said.items():
        assert "没有查出什么" not in tried(room, texts[kind])
        browser.get(PLACE)
        browser.post(PLACE, {"kind": kind, "text": words})
        assert "没有查出什么" in tried(room, texts[kind]), kind


def test_a_rule_is_switched_off_and_only_one_there_is(room: Room, planner: Planner) -> None:
    browser = room.browser("admin")
    assert "hurry" in tried(room, "厂家倒闭清仓")
    browser.get(PLACE)
    assert browser.post(PLACE, {"kind": "off", "text": "no_such"}).status_code == 422
    browser.get(PLACE)
    browser.post(PLACE, {"kind": "off", "text": "hurry"})
    assert "没有查出什么" in tried(room, "厂家倒闭清仓")


def test_a_manager_may_try_but_not_change(room: Room, planner: Planner) -> None:
    browser = room.browser("manager", language="en")
    page = browser.get(PLACE).text
    assert "Try a text" in page
    assert "Switch a rule off" not in page
    assert "ordinary goods" in browser.post(f"{PLACE}/try", {"tried": "这款茶能根治失眠"}).text
    assert browser.post(PLACE, {"kind": "word", "text": "好"}).status_code == 403
    assert room.browser("viewer").get(PLACE).status_code == 403
