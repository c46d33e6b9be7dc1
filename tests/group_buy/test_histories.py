"""Random histories of claims, changes, payments, expiries, refunds: every fen and every seat is accounted for at each step."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.jobs import RefundWanted
from bot.payments.base import DONE, FAILED, PENDING, REFUSED, Answer, MoneyBack
from bot.payments.refunding import Refunding
from bot.trading import HelpAsked, OrderMarkAsked, RefundRetryAsked
from storage import drops, orders, payments, reconciling, teams
from tests.group_buy.stall import StallStage
from tests.stage import Stage

NAMES = ("小王", "李四", "阿芳", "老张", "赵姐")
STOCK = 7
KINDS = {
    "team": {"team_size": 2, "team_hours": 3}, "group": {"goal": 3}, "flash": {}, "tier": {"steps": [
        {"kind": "tier", "at": 2, "fen": 2590}, {"kind": "tier", "at": 4, "fen": 1990}]},
    "threshold": {"steps": [{"kind": "threshold", "at": 5000, "fen": 777}]},
    "bargain": {"steps": [{"kind": "cut", "at": number, "fen": 300} for number in (1, 2, 3)], "offer": {"floor_fen": 2500}},
}


class MoodyTill:
    """A provider whose answers the history chooses; it notes what each refund paid back."""

    name = "offline"

    def __init__(self) -> None:
        self.mood = DONE
        self.paid: dict[str, int] = {}

    async def refund(self, wanted: MoneyBack) -> Answer:
        if self.mood == DONE:
            self.paid[wanted.refund_id] = wanted.amount_fen
        return Answer(self.mood)


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stage = Stage(f"sqlite:///{Path(self.folder.name) / 'h.db'}")
        self.till = MoodyTill()
        self.stage.work[RefundWanted] = Refunding(self.stage.database, {"offline": self.till}, lambda: self.stage.time).refund
        self.orders: list[str] = []
        self.references: list[tuple[str, int, str]] = []
        self.came_in = 0

    @initialize(kind=st.sampled_from(sorted(KINDS)), pays=st.sampled_from(("before", "pickup")), limit=st.sampled_from((None, 3)))
    def opens(self, kind: str, pays: str, limit: int | None) -> None:
        self.drop = StallStage(self.stage, kind, stock=STOCK, pays=pays, per_member=limit, **KINDS[kind])

    @rule(
        who=st.sampled_from(NAMES), count=st.integers(0, 4), mode=st.sampled_from(("add", "set")),
        team=st.sampled_from(("", "new")), if_late=st.sampled_from(("refund", "next_team")),
    )
    def joins(self, who: str, count: int, mode: str, team: str, if_late: str) -> None:
        reason = self.drop.join(who, count, mode=mode, team=team, if_late=if_late)
        if reason.startswith("ord_") and reason not in self.orders:
            self.orders.append(reason)

    @rule(which=st.integers(0, 50), share=st.sampled_from((1.0, 1.0, 1.0, 0.5, 1.5)))
    def pays(self, which: int, share: float) -> None:
        if self.orders:
            order_id = self.orders[which % len(self.orders)]
            amount = max(1, int(self.drop.order(order_id).total_fen * share))
            reference = f"ref{len(self.references)}"
            self.references.append((order_id, amount, reference))
            assert self.drop.pay(order_id, amount, reference) in ("counted", "late")
            self.came_in += amount

    @rule(which=st.integers(0, 50))
    def tells_a_payment_again(self, which: int) -> None:
        if self.references:
            order_id, amount, reference = self.references[which % len(self.references)]
            assert self.drop.pay(order_id, amount, reference) == "known"

    @rule(which=st.integers(0, 50), by_whom=st.sampled_from((0, 1, 2, 3, 4)))
    def gives_up(self, which: int, by_whom: int) -> None:
        if self.orders:
            self.drop.cancel(self.orders[which % len(self.orders)], NAMES[by_whom])

    @rule(which=st.integers(0, 50), amount=st.sampled_from((0, 1, 999, 5000)))
    def refunds(self, which: int, amount: int) -> None:
        if self.orders:
            self.drop.refund(self.orders[which % len(self.orders)], amount)

    @rule(which=st.integers(0, 50), who=st.sampled_from(NAMES))
    def helps(self, which: int, who: str) -> None:
        if self.orders:
            self.drop.hear(HelpAsked, who=who, order_id=self.orders[which % len(self.orders)])

    @rule(which=st.integers(0, 50), mark=st.sampled_from(("shipped", "arrived", "received")))
    def marks(self, which: int, mark: str) -> None:
        if self.orders:
            self.drop.hear(OrderMarkAsked, order_ids=(self.orders[which % len(self.orders)],), mark=mark, by="operator:1")

    @rule(minutes=st.sampled_from((5, 31, 200)))
    def waits(self, minutes: int) -> None:
        self.drop.pass_minutes(minutes)

    @rule(mood=st.sampled_from((DONE, FAILED, PENDING, REFUSED)))
    def till_changes_its_mood(self, mood: str) -> None:
        self.till.mood = mood

    @rule()
    def dead_refunds_are_tried_again(self) -> None:
        with self.stage.database.read() as session:
            dead = payments.find_owed(session, (payments.DEAD,))
        for one in dead:
            self.drop.hear(RefundRetryAsked, refund_id=one.id)

    @rule(how=st.sampled_from(("close", "call_off", "none", "none", "none", "none")))
    def ends(self, how: str) -> None:
        if how != "none":
            getattr(self.drop, how)()

    @invariant()
    def every_fen_and_seat_is_accounted_for(self) -> None:
        if not hasattr(self, "drop"):
            return
        money = self.drop.money()
        assert money.paid_fen == self.came_in
        assert money.paid_fen == money.confirmed_fen + money.waiting_fen + money.refunded_fen + money.due_fen
        assert money.refunded_fen == sum(self.till.paid.values())
        stock, taken = self.drop.left()
        assert stock >= 0
        with self.stage.database.read() as session:
            kept = orders.find_alive(session, self.drop.id)
            handed_out = [row.id for row in session.execute(orders.TABLE.select()) if row.status == orders.REFUNDED and row.shipped_at]
            assert taken == sum(line.quantity for some in orders.find_lines(session, [row.id for row in kept] + handed_out).values() for line in some)
            drop = drops.get(session, self.drop.id)
            if drop.status in (drops.CLOSED, drops.CANCELLED) and drop.kind in (drops.TEAM, drops.GROUP):
                assert [row.id for row in kept if row.confirmed_at is None and row.status != orders.PLACED] == []
        assert stock + taken == STOCK
        assert all(team.seats == team.size for team in self.drop.teams() if team.status == teams.FORMED)
        assert isinstance(money, reconciling.Money)

    def teardown(self) -> None:
        self.stage.close()
        self.folder.cleanup()


MANY = int(os.environ.get("TUAN_HISTORIES", "12"))
TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=MANY, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
