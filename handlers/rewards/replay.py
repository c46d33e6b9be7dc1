"""Makes attributions and commissions again from touches, orders and refunds, and says where what is kept differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from handlers.rewards import actions, attributing, rules, sums
from handlers.rewards.sums import Sale
from storage import campaigns, commissions, products, replaying
from storage.orders import ALIVE
from storage.replaying import Kept, Seen
from storage.terms import FEN, FIRST_ORDER, UPPER, Terms

BATCH = 4_000


@dataclass(frozen=True, slots=True)
class Difference:
    """What is kept of an order and what comes out again."""

    subject: str
    what: str
    kept: Any
    again: Any


@dataclass(frozen=True, slots=True)
class Known:
    """What is read once for all orders: the terms by (campaign, version), and whose product a SKU is."""

    terms: dict[tuple[str, int], Terms]
    products: dict[str, str]


@dataclass(frozen=True, slots=True)
class Past:
    """What a batch of orders shares: touches of every member and visitor, and when members first paid."""

    members: dict[str, list[Seen]]
    visitors: dict[str, list[Seen]]
    paid: dict[str, list[tuple[str, datetime]]]

    def touches(self, members: Sequence[str], visitors: Sequence[str], placed_at: datetime, seen_to: int) -> list[Seen]:
        """What touched them within a year before and was kept by then, oldest first."""
        if len(members) == 1 and not visitors:
            found = self.members.get(members[0], [])
        else:
            lists = [self.members.get(one, []) for one in members] + [self.visitors.get(one, []) for one in visitors]
            every = {touch.id: touch for some in lists for touch in some}
            found = sorted(every.values(), key=lambda touch: (touch.at, touch.id))
        since = placed_at - rules.LOOK_BACK
        return [touch for touch in found if touch.id <= seen_to and since <= touch.at <= placed_at]


def replay(session: Session, told: Callable[[int], None] = lambda count: None, batch: int = BATCH) -> Iterator[Difference]:
    """Go through every order with an attribution; `told` hears how many are done. What is the same gives nothing."""
    known = load(session)
    last, done = "", 0
    while some := replaying.find_after(session, last, batch):
        past = _past(session, some, known)
        for kept in some:
            yield from compare(kept, known, past)
        last, done = some[-1].order_id, done + len(some)
        told(done)
    for campaign_id in sorted({key[0] for key in known.terms}):
        yield from compare_bounds(session, campaign_id, known)


def load(session: Session) -> Known:
    terms = {(one.campaign_id, one.version): one for row in campaigns.find_all(session, 10_000) for one in campaigns.find_terms(session, row.id)}
    return Known(terms, products.find_all_owners(session))


def _past(session: Session, some: Sequence[Kept], known: Known) -> Past:
    members: set[str] = set()
    visitors: set[str] = set()
    payers: set[str] = set()
    for kept in some:
        line = orjson.loads(kept.line)
        members.update(line["members"], line["upper_members"])
        visitors.update(line["visitors"], line["upper_visitors"])
        if _asks_for_first(known.terms[kept.campaign_id, kept.version]):
            payers.update(line["members"])
    past = Past({}, {}, {})
    for touch in replaying.find_touches(session, sorted(members), sorted(visitors)):
        if touch.member_id:
            past.members.setdefault(touch.member_id, []).append(touch)
        if touch.visitor_id:
            past.visitors.setdefault(touch.visitor_id, []).append(touch)
    for member_id, order_id, paid_at in replaying.find_paid(session, sorted(payers)):
        past.paid.setdefault(member_id, []).append((order_id, paid_at))
    return past


def _asks_for_first(terms: Terms) -> bool:
    return any(one.occasion == FIRST_ORDER for one in terms.rewards)


def compare(kept: Kept, known: Known, past: Past) -> Iterator[Difference]:
    """One order, made again."""
    terms = known.terms[kept.campaign_id, kept.version]
    line = orjson.loads(kept.line)
    own, visitors = line["members"], line["visitors"]
    answer = rules.attribute(terms, past.touches(own, visitors, kept.placed_at, kept.seen_to), own, kept.placed_at)
    upper = attributing.NOBODY
    if answer.touch is not None and terms.top_level >= UPPER:
        theirs = line["upper_members"]
        seen = past.touches(theirs, line["upper_visitors"], kept.placed_at, kept.seen_to)
        upper = rules.attribute(terms, seen, {*theirs, *own}, kept.placed_at)
    before = (kept.referrer_id, kept.touch_id, kept.upper_id, kept.reason, line["touches"], line["upper_touches"])
    again = (
        answer.touch and answer.touch.referrer_id, answer.touch and answer.touch.id, upper.touch and upper.touch.referrer_id,
        answer.reason, [list(one) for one in answer.line], [list(one) for one in upper.line],
    )
    if before != again:
        yield Difference(kept.order_id, "attribution", before, again)
    if kept.is_accrued:
        yield from _compare_earnings(kept, terms, known, past, own, line["products"])
    elif kept.commissions:
        yield Difference(kept.order_id, "earns too early", len(kept.commissions), 0)


def _compare_earnings(
    kept: Kept, terms: Terms, known: Known, past: Past, own: Sequence[str], then: dict[str, str]
) -> Iterator[Difference]:
    if kept.paid_at is not None and _asks_for_first(terms):
        others = [(order_id, at) for member in own for order_id, at in past.paid.get(member, ()) if order_id != kept.order_id]
        if any(at < kept.paid_at for _, at in others) and kept.is_first:
            yield Difference(kept.order_id, "first order", True, False)
        if not any(at <= kept.paid_at for _, at in others) and not kept.is_first:
            yield Difference(kept.order_id, "first order", False, True)
    skus = tuple(sku for sku, _, _ in kept.lines)
    sale = Sale(
        kept.drop_id, kept.total_fen, skus, tuple(count * fen for _, count, fen in kept.lines), kept.given_back,
        known.products | then if then else known.products, kept.is_first, kept.is_team, kept.status not in ALIVE,
    )
    bought = actions.by_earner(sums.earn(terms, sale.as_bought()))
    now = {(one.position, one.sku_id): one for one in sums.earn(terms, sale)}
    before: dict[tuple[int, str], list[tuple[Any, ...]]] = {}
    earners = actions.earners_of(kept, kept.correction)
    for row in kept.commissions:
        if row[5] == earners.get(row[2]):
            before.setdefault((row[2], row[4]), []).append(row)
        elif row[8]:
            yield Difference(kept.order_id, "not theirs", row[8], 0)
    for key in bought.keys() | before.keys():
        some = bought.get(key, []) if key[0] in earners else []
        some = some if sum(one.wanted for one in some) else []
        yield from _compare_level(kept, before.get(key, []), some, now)
    yield from _compare_ledger(kept)


def _compare_level(
    kept: Kept, rows: Sequence[tuple[Any, ...]], some: Sequence[sums.Share], now: dict[tuple[int, str], sums.Share]
) -> Iterator[Difference]:
    """What one member earns on one level in one unit, line by line."""
    lines = [(row[3], row[1]) for row in rows]
    if sorted(lines) != sorted((one.position, one.sku_id) for one in some):
        yield Difference(kept.order_id, "lines that earn", lines, [(one.position, one.sku_id) for one in some])
        return
    wanted = {(one.position, one.sku_id): one.wanted for one in some}
    if not kept.has_price_fallen and [row[6] for row in rows] != [wanted[line] for line in lines]:
        yield Difference(kept.order_id, "wanted", [row[6] for row in rows], [wanted[line] for line in lines])
    again = sums.left_of([now[line] for line in lines], sum(row[6] for row in rows), sum(row[7] for row in rows))
    for row, amount in zip(rows, again, strict=True):
        if row[8] != amount and row[9] != commissions.REJECTED:
            yield Difference(kept.order_id, f"commission {row[0]}", row[8], amount)


def _compare_ledger(kept: Kept) -> Iterator[Difference]:
    """What the ledger moved for the order is what its commissions are worth."""
    worth: dict[tuple[str, str], int] = {}
    for _, _, _, _, unit, member_id, _, _, amount, state in kept.commissions:
        if amount:
            account = (commissions.account_of(member_id, state), unit)
            worth[account] = worth.get(account, 0) + amount
    booked = {account: amount for account, amount in kept.balances.items() if amount and not account[0].startswith("shop:")}
    if booked != worth:
        yield Difference(kept.order_id, "ledger", booked, worth)


def compare_bounds(session: Session, campaign_id: str, known: Known) -> Iterator[Difference]:
    """Budget and cap of a campaign cut what they had to, in the order in which it was promised, and counted it."""
    granted: dict[str, int] = {}
    if all(one.budget_fen is None and one.member_cap_fen is None for key, one in known.terms.items() if key[0] == campaign_id):
        return
    for order_id, _level, member_id, version, wanted, part in replaying.find_grants(session, campaign_id):
        terms = known.terms[campaign_id, version]
        if terms.budget_fen is None and terms.member_cap_fen is None:
            continue
        again = sums.bound(
            wanted, terms.budget_fen, terms.member_cap_fen, granted.get(campaigns.ALL, 0), granted.get(member_id, 0)
        )
        if part != again:
            yield Difference(order_id, f"granted ({FEN})", part, again)
        granted[campaigns.ALL] = granted.get(campaigns.ALL, 0) + part
        granted[member_id] = granted.get(member_id, 0) + part
    counted = {member_id: fen for member_id, fen in campaigns.find_granted(session, campaign_id).items() if fen}
    if counted != {member_id: fen for member_id, fen in granted.items() if fen}:
        yield Difference(campaign_id, "granted in all", counted, granted)
