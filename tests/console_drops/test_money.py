"""Scenes of money at the desk: finding payments, stray money claimed or returned, bills that differ, refunds given up."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.trading import PaymentReceived
from storage import bills, payments
from tests.console.conftest import Room
from tests.console_drops.conftest import order_of, stall
from tests.console_shop.conftest import audited
from tests.group_buy.stall import StallStage

UNKNOWN = {"kind": bills.MISSING_PAYMENT, "reference": "4200x", "charge_id": "ord_nobody", "ours_fen": 2990, "theirs_fen": 0}


def strays(drop: StallStage, amount_fen: int = 2990, reference: str = "4200stray") -> str:
    """Money comes in for a number nobody knows; gives the payment's id."""
    told = drop.hear(PaymentReceived, order_id="ord_nobody", provider="wechat", reference=reference, amount_fen=amount_fen)
    assert told.reason == "stray"
    with drop.stage.database.read() as session:
        return str(payments.find_by_reference(session, "wechat", reference).id)  # type: ignore[union-attr]


def test_payments_are_found_by_reference_way_and_kind(room: Room) -> None:
    drop = stall(room)
    order_id = drop.join("小王")
    drop.pay(order_id, reference="10%_x")
    stray = strays(drop)
    browser = room.browser("viewer")
    assert "¥59.8" in browser.get("/payments").text
    for query, found, missing in (
        ("q=10%25_", "10%_x", "4200stray"), ("kind=stray", stray, "10%_x"), ("provider=offline", "10%_x", stray),
        (f"q={order_id[-6:]}", "10%_x", stray), ("kind=back", "没有找到", "10%_x"), ("from=2099-01-01", "没有找到", stray),
    ):
        page = browser.get(f"/payments?{query}").text
        assert found in page, query
        assert missing not in page, query
    assert "小王" in browser.get(f"/payments/{_paid(room, '10%_x')}").text
    assert browser.get("/payments/pay_nobody").status_code == 404


def _paid(room: Room, reference: str) -> str:
    with room.stage.database.read() as session:
        return str(payments.find_by_reference(session, "offline", reference).id)  # type: ignore[union-attr]


def test_stray_money_is_counted_for_the_order_it_was_for_and_only_once(room: Room) -> None:
    drop = stall(room)
    mine, other = drop.join("小王"), drop.join("李四", 2)
    stray = strays(drop)
    browser = room.browser("manager")
    assert 'href="/console/payments?kind=stray"' in browser.get("/today").text
    page = browser.get(f"/payments/{stray}").text
    assert "这单还差 ¥29.9" in page
    assert other not in page
    assert other in browser.get(f"/payments/{stray}?q=李四").text
    browser.post(f"/payments/{stray}/assign/{mine}")
    assert "算到 小王 的订单了" in browser.page
    room.stage.settle()
    assert order_of(room, mine).status == "paid"
    for path in (f"/payments/{stray}/assign/{other}", f"/payments/{stray}/back"):
        browser.get(f"/payments/{stray}")
        assert "已经有人处理过了" in browser.post(path).text
    assert drop.money().paid_fen == 2990
    assert "payment.assign" in {what for _, what, *_ in audited(room)}
    assert browser.post(f"/payments/{stray}/assign/ord_nobody").status_code == 404


def test_stray_money_for_an_ended_order_goes_back(room: Room) -> None:
    drop = stall(room)
    order_id = drop.join("小王")
    drop.cancel(order_id, "小王")
    stray = strays(drop)
    browser = room.browser("manager")
    browser.get(f"/payments/{stray}")
    browser.post(f"/payments/{stray}/assign/{order_id}")
    room.stage.settle()
    assert [(why, fen) for why, fen, _ in drop.refunds()] == [(payments.LATE, 2990)]
    drop.money()


def test_nobodys_money_is_returned_once_and_handed_over(room: Room) -> None:
    drop = stall(room)
    drop.join("小王")
    stray = strays(drop)
    browser = room.browser("manager")
    browser.get(f"/payments/{stray}")
    for _ in range(2):
        browser.post(f"/payments/{stray}/back")
        room.stage.settle()
        browser.get(f"/payments/{stray}")
    order_id = drop.join("李四")
    assert "已经有人处理过了" in browser.post(f"/payments/{stray}/assign/{order_id}").text
    assert [(why, fen) for why, fen, _ in drop.refunds()] == [(payments.STRAY, 2990)]
    with room.stage.database.write() as session:
        refund = session.execute(payments.REFUNDS.select()).one()
        payments.change_refund(session, refund.id, payments.OWED, status=payments.DEAD, error="NO_AUTH")
    assert "NO_AUTH" in browser.get("/payments/refunds?status=dead").text
    browser.post(f"/refunds/{refund.id}/retry")
    room.stage.settle()
    with room.stage.database.write() as session:
        assert payments.get_refund(session, refund.id).tries > refund.tries
        payments.change_refund(session, refund.id, payments.OWED, status=payments.BY_HAND)
    browser.get("/payments/refunds")
    browser.post(f"/refunds/{refund.id}/handed-over")
    room.stage.settle()
    assert [status for *_, status in drop.refunds()] == [payments.DONE]
    assert "没有要处理的退款" in browser.get("/payments/refunds").text
    assert drop.money().paid_fen == 0


def test_a_difference_is_settled_with_a_note(room: Room) -> None:
    def sums(**more: int) -> dict[str, Any]:
        return {"payments": 3, "paid_fen": 8970, "refunds": 1, "refunded_fen": 500, "fees_fen": 54} | more

    stall(room)
    with room.stage.database.write() as session:
        bills.keep(session, "wechat", date(2026, 3, 1), sums(), room.stage.time)
        bills.keep(session, "wechat", room.stage.time.date(), {}, room.stage.time, "Trouble: 500")
        bills.keep_differences(session, "wechat", date(2026, 3, 1), [UNKNOWN], room.stage.time)
        row_id = bills.find_differences(session)[0].id
    browser = room.browser("manager")
    assert 'href="/console/payments/bills"><span>和微信账单对不上</span><span class="badge red">1<' in browser.get("/today").text
    page = browser.get("/payments/bills").text
    for words in ("我们 ¥29.9，账单 ¥0", "先别发货", "¥89.7", "没取到，会再取", "Trouble: 500"):
        assert words in page
    url = f"/payments/differences/{row_id}/settle"
    assert "请写明怎么处理的" in browser.post(url, {"note": "  "}).text
    assert "已记下" in browser.post(url, {"note": "平台补了一笔"}).text
    assert "周姐: 平台补了一笔" in browser.page
    assert "已经有人处理过了" in browser.post(url, {"note": "再来"}).text
    viewer = room.browser("viewer", language="en")
    assert "Bills by day" in viewer.get("/payments/bills").text
    assert viewer.post(url, {"note": "x"}).status_code == 403
