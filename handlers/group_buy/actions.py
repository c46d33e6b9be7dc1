"""A drop's life: planned, opened, closed, called off; orders given up; bargains helped. Facts to tell are given back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.event import Event
from bot.telling import of_drop, of_order
from bot.trading import DropCancelled, DropClosed, DropOpened, OrderChanged
from handlers.group_buy import ending, rules, teaming
from handlers.group_buy.rules import No
from storage import drops, orders, payments, products, stock, teams
from storage.base import AnyRow
from storage.ids import DROP_CODE, new_code, new_id

MARKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
AT_ONCE = 500  # orders ended by one statement


class FaultyDrop(ValueError):
    """A drop as written cannot be kept; `faults` are short names."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = list(faults)


def plan_drop(
    session: Session, values: Mapping[str, Any], offers: Sequence[Mapping[str, Any]], groups: Sequence[str], now: datetime,
    steps: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Keep a new drop: scheduled when it says when it opens, else a draft; gives its id. `values` as the columns of drops,
    an offer needs sku_id and price_fen. Raises FaultyDrop."""
    rows = _checked_offers(session, values, offers, steps)
    drop_id = new_id("drp")
    status = drops.SCHEDULED if values.get("opens_at") else drops.DRAFT
    drops.create(
        session, {"id": drop_id, "code": new_code(DROP_CODE), "status": status, "created_at": now} | dict(values), rows,
        groups, [dict(step) for step in steps],
    )
    return drop_id


def rewrite_drop(
    session: Session, drop_id: str, values: Mapping[str, Any], offers: Sequence[Mapping[str, Any]], groups: Sequence[str],
    steps: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Write a draft or a scheduled drop anew; False when it is open or over. Raises FaultyDrop."""
    if drops.lock(session, drop_id).status not in (drops.DRAFT, drops.SCHEDULED):
        return False
    rows = _checked_offers(session, values, offers, steps)
    drops.rewrite(session, drop_id, dict(values), rows, groups, [dict(step) for step in steps])
    return True


def schedule_drop(session: Session, drop_id: str, now: datetime) -> bool:
    """Have the clock open a draft at its time; False when it has none to come, or is no draft."""
    drop = drops.lock(session, drop_id)
    if drop.opens_at is None or drop.opens_at <= now:
        return False
    return drops.change(session, drop_id, (drops.DRAFT,), status=drops.SCHEDULED)


def _checked_offers(
    session: Session, values: Mapping[str, Any], offers: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    found = rules.faults_of(values, offers, steps)
    if found:
        raise FaultyDrop(found)
    owners = products.find_owner_of_sku(session, [one["sku_id"] for one in offers])
    return [_offer(session, MARKS[place], one, owners) for place, one in enumerate(offers)]


def _offer(session: Session, mark: str, given: Mapping[str, Any], owners: Mapping[str, str]) -> dict[str, Any]:
    """An offer's row; name and list price from the shop where they are not given."""
    sku_id = given["sku_id"]
    if sku_id not in owners:
        raise FaultyDrop(["unknown_sku"])
    product = products.get(session, owners[sku_id])
    sku = next(one for one in products.find_skus(session, product.id) if one.id == sku_id)
    name = f"{product.name} {sku.label}".strip()
    row = {
        "mark": mark, "name": name, "list_fen": max(sku.price_fen, given["price_fen"]), "deposit_fen": None,
        "floor_fen": None, "stock_limit": None, "is_from_stock": True, "taken": 0,
    }
    return row | dict(given)


def open_drop(session: Session, drop_id: str, cause: str, now: datetime) -> list[Event]:
    """Open a planned drop; nothing happens to one that is open or over. Without an end it gets one."""
    drop = drops.lock(session, drop_id)
    closes_at = drop.closes_at or now + timedelta(hours=rules.OPEN_HOURS)
    if closes_at <= now:
        closes_at = now + timedelta(hours=rules.OPEN_HOURS)
    if not drops.change(session, drop_id, (drops.DRAFT, drops.SCHEDULED), status=drops.OPEN, opened_at=now, closes_at=closes_at):
        return []
    return [of_drop(DropOpened, drop_id, cause, now)]


def close_drop(session: Session, drop_id: str, cause: str, now: datetime) -> list[Event]:
    """Take no more orders. Teams that still form end; a group drop without its goal is called off. Places held and not
    paid yet last as long as was promised."""
    drop = drops.lock(session, drop_id)
    if drop.status != drops.OPEN:
        return []
    if drop.kind == drops.GROUP and not drop.reached:
        return cancel_drop(session, drop_id, rules.NO_GOAL, cause, now, "rule")
    drops.change(session, drop_id, (drops.OPEN,), status=drops.CLOSED, closed_at=now)
    facts: list[Event] = [of_drop(DropClosed, drop_id, cause, now)]
    for team in teams.find_forming(session, drop_id):
        facts += teaming.expire_team(session, drop_id, team.id, cause, now)
    return facts


def cancel_drop(session: Session, drop_id: str, why: str, cause: str, now: datetime, by: str) -> list[Event]:
    """Call a drop off: every order not shipped ends, and what was paid is owed back."""
    drop = drops.lock(session, drop_id)
    expected = (drops.DRAFT, drops.SCHEDULED, drops.OPEN, drops.CLOSED)
    if not drops.change(session, drop_id, expected, status=drops.CANCELLED, closed_at=now, reason=why[:200]):
        return []
    facts: list[Event] = [of_drop(DropCancelled, drop_id, cause, now, text=why)]
    alive = [row.id for row in orders.find_alive(session, drop_id)]
    for some in _some(alive):
        facts += ending.end_orders(session, drop, some, why, cause, now, by)
    for team in teams.find_forming(session, drop_id):
        teams.end(session, team.id, teams.CANCELLED, now)
    return facts


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def cancel_order(
    session: Session, order_id: str, cause: str, now: datetime, by: str, why: str = "", member_id: str | None = None
) -> list[Event] | No:
    """Give an order up. A member (`member_id`) may only until it is confirmed and paid; an operator until it is shipped."""
    order = orders.find(session, order_id)
    if order is None or order.drop_id is None or (member_id is not None and order.member_id != member_id):
        return No("no_such_order")
    drop = drops.lock(session, order.drop_id)
    order = orders.get(session, order_id)
    is_fixed = order.status == orders.PAID and order.confirmed_at is not None
    if order.status not in (orders.PLACED, orders.PAID) or (member_id is not None and is_fixed):
        return No("too_late")
    return ending.end_orders(session, drop, [order_id], why or "given up", cause, now, by)


def help_bargain(session: Session, order_id: str, helper_id: str, cause: str, now: datetime) -> tuple[int, list[Event]] | No:
    """Take the next published cut off somebody's bargain: once a helper, never below the floor; gives the cut in fen."""
    order = orders.find(session, order_id)
    if order is None or order.drop_id is None:
        return No("no_such_order")
    drop = drops.lock(session, order.drop_id)
    order = orders.get(session, order_id)
    found = _may_help(session, drop, order, helper_id, now)
    if isinstance(found, No):
        return found
    total = order.total_fen - found
    orders.add_discounts(session, [(order_id, "cut", helper_id, found, now)])
    orders.change(session, [order_id], (orders.PLACED,), total_fen=total, deposit_fen=min(order.deposit_fen, total))
    orders.trace(session, [order_id], now, "helped", "member", helper=helper_id, fen=found)
    return found, [of_order(OrderChanged, order, cause, now, total_fen=total)]


def _may_help(session: Session, drop: AnyRow, order: AnyRow, helper_id: str, now: datetime) -> int | No:
    """The cut this helper takes off."""
    if drop.kind != drops.BARGAIN or not rules.is_open(drop, now) or order.status != orders.PLACED:
        return No("not_open")
    cuts = [one for one in orders.find_discounts(session, order.id) if one.kind == "cut"]
    if helper_id == order.member_id or helper_id in {one.reference for one in cuts}:
        return No("helped_already")
    if payments.sum_kept(session, [order.id])[order.id]:
        return No("paid_already")
    cut = rules.next_cut(drops.find_steps(session, drop.id), len(cuts))
    floors = {one.sku_id: one.floor_fen or 0 for one in stock.lock_offers(session, drop.id)}
    floor = sum(floors[line.sku_id] * line.quantity for line in orders.find_lines(session, [order.id])[order.id])
    if cut is None or order.total_fen <= floor:
        return No("lowest_already")
    found: int = min(cut, order.total_fen - floor)
    return found
