"""Commissions of orders: they begin once an order is paid and its promise kept, follow every refund, and become payable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy.orm import Session

from bot.earning import CommissionAccrued, CommissionReversed
from bot.event import Event
from bot.telling import of_order
from handlers.rewards import sums
from handlers.rewards.sums import Sale, Share
from storage import attributions, campaigns, commissions, ledger, orders, payments, products, teams
from storage.base import AnyRow
from storage.terms import COUPON, FRIEND, REFERRER, UPPER, Terms


def accrue(session: Session, order_id: str, cause: str, now: datetime) -> list[Event]:
    """An order that is paid and whose promise is kept begins to earn, once."""
    kept = attributions.lock(session, order_id)
    if kept is None or kept.accrued_at is not None:
        return []
    order = orders.get(session, order_id)
    if order.status not in orders.ALIVE[1:] or order.confirmed_at is None:
        return []
    terms = campaigns.get_terms(session, kept.campaign_id, kept.version)
    own = orjson.loads(kept.line)["members"]
    is_first = not orders.has_paid_before(session, own, order_id, order.paid_at)
    attributions.begin(session, order_id, now, is_first=is_first)
    correction = attributions.find_correction(session, order_id)
    sale = sale_of(session, order, kept, is_first=is_first)
    ids = add(session, order, terms, sale, earners_of(kept, correction), cause, now)
    return [of_order(CommissionAccrued, order, cause, now, commission_ids=tuple(ids))] if ids else []


def earners_of(kept: Any, correction: Any) -> dict[int, str]:
    """Who earns on each level: as an admin corrected it (None: nobody did), or else as the rule said. Both are rows."""
    if correction is not None:
        return {FRIEND: kept.buyer_id, REFERRER: correction.referrer_id} if correction.referrer_id else {}
    if kept.referrer_id is None:
        return {}
    earners = {FRIEND: kept.buyer_id, REFERRER: kept.referrer_id}
    return earners | ({UPPER: kept.upper_id} if kept.upper_id else {})


def add(
    session: Session, order: AnyRow, terms: Terms, sale: Sale, earners: dict[int, str], cause: str, now: datetime
) -> list[int]:
    """Write what an order's lines earn, within budget and cap, and move it in the ledger; gives the commissions' ids. What
    was given back before already counts; budget and cap are asked for the whole order, as it was bought."""
    due_at = None if order.received_at is None else order.received_at + timedelta(days=terms.after_sale_days)
    shares_now = {(one.position, one.sku_id): one for one in sums.earn(terms, sale)}
    rows: list[dict[str, Any]] = []
    for (level, unit), some in by_earner(sums.earn(terms, sale.as_bought())).items():
        wanted = sum(one.wanted for one in some)
        if level not in earners or not wanted:
            continue
        allowed = _allowed(session, terms, earners[level], unit, wanted)
        left = [shares_now[one.position, one.sku_id] for one in some]
        amounts = sums.left_of(left, wanted, allowed)
        for one, part, share, amount in zip(some, sums.grant(some, allowed), left, amounts, strict=True):
            rows.append({
                "order_id": order.id, "sku_id": one.sku_id, "level": level, "position": one.position, "unit": unit,
                "member_id": earners[level], "campaign_id": terms.campaign_id, "base_fen": share.base_fen,
                "wanted": one.wanted, "granted": part, "amount": amount, "due_at": due_at, "accrued_at": now,
                "state": first_state(unit, share.base_fen),
            })
    known = {row.id for row in commissions.find_of_order(session, order.id)}
    commissions.insert_all(session, rows)
    added = [row for row in commissions.find_of_order(session, order.id) if row.id not in known]
    _earned(session, added, cause, now)
    return [row.id for row in added]


def first_state(unit: str, base_fen: int) -> str:
    """Coupons may be used at once; all else waits for the goods to be received and the after-sale days."""
    if base_fen == 0:
        return commissions.REVERSED
    return commissions.PAYABLE if unit == COUPON else commissions.PENDING


def by_earner(shares: Sequence[Share]) -> dict[tuple[int, str], list[Share]]:
    """Shares of one level in one unit belong to one member."""
    found: dict[tuple[int, str], list[Share]] = {}
    for one in shares:
        found.setdefault((one.level, one.unit), []).append(one)
    return dict(sorted(found.items()))


def _allowed(session: Session, terms: Terms, member_id: str, unit: str, wanted: int) -> int:
    """What budget and cap leave, taken out of them at once; their rows stay locked until the commit."""
    if not sums.is_bounded(unit) or (terms.budget_fen is None and terms.member_cap_fen is None):
        return wanted
    granted = campaigns.lock_granted(session, terms.campaign_id, [member_id])
    allowed = sums.bound(
        wanted, terms.budget_fen, terms.member_cap_fen, granted[campaigns.ALL], granted[member_id]
    )
    campaigns.grant(session, terms.campaign_id, {member_id: allowed})
    return allowed


def _earned(session: Session, rows: Sequence[AnyRow], cause: str, now: datetime) -> None:
    amounts: dict[tuple[int, str, str, str, str], int] = {}
    for row in rows:
        key = (row.level, row.unit, row.member_id, row.state, row.order_id)
        amounts[key] = amounts.get(key, 0) + row.amount
    for (level, unit, member_id, state, order_id), amount in amounts.items():
        if amount:
            ledger.move(
                session, f"earn:{order_id}:{level}:{unit}:{cause}", unit, amount, taken_from=ledger.COST,
                put_to=commissions.account_of(member_id, state), subject=order_id, at=now,
            )


def sale_of(session: Session, order: AnyRow, kept: AnyRow, *, is_first: bool) -> Sale:
    """An order as it stands, for the sums."""
    lines = orders.find_lines(session, [order.id])[order.id]
    skus = tuple(line.sku_id for line in lines)
    known = dict(orjson.loads(kept.line)["products"])
    if known and (new := [sku for sku in skus if sku not in known]):
        known |= products.find_sku_owners(session, new)
    return Sale(
        order.drop_id, order.total_fen, skus, tuple(line.quantity * line.unit_fen for line in lines),
        payments.sum_parts(session, [order.id]).get(order.id, {}), known, is_first,
        teams.is_of_formed(session, order.id), order.status not in orders.ALIVE,
    )


def follow(session: Session, order_id: str, cause: str, now: datetime) -> list[Event]:
    """Bring an order's commissions to what the order is worth now: what went back takes its part with it."""
    kept = attributions.lock(session, order_id)
    if kept is None or kept.accrued_at is None:
        return []
    earners = earners_of(kept, attributions.find_correction(session, order_id))
    rows = [
        row for row in commissions.find_of_order(session, order_id)
        if row.state != commissions.REJECTED and row.member_id == earners.get(row.level)
    ]
    if not rows:
        return []
    order = orders.get(session, order_id)
    terms = campaigns.get_terms(session, kept.campaign_id, kept.version)
    shares = {(one.position, one.sku_id): one for one in sums.earn(terms, sale_of(session, order, kept, is_first=kept.is_first))}
    less = 0
    for member_id, level, unit in sorted({(row.member_id, row.level, row.unit) for row in rows}):
        mine = [row for row in rows if (row.member_id, row.level, row.unit) == (member_id, level, unit)]
        less += _follow(session, mine, shares, cause, now)
    return [of_order(CommissionReversed, order, cause, now, amount_fen=less)] if less else []


def _follow(session: Session, mine: Sequence[AnyRow], shares: dict[tuple[int, str], Share], cause: str, now: datetime) -> int:
    """Change the commissions of one member on one level; gives by how much they fell."""
    gone = Share(mine[0].level, 0, mine[0].unit, "", 0, 0)
    worth = [shares.get((row.position, row.sku_id), gone) for row in mine]
    amounts = sums.left_of(worth, sum(row.wanted for row in mine), sum(row.granted for row in mine))
    moves: dict[str, int] = {}
    changes = []
    for row, share, amount in zip(mine, worth, amounts, strict=True):
        if (share.base_fen, amount) != (row.base_fen, row.amount):
            before, after = _states(row, share.base_fen)
            changes.append((row.id, share.base_fen, amount, after))
            moves[before] = moves.get(before, 0) + row.amount - amount
    commissions.set_amounts(session, changes, now)
    row = mine[0]
    for state, fen in moves.items():
        account, shop = commissions.account_of(row.member_id, state), ledger.COST
        if fen:
            ledger.move(
                session, f"follow:{row.order_id}:{row.level}:{row.unit}:{state}:{cause}", row.unit, abs(fen),
                taken_from=account if fen > 0 else shop, put_to=shop if fen > 0 else account, subject=row.order_id, at=now,
            )
    return sum(moves.values())


def _states(row: AnyRow, base_fen: int) -> tuple[str, str]:
    """On which state's account a commission changes, and its state afterwards: with nothing kept for its line it is
    reversed; an order that came to life again earns again."""
    if row.state != commissions.REVERSED:
        return row.state, commissions.REVERSED if base_fen == 0 else row.state
    fresh = first_state(row.unit, base_fen)
    return fresh, fresh


def goods_received(session: Session, order_id: str, now: datetime) -> None:
    """The after-sale days of an order begin."""
    kept = attributions.lock(session, order_id)
    if kept is not None:
        terms = campaigns.get_terms(session, kept.campaign_id, kept.version)
        commissions.set_due(session, order_id, now + timedelta(days=terms.after_sale_days))


def receipt_undone(session: Session, order_id: str) -> None:
    """The goods were not received after all: what is pending waits again."""
    if attributions.lock(session, order_id) is not None:
        commissions.set_due(session, order_id, None)


def make_payable(session: Session, order_id: str, cause: str, now: datetime) -> int:
    """The after-sale days are over: what is pending becomes payable; gives how many commissions."""
    if attributions.lock(session, order_id) is None:
        return 0
    rows = [
        row for row in commissions.find_of_order(session, order_id)
        if row.state == commissions.PENDING and row.due_at is not None and row.due_at <= now
    ]
    commissions.move(session, rows, "due", commissions.PAYABLE, cause, now)
    commissions.set_state(session, [row.id for row in rows], commissions.PAYABLE, now)
    return len(rows)
