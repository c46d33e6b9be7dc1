"""What keeps the console's pages safe: headers, CSRF tokens bound to a session, and signed short messages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from starlette.datastructures import MutableHeaders

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def protect(headers: MutableHeaders) -> None:
    """Put the safe headers on a page; pages are never kept by browsers or proxies."""
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def fresh_token() -> str:
    """A secret no one can guess, for a cookie."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(secret: bytes, session_token: str) -> str:
    """The form token of a session. Masked anew each time, so that compressed pages do not give it away."""
    true = _csrf(secret, session_token)
    mask = secrets.token_bytes(len(true))
    return base64.urlsafe_b64encode(mask + _xor(mask, true)).decode()


def is_csrf_token(secret: bytes, session_token: str, sent: str) -> bool:
    """Was this form made by a page of this session?"""
    true = _csrf(secret, session_token)
    try:
        raw = base64.urlsafe_b64decode(sent.encode())
    except (binascii.Error, ValueError):
        return False
    if len(raw) != 2 * len(true):
        return False
    return hmac.compare_digest(_xor(raw[: len(true)], raw[len(true) :]), true)


def _csrf(secret: bytes, session_token: str) -> bytes:
    return hmac.digest(secret, b"console form " + session_token.encode(), "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
