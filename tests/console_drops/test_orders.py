"""Scenes at the orders' desk: finding, paying by hand, refunds with bounds, files, stock, and calling a drop off."""

from __future__ import annotations

import io

import openpyxl

from storage import payments
from tests.console.conftest import Room
from tests.console_drops.conftest import nonce_of, order_of, stall, status_of, stock_of
from tests.console_shop.conftest import audited


def test_orders_are_found_by_member_product_id_and_state(room: Room) -> None:
    drop = stall(room)
    mine, other = drop.join("小王", 2), drop.join("李四")
    drop.pay(other)
    browser = room.browser("viewer")
    for path, found, missing in (
        ("/orders?q=小王", mine, other), (f"/orders?q={other[-5:]}", other, mine), ("/orders?state=unpaid", mine, other),
        ("/orders?state=to_ship", other, mine), (f"/orders?q=草莓&state=paid&drop={drop.id}&group=stage:g", other, mine),
    ):
        page = browser.get(path).text
        assert found in page, path
        assert missing not in page, path
    assert "没有找到" in browser.get("/orders?q=%25&from=2001-13-99&to=2001-01-01").text
    page = browser.get(f"/orders/{mine}").text
    assert "平时价" in page
    assert "团购优惠" in page
    assert "¥59.8" in page
    assert browser.get("/orders/ord_nobody").status_code == 404


def test_paid_by_hand_one_and_by_list_and_never_twice(room: Room) -> None:
    drop = stall(room)
    first, second, third = drop.join("小王"), drop.join("李四"), drop.join("张三")
    browser = room.browser("manager")
    browser.get(f"/orders/{first}")
    for _ in range(2):
        browser.post(f"/orders/{first}/paid", {"payments": "0"})
    browser.get("/orders")
    browser.post("/orders/paid", {"order": [first, second, third]})
    assert "记下了 2 个" in browser.page
    assert [order_of(room, one).status for one in (first, second, third)] == ["paid"] * 3
    assert drop.money().paid_fen == 3 * 2990
    browser.post(f"/orders/{first}/paid", {"amount": "3.999"})
    assert "最多两位小数" in browser.page
    assert ("周姐", "order.paid") in {(who, what) for who, what, *_ in audited(room)}


def test_a_refund_is_bounded_confirmed_and_sent_once(room: Room) -> None:
    drop = stall(room)
    order_id = drop.join("小王", 2)
    drop.pay(order_id)
    browser = room.browser("manager")
    browser.get(f"/orders/{order_id}/refund")
    url = f"/orders/{order_id}/refund"
    assert "最多能退 59.80 元" in browser.post(url, {"amount": "59.81", "reason": "坏果"}).text
    assert "最多两位小数" in browser.post(url, {"amount": "-1", "reason": "坏果"}).text
    assert "请写明退款原因" in browser.post(url, {"amount": "1"}).text
    asked = {"amount": "10", "sku": drop.sku, "reason": "坏果"}
    assert "确认退 ¥10" in browser.post(url, asked).text
    assert drop.refunds() == []
    sure = asked | {"sure": "1000", "nonce": nonce_of(browser)}
    for _ in range(2):
        browser.post(url, sure)
    room.stage.settle()
    assert [(why, fen) for why, fen, _ in drop.refunds()] == [(payments.PART, 1000)]
    browser.get(url)
    browser.post(url, {"reason": "不要了"})
    assert "订单会取消" in browser.page
    browser.post(url, {"reason": "不要了", "sure": "4980", "nonce": nonce_of(browser)})
    room.stage.settle()
    assert order_of(room, order_id).status == "cancelled"
    assert drop.money().paid_fen == 5980
    with room.stage.database.read() as session:
        owed = payments.find_refunds(session, order_id)
    for one in owed:
        browser.get(f"/orders/{order_id}")
        browser.post(f"/refunds/{one.id}/handed-over")
    room.stage.settle()
    assert drop.money().refunded_fen in (0, 5980)


def test_goods_are_marked_by_list_and_what_may_not_be_is_left(room: Room) -> None:
    drop = stall(room)
    paid, unpaid = drop.join("小王"), drop.join("李四")
    drop.pay(paid)
    browser = room.browser("manager")
    assert "小时发货" in browser.get("/orders").text
    browser.post("/orders/mark", {"order": [paid, unpaid], "mark": "shipped", "nonce": nonce_of(browser)})
    assert "1 个订单现在不能这样标记" in browser.page
    assert [order_of(room, one).status for one in (paid, unpaid)] == ["shipped", "placed"]
    browser.get("/orders")
    assert "请先勾选订单" in browser.post("/orders/mark", {"mark": "shipped", "nonce": nonce_of(browser)}).text


def test_an_order_given_up_gives_its_place_back(room: Room) -> None:
    drop = stall(room)
    order_id = drop.join("小王", 3)
    browser = room.browser("manager")
    browser.get(f"/orders/{order_id}")
    browser.post(f"/orders/{order_id}/cancel")
    room.stage.settle()
    assert order_of(room, order_id).status == "cancelled"
    assert drop.left() == (50, 0)
    browser.get(f"/orders/{order_id}")
    assert "不用再付" in browser.post(f"/orders/{order_id}/paid").text


def test_calling_off_says_the_figures_and_a_stale_form_is_not_taken(room: Room) -> None:
    drop = stall(room)
    order_id = drop.join("小王")
    drop.pay(order_id)
    browser = room.browser("manager")
    assert "会取消 1 个没发货的订单，一共退回 ¥29.9" in browser.get(f"/drops/{drop.id}").text
    drop.join("李四")
    browser.post(f"/drops/{drop.id}/cancel", {"seen": "1/2990", "reason": "货没到"})
    assert "刚刚又有订单变动" in browser.page
    browser.post(f"/drops/{drop.id}/cancel", {"seen": "2/2990", "reason": "货没到"})
    room.stage.settle()
    assert status_of(room, drop.id) == "cancelled"
    assert drop.money().confirmed_fen == 0
    assert "货没到" in browser.get(f"/drops/{drop.id}").text


def test_an_open_drop_is_closed_early(room: Room) -> None:
    drop = stall(room)
    browser = room.browser("manager")
    browser.get(f"/drops/{drop.id}")
    browser.post(f"/drops/{drop.id}/close")
    room.stage.settle()
    assert status_of(room, drop.id) == "closed"


def test_files_hold_the_orders_and_no_formulas(room: Room) -> None:
    drop = stall(room)
    drop.join("=HYPERLINK(1)")
    browser = room.browser("manager")
    browser.get("/orders")
    told = browser.client.post("/console/orders/export", data={"csrf": _token(browser.page), "form": "csv"}).text
    assert "'=HYPERLINK(1)" in told
    assert "29.9" in told
    kept = browser.client.post("/console/orders/export", data={"csrf": _token(browser.page), "form": "xlsx", "q": "HYPER"}).content
    rows = list(openpyxl.load_workbook(io.BytesIO(kept)).worksheets[0].iter_rows(values_only=True))
    assert rows[1][3] == "'=HYPERLINK(1)"
    assert rows[1][10] == 29.9
    assert room.browser("viewer").post("/orders/export", {"form": "csv"}).status_code == 403


def _token(page: str) -> str:
    return page.split('name="csrf" value="')[1].split('"')[0]


def test_stock_is_adjusted_with_a_reason_and_never_below_nothing(room: Room) -> None:
    drop = stall(room)
    drop.join("小王", 4)
    browser = room.browser("manager")
    page = browser.get("/stock?q=草莓").text
    assert 'data-label="订单占着">4<' in page
    for by, reason, told in (("-47", "盘点", "不能小于 0"), ("2.5", "盘点", "写整数"), ("5", "", "写明原因"), ("-6", "坏了六盒", "现在是 40")):
        assert told in browser.post(f"/stock/{drop.sku}/adjust", {"by": by, "reason": reason}).text
    assert stock_of(room, drop.sku) == 40
    assert [one[3]["by"] for one in audited(room) if one[1] == "stock.adjust"] == [-6]


def test_orders_stand_on_the_members_page_and_beside_the_conversation(room: Room) -> None:
    drop = stall(room)
    order_id = drop.join("小王")
    browser = room.browser("manager")
    assert order_id in browser.get("/members/stage:小王").text
    room.stage.says("小王", "人工", group=None)
    with room.stage.database.read() as session:
        from storage import handovers

        waiting = handovers.find(session, (handovers.OPEN,))
    assert [order_id in browser.get(f"/handovers/{row.id}").text for row in waiting if row.member_id == "stage:小王"] == [True]
