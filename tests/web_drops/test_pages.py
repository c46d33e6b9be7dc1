"""What a drop's page shows in each of its states, to whom, and how fresh it is."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from bot.web import drop_view
from tests.web.place import PATIENCE, Place
from tests.web_drops.conftest import Market

SECOND = 1.0


def _await(read: Callable[[], str], words: str) -> float:
    """Look until the words are there; gives how long after now the last look began that still lacked them."""
    began = time.monotonic()
    late = 0.0
    while True:
        asked = time.monotonic()
        if words in read():
            return late
        late = asked - began
        assert late < PATIENCE, f"«{words}» never came"


def test_an_open_drop_shows_prices_progress_stock_rules_and_the_shop(make_place: Callable[..., Place]) -> None:
    place = make_place(guarantees="坏果包赔，48 小时发货")
    market = Market(place, names=("奶油草莓", "车厘子"), per_member=5)
    market.takes("王小雨", 8 - 3)
    page = market.visitor().get().text
    for words in ("周末草莓团", "¥</span>29.9", "¥39.9", "已团 5 份", "还剩 75 份", "剩 35 份", "每人限 5 份。", "取货时付款。", "花园团",
                  "由 阳光邻里 提供", "坏果包赔", "48 小时发货", "距离截止", "47 小时 59 分钟", "立即参团", "王* 参团 5 份"):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("team", {"team_size": 3}, ["3 人成团", "已团 1 份", "正在拼团", "还差 2 人", "?team="]),
        ("group", {"goal": 4}, ["满 4 人成团", "已参团 1 人", "还差 3 人"]),
        ("tier", {"steps": [{"kind": "tier", "at": 1, "fen": 2890}, {"kind": "tier", "at": 3, "fen": 2590}]},
         ["¥</span>28.9", "再来 2 人降到 ¥25.9", "价格阶梯", "已达到"]),
        ("threshold", {"steps": [{"kind": "threshold", "at": 9900, "fen": 1000}]}, ["满减", "每单满 ¥99 减 ¥10"]),
    ],
)  # fmt: skip
def test_each_kind_shows_what_it_waits_for(place: Place, kind: str, more: dict[str, object], words: list[str]) -> None:
    market = Market(place, kind, **more)
    market.takes("小王")
    page = market.visitor().get().text
    assert [one for one in words if one not in page] == []


def test_what_waits_for_payments_counts_payments_only(place: Place) -> None:
    market = Market(place, "group", goal=4, pays="before")
    market.takes("小王")
    market.takes("李四")
    market.pays(market.orders()[0].id, 2990)
    page = market.visitor().get().text
    assert "已参团 1 人" in page
    assert "还差 3 人" in page


def test_before_after_and_without_stock(place: Place) -> None:
    market = Market(place, is_open=False, opens_at=place.operator.now() + timedelta(hours=3), stock_limit=2)
    visitor = market.visitor()
    page = visitor.get().text
    assert "距离开团" in page
    assert "还没有开团" in page
    assert "/join" not in page
    assert "还没有开团" in visitor.get("/join").text
    market.shift(opens_at=-timedelta(seconds=1))
    _await(lambda: visitor.get().text, "立即参团")
    market.takes("小王", 2)
    assert _await(lambda: visitor.get().text, "已经抢完了") <= SECOND
    market.close()
    assert _await(lambda: visitor.get().text, "活动已结束") <= SECOND
    assert "/join" not in visitor.get().text


def test_a_drop_past_its_time_is_over_before_anybody_closes_it(place: Place) -> None:
    market = Market(place)
    market.shift(closes_at=timedelta(seconds=-1))
    visitor = market.visitor()
    assert "活动已结束" in visitor.get().text
    assert 'name="ask"' not in visitor.get("/join").text


def test_a_drop_called_off_promises_the_money_back(place: Place) -> None:
    market = Market(place)
    market.call_off()
    page = market.visitor().get().text
    assert "活动已取消" in page
    assert "已付的钱会全部退回" in page


@pytest.mark.parametrize("named", ["ZZZZ", "drp_nowhere00000", "%00", "a" * 300, "<script>", "0000"])
def test_unknown_codes_get_a_page_that_tells_what_to_do(place: Place, named: str) -> None:
    answer = httpx.get(f"http://{place.host}/d/{named}")
    assert answer.status_code == 404
    assert "请核对口令" in answer.text
    assert "请核对口令" in httpx.get(f"http://{place.host}/d/{named}/join").text


def test_a_draft_is_not_shown(place: Place) -> None:
    market = Market(place, is_open=False)
    visitor = market.visitor()
    assert [visitor.get(tail).status_code for tail in ("", "/join", "/share", "/poster.png")] == [404] * 4


def test_the_id_the_code_and_small_letters_show_the_same_drop(place: Place) -> None:
    market = Market(place)
    pages = {httpx.get(f"http://{place.host}/d/{one}").text.split("data-now")[0] for one in (market.id, market.code, market.code.lower())}
    assert len(pages) == 1


def test_the_page_speaks_the_language_asked_for(place: Place) -> None:
    visitor = Market(place).visitor()
    assert "Join now" in visitor.get("?lang=en").text
    assert "Join now" in visitor.get(headers={"Accept-Language": "en-GB,en"}).text
    assert "立即参团" in visitor.get().text


def test_it_is_never_older_than_a_second_while_members_join(place: Place) -> None:
    market = Market(place, stock=2000, stock_limit=2000)
    committed = [(time.monotonic(), 0)]

    def crowd() -> None:
        for number in range(1, 60):
            market.takes(f"邻{number}")
            committed.append((time.monotonic(), number))
            time.sleep(0.03)

    joining = threading.Thread(target=crowd)
    joining.start()
    visitor, looked = market.visitor(), []
    while joining.is_alive():
        asked = time.monotonic()
        page = visitor.get().text
        found = re.search(r"已团 (\d+) 份", page)
        assert found is not None
        looked.append((asked, int(found[1])))
    joining.join()
    assert len(looked) > 5
    for at, shown in looked:
        assert shown >= max((count for when, count in committed if when < at - SECOND), default=0)
    assert len({shown for _, shown in looked}) < len(looked), "each view was rendered anew"


def test_a_page_that_has_not_changed_is_not_sent_again(place: Place) -> None:
    market = Market(place)
    visitor = market.visitor()
    first = visitor.get()
    again = visitor.get(headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert abs(int(again.headers["x-now"]) / 1000 - time.time()) < SECOND
    assert first.headers["content-encoding"] == "gzip"
    plain = visitor.get(headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    market.takes("小王")
    assert _await(lambda: visitor.get().text, "已团 1 份") <= SECOND
    assert visitor.get(headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_no_personal_data_and_nothing_but_text_from_members(place: Place) -> None:
    market = Market(place, title="<b>团</b>", words="<img src=x onerror=alert(1)>")
    for name in ("<script>alert(1)</script>", "13812345678", "欧阳锋", "🍓🍓", "Mei L.", "\u202e坏"):
        market.takes(name)
    visitor = market.visitor()
    page = visitor.get().text
    for secret in ("13812345678", "欧阳锋", "Mei L", "web:m_", "ord_", "alert(1)</", "<b>团", "<img src=x"):
        assert secret not in page, secret
    assert "欧* 参团 1 份" in page
    assert "** 参团 1 份" in page
    answer = visitor.get()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tail in ("", "/join", "/share"):
        body = visitor.get(tail).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|<[a-z][^>]*\s(?:on\w+|style)=", body)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("小王", "小*"), ("Mei", "M*"), ("13812345678", "**"), ("🍓", "**"), ("", "**"), ("·欧阳", "欧*"), ("<b>", "b*"), ("٣", "**")],
)
def test_names_are_masked(name: str, shown: str) -> None:
    assert drop_view.mask(name) == shown


def test_other_methods_are_refused_and_head_has_no_body(place: Place) -> None:
    visitor = Market(place).visitor()
    assert visitor.client.delete(f"/d/{visitor.market.code}").status_code == 405
    head = visitor.client.head(f"/d/{visitor.market.code}")
    assert (head.status_code, head.content) == (200, b"")
