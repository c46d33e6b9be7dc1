"""A made-up community of which everything is known: who is whom, who brought whom, who cheats, and how they try to hide it.

Nothing here knows the rules that look for cheats. Honest life is made to look suspicious where it does: families share
homes, tablets and payers, colleagues an address, neighbours one carrier's network; a popular neighbour's link is opened
by dozens within minutes, and a bad delivery is sent back by everybody. Cheats hide: other phones, other payers, other
homes, real orders in between.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 90
HONEST, HOUSEHOLD = "honest", "household"
SELF, RING, FARM, REFUNDS = "self", "ring", "farm", "refunds"  # an account's own second self, …
CHEATS = (SELF, RING, FARM, REFUNDS)
_ESTATES = ("阳光花园", "翠湖家园", "金桂苑", "梧桐里小区", "东方新村", "滨河公寓", "春江府", "学林小区")


@dataclass(slots=True)
class Account:
    """One account, and who is truly behind it (`person`); what it orders with."""

    id: str
    person: int
    address: str
    phone: str
    payer: str
    devices: list[str]
    network: str
    friends: list[Account] = field(default_factory=list)
    housemates: list[Account] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody was touched by another's link (click) or invitation (join)."""

    at: datetime
    kind: str
    who: str
    device: str
    network: str
    referrer: str
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order, with what it shows of its buyer, and (`truth`) what it truly is."""

    id: str
    at: datetime
    who: str
    fen: int
    drop: int
    address: str
    phone: str
    payer: str
    device: str
    refunded_at: datetime | None
    truth: str
    brought_by: str  # who truly caused it; empty: nobody


@dataclass(slots=True)
class World:
    """Everything that happened, in order, and the truth about it."""

    accounts: dict[str, Account]
    touches: list[Touch]
    orders: list[Order]


class Maker:
    """Makes one world out of a seed; the mixture itself is drawn, so that no two seeds are alike."""

    def __init__(self, seed: int, members: int) -> None:
        self.dice = random.Random(seed)
        self.accounts: dict[str, Account] = {}
        self.touches: list[Touch] = []
        self.orders: list[Order] = []
        self.bad_drops = {drop for drop in range(400) if self.dice.random() < 0.02}
        self.is_return_rate = self.dice.uniform(0.02, 0.05)
        self._flats, self._people = 0, 0
        self._members = members

    def make(self) -> World:
        share = self.dice.uniform(0.015, 0.035)  # of accounts that belong to cheats
        self._neighbours(int(self._members * (1 - share)))
        honest = list(self.accounts.values())
        self._befriend(honest)
        self._live(honest)
        cheats = self.dice.sample(honest, len(honest) // 40)
        makers = (self._second_self, self._second_self, self._second_self, self._ring, self._farm, self._refund_ring)
        while len(self.accounts) < self._members and cheats:
            self.dice.choice(makers)(cheats.pop())
        self.touches.sort(key=lambda touch: (touch.at, touch.who))
        self.orders.sort(key=lambda order: (order.at, order.id))
        return World(self.accounts, self.touches, self.orders)

    # -- who lives here

    def _neighbours(self, count: int) -> None:
        offices = [f"软件园{number}号楼前台" for number in range(1, 30)]
        while len(self.accounts) < count:
            self._flats += 1
            is_dormitory = self.dice.random() < 0.005
            size = self.dice.randint(4, 6) if is_dormitory else self.dice.choices((1, 2, 3, 4), (45, 35, 14, 6))[0]
            home, wifi, tablet = self._home(), f"wifi{self._flats}", f"tablet{self._flats}"
            family = [self._account(home, f"p{self._phone()}", wifi) for _ in range(size)]
            for one in family:
                one.housemates = [other for other in family if other is not one]
                if self.dice.random() < 0.06:
                    one.address = self.dice.choice(offices)
                if self.dice.random() < 0.05 and size > 1 and not is_dormitory:
                    one.devices.append(tablet)
                if self.dice.random() < 0.04 and size > 1 and not is_dormitory:
                    one.payer = family[0].payer

    def _account(self, home: str, payer: str, network: str, person: int = -1) -> Account:
        self._people += 1
        number = self._people
        account = Account(f"m{number}", number if person < 0 else person, home, self._phone(), payer, [f"d{number}"], network)
        self.accounts[account.id] = account
        return account

    def _home(self) -> str:
        number = self._flats
        estate = _ESTATES[number % len(_ESTATES)]
        return f"{estate}{number // 1500 + 1}期{number // 40 % 30 + 1}栋{number % 2 + 1}单元{number // 8 % 5 + 1}0{number // 2 % 4 + 1}"

    def _phone(self) -> str:
        return f"1{self.dice.choice('356789')}{self.dice.randrange(10**9):09d}"

    def _spelled(self, address: str) -> str:
        """The same place as people write it."""
        way = self.dice.randrange(4)
        if way == 1:
            return address.replace("栋", "号楼").replace("单元", "单元 ")
        if way == 2:
            return address.replace("栋", "-").replace("单元", "-")
        return address + "室" if way == 3 and address[-1].isdigit() else address

    def _befriend(self, people: list[Account]) -> None:
        for place, one in enumerate(people):
            near = [people[(place + self.dice.randint(-300, 300)) % len(people)] for _ in range(self.dice.randint(0, 8))]
            one.friends = [other for other in near if other is not one]
        for one in self.dice.sample(people, max(1, len(people) // 300)):  # whom everybody listens to
            one.friends += self.dice.sample(people, min(len(people) // 4, self.dice.randint(60, 350)))

    # -- honest life

    def _live(self, people: list[Account]) -> None:
        for one in people:
            for _ in range(self.dice.choices((0, 1, 2, 3), (45, 35, 14, 6))[0]):
                self._buy(one, self._moment(), HONEST, "")
            if one.friends and self.dice.random() < 0.16:
                self._share(one)

    def _share(self, one: Account) -> None:
        """A link goes round: to friends, and now and then to the family."""
        at = self._moment(DAYS - 20)
        self._look_oneself(one, at)
        for friend in one.friends:
            if self.dice.random() < 0.45:
                self._bring(one, friend, at, HONEST)
        for mate in one.housemates:
            if self.dice.random() < 0.06:
                self._bring(one, mate, at, HOUSEHOLD)

    def _look_oneself(self, one: Account, at: datetime) -> None:
        """Many open their own link to see what others will see."""
        if self.dice.random() < 0.5:
            own = Touch(at - timedelta(minutes=5), "click", one.id, self.dice.choice(one.devices), self._network(one), one.id)
            self.touches.append(own)

    def _bring(self, one: Account, friend: Account, at: datetime, truth: str) -> None:
        quickly = self.dice.expovariate(1 / 40) if self.dice.random() < 0.6 else self.dice.expovariate(1 / 1500)
        seen = at + timedelta(minutes=quickly)
        # now and then somebody opens it on the friend's own phone, standing beside them
        device = one.devices[0] if truth == HONEST and self.dice.random() < 0.004 else self.dice.choice(friend.devices)
        network = self._network(friend)
        self.touches.append(Touch(seen, "click", friend.id, device, network, one.id))
        if self.dice.random() < 0.3:
            left = seen + timedelta(hours=self.dice.uniform(1, 400)) if self.dice.random() < 0.15 else None
            self.touches.append(Touch(seen + timedelta(minutes=3), "join", friend.id, device, network, one.id, left))
        if self.dice.random() < 0.4:
            for number in range(self.dice.choices((1, 2, 3), (70, 20, 10))[0]):
                later = seen + timedelta(minutes=self.dice.expovariate(1 / 300) + 4, days=number * self.dice.uniform(2, 12))
                self._buy(friend, later, truth, one.id, device if number == 0 else "")

    def _network(self, one: Account) -> str:
        return one.network if self.dice.random() < 0.6 else f"carrier{self.dice.randrange(40)}"

    def _moment(self, days: float = DAYS) -> datetime:
        return START + timedelta(days=self.dice.uniform(0, days), hours=self.dice.uniform(0, 3))

    def _buy(
        self, one: Account, at: datetime, truth: str, brought_by: str, device: str = "", *, fen: int = 0, back: float = -1.0,
        back_days: float = 0.0,
    ) -> None:
        drop = self.dice.randrange(400)
        rate = back if back >= 0 else 0.35 if drop in self.bad_drops else self.is_return_rate
        days = back_days or self.dice.uniform(0.5, 6)
        refunded = at + timedelta(days=days) if self.dice.random() < rate else None
        price = fen or int(min(60_000, 800 + self.dice.lognormvariate(7.9, 0.7)))
        self.orders.append(Order(
            f"o{len(self.orders)}", at, one.id, price, drop, self._spelled(one.address), one.phone, one.payer,
            device or self.dice.choice(one.devices), refunded, truth, brought_by,
        ))  # fmt: skip

    # -- cheats

    def _second_self(self, owner: Account) -> None:
        """Somebody orders for themselves through accounts of their own, hiding some of what gives them away."""
        for _ in range(self.dice.choices((1, 2, 3), (60, 25, 15))[0]):
            is_shy = self.dice.random() < 0.15
            home = owner.address if self.dice.random() < (0.4 if is_shy else 0.85) else self._elsewhere()
            payer = owner.payer if self.dice.random() < (0.2 if is_shy else 0.75) else f"p{self._phone()}"
            sock = self._account(home, payer, owner.network, owner.person)
            if self.dice.random() < (0.2 if is_shy else 0.45):
                sock.phone = owner.phone
            if self.dice.random() < (0.25 if is_shy else 0.8):
                sock.devices = [owner.devices[0]]
            at = self._moment(DAYS - 30)
            self._look_oneself(owner, at)
            self.touches.append(Touch(at, "click", sock.id, sock.devices[0], self._network(owner), owner.id))
            for number in range(self.dice.randint(1, 5)):
                self._buy(sock, at + timedelta(minutes=self.dice.uniform(2, 90), days=number * 5), SELF, owner.id)

    def _elsewhere(self) -> str:
        self._flats += 1
        return self._home()

    def _ring(self, owner: Account) -> None:
        """A few phones and one flat run a dozen accounts that live on welcome offers."""
        devices = [f"{owner.id}r{number}" for number in range(self.dice.randint(1, 4))]
        homes = [owner.address] + [self._elsewhere() for _ in range(self.dice.randint(0, 2))]
        payers = [owner.payer] + [f"p{self._phone()}" for _ in range(self.dice.randint(0, 3))]
        at = self._moment(DAYS - 30)
        self._look_oneself(owner, at)
        for number in range(self.dice.randint(5, 20)):
            one = self._account(self.dice.choice(homes), self.dice.choice(payers), owner.network, owner.person)
            one.devices = [self.dice.choice(devices)]
            seen = at + timedelta(hours=number * self.dice.uniform(0.2, 20))
            self.touches.append(Touch(seen, "click", one.id, one.devices[0], self._network(owner), owner.id))
            for again in range(self.dice.randint(1, 3)):
                self._buy(one, seen + timedelta(minutes=self.dice.uniform(2, 300), days=again * 4), RING, owner.id)

    def _farm(self, owner: Account) -> None:
        """Bought accounts pour in; most never speak, some place the smallest order there is."""
        at, network = self._moment(DAYS - 20), f"farm{owner.id}"
        phones = [f"{owner.id}f{number}" for number in range(self.dice.randint(3, 40))]
        spread = 500 if self.dice.random() < 0.7 else 20 * 24 * 60  # minutes: patient ones let them trickle in
        for _ in range(self.dice.randint(30, 140)):
            one = self._account(self._elsewhere(), f"p{self._phone()}", network)
            one.devices = [self.dice.choice(phones)]
            seen = at + timedelta(minutes=self.dice.uniform(0, spread))
            left = seen + timedelta(hours=self.dice.uniform(2, 60)) if self.dice.random() < 0.5 else None
            carrier = network if self.dice.random() < 0.7 else f"carrier{self.dice.randrange(40)}"
            self.touches.append(Touch(seen, "join", one.id, one.devices[0], carrier, owner.id, left))
            if self.dice.random() < 0.25:
                bought = seen + timedelta(hours=self.dice.uniform(0.2, 40))
                self._buy(one, bought, FARM, owner.id, fen=self.dice.randint(100, 900), back=0.6)

    def _refund_ring(self, owner: Account) -> None:
        """Real people who agree to order much and to send it back once the reward is there."""
        for friend in (owner.friends or owner.housemates)[:12]:
            at = self._moment(DAYS - 40)
            self.touches.append(Touch(at, "click", friend.id, friend.devices[0], self._network(friend), owner.id))
            for number in range(self.dice.randint(1, 4)):
                self._buy(
                    friend, at + timedelta(hours=self.dice.uniform(0.1, 30), days=number * 3), REFUNDS, owner.id,
                    fen=self.dice.randint(8_000, 60_000), back=0.85, back_days=self.dice.uniform(7, 25),
                )  # fmt: skip
