"""Finds orders whose after-sale days are over, so that what they earn becomes payable; the event's key makes it happen once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.earning import CommissionDue
from bot.event import Event
from bot.telling import of_order
from storage import commissions, orders


def find_due(session: Session, now: datetime) -> list[Event]:
    """Orders with pending commissions that are due, oldest first."""
    due = {row.order_id: row.due_at for row in commissions.find_due(session, now)}
    if not due:
        return []
    rows = {row.id: row for row in orders.find_with_ids(session, list(due))}
    return [of_order(CommissionDue, rows[order_id], at.isoformat(), now) for order_id, at in due.items()]
