"""Random histories of orders, refunds, payouts, holds and changed terms: after each of them every fen is where it belongs.

500 histories in an ordinary run, in five tests so that they share the processors; TUAN_NIGHTLY=1 runs 10,000."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handlers.rewards import actions, attributing, payouts
from storage import attributions, campaigns, commissions, ledger, orders, payments
from storage import payouts as payout_rows
from storage.database import Database
from storage.terms import COUPON, FEN, FLAT, POINTS, RULES, UNITS, Reward
from tests.rewards.book import Book

PARTS = 5
EACH = (10_000 if os.environ.get("TUAN_NIGHTLY") else 500) // PARTS
NAMES = ("小王", "李四", "阿芳", "老张")
SKUS = ("s1", "s2", "s3")
one_of_names, number = st.sampled_from(NAMES), st.integers(0, 30)
fen = st.sampled_from((1, 3, 99, 101, 333, 1_000, 4_999, 10_007))
lines = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 3), fen), min_size=1, max_size=3, unique_by=lambda one: one[0])
percent = st.builds(Reward, level=st.sampled_from((1, 2)), amount=st.sampled_from((1, 33, 500, 999, 10_000)))
special = st.sampled_from((
    Reward(level=1, kind=FLAT, amount=777, occasion="first_order"), Reward(level=1, unit=POINTS, amount=150),
    Reward(level=0, unit=COUPON, kind=FLAT, amount=500), Reward(level=2, kind=FLAT, amount=3),
))
terms = st.fixed_dictionaries({
    "rewards": st.lists(percent | special, min_size=1, max_size=3), "rule": st.sampled_from(RULES),
    "window_days": st.sampled_from((1, 30)), "protection_days": st.sampled_from((0, 7)), "after_sale_days": st.sampled_from((0, 7)),
    "budget_fen": st.sampled_from((None, None, 50, 2_000)), "member_cap_fen": st.sampled_from((None, None, 30, 900)),
})
step = st.one_of(
    st.tuples(st.just("touch"), one_of_names, one_of_names), st.tuples(st.just("buy"), one_of_names, lines, st.integers(0, 60)),
    st.tuples(st.just("buy"), one_of_names, lines, st.just(0)), st.tuples(st.just("place"), one_of_names, lines),
    st.tuples(st.just("pay"), number), st.tuples(st.just("refund"), number, fen, st.sampled_from(("", *SKUS))),
    st.tuples(st.just("refund"), number, st.just(0), st.just("")), st.tuples(st.just("receive"), number),
    st.tuples(st.just("days"), st.sampled_from((0.5, 2, 8, 31))), st.tuples(st.just("terms"), terms),
    st.tuples(st.just("payout"), st.sampled_from(("propose", "approve", "pay", "cancel"))),
    st.tuples(st.just("hold"), number), st.tuples(st.just("decide"), number, st.booleans()),
)


class History:
    """What may happen to a book, one step after the other."""

    def __init__(self, session: Session) -> None:
        self.session, self.book, self.orders = session, Book(session), list[str]()

    def do(self, name: str, *values: Any) -> None:
        getattr(self, name)(*values)

    def touch(self, who: str, by: str) -> None:
        self.book.touch(who, by)

    def buy(self, who: str, bought: list[tuple[str, int, int]], less: int) -> None:
        worth = sum(count * one for _, count, one in bought)
        self.orders.append(self.book.bought(who, *bought, discount_fen=worth * less // 100))

    def place(self, who: str, bought: list[tuple[str, int, int]]) -> None:
        self.orders.append(self.book.place(who, bought))

    def _order(self, which: int) -> str | None:
        return self.orders[which % len(self.orders)] if self.orders else None

    def pay(self, which: int) -> None:
        if (order_id := self._order(which)) and orders.get(self.session, order_id).status == orders.PLACED:
            self.book.pay(order_id)

    def refund(self, which: int, amount: int, sku: str) -> None:
        if order_id := self._order(which):
            self.book.refund(order_id, amount, sku)

    def receive(self, which: int) -> None:
        if order_id := self._order(which):
            self.book.receive(order_id)

    def days(self, count: float) -> None:
        self.book.pass_days(count)

    def terms(self, wanted: dict[str, Any]) -> None:
        values = dict(wanted)
        rewards = values.pop("rewards")
        self.book.campaign(*rewards, top_level=max(1, *(one.level for one in rewards)) if rewards else 1, **values)

    def payout(self, what: str) -> None:
        now = self.book.tick()
        if what == "propose":
            payouts.propose(self.session, 1, "", "operator:1", now)
            return
        for batch in payout_rows.find_all(self.session):
            if what == "approve":
                payouts.approve(self.session, batch.id, "operator:2", 2, now)
            elif what == "pay":
                payouts.mark_paid(self.session, batch.id, "operator:2", now)
            else:
                payouts.cancel(self.session, batch.id, "operator:2", now)

    def hold(self, which: int) -> None:
        if order_id := self._order(which):
            ids = [row.id for row in commissions.find_of_order(self.session, order_id)]
            commissions.hold(self.session, ids, "velocity", {}, self.book.tick())

    def decide(self, which: int, is_clear: bool) -> None:
        if order_id := self._order(which):
            held = [row.id for row in commissions.find_of_order(self.session, order_id) if row.state == commissions.HELD]
            if is_clear:
                commissions.release(self.session, held, self.book.tick())
            else:
                commissions.reject(self.session, held, "velocity", self.book.tick())


def check(history: History) -> None:
    """Nothing is lost, nothing is above the rule, a whole refund returns every fen, and doing it again changes nothing."""
    session, book = history.session, history.book
    book.prove()
    total = select(func.coalesce(func.sum(commissions.TABLE.c.amount), 0))
    for unit in UNITS:
        out = ledger.sum_balance(session, ledger.COST, unit)
        assert session.scalar(total.where(commissions.TABLE.c.unit == unit)) == -out
    for order_id in history.orders:
        _check_order(session, order_id)
    before = session.execute(commissions.TABLE.select().order_by(commissions.TABLE.c.id)).all()
    moved = session.scalar(select(func.count()).select_from(ledger.TABLE))
    for order_id in history.orders:
        assert attributing.attribute_order(session, order_id, book.cause(), book.now) == []
        assert actions.accrue(session, order_id, book.cause(), book.now) == []
        assert actions.follow(session, order_id, book.cause(), book.now) == []
    assert session.execute(commissions.TABLE.select().order_by(commissions.TABLE.c.id)).all() == before
    assert session.scalar(select(func.count()).select_from(ledger.TABLE)) == moved


def _check_order(session: Session, order_id: str) -> None:
    order, kept = orders.get(session, order_id), attributions.find(session, order_id)
    rows = commissions.find_of_order(session, order_id)
    if kept is None or not rows:
        return
    assert kept.buyer_id not in {row.member_id for row in rows if row.level}
    back = sum(payments.sum_parts(session, [order_id]).get(order_id, {}).values())
    left = max(0, order.total_fen - back) if order.status in orders.ALIVE else 0
    written = campaigns.get_terms(session, kept.campaign_id, kept.version)
    for position, reward in enumerate(written.rewards):
        earned = sum(row.amount for row in rows if row.position == position)
        most = left * reward.amount if reward.kind != FLAT else reward.amount * 10_000
        assert earned * 10_000 <= most
        if left == 0:
            assert earned == 0
    if written.member_cap_fen is not None:
        assert all(sum(row.granted for row in rows if row.member_id == who and row.unit == FEN) <= written.member_cap_fen for who in NAMES)


@pytest.fixture(scope="module")
def database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("book") / "book.db"
    path.write_bytes(sqlite_template.read_bytes())
    made = Database(f"sqlite:///{path}")
    yield made
    made.close()


@pytest.mark.parametrize("part", range(PARTS))
def test_every_fen_is_where_it_belongs(database: Database, part: int) -> None:
    @settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, database=None)
    @given(first=terms, steps=st.lists(step, min_size=4, max_size=18), seed=st.just(part))
    def run(first: dict[str, Any], steps: list[tuple[Any, ...]], seed: int) -> None:
        with database.writer.connect() as connection, connection.begin() as transaction:
            history = History(Session(bind=connection, join_transaction_mode="create_savepoint"))
            history.terms(first)
            for who, by in (("李四", "小王"), ("小王", "阿芳"), ("阿芳", "老张")):
                history.touch(who, by)
            for one in steps:
                history.do(*one)
            check(history)
            transaction.rollback()

    run()
