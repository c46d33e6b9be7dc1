"""Money for an order that is ended: the order lives again in the next team, or the money goes back, as the member chose."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.event import Event
from bot.telling import of_drop, of_order
from bot.trading import OrderPaid, RefundDue, SeatTaken
from handlers.group_buy import rules, teaming
from storage import drops, orders, payments, stock, teams
from storage.base import AnyRow
from storage.ids import TEAM_CODE, new_code, new_id


def late_money(session: Session, order_id: str, cause: str, now: datetime) -> list[Event]:
    """Decide what becomes of money that came for an ended order; nothing of it is left without an owner."""
    drop = drops.lock(session, orders.get(session, order_id).drop_id)
    order = orders.get(session, order_id)
    if order.status not in (orders.CANCELLED, orders.REFUNDED):
        return []
    if not _may_live_again(session, drop, order, now):
        return [of_order(RefundDue, order, cause, now, why=payments.LATE, posting=f"late:{order.id}:{cause}")]
    return _live_again(session, drop, order, cause, now)


def _may_live_again(session: Session, drop: AnyRow, order: AnyRow, now: datetime) -> bool:
    """Only as the member chose, only where the rules ended it and it is fully paid, and only while there is room."""
    if order.if_late != orders.NEXT_TEAM or order.reason not in (rules.UNPAID, rules.NOT_FORMED):
        return False
    if not rules.is_open(drop, now) or payments.sum_kept(session, [order.id])[order.id] < order.total_fen:
        return False
    lines = orders.find_lines(session, [order.id])[order.id]
    free = {one.sku_id: one.free for one in stock.lock_offers(session, drop.id)}
    for line in lines:
        bound = free.get(line.sku_id, 0)
        if bound is not None and bound < line.quantity:
            return False
    if drop.per_member is None:
        return True
    others = [row.id for row in orders.find_alive(session, drop.id, [order.member_id])]
    had = sum(line.quantity for some in orders.find_lines(session, others).values() for line in some) if others else 0
    return bool(had + sum(line.quantity for line in lines) <= drop.per_member)


def _live_again(session: Session, drop: AnyRow, order: AnyRow, cause: str, now: datetime) -> list[Event]:
    lines = orders.find_lines(session, [order.id])[order.id]
    stock.take(session, drop.id, {line.sku_id: line.quantity for line in lines})
    stock.reserve_all(session, [(order.id, line.sku_id, drop.id, line.quantity, None) for line in lines])
    orders.change(
        session, [order.id], (orders.CANCELLED, orders.REFUNDED), status=orders.PAID, reason="", ended_at=None, paid_at=now
    )
    orders.trace(session, [order.id], now, "next_team", "rule")
    facts: list[Event] = []
    if drop.kind == drops.TEAM:
        team_id = _seat(session, drop, order, now)
        facts.append(of_drop(SeatTaken, drop.id, f"{order.id}:{cause}", now, team_id=team_id, order_id=order.id))
    facts.append(of_order(OrderPaid, order, cause, now, total_fen=order.total_fen))
    return facts + teaming.lower_prices(session, drop.id, [orders.get(session, order.id)], drop.reached, cause, now)


def _seat(session: Session, drop: AnyRow, order: AnyRow, now: datetime) -> str:
    """A seat in the oldest team with room in which the member has none, or in a new one."""
    for team in teams.find_forming(session, drop.id):
        is_roomy = team.seats < team.size and now < team.expires_at
        if is_roomy and (not drop.has_one_team or team.group_id == order.group_id):
            seated = {seat.member_id for seat in teams.find_seats(session, team.id) if seat.status in teams.SEATED}
            if order.member_id not in seated:
                teams.fill_all(session, [(1, team.id)])
                teams.seat_all(session, [(order.id, team.id, order.member_id, teams.HELD, now)])
                return str(team.id)
    team_id = new_id("tem")
    teams.insert_all(session, [(
        team_id, new_code(TEAM_CODE), drop.id, order.group_id, order.member_id, drop.team_size, 1, now,
        rules.team_until(drop, now),
    )])
    teams.seat_all(session, [(order.id, team_id, order.member_id, teams.HELD, now)])
    return team_id
