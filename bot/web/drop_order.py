"""What a member's order page shows: the goods, how the price comes about, what is due and how it is paid, the pick-up code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import member_links
from bot.payments.cashier import Cashier
from bot.payments.offline import owed_fen
from bot.settings import Settings
from bot.web.drop_page import POLICY, SAFE
from content import codes
from handlers.orders import prices
from storage import charges, orders, payments, stock, teams
from storage.base import AnyRow

NATIVE = "native"
# WeChat Pay's page for browsers is reached by a form of ours, and wants to know which site sent the member.
PAGE = SAFE | {
    "Content-Security-Policy": POLICY.replace("form-action 'self'", "form-action 'self' https://wx.tenpay.com"),
    "Referrer-Policy": "origin", "Cache-Control": "no-store",
}
TO_HAND_OUT = (orders.PLACED, orders.PAID, orders.SHIPPED)


class OrderShown:
    """Reads orders for their members."""

    def __init__(self, settings: Settings, till: Cashier | None) -> None:
        self.settings, self.till = settings, till
        self.secret = settings.secret()

    def values(self, session: Session, order: AnyRow, now: datetime) -> dict[str, Any]:
        """All that drop_order.html needs of an order beside its drop."""
        owed = owed_fen(session, order)
        is_alive = order.status in orders.ALIVE
        may_pick_up = order.confirmed_at is not None and order.status in TO_HAND_OUT and (order.status != orders.PLACED or order.pays == "pickup")
        link = member_links.pickup_link(self.settings.public_url, self.secret, order.id)
        return {
            "order": order, "lines": orders.find_lines(session, [order.id])[order.id], "is_alive": is_alive, "owed_fen": owed,
            "kept_fen": payments.sum_kept(session, [order.id])[order.id], "steps": prices.explain_price(session, order.id),
            "refunds": payments.find_refunds(session, order.id), "seat": teams.find_seat(session, order.id),
            "held_until": stock.find_expiry(session, order.id) if order.status == orders.PLACED else None,
            "pickup_code": member_links.pickup_code(self.secret, order.id) if may_pick_up else "",
            "pickup_qr": codes.draw(link) if may_pick_up else "", "token": member_links.pay_token(self.secret, order.id),
            "has_wechat": self.till is not None and owed > 0, "pay_words": self.settings.pay_words,
            "has_picture": self.settings.pay_picture is not None,
        }

    def find_asked(self, session: Session, order: AnyRow, way: str, now: datetime) -> str:
        """What was asked of WeChat Pay for what is owed now and can still be paid: the address for a QR code, or nothing."""
        owed = owed_fen(session, order)
        for one in charges.find_of(session, order.id):
            is_fresh = one.status == charges.OPEN and one.way == way and now < one.expires_at
            if is_fresh and one.amount_fen == owed and one.answer:
                return str(one.answer)
        return ""
