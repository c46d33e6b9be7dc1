"""What is doubted is held with its evidence, and an admin's word settles it; the ledger stays whole."""

from __future__ import annotations

import json

from handlers.vigilance import actions, seeing
from storage import commissions, orders, suspicions
from tests.rewards.book import Book

KEY = "a secret of this shop"
HOME = "阳光花园3栋2单元501"


def buys(book: Book, who: str, by: str, **more: str) -> str:
    """Somebody whom another brought orders and pays; the shop looks at it."""
    book.touch(who, by)
    order_id = book.bought(who, **more)
    seeing.order_seen(book.session, orders.get(book.session, order_id), KEY)
    actions.look(book.session, by, book.now)
    return order_id


def seen(book: Book, who: str, **more: str) -> None:
    order_id = book.place(who, **more)
    seeing.order_seen(book.session, orders.get(book.session, order_id), KEY)


def only(book: Book) -> suspicions.AnyRow:
    (row,) = suspicions.find_page(book.session)
    return row


def test_the_same_phone_holds_the_commission_with_reason_and_evidence(book: Book) -> None:
    seen(book, "小王", address="阳光花园1栋1单元101 13812345678")
    order_id = buys(book, "李四", "小王", address="月光花园1栋1单元101 138 1234 5678")
    row = only(book)
    assert (row.rule, row.referrer_id, row.orders, row.held_fen) == ("self", "小王", 1, 500)
    assert json.loads(row.evidence)["shared"] == ["phone"]
    (held,) = commissions.find_of_order(book.session, order_id)
    assert (held.state, held.held_why, json.loads(held.evidence)["suspicion"]) == ("held", "self", row.id)
    assert book.balance("小王", "held") == 500
    book.prove()


def test_one_home_typed_in_two_ways_is_held_as_a_household(book: Book) -> None:
    seen(book, "小王", address=HOME)
    buys(book, "李四", "小王", address="阳光花园3号楼 2单元 501室")
    assert only(book).rule == "household"


def test_a_neighbours_order_is_left_alone(book: Book) -> None:
    seen(book, "小王", address=HOME)
    order_id = buys(book, "李四", "小王", address="阳光花园3栋2单元502")
    assert suspicions.find_page(book.session) == []
    assert book.earned(order_id)[0][4] == "pending"


def test_a_cleared_suspicion_frees_what_was_held_and_stays_cleared(book: Book) -> None:
    seen(book, "小王", address=HOME)
    order_id = buys(book, "李四", "小王", address=HOME)
    assert actions.clear(book.session, only(book).id, "周姐", "是婆婆，单独住", book.tick())
    assert book.earned(order_id)[0][4] == "pending"
    assert book.balance("小王", "pending") == 500
    again = buys(book, "李四", "小王", address=HOME)
    assert book.earned(again)[0][4] == "pending"
    assert suspicions.count_open(book.session) == 0
    (kept,) = suspicions.find_page(book.session, state="cleared")
    assert (kept.decided_by, kept.words) == ("周姐", "是婆婆，单独住")
    book.prove()


def test_a_confirmed_suspicion_takes_everything_back_and_what_comes_after_is_new(book: Book) -> None:
    seen(book, "小王", address=HOME)
    order_id = buys(book, "李四", "小王", address=HOME)
    first = only(book).id
    assert actions.confirm(book.session, first, "周姐", "同一户", book.tick())
    assert book.earned(order_id) == [(1, "小王", "s1", 0, "rejected")]
    assert book.balance("小王", "held") == 0
    actions.look(book.session, "小王", book.tick())
    assert suspicions.count_open(book.session) == 0
    buys(book, "李四", "小王", address=HOME)
    assert only(book).id != first
    assert only(book).orders == 1
    book.prove()


def test_it_is_decided_once(book: Book) -> None:
    seen(book, "小王", address=HOME)
    buys(book, "李四", "小王", address=HOME)
    one = only(book).id
    assert actions.clear(book.session, one, "周姐", "", book.tick())
    assert not actions.confirm(book.session, one, "老板", "", book.tick())
    assert not actions.clear(book.session, one, "老板", "", book.tick())


def test_a_ring_grows_and_an_earlier_order_is_held_when_it_shows(book: Book) -> None:
    first = [buys(book, who, "小王", note="电话13812345678") for who in ("李四", "张三")]
    assert [book.earned(one)[0][4] for one in first] == ["pending", "pending"]
    buys(book, "赵六", "小王", note="13812345678")
    assert only(book).rule == "ring"
    assert {book.earned(one)[0][4] for one in first} == {"held"}
    buys(book, "孙七", "小王", note="13812345678")
    assert (only(book).orders, only(book).held_fen) == (4, 2000)
    assert json.loads(only(book).evidence)["buyers"] == 4
    book.prove()


def test_an_order_under_two_suspicions_is_free_only_when_both_are_cleared(book: Book) -> None:
    seen(book, "小王", note="13812345678")
    made = [buys(book, who, "小王", note="13812345678") for who in ("李四", "张三", "赵六")]
    rows = {row.rule: row for row in suspicions.find_page(book.session)}
    assert set(rows) == {"self", "ring"}
    actions.clear(book.session, rows["ring"].id, "周姐", "", book.tick())
    assert {book.earned(one)[0][4] for one in made} == {"held"}
    for row in suspicions.find_page(book.session):
        actions.clear(book.session, row.id, "周姐", "", book.tick())
    assert {book.earned(one)[0][4] for one in made} == {"pending"}
    book.prove()


def test_orders_sent_back_together_hold_what_is_left_and_the_refund_itself_is_taken_back(book: Book) -> None:
    made = [buys(book, who, "小王") for who in ("李四", "张三", "赵六")]
    left = buys(book, "李四", "小王")
    for one in made:
        book.refund(one)
    actions.look(book.session, "小王", book.now)
    assert only(book).rule == "refund_ring"
    assert book.earned(left)[0][4] == "held"
    assert {book.earned(one)[0][3] for one in made} == {0}
    book.prove()


def test_a_refund_of_a_held_order_leaves_nothing_to_free(book: Book) -> None:
    seen(book, "小王", address=HOME)
    order_id = buys(book, "李四", "小王", address=HOME)
    book.refund(order_id)
    actions.clear(book.session, only(book).id, "周姐", "", book.tick())
    assert book.earned(order_id)[0][3] == 0
    assert {book.balance("小王", kind) for kind in ("held", "pending", "payable")} == {0}
    book.prove()


def test_looking_twice_changes_nothing(book: Book) -> None:
    seen(book, "小王", address=HOME)
    buys(book, "李四", "小王", address=HOME)
    before = only(book)
    assert actions.look(book.session, "小王", book.tick()) == []
    assert only(book) == before
