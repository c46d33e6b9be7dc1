"""How days went: messages, what was answered and what was not, and how long an answer took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.inbox import TABLE

HANDED_OVER = ("MessageReceived", "QuestionUnanswered")
ANSWERED = ("MessageReceived", "ModelAnswered")


@dataclass(frozen=True, slots=True)
class Day:
    """One day's figures. Latencies are milliseconds from receiving a message to the answer's commit; None without
    answers."""

    messages: int
    answered: int
    unanswered: int
    handovers: int
    median_ms: int | None
    p99_ms: int | None

    @property
    def answered_share(self) -> float | None:
        """Of what deserved an answer, the part that got one."""
        asked = self.answered + self.unanswered
        return self.answered / asked if asked else None


def find_day(session: Session, start: datetime, end: datetime) -> Day:
    """The figures of the time from `start` until before `end`."""
    received = (TABLE.c.received_at >= start, TABLE.c.received_at < end)
    counted = select(TABLE.c.kind, TABLE.c.outcome, func.count()).where(*received)
    counts = {
        (kind, outcome): n
        for kind, outcome, n in session.execute(counted.group_by(TABLE.c.kind, TABLE.c.outcome))
    }
    answered = (
        TABLE.c.kind == "MessageReceived",
        TABLE.c.outcome == "answered",
        TABLE.c.latency_ms.is_not(None),
    )
    waits = list(
        session.scalars(select(TABLE.c.latency_ms).where(*received, *answered).order_by(TABLE.c.latency_ms))
    )
    return Day(
        messages=sum(n for (kind, _), n in counts.items() if kind == "MessageReceived"),
        answered=sum(counts.get((kind, "answered"), 0) for kind in ANSWERED),
        unanswered=sum(counts.get((kind, "unanswered"), 0) for kind in ANSWERED),
        handovers=sum(counts.get((kind, "handover"), 0) for kind in HANDED_OVER),
        median_ms=_rank(waits, 0.5),
        p99_ms=_rank(waits, 0.99),
    )


def _rank(rising: list[int], part: float) -> int | None:
    """The value below which this part of the values lies (nearest rank)."""
    return rising[min(len(rising) - 1, int(len(rising) * part))] if rising else None
