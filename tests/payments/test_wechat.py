"""WeChat Pay: asked once, believed only when signed, heard once, looked for in doubt, given back until it is back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random

import pytest

from bot.payments.cashier import NothingToPay
from bot.payments.wechat import Trouble
from storage import payments
from tests.payments.conftest import Shop
from tests.payments.wechat_server import Fault, new_key

with_either_key = pytest.mark.parametrize("server", ["certificates", "public key"], indirect=True)


@with_either_key
@pytest.mark.parametrize("way", ["native", "h5", "jsapi"])
def test_an_order_asks_for_its_money_once_however_often_the_page_is_opened(shop: Shop, way: str) -> None:
    order_id, number = shop.buys("小王", way=way)
    again = shop.till.prepay(order_id, way, "o-1", "203.0.113.7")
    asked = shop.server.sales[number].values
    assert (again.charge_id, list(shop.server.sales)) == (number, [number])
    assert (asked["amount"], shop.server.unsigned) == ({"total": 2990, "currency": "CNY"}, 0)
    assert again.call["package"].startswith("prepay_id=wx") if way == "jsapi" else again.url
    shop.server.member_pays(number)
    assert shop.tells(number) == 200
    assert shop.drop.order(order_id).status == "paid"
    assert [one.status for one in shop.charges(order_id)] == ["paid"]
    with pytest.raises(NothingToPay):
        shop.till.prepay(order_id, way, "o-1")


def test_a_notice_told_five_times_is_one_payment(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    shop.server.member_pays(number)
    assert [shop.tells(number) for _ in range(5)] == [200] * 5
    assert shop.drop.money().paid_fen == 2990
    assert shop.drop.order(order_id).status == "paid"


@with_either_key
def test_forged_notices_are_refused_and_change_nothing(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    shop.server.member_pays(number)
    told = shop.server.told(number)
    headers, body = shop.server.notice(told)
    stranger = new_key()
    forged = [
        (headers, body + b" "), (headers | {"Wechatpay-Signature": "AAAA"}, body), ({}, body),
        (headers | {"Wechatpay-Serial": "ABCDEF12"}, body), (headers | {"Wechatpay-Serial": "zz"}, body),
        (headers | {"Wechatpay-Timestamp": str(int(headers["Wechatpay-Timestamp"]) + 1)}, body),
        (headers | {"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}, body),
        shop.server.notice(told, at=shop.stage.time - timedelta(minutes=6)),
        shop.server.notice(told, at=shop.stage.time + timedelta(minutes=6)),
        shop.server.notice(told, key=stranger),
        shop.server.notice(told | {"mchid": "1900000999"}), shop.server.notice(told | {"appid": "wx1"}),
        shop.server.notice(told | {"amount": {"total": 1, "currency": "CNY"}}),
        shop.server.notice(told | {"amount": {"total": 2990, "currency": "USD"}}),
        shop.server.notice(told | {"amount": {"total": "2990"}}), (shop.server.signed(b"[]"), b"[]"), (shop.server.signed(b"{"), b"{"),
    ]
    assert [shop.sends(*one) for one in forged] == [401] * len(forged)
    assert shop.sends({}, b"x" * 70_000) == 413
    assert shop.drop.order(order_id).status == "placed"
    assert shop.sends(headers, body) == 200
    assert shop.drop.order(order_id).status == "paid"


def test_forged_serials_do_not_make_us_fetch_certificates_again_and_again(shop: Shop) -> None:
    _, number = shop.buys("小王")
    shop.server.member_pays(number)
    headers, body = shop.server.notice(shop.server.told(number))
    before = shop.server.calls.count("GET /v3/certificates")
    for count in range(20):
        shop.sends(headers | {"Wechatpay-Serial": f"{count:X}A"}, body)
    assert shop.server.calls.count("GET /v3/certificates") <= before + 1
    assert shop.sends(headers, body) == 200


def test_a_replayed_notice_is_heard_once_and_refused_when_it_is_old(shop: Shop) -> None:
    _, number = shop.buys("小王")
    shop.server.member_pays(number)
    headers, body = shop.server.notice(shop.server.told(number))
    assert shop.sends(headers, body) == 200
    shop.drop.pass_minutes(4)
    assert shop.sends(headers, body) == 200
    shop.drop.pass_minutes(4)
    assert shop.sends(headers, body) == 401
    assert shop.drop.money().paid_fen == 2990


def test_late_money_goes_back_by_itself(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    transaction = shop.server.member_pays(number)
    shop.drop.pass_minutes(31)
    assert shop.drop.order(order_id).status == "cancelled"
    assert shop.tells(number) == 200
    assert shop.drop.refunds() == [("late", 2990, "done")]
    assert [one["transaction_id"] for one in shop.server.refunds.values()] == [transaction]
    assert shop.drop.money().refunded_fen == 2990


def test_money_for_a_number_nobody_knows_is_kept_as_stray(shop: Shop) -> None:
    _, number = shop.buys("小王")
    shop.server.member_pays(number)
    assert shop.sends(*shop.server.notice(shop.server.told(number) | {"out_trade_no": "ord_of_another_system"})) == 200
    with shop.stage.database.read() as session:
        assert [(one.claimed_for, one.amount_fen) for one in payments.find_stray(session)] == [("ord_of_another_system", 2990)]


def test_money_nobody_told_us_of_is_found_by_looking(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    shop.server.faults["/v3/pay/transactions/out-trade-no"] = Fault(500, "SYSTEM_ERROR")
    shop.server.member_pays(number)
    shop.stage.pass_time(20)
    shop.look()
    assert shop.drop.order(order_id).status == "placed"
    shop.stage.pass_time(20)
    shop.look()
    assert shop.drop.order(order_id).status == "paid"
    assert shop.tells(number) == 200  # the notice comes after all
    assert shop.drop.money().paid_fen == 2990


def test_what_may_not_be_paid_any_more_is_closed_there(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    _, other = shop.buys("小李")
    shop.drop.pass_minutes(31)
    shop.server.member_pays(other)  # in the last moment, before we close
    shop.look()
    assert shop.server.sales[number].state == "CLOSED"
    assert [one.status for one in shop.charges(order_id)] == ["closed"]
    assert shop.drop.refunds() == [("late", 2990, "done")]


def test_a_changed_order_asks_anew_and_the_old_charge_is_closed(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    shop.drop.join("小王", 2)
    again = shop.till.prepay(order_id, "native")
    assert (again.amount_fen, again.charge_id == number) == (shop.drop.order(order_id).total_fen, False)
    shop.stage.pass_time(20)
    shop.look()
    assert shop.server.sales[number].state == "CLOSED"
    assert sorted(one.status for one in shop.charges(order_id)) == ["closed", "open"]


def test_paid_twice_by_two_ways_one_of_them_goes_back(shop: Shop) -> None:
    order_id, number = shop.buys("小王")
    other = shop.till.prepay(order_id, "h5", "", "203.0.113.7").charge_id
    for one in (number, other):
        shop.server.member_pays(one)
    assert [shop.tells(other), shop.tells(number)] == [200, 200]
    assert shop.drop.refunds() == [("over", 2990, "done")]
    assert shop.drop.money().confirmed_fen == 2990


def test_a_refund_under_way_is_done_when_the_notice_comes(shop: Shop) -> None:
    shop.server.refund_state = "PROCESSING"
    order_id, number = shop.buys("小王")
    shop.server.member_pays(number)
    shop.tells(number)
    shop.drop.refund(order_id, 500)
    assert shop.drop.refunds() == [("part", 500, "due")]
    refund_id = next(iter(shop.server.refunds))
    told = shop.server.refund_told(refund_id)
    assert shop.sends(*shop.server.notice(told | {"amount": {"total": 2990, "refund": 2990}}, "REFUND.SUCCESS")) == 401
    assert shop.sends(*shop.server.notice(told | {"out_refund_no": "rfd_none"}, "REFUND.SUCCESS")) == 200
    assert [shop.sends(*shop.server.notice(told, "REFUND.SUCCESS")) for _ in range(2)] == [200, 200]
    assert shop.drop.refunds() == [("part", 500, "done")]
    assert shop.drop.money().refunded_fen == 500


def test_a_refund_is_tried_again_and_paid_once(shop: Shop) -> None:
    shop.server.faults["/v3/refund"] = Fault(500, "SYSTEM_ERROR", 2)
    order_id, number = shop.buys("小王")
    shop.server.member_pays(number)
    shop.tells(number)
    shop.drop.refund(order_id)
    assert shop.drop.refunds() == [("ended", 2990, "due")]
    shop.drop.pass_minutes(2)
    shop.drop.pass_minutes(6)
    assert shop.drop.refunds() == [("ended", 2990, "done")]
    assert len(shop.server.refunds) == 1


def test_a_refund_refused_for_good_is_listed_as_dead(shop: Shop) -> None:
    shop.server.faults["/v3/refund"] = Fault(403, "NO_AUTH", 9)
    order_id, number = shop.buys("小王")
    shop.server.member_pays(number)
    shop.tells(number)
    shop.drop.refund(order_id)
    with shop.stage.database.read() as session:
        assert ["NO_AUTH" in str(one.error) for one in payments.find_owed(session, (payments.DEAD,))] == [True]


def test_an_answer_that_is_not_signed_is_not_believed(shop: Shop) -> None:
    order_id = shop.drop.join("小王")
    shop.server.spoiled_answers = True
    with pytest.raises(Trouble):
        shop.till.prepay(order_id, "native")
    shop.server.spoiled_answers = False
    assert shop.till.prepay(order_id, "native").url


def test_a_crowd_pays_with_everything_going_wrong_and_it_still_adds_up(shop: Shop) -> None:
    chance = Random(6)
    bought = [shop.buys(f"成员{number}") for number in range(16)]
    for order_id, number in chance.sample(bought, len(bought)):
        luck = chance.random()
        if luck < 0.2:
            continue
        shop.server.member_pays(number)
        shop.server.faults["/v3/refund"] = Fault(chance.choice((429, 500, 502)), "SYSTEM_ERROR", chance.randrange(3))
        if luck < 0.8:
            for _ in range(chance.randrange(1, 4)):
                assert shop.tells(number) == 200
        if luck < 0.5:
            shop.drop.refund(order_id, chance.choice((0, 100, 990)))
    for minutes in (10, 31, 60, 130, 400, 1500):
        shop.drop.pass_minutes(minutes)
        shop.look()
    paid = sum(sale.values["amount"]["total"] for sale in shop.server.sales.values() if sale.paid_at)
    back = sum(one["amount"]["refund"] for one in shop.server.refunds.values())
    money = shop.drop.money()
    assert (money.paid_fen, money.refunded_fen, money.due_fen) == (paid, back, 0)


def test_calls_run_beside_one_another(shop: Shop) -> None:
    order_ids = [shop.drop.join(f"成员{number}") for number in range(8)]

    async def all_at_once() -> list[str]:
        made = await asyncio.gather(*(shop.till.run(shop.till.prepay, one, "native") for one in order_ids * 2))
        return [one.charge_id for one in made]

    numbers = asyncio.run(all_at_once())
    assert numbers[:8] == numbers[8:]
    assert len(set(numbers)) == 8
