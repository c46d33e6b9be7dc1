"""Passwords: argon2 hashes, checked in the same time whether a name exists or not; and the first admin."""

from __future__ import annotations

import secrets
import threading
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from storage import audit, operators
from storage.operators import ADMIN, Operator

SHORTEST, LONGEST = 8, 200
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(2)  # one hash takes 64 MB while it is made
_nobody = ""


def hash_password(password: str) -> str:
    with _turns:
        return _hasher.hash(password)


def is_password(password: str, known_hash: str | None) -> bool:
    """Does the password fit? Without a hash (no such operator) it takes as long and says no."""
    with _turns:
        try:
            fits = _hasher.verify(known_hash or _dummy(), password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
        return fits and known_hash is not None


def is_outdated(known_hash: str) -> bool:
    """The hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(known_hash)


def one_time_password() -> str:
    """Four groups of four letters: 79 bits, easy to copy from a terminal."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def create_first_admin(session: Session, now: datetime) -> str | None:
    """Create `admin` with a one-time password, to be changed at the first sign-in, when there is no operator yet.

    Gives the password to print once, or None when there are operators already.
    """
    if operators.count(session):
        return None
    password = one_time_password()
    session.add(
        Operator(
            name="admin",
            role=ADMIN,
            password_hash=hash_password(password),
            must_change_password=True,
            is_active=True,
            created_at=now,
        )
    )
    audit.record(
        session,
        at=now,
        operator_id=None,
        operator_name="tuan",
        action="operator.create",
        subject="operator:admin",
        detail={"role": ADMIN},
    )
    return password


def _dummy() -> str:
    global _nobody
    if not _nobody:
        _nobody = _hasher.hash(secrets.token_urlsafe(16))
    return _nobody
