"""Ends orders of a drop: places go back, seats are released or owed back, and what was paid is owed to the member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.event import Event
from bot.telling import of_order
from bot.trading import OrderCancelled, RefundDue
from storage import orders, payments, stock, teams
from storage.base import AnyRow


def end_orders(
    session: Session, drop: AnyRow, order_ids: Sequence[str], why: str, cause: str, now: datetime, by: str
) -> list[Event]:
    """End these orders where they are placed or paid; the drop is locked by the caller. Those ended already are left."""
    ended = orders.change(
        session, order_ids, (orders.PLACED, orders.PAID), status=orders.CANCELLED, reason=why[:200], ended_at=now
    )
    if not ended:
        return []
    stock.release(session, ended, now)
    kept = payments.sum_kept(session, ended)
    _free_seats(session, ended, kept)
    orders.trace(session, ended, now, "cancelled", by, why=why)
    facts: list[Event] = []
    for row in orders.find_with_ids(session, ended):
        facts.append(of_order(OrderCancelled, row, cause, now, text=why))
        if kept[row.id]:
            facts.append(of_order(RefundDue, row, cause, now, why=payments.ENDED, posting=f"ended:{row.id}:{cause}"))
    return facts


def _free_seats(session: Session, ended: Sequence[str], kept: dict[str, int]) -> None:
    """Seats of ended orders; a team that still forms gets the room back."""
    paid = [order_id for order_id in ended if kept[order_id]]
    unpaid = [order_id for order_id in ended if not kept[order_id]]
    moved = [*teams.move(session, paid, teams.SEATED, teams.REFUND_DUE)] if paid else []
    moved += [*teams.move(session, unpaid, teams.SEATED, teams.RELEASED)] if unpaid else []
    room = Counter(row.team_id for row in moved)
    teams.give_room(session, [(count, team_id) for team_id, count in sorted(room.items())])
