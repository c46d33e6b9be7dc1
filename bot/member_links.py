"""What a member holds of an order: the signed link to see and pay it, and the code that picks it up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

CODE_DIGITS = 6
PAIR = re.compile(r"(ord_[0-9a-z]{4,30})\.([A-Za-z0-9_-]{22})")


def pay_token(secret: str, order_id: str) -> str:
    """The last part of a pay link: whoever has it sees the order and may pay it."""
    return f"{order_id}.{base64.urlsafe_b64encode(_digest(secret, 'pay', order_id)[:16]).decode().rstrip('=')}"


def find_order(secret: str, token: str) -> str | None:
    """The order of a pay link; None for one we did not make."""
    found = PAIR.fullmatch(token)
    if found is None or not hmac.compare_digest(pay_token(secret, found[1]), token):
        return None
    return found[1]


def pay_link(base_url: str, secret: str, order_id: str) -> str:
    return f"{base_url}/pay/{pay_token(secret, order_id)}"


def link_to_say(base_url: str, secret: str, channel: str, order_id: str) -> str:
    """The link for a message; empty where members elsewhere could not open our address."""
    is_reachable = base_url.startswith("https://") or channel in ("web", "terminal")
    return pay_link(base_url, secret, order_id) if secret and is_reachable else ""


def pickup_code(secret: str, order_id: str) -> str:
    """Six digits that only the order's member and the desk know. Two orders may share one, so the desk shows every match."""
    return str(int.from_bytes(_digest(secret, "pickup", order_id)[:8]) % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def pickup_link(base_url: str, secret: str, order_id: str) -> str:
    """What the member's square code holds: the desk's page that hands this order out."""
    return f"{base_url}/console/take?order={order_id}&code={pickup_code(secret, order_id)}"


def _digest(secret: str, purpose: str, order_id: str) -> bytes:
    return hmac.new(secret.encode(), f"{purpose}:{order_id}".encode(), hashlib.sha256).digest()
