"""People in the group, in a real browser, on a phone and on a desktop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import DESKTOP, PHONE
from tests.web.place import Place

pytestmark = pytest.mark.browser
Tabs = Callable[..., Page]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f0005000201"
    "a5b9f4f20000000049454e44ae426082"
)


def _say(tab: Page, text: str) -> None:
    tab.fill("#text", text)
    tab.press("#text", "Enter")


def _bubbles(tab: Page, to: str = "group") -> list[str]:
    return tab.locator(f"#list-{to} .row:not(.is-unsent) .bubble .words").all_inner_texts()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_joining_asking_and_being_answered(here: Place, open_tab: Tabs, size: dict[str, int]) -> None:
    tab = open_tab("小王", viewport=size)
    expect(tab.locator("#count")).to_have_text("1 人")
    expect(tab.locator(".notice")).to_have_text("小王 加入了群聊")
    _say(tab, "菜单")
    card = tab.locator(".row.is-ours .card")
    expect(card.locator("strong")).to_have_text("小团能帮您")
    card.get_by_role("button", name="转人工").click()
    expect(tab.locator(".row.is-mine .words").last).to_have_text("转人工")
    expect(tab.locator(".row.is-ours").last).to_contain_text("已经请同事")
    assert tab.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert tab.evaluate("document.documentElement.scrollHeight") == size["height"]
    assert [row.text for row in here.log()] == ["菜单", "转人工"]


def test_tabs_are_members_who_hear_and_mention_each_other(here: Place, open_tab: Tabs) -> None:
    wang, li = open_tab("小王"), open_tab("<b>李四</b>")
    expect(wang.locator("#people li")).to_have_count(3)
    li.locator("#text").press_sequentially("@小王")
    expect(li.locator("#picker li")).to_have_count(1)
    li.press("#text", "Enter")
    li.locator("#text").press_sequentially("<i>看到没</i>")
    li.press("#text", "Enter")
    row = wang.locator(".row.is-to-me")
    expect(row.locator(".words")).to_have_text("@小王 <i>看到没</i>")
    expect(row.locator(".who b")).to_have_text("<b>李四</b>")
    assert wang.locator(".bubble i, .who b b").count() == 0
    row.hover()
    row.locator(".reply").click()
    _say(wang, "看到了")
    expect(li.locator(".row .quoted")).to_have_text("@小王 <i>看到没</i>")


def test_what_is_written_without_connection_is_marked_and_sent_once_later(here: Place, open_tab: Tabs) -> None:
    tab = open_tab("小王")
    _say(tab, "在线")
    expect(tab.locator(".row:not(.is-unsent) .words")).to_have_text("在线")
    here.shut()
    expect(tab.locator("#banner")).to_be_visible()
    _say(tab, "离线一")
    _say(tab, "离线二")
    expect(tab.locator(".row.is-unsent")).to_have_count(2)
    here.open()
    expect(tab.locator(".row.is-unsent")).to_have_count(0)
    assert _bubbles(tab) == ["在线", "离线一", "离线二"]
    assert [row.text for row in here.log()] == ["在线", "离线一", "离线二"]


def test_scrolling_up_reads_history_and_new_messages_wait_in_a_pill(here: Place, open_tab: Tabs) -> None:
    wang, li = open_tab("小王", viewport=PHONE), open_tab("李四")
    for number in range(60):
        _say(wang, f"第{number}句")
    expect(wang.locator(".row.is-unsent")).to_have_count(0)
    late = open_tab("赵六", viewport=PHONE)
    expect(late.locator(".row .words").last).to_have_text("第59句")
    late.locator("#list-group").evaluate("one => one.scrollTop = 0")
    expect(late.locator(".row .words").first).to_have_text("第0句")
    assert _bubbles(late) == [f"第{number}句" for number in range(60)]
    assert late.locator(".day").count() == 1
    late.locator("#list-group").evaluate("one => one.scrollTop = 0")
    _say(li, "有新消息")
    expect(late.locator("#pill")).to_have_text("1 条新消息")
    late.click("#pill")
    expect(late.locator("#pill")).to_be_hidden()
    expect(late.locator(".row .words").last).to_be_in_viewport()


def test_private_talk_has_its_own_page(here: Place, open_tab: Tabs) -> None:
    wang, li = open_tab("小王"), open_tab("李四")
    wang.click("#tab-private")
    expect(wang.locator("#list-private .empty")).to_contain_text("只有你和小团")
    wang.locator("#list-private .empty button").click()
    expect(wang.locator("#list-private .card")).to_be_visible()
    expect(wang.locator("#at")).to_be_hidden()
    wang.click("#tab-group")
    assert wang.locator("#list-group .card").count() == 0
    _say(li, "群里有人吗")
    expect(wang.locator("#list-group .words")).to_have_text("群里有人吗")
    assert li.locator("#list-private .row").count() == 0


def test_a_picture_is_sent_and_shown(here: Place, open_tab: Tabs) -> None:
    wang, li = open_tab("小王"), open_tab("李四")
    wang.set_input_files("#picture", {"name": "a.png", "mimeType": "image/png", "buffer": PIXEL})
    image = li.locator(".bubble.is-picture img")
    expect(image).to_be_visible()
    assert image.evaluate("one => one.decode().then(() => one.naturalWidth)") == 1
    wang.set_input_files("#picture", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(wang.locator("#banner")).to_have_text("只能发 PNG、JPEG、WebP 或 GIF 图片")


def test_enter_in_the_middle_of_a_composition_does_not_send(here: Place, open_tab: Tabs) -> None:
    tab = open_tab("小王")
    tab.fill("#text", "cao mei")
    tab.locator("#text").evaluate(
        "one => one.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    tab.locator("#text").press("Shift+Enter")
    assert tab.input_value("#text") == "cao mei\n"
    assert here.log() == []


def test_a_reload_keeps_the_member_and_leaving_ends_it(here: Place, open_tab: Tabs) -> None:
    tab = open_tab("小王")
    _say(tab, "我还是我")
    expect(tab.locator(".row.is-mine:not(.is-unsent)")).to_have_count(1)
    tab.reload()
    expect(tab.locator(".row.is-mine .words")).to_have_text("我还是我")
    expect(tab.locator("#count")).to_have_text("1 人")
    tab.on("dialog", lambda dialog: dialog.accept())
    tab.click("#leave")
    expect(tab.locator("#join-error")).to_have_text("你已退出群聊")
    assert here.present("web:garden") == []


def test_a_nickname_that_is_ours_is_refused_in_the_form(here: Place, open_tab: Tabs) -> None:
    tab = open_tab()
    tab.fill("#nickname", "小团")
    tab.click("#join-form button")
    expect(tab.locator("#join-error")).to_have_text("这个名字是小团的，换一个吧")
    tab.fill("#nickname", "小王")
    tab.press("#nickname", "Enter")
    expect(tab.locator("#chat")).to_be_visible()


def test_the_members_drawer_on_a_phone_opens_and_gives_an_invitation(here: Place, open_tab: Tabs) -> None:
    tab = open_tab("小王", viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    expect(tab.locator("#members")).to_be_hidden()
    tab.click("#open-members")
    expect(tab.locator("#people li")).to_have_text([re.compile("小团"), re.compile("小王")])
    tab.click("#invite")
    expect(tab.locator("#invite-link")).to_have_text("邀请链接已复制")
    link = tab.evaluate("navigator.clipboard.readText()")
    tab.keyboard.press("Escape")
    expect(tab.locator("#members")).to_be_hidden()
    path = link.removeprefix(f"http://{here.host}")
    guest = open_tab("李四", path=path)
    expect(guest.locator(".notice").last).to_have_text("李四 由 小王 邀请入群")


def test_an_english_browser_is_spoken_to_in_english(here: Place, open_tab: Tabs) -> None:
    tab = open_tab("Sam", locale="en-GB", color_scheme="dark")
    expect(tab.locator("#send")).to_have_text("Send")
    expect(tab.locator(".notice")).to_have_text("Sam joined")
    _say(tab, "x" * 2000)
    expect(tab.locator(".row.is-mine:not(.is-unsent)")).to_have_count(1)


def test_every_control_has_a_name_for_screen_readers(here: Place, open_tab: Tabs) -> None:
    tab = open_tab("小王")
    _say(tab, "菜单")
    expect(tab.locator(".card")).to_be_visible()
    nameless: Any = tab.evaluate(
        """() => [...document.querySelectorAll('button, a, input, textarea, img')].filter((one) =>
             one.checkVisibility() && !(one.textContent.trim() || one.getAttribute('aria-label') || one.alt ||
             (one.id && document.querySelector(`label[for="${one.id}"]`)))).map((one) => one.outerHTML)"""
    )
    assert nameless == []
