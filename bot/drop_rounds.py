"""Finds what has come due for drops, teams, places and proofs, and what plans are to be told of drops; each becomes an event
whose key makes it happen once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.event import Event
from bot.events import MomentSet
from bot.telling import lane_of, of_drop
from bot.trading import DropClosingDue, DropOpeningDue, HoldsDue, ReconcileDue, RefundRetryAsked, TeamExpiryDue
from storage import drop_moments, drops, payments, reconciling, stock, teams

PROVED_EVERY = timedelta(minutes=10)
STUCK_AFTER = timedelta(days=2)  # a refund without an answer for so long is asked for again


def find_due(session: Session, now: datetime) -> list[Event]:
    """Everything due now, in the order in which it should happen."""
    found: list[Event] = [
        of_drop(DropOpeningDue, row.id, row.opens_at.isoformat(), now) for row in drops.find_to_open(session, now)
    ]
    for held in stock.find_drops_with_expired(session, now):
        found.append(of_drop(HoldsDue, held.drop_id, held.last_at.isoformat(), now))
    for team in teams.find_expired(session, now):
        found.append(of_drop(TeamExpiryDue, team.drop_id, team.expires_at.isoformat(), now, team_id=team.id))
    found += [of_drop(DropClosingDue, row.id, row.closes_at.isoformat(), now) for row in drops.find_to_close(session, now)]
    for drop in reconciling.find_to_check(session, now, PROVED_EVERY):
        found.append(of_drop(ReconcileDue, drop.id, str(drop.checked_at), now))
    found += [_stuck(row.id, row.tries, now) for row in payments.find_stuck(session, now - STUCK_AFTER)]
    return found + [_moment(key, at, now) for key, at in drop_moments.find_changes(session, now).items()]


def _moment(key: drop_moments.Key, at: datetime | None, now: datetime) -> Event:
    anchor, subject, group_id = key
    written = at.isoformat() if at else ""
    return MomentSet(
        # A moment may move to and fro: what was told in an earlier minute may be told again.
        key=f"moment:{anchor}:{subject}:{group_id}:{written}:{now:%Y%m%d%H%M}", lane="moments", occurred_at=now, channel="",
        conversation="moments", group_id=group_id or None, anchor=anchor, subject=subject, at=written,
    )


def _stuck(refund_id: str, tries: int, now: datetime) -> Event:
    return RefundRetryAsked(
        key=f"refund-stuck:{refund_id}:{tries}", lane=lane_of(refund_id), occurred_at=now, channel="",
        conversation=lane_of(refund_id), refund_id=refund_id,
    )
