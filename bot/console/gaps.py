"""When an account could not hear, from the log: since when, until when, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from storage import inbox

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of deafness; `until` is None while it lasts."""

    since: datetime
    until: datetime | None
    why: str
    lost: str = ""  # what may be missing, in the channel's words


def find_gaps(session: Session, account_id: str) -> Sequence[Gap]:
    """The newest gaps of an account, newest first."""
    rows = inbox.find_in_conversation(
        session, f"account:{account_id}", kinds=("HearingLost", "HearingBack"), limit=2 * SHOWN
    )
    gaps: list[Gap] = []
    for row in rows:
        if row.kind == "HearingLost":
            if not gaps or gaps[-1].until is not None:
                gaps.append(Gap(row.occurred_at, None, row.text or ""))
        elif gaps and gaps[-1].until is None:
            gaps[-1] = Gap(gaps[-1].since, row.occurred_at, gaps[-1].why, row.text or "")
    return gaps[::-1][:SHOWN]
