"""The daily bill: compared with our rows, and what differs is told."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from bot.payments.billing import Billing, Unreadable, read_bill
from storage import bills, payments
from tests.payments.conftest import Shop
from tests.payments.wechat_server import FOOT, HEAD, Fault

DAY = date(2026, 3, 2)


def check(shop: Shop) -> list[tuple[str, int, int, str]]:
    """Let the next morning come; gives what differs as (kind, ours, theirs, settled by)."""
    asyncio.run(Billing(shop.till).go())
    shop.stage.settle()
    with shop.stage.database.read() as session:
        rows = bills.find_differences(session, is_open=False)
        return [(row.kind, row.ours_fen, row.theirs_fen, row.settled_by) for row in rows]


def test_a_day_that_adds_up_has_no_differences(shop: Shop) -> None:
    for who in ("小王", "小李"):
        order_id, number = shop.buys(who)
        shop.server.member_pays(number)
        shop.tells(number)
    shop.drop.refund(order_id, 500)
    shop.stage.pass_time(24 * 3600)
    assert check(shop) == []
    with shop.stage.database.read() as session:
        bill = bills.find_days(session, "wechat", DAY)[DAY]
    assert (bill.payments, bill.paid_fen, bill.refunds, bill.refunded_fen, bill.fees_fen) == (2, 5980, 1, 500, 3)
    calls = len(shop.server.calls)
    check(shop)
    assert len(shop.server.calls) == calls


def test_what_differs_is_listed_and_settled_by_an_operator(shop: Shop) -> None:
    _, number = shop.buys("小王")
    reference = shop.server.member_pays(number)
    shop.tells(number)
    at = shop.server.here(shop.stage.time)
    shop.server.sales[number].values["amount"]["total"] = 2900
    shop.server.extra_rows["2026-03-02"] = [shop.server.row(at, "4200x", "n", "REFUND", 0, "rfd_of_the_platform", 700)]
    shop.stage.pass_time(24 * 3600)
    assert check(shop) == [("other_amount", 2990, 2900, ""), ("unknown_refund", 0, 700, "")]
    with shop.stage.database.write() as session:
        found = bills.find_differences(session)
        assert found[0].reference == reference
        assert bills.settle(session, found[0].id, "周姐", "退了差额", shop.stage.time)
        assert not bills.settle(session, found[0].id, "周姐", "", shop.stage.time)
        assert bills.count_open(session) == 1


def test_money_missing_on_the_bill_is_shouted(shop: Shop) -> None:
    _, number = shop.buys("小王")
    shop.server.member_pays(number)
    shop.tells(number)
    shop.server.sales[number].paid_at = None
    shop.server.extra_rows["2026-03-02"] = [shop.server.row(shop.server.here(shop.stage.time), "x", "n", "REVOKED", 0, "", 0)]
    shop.stage.pass_time(24 * 3600)
    assert check(shop) == [("missing_payment", 2990, 0, "")]


def test_money_we_never_heard_of_is_taken_in_from_the_bill(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    shop.server.member_pays(number)
    shop.stage.pass_time(24 * 3600)
    assert shop.drop.order(order_id).status == "cancelled"
    assert check(shop) == [("unknown_payment", 0, 2990, "bill")]
    with shop.stage.database.read() as session:
        assert [one.received_at.date() for one in payments.find_of(session, order_id)] == [DAY]
    assert shop.drop.refunds() == [("late", 2990, "done")]
    assert shop.drop.money().refunded_fen == 2990


def test_a_bill_that_cannot_be_had_is_tried_again(shop: Shop) -> None:
    shop.server.faults["/v3/bill"] = Fault(500, "SYSTEM_ERROR", 99)
    shop.stage.pass_time(24 * 3600)
    check(shop)
    with shop.stage.database.read() as session:
        assert "SYSTEM_ERROR" in bills.find_days(session, "wechat", DAY)[DAY].error
    shop.server.faults.clear()
    check(shop)
    with shop.stage.database.read() as session:
        assert bills.find_days(session, "wechat", DAY)[DAY].error == ""


def test_a_bill_is_read_whole_or_not_at_all(shop: Shop) -> None:
    row = shop.server.row("2026-03-02 20:00:00", "4200", "chg_1", "SUCCESS", 2990, "", 0)
    whole = f"{HEAD}\r\n{row}\r\n{FOOT}\r\n`1,`0"
    assert read_bill(whole.encode()).sums()["paid_fen"] == 2990
    assert read_bill(b"").sums()["paid_fen"] == 0
    odd = [whole.replace("`29.90", f"`{one}") for one in ("29.901", "x")]
    for broken in (*odd, f"{HEAD}\r\n{row}\r\n", whole.replace("`1,", "`2,"), "a,b\r\n1,2"):
        with pytest.raises(Unreadable):
            read_bill(broken.encode())
