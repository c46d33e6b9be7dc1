"""What members choose: to stay out of referring, to take part again, to be erased."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.choosing import ERASE, IN, OUT
from storage import audit, choices, commissions, erasing, members, orders


def choose(session: Session, member_id: str, choice: str, now: datetime, *, gives_up: bool = False) -> str:
    """Do what a member chose; gives why not, empty when it is done: unknown, erased, being_paid, or owed (money of theirs is
    not paid yet and they did not give it up)."""
    if members.find(session, member_id) is None:
        return "unknown"
    known = choices.find(session, member_id)
    if known is not None and known.erased_at is not None:
        return "erased"
    if choice == OUT:
        choices.opt_out(session, [member_id], now)
    elif choice == IN:
        choices.opt_in(session, [member_id])
    elif choice == ERASE:
        return _erase(session, member_id, now, gives_up=gives_up)
    else:
        return "unknown"
    return ""


def _erase(session: Session, member_id: str, now: datetime, *, gives_up: bool) -> str:
    if erasing.is_being_paid(session, member_id):
        return "being_paid"
    if erasing.sum_unpaid(session, member_id) and not gives_up:
        return "owed"
    commissions.reject(session, erasing.find_unpaid(session, member_id), "erased", now)
    choices.opt_out(session, [member_id], now)
    erasing.erase(session, member_id, now)
    audit.record(session, at=now, operator_id=None, operator_name="", action="referral.erased", subject=f"member:{member_id}")
    return ""


def order_done(session: Session, order_id: str) -> None:
    """The last of an erased member's orders needs its address no more."""
    order = orders.find(session, order_id)
    if order is None:
        return
    known = choices.find(session, order.member_id)
    if known is not None and known.erased_at is not None:
        erasing.erase_orders(session, order.member_id)
