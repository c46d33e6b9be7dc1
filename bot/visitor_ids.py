"""The id of our own that a visitor's browser carries: made and signed here, so that nobody brings one they made up."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

COOKIE = "tuan_ref"
DAYS = 90
REFUSED = b"no"  # what the cookie says of a browser whose owner does not want to be known again
_FOUND = re.compile(rb"(?:^|;\s*)tuan_ref=([A-Za-z0-9_.-]{1,80})")
_ID = re.compile(rb"v_[a-z2-7]{16}")


class VisitorIds:
    """Gives visitor ids and reads them back from cookies."""

    def __init__(self, secret: str, is_secure: bool) -> None:
        self._key = hashlib.sha256(f"visitors\n{secret}".encode()).digest()
        self._tail = f"; Max-Age={DAYS * 86_400}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if is_secure else ''}".encode()

    def new(self) -> str:
        return "v_" + base64.b32encode(secrets.token_bytes(10)).decode().lower()

    def find(self, cookies: bytes) -> tuple[str, bool]:
        """The visitor of a Cookie header, empty when there is none of ours; and whether they refused to be one."""
        found = _FOUND.search(cookies)
        if found is None:
            return "", False
        visitor, _, mark = found[1].partition(b".")
        if visitor == REFUSED:
            return "", True
        is_ours = _ID.fullmatch(visitor) is not None and secrets.compare_digest(self._mark(visitor), mark)
        return (visitor.decode() if is_ours else ""), False

    def of(self, cookies: str) -> str:
        """The visitor of a Cookie header as text."""
        return self.find(cookies.encode("latin-1", "replace"))[0]

    def cookie(self, visitor: str) -> bytes:
        """The Set-Cookie that makes a browser known again."""
        plain = visitor.encode()
        return b"tuan_ref=" + plain + b"." + self._mark(plain) + self._tail

    def refusal(self) -> bytes:
        """The Set-Cookie that remembers only that somebody does not want to be known again."""
        return b"tuan_ref=" + REFUSED + self._tail

    def _mark(self, visitor: bytes) -> bytes:
        return hashlib.blake2b(visitor, key=self._key, digest_size=6).hexdigest().encode()
