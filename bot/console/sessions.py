"""Sessions of signed-in browsers: a random token in the cookie, its hash in the database, 14 days sliding."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from starlette.requests import Request

from bot.console.desk import Desk
from bot.console.security import digest, fresh_token
from bot.console.visit import SignedIn
from storage import operators
from storage.operators import OperatorSession

COOKIE = "tuan_session"
LASTS = timedelta(days=14)
TOUCH_AFTER = timedelta(minutes=5)  # a session is prolonged at most this often: looking costs no write


def token_of(request: Request) -> str:
    return request.cookies.get(COOKIE, "")[:100]


def begin(session: Session, operator_id: int, browser: str, now: datetime) -> str:
    """A new session; gives the token for the cookie."""
    token = fresh_token()
    session.add(
        OperatorSession(
            token_hash=digest(token),
            operator_id=operator_id,
            browser=browser[:200],
            created_at=now,
            seen_at=now,
            expires_at=now + LASTS,
        )
    )
    return token


def find(desk: Desk, token: str) -> SignedIn | None:
    """Who holds this token, while it is neither expired nor revoked."""
    now = desk.now()
    with desk.database.read() as session:
        found = operators.find_session(session, digest(token), now)
    if found is None:
        return None
    operator, row = found
    is_prolonged = now - row.seen_at > TOUCH_AFTER
    if is_prolonged:
        with desk.database.write() as session:
            operators.touch_session(session, row.id, now, now + LASTS)
    return SignedIn(
        operator.id, operator.name, operator.role, row.id, operator.must_change_password, is_prolonged
    )
