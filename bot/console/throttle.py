"""Slows down who guesses passwords: by name and address together, by address, and by name from anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from storage import operators

WINDOW = timedelta(hours=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
# How many wrong passwords are free. The limit for a name from anywhere is the widest, so that a stranger cannot easily
# keep an operator out.
FREE_PAIR, FREE_ADDRESS, FREE_NAME = 5, 20, 40


def wait_until(session: Session, name: str, address: str, now: datetime) -> datetime | None:
    """When the next try for this name from this address is allowed; None for now."""
    since = now - WINDOW
    latest: datetime | None = None
    for free, who in (
        (FREE_PAIR, {"name": name, "address": address}),
        (FREE_ADDRESS, {"address": address}),
        (FREE_NAME, {"name": name}),
    ):
        count = operators.count_failures(session, since, **who)
        last = operators.find_last_failure(session, since, **who) if count >= free else None
        if last is not None:
            until = last + wait_after(count - free)
            if until > now and (latest is None or until > latest):
                latest = until
    return latest


def wait_after(too_many: int) -> timedelta:
    """The wait doubles with each further wrong password: 30 s, 1, 2, 4, 8, then 15 minutes."""
    doubled: timedelta = FIRST_WAIT * (1 << min(too_many, 10))
    return min(doubled, LONGEST_WAIT)
