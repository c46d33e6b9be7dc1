"""The default provider: money is paid and given back in person, and an operator says so, order by order or by list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.payments.base import BY_HAND, Answer, MoneyBack
from bot.telling import of_order
from bot.trading import PaymentReceived
from storage import orders, payments
from storage.base import AnyRow

MOST = 500  # orders confirmed or reminded at once


class Offline:
    """Nobody to call: a refund waits for the operator who hands it over."""

    def __init__(self, name: str = "offline") -> None:
        self.name = name

    async def refund(self, wanted: MoneyBack) -> Answer:
        return Answer(BY_HAND)


def owed_fen(session: Session, order: AnyRow) -> int:
    """What is to be paid for an order now: its deposit first, then the rest; 0 where nothing is."""
    if order.status != orders.PLACED:
        return 0
    kept = payments.sum_kept(session, [order.id])[order.id]
    due = order.deposit_fen if kept < order.deposit_fen else order.total_fen
    return max(0, int(due - kept))


def confirm(session: Session, order_ids: Sequence[str], by: str, now: datetime) -> list[PaymentReceived]:
    """An operator has the money of these orders: the events to tell the dispatcher, each for what its order owes now.
    Confirming twice is one payment; orders that owe nothing give no event."""
    told = []
    for order in orders.find_with_ids(session, list(dict.fromkeys(order_ids))[:MOST]):
        owed = owed_fen(session, order)
        if owed:
            reference = f"{order.id}:{payments.sum_paid(session, order.id)}"
            told.append(of_order(PaymentReceived, order, f"by-hand:{reference}", now, reference=reference, amount_fen=owed, by=by))
    return told
