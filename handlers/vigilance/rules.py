"""What looks like cheating for rewards, decided from one referrer's recent orders and joins: pure, bounded, explained."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PAYER, PHONE, HOME, DEVICE, NETWORK = "payer", "phone", "home", "device", "network"
SIGNS = (PAYER, PHONE, HOME, DEVICE, NETWORK)
SELF, HOUSEHOLD, RING, VELOCITY, FARM, REFUNDS = "self", "household", "ring", "velocity", "join_farm", "refund_ring"
RULES = (SELF, HOUSEHOLD, RING, VELOCITY, FARM, REFUNDS)

PUBLIC = {PAYER: 12, PHONE: 12, HOME: 12, DEVICE: 40, NETWORK: 60}  # a sign that more people share says nothing of anybody
HOME_MOST = 6  # people in one home; where more order to, it is a dormitory or an office
RING_LEAST = {PAYER: 3, PHONE: 3, DEVICE: 3, HOME: 5}  # buyers of one referrer that share a sign
RING_SHARE = 0.6  # of those who share it belong to this referrer
VELOCITY_ORDERS, VELOCITY_TIME = 8, timedelta(hours=1)
FARM_JOINS, FARM_TIME = 20, timedelta(hours=12)
FARM_IDLE, FARM_ALIKE = 0.6, 0.35  # of the joiners did nothing or left; came by one network or few devices
REFUND_LEAST, REFUND_BUYERS, REFUND_SHARE = 3, 2, 0.5
BAD_DROP_ORDERS, BAD_DROP_SHARE = 8, 0.2  # where so many send it back, the goods were bad

Sign = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """One person and the signs known of them, each a kind and a digest."""

    person: str
    signs: frozenset[Sign] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One order credited to the referrer. `drop_orders` and `drop_refunds` are those of its drop by everybody else."""

    order_id: str
    buyer: Known
    at: datetime
    total_fen: int
    is_refunded: bool = False
    drop_orders: int = 0
    drop_refunds: int = 0

    @property
    def is_of_bad_drop(self) -> bool:
        return self.drop_orders >= BAD_DROP_ORDERS and self.drop_refunds >= BAD_DROP_SHARE * self.drop_orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Somebody who came into a group by the referrer. `is_idle`: they said nothing, and ordered nothing."""

    who: Known
    at: datetime
    is_gone: bool = False
    is_idle: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One referrer's recent orders and joins, oldest first; `shared_by` is how many people use a sign, anywhere."""

    referrer: Known
    purchases: Sequence[Purchase] = ()
    joins: Sequence[Join] = ()
    shared_by: Mapping[Sign, int] = field(default_factory=dict)

    def count(self, sign: Sign) -> int:
        return self.shared_by.get(sign, 1)

    def is_public(self, sign: Sign) -> bool:
        return self.count(sign) > PUBLIC[sign[0]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A rule's finding. `mark` tells it from others of the rule about the same referrer; `order_ids` are doubtful;
    `evidence` are figures and kinds of signs, never a phone, an address or a name."""

    rule: str
    mark: str
    order_ids: tuple[str, ...]
    evidence: Mapping[str, object]


def judge(case: Case) -> list[Doubt]:
    """Everything doubtful about a referrer's orders, rule by rule. An order may be doubted by several."""
    found = [*_own(case), *_rings(case), *_velocity(case), *_farm(case), *_refunds(case)]
    return [one for one in found if one.order_ids]


def _own(case: Case) -> Iterator[Doubt]:
    """Orders of the referrer's other selves, and of their home."""
    by_buyer: dict[str, list[Purchase]] = defaultdict(list)
    for purchase in case.purchases:
        by_buyer[purchase.buyer.person].append(purchase)
    for person, bought in by_buyer.items():
        known = frozenset().union(*(one.buyer.signs for one in bought))
        shared = {sign for sign in known & case.referrer.signs if not case.is_public(sign)}
        kinds = {kind for kind, _ in shared}
        rule = _own_rule(person == case.referrer.person, shared, kinds, case, known, len(bought))
        if rule:
            yield Doubt(
                rule=rule, mark=person, order_ids=tuple(one.order_id for one in bought),
                evidence={"shared": sorted(kinds), "is_same_person": person == case.referrer.person, "orders": len(bought)},
            )


def _own_rule(
    is_same: bool, shared: set[Sign], kinds: set[str], case: Case, known: frozenset[Sign], orders: int
) -> str:
    if is_same or PHONE in kinds or PAYER in kinds:
        return SELF
    is_home = any(kind == HOME and case.count((kind, value)) <= HOME_MOST for kind, value in shared)
    devices = {sign for sign in known if sign[0] == DEVICE}
    # somebody who stands beside us may order on our phone once; who never shows a device of their own is us
    if DEVICE in kinds and (is_home or (devices <= shared and (orders > 1 or NETWORK in kinds))):
        return SELF
    return HOUSEHOLD if is_home else ""


def _rings(case: Case) -> Iterator[Doubt]:
    """Several buyers of one referrer behind one device, payer, phone or home that hardly anybody else uses."""
    users: dict[Sign, set[str]] = defaultdict(set)
    for purchase in case.purchases:
        for sign in purchase.buyer.signs:
            if sign[0] in RING_LEAST and not case.is_public(sign):
                users[sign].add(purchase.buyer.person)
    for sign, people in sorted(users.items()):
        if len(people) < RING_LEAST[sign[0]] or len(people) < RING_SHARE * case.count(sign):
            continue
        theirs = [one for one in case.purchases if one.buyer.person in people]
        if sign[0] == DEVICE and _is_family(theirs):
            continue
        yield Doubt(
            rule=RING, mark=f"{sign[0]}:{sign[1]}"[:80], order_ids=tuple(one.order_id for one in theirs),
            evidence={"shared": [sign[0]], "buyers": len(people), "users": case.count(sign), "orders": len(theirs)},
        )


def _is_family(purchases: Sequence[Purchase]) -> bool:
    """People of one home who also have devices of their own share a tablet."""
    people = {one.buyer.person for one in purchases}
    homes = {value for one in purchases for kind, value in one.buyer.signs if kind == HOME}
    own = {one.buyer.person for one in purchases if sum(kind == DEVICE for kind, _ in one.buyer.signs) > 1}
    return len(homes) == 1 and len(people) <= HOME_MOST and len(own) * 2 >= len(people)


def _velocity(case: Case) -> Iterator[Doubt]:
    """Many orders within an hour, from people behind few networks and devices."""
    first = 0
    for last, purchase in enumerate(case.purchases):
        while purchase.at - case.purchases[first].at > VELOCITY_TIME:
            first += 1
        quick = case.purchases[first : last + 1]
        if len(quick) < VELOCITY_ORDERS:
            continue
        alike = _alike(case, [one.buyer for one in quick])
        if alike >= FARM_ALIKE:
            yield Doubt(
                rule=VELOCITY, mark=f"{quick[0].at:%Y%m%d%H}", order_ids=tuple(one.order_id for one in quick),
                evidence={"orders": len(quick), "minutes": 60, "alike_percent": round(100 * alike)},
            )
            return


def _farm(case: Case) -> Iterator[Doubt]:
    """A flood of joins of people who do nothing or leave, by one network or a handful of devices."""
    first = 0
    flood: set[int] = set()
    for last, join in enumerate(case.joins):
        while join.at - case.joins[first].at > FARM_TIME:
            first += 1
        if last - first + 1 >= FARM_JOINS:
            flood.update(range(first, last + 1))
    joins = [case.joins[place] for place in sorted(flood)]
    if not joins:
        return
    idle = sum(one.is_gone or one.is_idle for one in joins) / len(joins)
    alike = _alike(case, [one.who for one in joins])
    if idle >= FARM_IDLE and alike >= FARM_ALIKE:
        people = {one.who.person for one in joins}
        yield Doubt(
            rule=FARM, mark=f"{joins[0].at:%Y%m%d}",
            order_ids=tuple(one.order_id for one in case.purchases if one.buyer.person in people),
            evidence={"joins": len(joins), "idle_percent": round(100 * idle), "alike_percent": round(100 * alike)},
        )


def _alike(case: Case, people: Sequence[Known]) -> float:
    """How large a part of these people stand behind one network, or have no device to themselves."""
    signs: Counter[Sign] = Counter(sign for one in people for sign in one.signs if sign[0] in (NETWORK, DEVICE))
    # a farm's network is its own even where it is large: nearly everybody on it is here
    own = {sign: found for sign, found in signs.items() if found > 1 and found >= RING_SHARE * case.count(sign)}
    network = max((found for sign, found in own.items() if sign[0] == NETWORK), default=0)
    devices = sum(any(sign in own for sign in one.signs if sign[0] == DEVICE) for one in people)
    return max(network, devices) / len(people) if people else 0.0


def _refunds(case: Case) -> Iterator[Doubt]:
    """A referrer whose buyers send back far more than others, where the goods were not bad."""
    fair = [one for one in case.purchases if not one.is_of_bad_drop]
    back = [one for one in fair if one.is_refunded]
    if len(back) < REFUND_LEAST or len(back) < REFUND_SHARE * len(fair):
        return
    sent_back, bought = Counter(one.buyer.person for one in back), Counter(one.buyer.person for one in fair)
    buyers = {person for person, count in sent_back.items() if count >= REFUND_SHARE * bought[person]}
    if len(buyers) >= REFUND_BUYERS:
        yield Doubt(
            rule=REFUNDS, mark=f"{back[-1].at:%Y%m}",
            order_ids=tuple(one.order_id for one in case.purchases if one.buyer.person in buyers),
            evidence={"orders": len(fair), "refunded": len(back), "buyers": len(buyers)},
        )
