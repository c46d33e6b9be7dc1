"""Settles claims: one look at the drop, one decision after the other in memory, one write for all that was decided."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from bot.event import Event
from bot.telling import of_drop, of_order
from bot.trading import OrderChanged, OrderPlaced, SeatTaken
from handlers.group_buy import ending, rules, teaming
from handlers.group_buy.rules import No
from handlers.group_buy.selling import Basket, Claim, Sold, Stall, TeamNow
from storage import drops, groups, orders, payments, stock, teams
from storage.ids import TEAM_CODE, new_code, new_id


@dataclass(slots=True)
class Settled:
    """What became of one claim: sold or a rule's no, and the facts to be told."""

    result: Sold | No
    facts: list[Event] = field(default_factory=list)


def claim(session: Session, drop_id: str, one: Claim, now: datetime) -> Settled:
    """Settle one member's claim on a drop; sets or adds lines, or takes them back."""
    return claim_all(session, drop_id, [one], now)[0]


def claim_all(session: Session, drop_id: str, claims: Sequence[Claim], now: datetime) -> list[Settled]:
    """Settle claims in their order. A member who asks twice is looked at anew in between."""
    settled: list[Settled] = []
    for run in _runs(claims):
        stall = _open_stall(session, drop_id, run, now)
        some = [Settled(stall.settle(one)) for one in run]
        _write(session, stall, some, now)
        settled += some
    return settled


def _runs(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    run: list[Claim] = []
    seen: set[str] = set()
    for one in claims:
        if one.member_id in seen:
            yield run
            run, seen = [], set()
        run.append(one)
        seen.add(one.member_id)
    if run:
        yield run


def _open_stall(session: Session, drop_id: str, claims: Sequence[Claim], now: datetime) -> Stall:
    """Lock the drop and read what the claims need to be decided."""
    drop = drops.lock(session, drop_id)
    audience = drops.find_groups(session, drop_id)
    strangers = [one.member_id for one in claims if audience and one.group_id not in audience]
    forming = teams.find_forming(session, drop_id) if drop.kind == drops.TEAM else ()
    return Stall(
        drop, {one.sku_id: one for one in stock.lock_offers(session, drop_id)}, drops.find_steps(session, drop_id), audience,
        groups.find_present_in(session, audience, strangers) if strangers else set(),
        _baskets(session, drop_id, claims),
        [TeamNow(row.id, row.code, row.group_id, row.lead_id, row.size - row.seats, row.expires_at) for row in forming],
        now, new_id, lambda: new_code(TEAM_CODE),
    )


def _baskets(session: Session, drop_id: str, claims: Sequence[Claim]) -> dict[str, list[Basket]]:
    """The orders these members have in the drop already."""
    found: dict[str, list[Basket]] = {}
    rows = orders.find_alive(session, drop_id, [one.member_id for one in claims])
    if not rows:
        return found
    ids = [row.id for row in rows]
    lines, kept = orders.find_lines(session, ids), payments.sum_kept(session, ids)
    for row in rows:
        discounts = [one for one in orders.find_discounts(session, row.id) if one.kind != "threshold"]
        seat = teams.find_seat(session, row.id)
        # A bargain helped down was helped for what it holds; other lines would move its floor.
        is_bargained = any(one.kind == "cut" for one in discounts)
        is_paid = row.status != orders.PLACED or kept[row.id] > 0
        found.setdefault(row.member_id, []).append(
            Basket(
                row.id, {line.sku_id: line.quantity for line in lines[row.id]},
                sum(one.amount_fen for one in discounts), "paid_already" if is_paid else "bargained" if is_bargained else "",
                seat is not None and seat.team_status == teams.FORMING,
            )
        )
    return found


def _write(session: Session, stall: Stall, settled: Sequence[Settled], now: datetime) -> None:
    """Write what was sold, all new orders at once, and tell the facts."""
    sold = [(one, one.result) for one in settled if isinstance(one.result, Sold)]
    fresh = [(one, result) for one, result in sold if result.is_new]
    taken: Counter[str] = Counter()
    for _, result in sold:
        if result.is_new:
            taken.update(result.lines)
    stock.take(session, stall.drop.id, taken)
    if fresh:
        _write_new(session, stall, [result for _, result in fresh], now)
    for one, result in sold:
        if result.is_new:
            one.facts += _facts_of_new(stall, result, now)
        elif not result.lines:
            one.facts += ending.end_orders(session, stall.drop, [result.order_id], "taken back", result.claim.cause, now, "member")
        else:
            one.facts.append(_change(session, stall, result, now))
    if stall.drop.pays == drops.PICKUP and sold:
        one, result = sold[-1]
        one.facts += teaming.check_promise(session, stall.drop, [each.team.id for _, each in fresh if each.team], result.claim.cause, now)


def _write_new(session: Session, stall: Stall, sold: Sequence[Sold], now: datetime) -> None:
    drop, holds = stall.drop, rules.hold_until(stall.drop, now)
    confirmed_at = now if rules.confirms_at_once(drop) else None
    orders.insert_all(
        session, [_order(drop, one, now, confirmed_at) for one in sold],
        [line for one in sold for line in _lines(stall, one)],
        [
            (one.order_id, "threshold", "", one.priced.threshold_fen, now)
            for one in sold if one.priced and one.priced.threshold_fen
        ],
    )
    stock.reserve_new(session, [
        (one.order_id, sku_id, drop.id, many, holds) for one in sold for sku_id, many in one.lines.items()
    ])
    orders.trace_all(session, [
        (one.order_id, now, "placed", "member", json.dumps({"lines": one.lines, "source": one.claim.source}, ensure_ascii=False))
        for one in sold
    ])
    seats = [(one, one.team) for one in sold if one.team is not None]
    if not seats:
        return
    used = {team.id: team for _, team in seats}
    teams.insert_all(session, [
        (one.id, one.code, drop.id, one.group_id, one.lead_id, drop.team_size, one.taken, now, one.expires_at)
        for one in used.values() if one.is_new
    ])
    teams.fill_all(session, [(one.taken, one.id) for one in used.values() if not one.is_new])
    teams.seat_all(session, [(one.order_id, team.id, one.claim.member_id, teams.HELD, now) for one, team in seats])


def _order(drop: Any, sold: Sold, now: datetime, confirmed_at: datetime | None) -> dict[str, Any]:
    one, priced = sold.claim, sold.priced
    assert priced is not None
    return {
        "id": sold.order_id, "drop_id": drop.id, "channel": one.channel, "group_id": one.group_id,
        "member_id": one.member_id, "member_name": one.member_name[:80], "status": orders.PLACED,
        "total_fen": priced.total_fen, "deposit_fen": priced.deposit_fen, "pays": drop.pays, "if_late": one.if_late,
        "pickup_point": one.pickup_point or drop.pickup_point, "address": one.address, "note": one.note[:400],
        "source": one.source, "reason": "", "placed_at": now, "confirmed_at": confirmed_at,
    }


def _lines(stall: Stall, sold: Sold) -> list[tuple[Any, ...]]:
    units = sold.priced.units if sold.priced else {}
    return [
        (sold.order_id, sku_id, stall.offers[sku_id].name, many, units[sku_id], stall.offers[sku_id].list_fen)
        for sku_id, many in sold.lines.items()
    ]


def _facts_of_new(stall: Stall, sold: Sold, now: datetime) -> list[Event]:
    one, cause = sold.claim, sold.claim.cause
    order = SimpleNamespace(
        id=sold.order_id, drop_id=stall.drop.id, channel=one.channel, group_id=one.group_id, member_id=one.member_id,
        member_name=one.member_name,
    )
    total = sold.priced.total_fen if sold.priced else 0
    facts: list[Event] = [of_order(OrderPlaced, order, cause, now, total_fen=total)]
    if sold.team is not None:
        taken = of_drop(SeatTaken, stall.drop.id, f"{sold.order_id}", now, team_id=sold.team.id, order_id=sold.order_id)
        facts.append(taken)
    return facts


def _change(session: Session, stall: Stall, sold: Sold, now: datetime) -> Event:
    """An unpaid order gets other lines; its places last as long as before, anew."""
    priced, order_id = sold.priced, sold.order_id
    assert priced is not None
    stock.release(session, [order_id], now)
    stock.take(session, stall.drop.id, sold.lines)
    holds = rules.hold_until(stall.drop, now)
    stock.reserve_all(session, [(order_id, sku_id, stall.drop.id, many, holds) for sku_id, many in sold.lines.items()])
    orders.replace_lines(session, order_id, _lines(stall, sold))
    if priced.threshold_fen:
        orders.add_discounts(session, [(order_id, "threshold", "", priced.threshold_fen, now)])
    orders.change(session, [order_id], (orders.PLACED,), total_fen=priced.total_fen, deposit_fen=priced.deposit_fen)
    orders.trace(session, [order_id], now, "changed", "member", lines=sold.lines, total_fen=priced.total_fen)
    return of_order(OrderChanged, orders.get(session, order_id), sold.claim.cause, now, total_fen=priced.total_fen)
