"""Forms teams, meets goals and tiers: what follows once a seat or an order counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.event import Event
from bot.telling import of_drop, of_order
from bot.trading import GoalReached, OrderChanged, OrderConfirmed, TeamExpired, TeamFormed
from handlers.group_buy import ending, rules
from storage import drops, orders, stock, teams
from storage.base import AnyRow
from storage.drops import GROUP, TEAM, TIER


def order_paid(session: Session, order_id: str, cause: str, now: datetime) -> list[Event]:
    """An order of a drop is paid up: its places are kept for good, its seat is paid, and what that completes is told."""
    order = orders.get(session, order_id)
    drop = drops.lock(session, order.drop_id)
    stock.keep(session, [order_id])
    if drop.kind not in rules.KEEPS_LATER:
        facts = _confirm(session, [order_id], cause, now)
        return facts + check_promise(session, drop, [], cause, now) if drop.kind == TIER else facts
    team_ids = [row.team_id for row in teams.move(session, [order_id], (teams.HELD,), teams.PAID)]
    return check_promise(session, drop, team_ids, cause, now)


def check_promise(session: Session, drop: AnyRow, team_ids: Sequence[str], cause: str, now: datetime) -> list[Event]:
    """Form the teams that are full, or see whether the drop's goal or next tier is met. The drop is locked."""
    if drop.kind == TEAM:
        return [fact for team_id in dict.fromkeys(team_ids) for fact in form_team(session, drop, team_id, cause, now)]
    if drop.kind == GROUP:
        return _meet_goal(session, drop, cause, now)
    return _meet_tier(session, drop, cause, now) if drop.kind == TIER else []


def form_team(session: Session, drop: AnyRow, team_id: str, cause: str, now: datetime) -> list[Event]:
    """Form a team if every seat counts: is paid, or (paid at pick-up) is taken. Nothing happens otherwise."""
    counting = (teams.PAID,) if rules.counts_when_paid(drop) else (teams.HELD, teams.PAID)
    team = teams.get(session, team_id)
    if team.status != teams.FORMING or teams.count_seats(session, team_id, counting) < team.size:
        return []
    if not teams.end(session, team_id, teams.FORMED, now):
        return []
    order_ids = [seat.order_id for seat in teams.find_seats(session, team_id) if seat.status in counting]
    teams.move(session, order_ids, counting, teams.CONFIRMED)
    formed = of_drop(TeamFormed, drop.id, cause, now, team_id=team_id, order_ids=tuple(order_ids), group_id=team.group_id)
    return [formed, *_confirm(session, order_ids, cause, now)]


def expire_team(session: Session, drop_id: str, team_id: str, cause: str, now: datetime, why: str = rules.NOT_FORMED) -> list[Event]:
    """A team whose time is over without being full ends; everybody gets their money back."""
    drop = drops.lock(session, drop_id)
    team = teams.get(session, team_id)
    if team.status != teams.FORMING or (drop.status == drops.OPEN and now < team.expires_at):
        return []
    order_ids = [seat.order_id for seat in teams.find_seats(session, team_id) if seat.status in teams.SEATED]
    facts = ending.end_orders(session, drop, order_ids, why, cause, now, "rule")
    teams.end(session, team_id, teams.EXPIRED, now)
    return [of_drop(TeamExpired, drop_id, cause, now, team_id=team_id, group_id=team.group_id), *facts]


def expire_holds(session: Session, drop_id: str, cause: str, now: datetime) -> list[Event]:
    """Places not paid in time are free again; what was paid of them is owed back."""
    drop = drops.lock(session, drop_id)
    expired = stock.find_expired(session, drop_id, now)
    return ending.end_orders(session, drop, expired, rules.UNPAID, cause, now, "rule") if expired else []


def _confirm(session: Session, order_ids: Sequence[str], cause: str, now: datetime) -> list[Event]:
    fresh = orders.confirm(session, order_ids, now)
    orders.trace(session, fresh, now, "confirmed", "rule")
    return [of_order(OrderConfirmed, row, cause, now) for row in orders.find_with_ids(session, fresh)] if fresh else []


def _meet_goal(session: Session, drop: AnyRow, cause: str, now: datetime) -> list[Event]:
    """Once the goal is met it stays met, and every order that counts is confirmed."""
    facts: list[Event] = []
    only_paid = rules.counts_when_paid(drop)
    heads = orders.count_heads(session, drop.id, is_paid=only_paid)
    if not drop.reached:
        if heads < drop.goal:
            return []
        drops.change(session, drop.id, (drops.OPEN,), reached=heads)
        facts.append(of_drop(GoalReached, drop.id, cause, now, heads=heads))
    waiting = [
        row.id for row in orders.find_alive(session, drop.id)
        if row.confirmed_at is None and (row.status == orders.PAID or not only_paid)
    ]
    return facts + _confirm(session, waiting, cause, now)


def _meet_tier(session: Session, drop: AnyRow, cause: str, now: datetime) -> list[Event]:
    """At a new tier everybody gets its price. A price never rises again."""
    steps = drops.find_steps(session, drop.id)
    reached = rules.tier_reached(steps, orders.count_heads(session, drop.id, is_paid=rules.counts_when_paid(drop)))
    if drop.status != drops.OPEN or reached <= drop.reached:
        return []
    drops.change(session, drop.id, (drops.OPEN,), reached=reached)
    facts: list[Event] = [of_drop(GoalReached, drop.id, cause, now, heads=reached)]
    return facts + lower_prices(session, drop.id, orders.find_alive(session, drop.id), reached, cause, now)


def lower_prices(
    session: Session, drop_id: str, rows: Sequence[AnyRow], reached: int, cause: str, now: datetime
) -> list[Event]:
    """Give these orders the price of the tier reached; who hears OrderChanged gives the difference back."""
    facts: list[Event] = []
    steps = drops.find_steps(session, drop_id)
    offers = {one.sku_id: one for one in stock.lock_offers(session, drop_id)}
    lines = orders.find_lines(session, [row.id for row in rows])
    for row in rows:
        units = {line.sku_id: rules.unit_price(offers[line.sku_id], reached, steps) for line in lines[row.id]}
        fall = sum(line.quantity * (line.unit_fen - units[line.sku_id]) for line in lines[row.id])
        if fall <= 0:
            continue
        orders.reprice(session, row.id, units)
        total = max(0, row.total_fen - fall)
        orders.change(session, [row.id], orders.ALIVE, total_fen=total, deposit_fen=min(row.deposit_fen, total))
        orders.trace(session, [row.id], now, "price_fell", "rule", total_fen=total, heads=reached)
        facts.append(of_order(OrderChanged, row, f"{cause}:tier{reached}", now, total_fen=total))
    return facts
