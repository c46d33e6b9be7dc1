"""A member's latest orders, for showing them beside a conversation and on the member's page."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from bot.console.orders import STATUSES
from storage import orders

SHOWN = 5


def find(session: Session, member_id: str) -> dict[str, Any]:
    """What orders_beside.html needs."""
    bought = orders.find_of_member(session, member_id, SHOWN)
    return {"bought": bought, "bought_lines": orders.find_lines(session, [row.id for row in bought]), "order_names": STATUSES}
