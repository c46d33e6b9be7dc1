"""Says what coupons and points did, to the member alone."""

from __future__ import annotations

from bot.outbox import Conversation, Outbox


def coupon_in_private(outbox: Outbox, here: Conversation) -> None:
    outbox.say(here, "rewards/coupon_in_private", mention=here.member_id)


def coupon_used(outbox: Outbox, here: Conversation, unit: str, amount_fen: int, order_id: str, total_fen: int) -> None:
    outbox.say(here, "rewards/coupon_used", unit=unit, amount_fen=amount_fen, order_id=order_id, total_fen=total_fen)


def coupon_none(outbox: Outbox, here: Conversation, unit: str) -> None:
    outbox.say(here, "rewards/coupon_none", unit=unit)
