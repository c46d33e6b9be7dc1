"""Links that open one member's own page, signed by us and good for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

GOOD_FOR = timedelta(hours=24)
_SALT = "my referrals"


def give(secret: str, member_id: str, now: datetime) -> str:
    """The token of a member's page."""
    text = URLSafeSerializer(secret, salt=_SALT).dumps([member_id, int((now + GOOD_FOR).timestamp())])
    return text if isinstance(text, str) else text.decode()


def find(secret: str, token: str, now: datetime) -> str | None:
    """The member a token was given to; None for one that is not ours or too old."""
    if not token or len(token) > 600:
        return None
    try:
        read = URLSafeSerializer(secret, salt=_SALT).loads(token)
    except BadData:
        return None
    if not isinstance(read, list) or len(read) != 2 or not isinstance(read[0], str) or not isinstance(read[1], int):
        return None
    return read[0] if now.timestamp() <= read[1] else None
