"""Watches a made-up community as the shop would: credits every order, keeps signs, and judges referrers as orders come in."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from benchmarks.community_world import Order, Touch, World
from content.homes import home_of
from handlers.rewards.rules import attribute
from handlers.vigilance import rules
from handlers.vigilance.rules import Case, Join, Known, Purchase, Sign
from storage.terms import BOUND, FIRST, LAST, Terms

WINDOW, PROTECTED, LEFT_SOON = timedelta(days=30), timedelta(days=7), timedelta(hours=72)
LOOK_BACK = timedelta(days=60)


class Eyes:
    """`credited`: order to referrer. `doubted`: orders, `by_rule` by which rule."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.credited: dict[str, str] = {}
        self.doubted: set[str] = set()
        self.by_rule: dict[str, set[str]] = defaultdict(set)
        self.compared = self.agreed = 0
        self._signs: dict[str, set[Sign]] = defaultdict(set)
        self._users: dict[Sign, set[str]] = defaultdict(set)
        self._touches: dict[str, list[Touch]] = defaultdict(list)
        self._joins: dict[str, list[Touch]] = defaultdict(list)
        self._bought: dict[str, list[Order]] = defaultdict(list)
        self._buyers: set[str] = set()
        self._of_drop: Counter[int] = Counter()
        self._back_of_drop: Counter[int] = Counter()
        self._now: datetime = world.orders[0].at

    def live(self) -> None:
        """Go through everything in the order it happened."""
        happened: list[tuple[datetime, int, Touch | Order]] = [(touch.at, 0, touch) for touch in self._world.touches]
        happened += [(order.at, 1, order) for order in self._world.orders]
        happened += [(order.refunded_at, 2, order) for order in self._world.orders if order.refunded_at is not None]
        happened.sort(key=lambda one: (one[0], one[1]))
        for self._now, what, one in happened:
            if isinstance(one, Touch):
                self._touched(one)
            elif what == 1:
                self._ordered(one)
            else:
                self._back_of_drop[one.drop] += 1
                if one.id in self.credited:
                    self._judge(self.credited[one.id])

    def _touched(self, touch: Touch) -> None:
        self._touches[touch.who].append(touch)
        day = f"{touch.network}/{touch.at:%Y%m%d}"  # as the digests of addresses: another key every day
        self._keep(touch.who, (rules.DEVICE, touch.device), (rules.NETWORK, day))
        if touch.kind == "join":
            self._joins[touch.referrer].append(touch)
            if len(self._joins[touch.referrer]) >= rules.FARM_JOINS:
                self._judge(touch.referrer)

    def _ordered(self, order: Order) -> None:
        self._keep(order.who, (rules.PHONE, order.phone), (rules.PAYER, order.payer), (rules.DEVICE, order.device))
        home = home_of(order.address)
        if home:
            self._keep(order.who, (rules.HOME, home))
        self._buyers.add(order.who)
        self._of_drop[order.drop] += 1
        referrer = self._credit(order)
        if referrer:
            self.credited[order.id] = referrer
            self._bought[referrer].append(order)
            self._judge(referrer)

    def _credit(self, order: Order) -> str:
        """Whom the shop's rule (the last touch in 30 days) credits; each of the three rules is compared with its oracle."""
        came = [_Came(number, one) for number, one in enumerate(self._touches[order.who], 1)]
        credited = ""
        for terms, oracle in ORACLES:
            answer = attribute(terms, came, {order.who}, order.at)
            said = answer.touch.referrer_id if answer.touch is not None else ""
            self.compared += 1
            self.agreed += said == oracle(self._touches[order.who], order)
            credited = said if terms.rule == LAST else credited
        return credited

    def _keep(self, who: str, *signs: Sign) -> None:
        for sign in signs:
            self._signs[who].add(sign)
            self._users[sign].add(who)

    def _known(self, who: str) -> Known:
        return Known(who, frozenset(self._signs[who]))

    def _judge(self, referrer: str) -> None:
        since = self._now - LOOK_BACK
        bought = self._bought[referrer]
        bought = bought[bisect_left(bought, since, key=lambda one: one.at) :]
        joins = self._joins[referrer]
        joins = joins[bisect_left(joins, since, key=lambda one: one.at) :]
        case = Case(
            referrer=self._known(referrer),
            purchases=[self._purchase(one) for one in bought], joins=[self._join(one) for one in joins],
            shared_by=_Counts(self._users),
        )  # fmt: skip
        for doubt in rules.judge(case):
            self.doubted.update(doubt.order_ids)
            self.by_rule[doubt.rule].update(doubt.order_ids)

    def _purchase(self, order: Order) -> Purchase:
        is_back = order.refunded_at is not None and order.refunded_at <= self._now
        return Purchase(
            order_id=order.id, buyer=self._known(order.who), at=order.at, total_fen=order.fen, is_refunded=is_back,
            drop_orders=self._of_drop[order.drop] - 1, drop_refunds=self._back_of_drop[order.drop] - is_back,
        )

    def _join(self, touch: Touch) -> Join:
        is_gone = touch.left_at is not None and touch.left_at <= self._now
        return Join(who=self._known(touch.who), at=touch.at, is_gone=is_gone, is_idle=touch.who not in self._buyers)


class _Came:
    """A touch as the rule reads it."""

    def __init__(self, number: int, touch: Touch) -> None:
        self.id, self.at, self.referrer_id, self.campaign_id = number, touch.at, touch.referrer, ""
        self.void_at = touch.left_at if touch.left_at is not None and touch.left_at - touch.at < LEFT_SOON else None


def _fit(touches: Sequence[Touch], order: Order) -> list[Touch]:
    """Touches of somebody else that were not taken back by then."""
    return [
        one for one in touches
        if one.referrer != order.who
        and not (one.left_at is not None and one.left_at - one.at < LEFT_SOON and one.left_at <= order.at)
    ]


def _last(touches: Sequence[Touch], order: Order) -> str:
    for touch in reversed(_fit(touches, order)):
        return touch.referrer if order.at - touch.at <= WINDOW else ""
    return ""


def _first(touches: Sequence[Touch], order: Order) -> str:
    for touch in _fit(touches, order):
        if order.at - touch.at <= WINDOW:
            return touch.referrer
    return ""


def _bound(touches: Sequence[Touch], order: Order) -> str:
    """Somebody holds the buyer from their touch on; for a week nobody takes over, and after 30 days it is over."""
    holder, since = "", datetime.min.replace(tzinfo=order.at.tzinfo)
    for touch in _fit(touches, order):
        if not holder or touch.referrer == holder or touch.at - since >= PROTECTED:
            holder, since = touch.referrer, touch.at
    return holder if holder and order.at - since <= WINDOW else ""


ORACLES: tuple[tuple[Terms, Callable[[Sequence[Touch], Order], str]], ...] = (
    (Terms(campaign_id="c", version=1, rule=LAST), _last), (Terms(campaign_id="c", version=1, rule=FIRST), _first),
    (Terms(campaign_id="c", version=1, rule=BOUND, protection_days=7), _bound),
)  # fmt: skip


class _Counts(dict[Sign, int]):
    """How many use a sign, looked up where it is asked for."""

    def __init__(self, users: dict[Sign, set[str]]) -> None:
        super().__init__()
        self._users = users

    def get(self, sign: Sign, default: int = 0) -> int:  # type: ignore[override]
        return len(self._users.get(sign, ())) or default
