"""How webhooks are signed, in and out: HMAC-SHA256 over time and body, good for five minutes."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

HEADER = "X-Tuan-Signature"
WINDOW_SECONDS = 300
_WRITTEN = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def sign(secret: str, body: bytes, now: datetime) -> str:
    """The header's value: `t=<unix seconds>,v1=<hex>`, over the bytes `<t>.<body>`."""
    stamp = str(int(now.timestamp()))
    return f"t={stamp},v1={_mac(secret, stamp, body)}"


def is_signed(secret: str, header: str, body: bytes, now: datetime) -> bool:
    """Is this body signed with our secret, within the window?"""
    found = _WRITTEN.fullmatch(header)
    if found is None or not secret or abs(now.timestamp() - int(found[1])) > WINDOW_SECONDS:
        return False
    return hmac.compare_digest(_mac(secret, found[1], body), found[2])


def _mac(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
