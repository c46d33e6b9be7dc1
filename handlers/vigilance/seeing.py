"""Keeps the signs members show: what they pay with, where they live, their devices and networks, as keyed digests."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from sqlalchemy.orm import Session

from content.homes import home_of, phones_in
from handlers.vigilance.rules import DEVICE, HOME, NETWORK, PAYER, PHONE
from storage import charges, signs
from storage.base import AnyRow


def digest(key: str, kind: str, value: str) -> tuple[str, str]:
    """A sign: the kind, and 24 hexadecimal signs that cannot be made, or read, without the shop's secret."""
    return kind, hmac.digest(key.encode(), f"sign\n{kind}\n{value}".encode(), hashlib.sha256)[:12].hex()


def order_seen(session: Session, order: AnyRow, key: str) -> None:
    """Where an order goes to, and the phones written with it."""
    told = f"{order.address or ''}\n{order.note}"
    found = [digest(key, PHONE, phone) for phone in phones_in(told)]
    home = home_of(order.address or "")
    if home:
        found.append(digest(key, HOME, home))
    signs.keep(session, order.member_id, found, order.placed_at)


def payer_seen(session: Session, order: AnyRow, key: str) -> None:
    """Who a payment provider says has paid."""
    payers = {row.payer for row in charges.find_of(session, order.id) if row.payer and row.status == charges.PAID}
    signs.keep(session, order.member_id, [digest(key, PAYER, payer) for payer in payers], order.paid_at or order.placed_at)


def browsers_seen(session: Session, member_id: str, key: str, now: datetime) -> None:
    """The browsers a member came with, and the networks these clicked from."""
    visitors = sorted(signs.find_visitors(session, [member_id]))
    found = [digest(key, DEVICE, visitor) for visitor in visitors]
    found += [digest(key, NETWORK, network) for one in visitors for network in signs.find_networks(session, one)]
    signs.keep(session, member_id, found, now)


def browser_came(session: Session, member_id: str, visitor_id: str, key: str, now: datetime) -> None:
    """A member turned out to be the owner of a browser."""
    networks = [digest(key, NETWORK, network) for network in signs.find_networks(session, visitor_id)]
    signs.keep(session, member_id, [digest(key, DEVICE, visitor_id), *networks], now)
