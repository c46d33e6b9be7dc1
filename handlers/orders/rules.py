"""What an order's money and marks allow: pure rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.orders import PAID, PLACED, RECEIVED, SHIPPED

RETRY_AFTER = (60, 300, 1_800, 7_200, 21_600, 86_400)  # seconds between tries of a refund; after the last it is dead
LOOK_AGAIN = 600  # seconds until a provider that has a refund under way is asked again
STUCK_AFTER = timedelta(days=2)
SHIPPED_MARK, ARRIVED_MARK, RECEIVED_MARK, UNDONE_MARK = "shipped", "arrived", "received", "unreceived"
UNDO_WITHIN = timedelta(hours=24)  # a receipt ticked by mistake can be taken back so long
REMIND_AFTER = timedelta(hours=24)  # until a member is reminded of the same order again


def may_mark(mark: str, status: str, pays: str, is_confirmed: bool) -> bool:
    """Goods move once the promise is kept and they are paid for; paid at pick-up, they may move before."""
    if not is_confirmed:
        return False
    on_the_way = (PAID, SHIPPED, PLACED) if pays == "pickup" else (PAID, SHIPPED)
    return status in {SHIPPED_MARK: on_the_way[:1] + on_the_way[2:], ARRIVED_MARK: on_the_way, RECEIVED_MARK: (PAID, SHIPPED)}.get(mark, ())


def status_after(mark: str, status: str) -> str:
    """An order not paid yet keeps that status while its goods move."""
    if mark == RECEIVED_MARK:
        return RECEIVED
    return status if status == PLACED or mark == ARRIVED_MARK else SHIPPED


def may_undo(received_at: datetime | None, status: str, now: datetime) -> bool:
    """A receipt can be taken back for a while."""
    return status == RECEIVED and received_at is not None and now - received_at <= UNDO_WITHIN


def next_try(tries: int) -> int | None:
    """Seconds until a refund that failed so often is tried again; None when it is given up."""
    return RETRY_AFTER[tries - 1] if tries <= len(RETRY_AFTER) else None
