"""The form a visitor joins a drop with: read within bounds, and once for each page that was handed out."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import ClientDisconnect, Request

MAX_BYTES, MAX_FIELDS = 4_096, 12
SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")  # of a visitor's browser, as the web channel's client ids
VIA = re.compile(r"[2-9A-HJ-NP-Z]{8}")  # a referral link's code
MOST = 9_999


class BadForm(Exception):
    """The body is none of our forms: the status to answer with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class JoinForm:
    """What a visitor wrote. `offer` is a mark, `count` 0 for what is no number; `team` a code, «new», or empty."""

    ask: str = ""
    offer: str = ""
    count: int = 0
    team: str = ""
    late: bool = False
    nickname: str = ""
    token: str = ""
    via: str = ""


async def read(request: Request) -> JoinForm:
    """The form of a request. Raises BadForm."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise BadForm(415)
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BYTES:
                raise BadForm(413)
    except ClientDisconnect:
        raise BadForm(400) from None
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
    except ValueError:
        raise BadForm(400) from None
    return of_fields(fields)


def of_fields(fields: Mapping[str, str]) -> JoinForm:
    count = fields.get("count", "").strip()
    return JoinForm(
        fields.get("ask", "")[:400], fields.get("offer", "")[:4], min(MOST, int(count)) if re.fullmatch("[0-9]{1,6}", count) else 0,
        fields.get("team", "").strip()[:10].replace("\0", ""), fields.get("late") == "next",
        fields.get("nickname", "").replace("\0", "")[:200], fields.get("token", "")[:400],
        via if VIA.fullmatch(via := fields.get("via", "")) else "",
    )


class Asks:
    """A page with the form is handed out to one browser, for one drop and one joining: pressed twice is pressed once."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="drop join")

    def give(self, visitor: str, drop_id: str) -> str:
        text = self._serializer.dumps([_seen(visitor), drop_id, secrets.token_hex(8)])
        return text if isinstance(text, str) else text.decode()

    def find(self, ask: str, visitor: str, drop_id: str) -> str | None:
        """What makes the joining one event; None for a page we did not hand out to this browser."""
        try:
            whose, what, nonce = self._serializer.loads(ask)
        except (BadData, ValueError, TypeError):
            return None
        return str(nonce) if (whose, what) == (_seen(visitor), drop_id) else None


def _seen(visitor: str) -> str:
    """A visitor's secret does not stand on the page itself."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:16]
