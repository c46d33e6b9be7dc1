"""What orders earn and what goes back: to the fen, scene by scene."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from handlers.rewards import disputes, payouts
from storage import attributions, campaigns, commissions, ledger, members
from storage import payouts as payout_rows
from storage.terms import COUPON, FLAT, POINTS, Reward
from tests.rewards.book import Book

FIVE = Reward(level=1, amount=500)


def test_an_order_earns_once_paid_and_is_payable_after_its_days(book: Book) -> None:
    book.campaign(FIVE, after_sale_days=7)
    book.touch("李四", "小王")
    order_id = book.place("李四")
    assert book.earned(order_id) == []
    book.pay(order_id)
    assert book.earned(order_id) == [(1, "小王", "s1", 500, "pending")]
    book.pass_days(30)
    assert book.earned(order_id)[0][4] == "pending"  # not received yet
    book.receive(order_id)
    book.pass_days(6.9)
    assert book.balance("小王", "payable") == 0
    book.pass_days(0.2)
    assert (book.balance("小王", "pending"), book.balance("小王", "payable")) == (0, 500)
    book.prove()


def test_parts_of_lines_sum_to_the_whole_and_never_above_the_rule(book: Book) -> None:
    book.campaign(Reward(level=1, amount=333))
    book.touch("李四", "小王")
    order_id = book.bought("李四", ("s1", 1, 1001), ("s2", 3, 777), ("s3", 1, 1))
    amounts = [amount for *_, amount, _ in book.earned(order_id)]
    assert sum(amounts) == (1001 + 2331 + 1) * 333 // 10_000
    assert amounts == [33, 77, 0]
    book.prove()


def test_a_refund_of_a_line_takes_that_lines_part(book: Book) -> None:
    book.campaign(FIVE)
    book.touch("李四", "小王")
    order_id = book.bought("李四", ("s1", 1, 10_000), ("s2", 2, 3_000))
    book.refund(order_id, 3_000, "s2")
    assert [(sku, fen) for _, _, sku, fen, _ in book.earned(order_id)] == [("s1", 500), ("s2", 150)]
    book.refund(order_id, 3_000, "s2")
    assert [(sku, fen, state) for _, _, sku, fen, state in book.earned(order_id)] == [("s1", 500, "pending"), ("s2", 0, "reversed")]
    book.refund(order_id)
    assert sum(fen for *_, fen, _ in book.earned(order_id)) == 0
    assert book.balance("小王", "pending") == 0
    book.prove()


def test_a_discount_lowers_what_is_earned(book: Book) -> None:
    book.campaign(FIVE)
    book.touch("李四", "小王")
    assert book.earned(book.bought("李四", ("s1", 1, 10_000), discount_fen=4_000))[0][3] == 300


def test_what_was_paid_out_becomes_a_debt_that_later_earnings_settle(book: Book) -> None:
    book.campaign(FIVE, after_sale_days=0)
    book.touch("李四", "小王")
    first = book.bought("李四")
    book.receive(first)
    book.pass_days(1)
    payout_id = payouts.propose(book.session, 100, "", "operator:1", book.now)
    assert payout_id is not None
    assert payouts.approve(book.session, payout_id, "operator:2", 2, book.tick())
    assert payouts.mark_paid(book.session, payout_id, "operator:2", book.tick())
    assert book.earned(first)[0][4] == "paid"
    book.refund(first)
    assert book.balance("小王", "payable") == -500
    assert payouts.propose(book.session, 1, "", "operator:1", book.tick()) is None
    for _ in range(2):
        book.receive(book.bought("李四", ("s1", 1, 6_000)))
        book.pass_days(1)
    assert book.balance("小王", "payable") == 100
    second = payouts.propose(book.session, 1, "", "operator:1", book.tick())
    assert second is not None
    assert payout_rows.get(book.session, second).total_fen == 100
    book.prove()


def test_who_proposed_a_payout_does_not_approve_it_while_there_is_another_admin(book: Book) -> None:
    book.campaign(FIVE, after_sale_days=0)
    book.touch("李四", "小王")
    book.receive(book.bought("李四"))
    book.pass_days(1)
    payout_id = payouts.propose(book.session, 1, "", "operator:1", book.now)
    assert payout_id is not None
    assert not payouts.approve(book.session, payout_id, "operator:1", 2, book.now)
    assert not payouts.mark_paid(book.session, payout_id, "operator:1", book.now)  # not approved
    assert payouts.propose(book.session, 1, "", "operator:2", book.now) is None  # one at a time
    assert payouts.approve(book.session, payout_id, "operator:1", 1, book.now)
    assert payouts.cancel(book.session, payout_id, "operator:1", book.tick())
    assert not payouts.mark_paid(book.session, payout_id, "operator:1", book.now)
    assert book.balance("小王", "payable") == 500
    again = payouts.propose(book.session, 1, "", "operator:2", book.tick())
    assert again is not None
    batch, lines = payout_rows.get(book.session, again), payout_rows.find_lines(book.session, again)
    assert payouts.table(lines, batch)[1] == ("小王", "", "5.00", f"{again}-1", "")
    book.prove()


def test_a_budget_and_a_members_cap_cut_what_is_promised_to_the_fen(book: Book) -> None:
    book.campaign(FIVE, budget_fen=1_200, member_cap_fen=700)
    for buyer, referrer in (("李四", "小王"), ("赵姐", "阿芳")):
        book.touch(buyer, referrer)
    orders = [book.bought(buyer) for buyer in ("李四", "李四", "赵姐", "赵姐")]
    assert [book.earned(one)[0][3] for one in orders] == [500, 200, 500, 0]
    assert campaigns.find_granted(book.session, "cmp_a")[campaigns.ALL] == 1_200
    book.refund(orders[1], 5_000, "s1")
    assert book.earned(orders[1])[0][3] == 100  # half of what was promised
    book.prove()


def test_a_held_commission_waits_and_a_rejected_one_is_nothing(book: Book) -> None:
    book.campaign(FIVE, after_sale_days=0)
    book.touch("李四", "小王")
    one, other = book.bought("李四"), book.bought("李四")
    ids = [row.id for order in (one, other) for row in commissions.find_of_order(book.session, order)]
    assert commissions.hold(book.session, ids, "same_address", {"address": 1}, book.tick()) == ids
    for order_id in (one, other):
        book.receive(order_id)
    book.pass_days(1)
    assert (book.balance("小王", "held"), book.balance("小王", "payable")) == (1_000, 0)
    book.prove()
    assert commissions.release(book.session, ids[:1], book.tick()) == ids[:1]
    assert commissions.reject(book.session, ids[1:], "same_address", book.tick()) == ids[1:]
    book.pass_days(1)
    assert (book.balance("小王", "held"), book.balance("小王", "payable")) == (0, 500)
    book.refund(other)
    assert [row[3:] for row in book.earned(other)] == [(0, "rejected")]
    book.prove()


def test_the_friends_coupon_and_points_have_accounts_of_their_own(book: Book) -> None:
    friend = Reward(level=0, unit=COUPON, kind=FLAT, amount=800, occasion="first_order")
    book.campaign(friend, Reward(level=1, unit=POINTS, amount=100), after_sale_days=0)
    book.touch("李四", "小王")
    first = book.bought("李四")
    assert book.balance("李四", "payable", COUPON) == 800  # at once
    assert (book.balance("小王", "pending", POINTS), book.balance("小王", "pending")) == (100, 0)
    second = book.bought("李四")
    assert [row[0] for row in book.earned(second)] == [1]  # the coupon was for the first order
    book.refund(first)
    assert (book.balance("李四", "payable", COUPON), book.balance("小王", "pending", POINTS)) == (0, 100)
    book.prove()


def test_a_flat_reward_is_for_the_order_and_goes_back_in_proportion(book: Book) -> None:
    book.campaign(Reward(level=1, kind=FLAT, amount=1_000))
    book.touch("李四", "小王")
    order_id = book.bought("李四", ("s1", 1, 2_000), ("s2", 1, 4_000))
    assert [row[3] for row in book.earned(order_id)] == [333, 667]
    book.refund(order_id, 2_000, "s1")
    assert [row[3] for row in book.earned(order_id)] == [0, 666]
    assert book.earned(book.bought("李四", ("s1", 1, 300)))[0][3] == 300  # never more than was paid
    book.prove()


def test_the_schema_knows_no_third_level_and_no_second_where_it_is_off(book: Book) -> None:
    for reward, top in ((Reward(level=3, amount=1), 2), (Reward(level=2, amount=1), 1), (Reward(level=0, amount=1), 1)):
        with pytest.raises(IntegrityError), book.session.begin_nested():
            book.campaign(reward, top_level=top)
    with pytest.raises(IntegrityError), book.session.begin_nested():
        book.campaign(FIVE, top_level=3)


def test_a_transfer_posts_once_for_its_cause(book: Book) -> None:
    moves = [
        ledger.move(book.session, "c1", "fen", fen, taken_from=ledger.COST, put_to="payable:小王", subject="o", at=book.now)
        for fen in (5, 7)
    ]
    assert moves == [True, False]
    assert book.balance("小王", "payable") == 5


def test_a_dispute_is_corrected_and_what_was_earned_goes_over(book: Book) -> None:
    book.campaign(FIVE, after_sale_days=0)
    members.keep(book.session, [(name, "stage", name) for name in ("小王", "阿芳", "李四")], book.now)
    book.touch("李四", "小王")
    order_id = book.bought("李四")
    book.receive(order_id)
    book.pass_days(1)

    def decide(to: str) -> str:
        dispute_id = attributions.open_dispute(book.session, order_id, "阿芳", "是我带来的", "operator:1", book.tick())
        assert dispute_id is not None
        assert attributions.open_dispute(book.session, order_id, "阿芳", "再说一次", "operator:1", book.now) is None
        outcome = disputes.correct(book.session, dispute_id, to, "核实了", "operator:2", book.cause(), book.tick()).outcome
        if outcome != "done":
            assert disputes.dismiss(book.session, dispute_id, "不对", "operator:2", book.now).outcome == "done"
        assert disputes.dismiss(book.session, dispute_id, "不对", "operator:2", book.now).outcome == "settled"
        return outcome

    assert (decide("李四"), decide("谁也不是")) == ("own_order", "unknown_member")
    book.prove()
    assert decide("阿芳") == "done"
    assert [(row[1], row[3]) for row in book.earned(order_id)] == [("小王", 0), ("阿芳", 500)]
    assert (book.balance("小王", "payable"), book.balance("阿芳", "pending")) == (0, 500)
    assert book.attribution(order_id).referrer_id == "小王"  # the rule's own answer stays
    book.refund(order_id, 5_000)
    assert book.balance("阿芳", "pending") == 250
    assert decide("小王") == "done"
    assert (book.balance("小王", "pending"), book.balance("阿芳", "pending")) == (250, 0)
    assert decide("") == "done"
    assert book.balance("小王", "pending") == 0
    book.prove()
