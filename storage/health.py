"""How well the shop's knowledge does: by day and group, what was asked, answered, left alone, and did not help."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from storage.inbox import TABLE
from storage.learning import UNRESOLVED

HANDED_OVER = ("MessageReceived", "QuestionUnanswered")
COUNTED = ("answered", "asked_back", "unanswered", "handover", "silent")


@dataclass(frozen=True, slots=True)
class Tally:
    """Questions of one day and group. `abstained`: kept silent because nothing known was sure enough;
    `unresolved`: answered, but asked again or passed to a person within half an hour."""

    answered: int = 0
    asked_back: int = 0
    unanswered: int = 0
    abstained: int = 0
    handovers: int = 0
    unresolved: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.answered + other.answered, self.asked_back + other.asked_back, self.unanswered + other.unanswered,
            self.abstained + other.abstained, self.handovers + other.handovers, self.unresolved + other.unresolved,
        )

    @property
    def asked(self) -> int:
        """Everything heard as a question that knowledge could have answered."""
        return self.answered + self.asked_back + self.unanswered + self.abstained

    @property
    def coverage(self) -> float | None:
        return self.answered / self.asked if self.asked else None

    @property
    def abstention(self) -> float | None:
        return self.abstained / self.asked if self.asked else None

    @property
    def resolution(self) -> float | None:
        """Of the answers given, the part that helped."""
        return (self.answered - self.unresolved) / self.answered if self.answered else None


def find_day(session: Session, start: datetime, end: datetime) -> dict[str, Tally]:
    """The tallies by group («» for private chats) of the time from `start` until before `end`."""
    column = TABLE.c
    is_unsure = or_(column.reason.startswith("unsure: "), column.reason == "nothing known")
    counts = {name: _when(column.outcome == name, column.kind == "MessageReceived") for name in COUNTED[:3]}
    counts["abstained"] = _when(column.outcome == "silent", column.kind == "MessageReceived", is_unsure)
    counts["handovers"] = _when(column.outcome == "handover", column.kind.in_(HANDED_OVER))
    group_id = func.coalesce(column.group_id, "")
    query = (
        select(group_id, *[count.label(name) for name, count in counts.items()])
        .where(column.received_at >= start, column.received_at < end, column.outcome.in_(COUNTED))
        .group_by(group_id)
    )
    found = {row[0]: Tally(*(int(value) for value in row[1:])) for row in session.execute(query)}
    place = func.coalesce(UNRESOLVED.c.group_id, "")
    unresolved = select(place, func.count()).where(
        UNRESOLVED.c.answered_at >= start, UNRESOLVED.c.answered_at < end
    )
    for name, many in session.execute(unresolved.group_by(place)):
        found[name] = found.get(name, Tally()) + Tally(unresolved=many)
    return found


def _when(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows meet all of this."""
    return func.sum(case((and_(*conditions), 1), else_=0))
