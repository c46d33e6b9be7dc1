"""Who brought an order: the rules one by one, and that orders keep the terms they were placed under."""

from __future__ import annotations

import orjson

from storage import identities
from storage.terms import BOUND, FIRST, Reward
from tests.rewards.book import Book

FIVE = Reward(level=1, amount=500)


def brought(book: Book, who: str = "李四") -> tuple[str | None, str]:
    row = book.attribution(book.place(who))
    return row.referrer_id, row.reason


def verdicts(book: Book, order_id: str) -> list[str]:
    return [verdict for _, verdict in orjson.loads(book.attribution(order_id).line)["touches"]]


def test_the_last_touch_in_the_window_wins(book: Book) -> None:
    book.campaign(FIVE, window_days=30)
    book.touch("李四", "阿芳")
    book.touch("李四", "小王")
    assert brought(book) == ("小王", "last")
    book.tick(days=31)
    assert brought(book) == (None, "expired")
    book.prove()


def test_a_touch_at_the_edge_of_the_window_counts(book: Book) -> None:
    book.campaign(FIVE, window_days=1)
    book.touch("李四", "小王")
    book.tick(days=1, seconds=-1)
    assert brought(book) == ("小王", "last")
    assert brought(book)[0] is None


def test_the_first_touch_wins_where_the_terms_say_so(book: Book) -> None:
    book.campaign(FIVE, rule=FIRST, window_days=10)
    book.touch("李四", "阿芳")
    book.tick(days=9)
    book.touch("李四", "小王")
    assert brought(book) == ("阿芳", "first")
    book.tick(days=2)
    assert brought(book) == ("小王", "first")
    book.prove()


def test_a_bond_is_protected_renewed_and_broken(book: Book) -> None:
    book.campaign(FIVE, rule=BOUND, window_days=30, protection_days=7)
    book.touch("李四", "阿芳")
    book.tick(days=3)
    book.touch("李四", "小王")
    assert brought(book) == ("阿芳", "bound")
    book.tick(days=3)
    book.touch("李四", "阿芳")  # renews
    book.tick(days=5)
    book.touch("李四", "小王")
    order_id = book.place("李四")
    assert book.attribution(order_id).referrer_id == "阿芳"
    assert verdicts(book, order_id) == ["renewed", "protected", "won", "protected"]
    book.tick(days=8)
    book.touch("李四", "小王")
    assert brought(book) == ("小王", "bound")
    book.tick(days=31)
    assert brought(book) == (None, "expired")
    book.prove()


def test_a_bond_that_ran_out_protects_nobody(book: Book) -> None:
    book.campaign(FIVE, rule=BOUND, window_days=5, protection_days=60)
    book.touch("李四", "阿芳")
    book.tick(days=6)
    book.touch("李四", "小王")
    assert brought(book) == ("小王", "bound")


def test_nobody_brings_themselves_under_any_of_their_names(book: Book) -> None:
    book.campaign(FIVE)
    for value in ("李四", "wx:李四"):
        book.session.add(identities.Identity(kind="member", value=value, person_id="per_1", learnt_at=book.now, cause=value))
    book.session.flush()
    book.touch("李四", "wx:李四")
    assert brought(book) == (None, "own")
    book.touch("wx:李四", "小王")  # another's touch of the same person counts
    assert brought(book) == ("小王", "last")
    book.prove()


def test_a_join_that_was_left_does_not_count(book: Book) -> None:
    book.campaign(FIVE)
    book.touch("李四", "小王", kind="join", void_at=book.now)
    assert brought(book) == (None, "void")


def test_a_join_left_after_the_order_does_not_change_it(book: Book) -> None:
    book.campaign(FIVE)
    touch_id = book.touch("李四", "小王", kind="join")
    order_id = book.place("李四")
    from storage import touches

    book.session.execute(touches.TABLE.update().where(touches.TABLE.c.id == touch_id).values(void_at=book.tick(), void_why="left"))
    book.prove()
    assert book.attribution(order_id).referrer_id == "小王"


def test_a_link_of_another_campaign_does_not_count(book: Book) -> None:
    book.campaign(FIVE)
    book.touch("李四", "小王", campaign_id="cmp_other")
    assert brought(book) == (None, "elsewhere")


def test_nothing_is_decided_without_a_campaign_and_nobody_without_a_touch(book: Book) -> None:
    order_id = book.place("李四")
    from storage import attributions

    assert attributions.find(book.session, order_id) is None
    book.campaign(FIVE)
    assert brought(book) == (None, "no_touch")


def test_an_order_keeps_the_terms_it_was_placed_under(book: Book) -> None:
    book.campaign(FIVE)
    book.touch("李四", "小王")
    first = book.place("李四")
    book.campaign(Reward(level=1, amount=1000))
    second = book.place("李四")
    book.pay(first)
    book.pay(second)
    assert [book.attribution(one).version for one in (first, second)] == [1, 2]
    assert [book.earned(one)[0][3] for one in (first, second)] == [500, 1000]
    book.prove()


def test_a_reward_for_the_product_goes_before_one_for_the_shop(book: Book) -> None:
    book.campaign(FIVE, name="cmp_shop")
    book.campaign(Reward(level=1, amount=900, scope="drop", target="drp_1"), name="cmp_drop")
    book.touch("李四", "小王")
    assert book.attribution(book.place("李四")).campaign_id == "cmp_shop"


def test_the_second_level_only_where_it_is_switched_on_and_never_the_buyer(book: Book) -> None:
    two = Reward(level=2, amount=200)
    book.campaign(FIVE, two, top_level=2)
    book.touch("小王", "阿芳", kind="join")
    book.touch("李四", "小王")
    order_id = book.bought("李四")
    assert [(level, who, fen) for level, who, _, fen, _ in book.earned(order_id)] == [(1, "小王", 500), (2, "阿芳", 200)]
    book.touch("阿芳", "小王")
    ring = book.bought("阿芳")  # 小王 was brought by 阿芳 herself
    assert [(level, who) for level, who, *_ in book.earned(ring)] == [(1, "小王")]
    book.campaign(FIVE)
    assert book.attribution(book.place("李四")).upper_id is None
    book.prove()


def test_a_touch_told_after_the_order_changes_nothing(book: Book) -> None:
    book.campaign(FIVE)
    book.touch("李四", "阿芳")
    earlier = book.tick()
    order_id = book.place("李四")
    book.touch("李四", "小王", kind="join", at=earlier)  # the channel told of it late
    book.prove()
    assert book.attribution(order_id).referrer_id == "阿芳"
