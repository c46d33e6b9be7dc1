"""What was heard lately in each conversation: from memory where one process hears everything, else from the inbox."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from storage import inbox

KEPT, CONVERSATIONS = 24, 2_000
REACH = timedelta(minutes=10)  # nobody asks for older talk


class Heard(NamedTuple):
    """An event heard a short while ago, and what came of it."""

    inbox_id: int
    kind: str
    member_id: str | None
    text: str | None
    outcome: str
    reason: str | None
    received_at: datetime


class Talk:
    """The last events of each conversation. `is_alone`: this process hears every event (SQLite), so memory is exact."""

    def __init__(self, is_alone: bool) -> None:
        self._is_alone = is_alone
        self._kept: OrderedDict[str, deque[Heard]] = OrderedDict()

    def of(self, session: Session, conversation: str, now: datetime) -> Sequence[Heard]:
        """Newest last, at most the last 24 of the last ten minutes; only what is committed."""
        known = self._kept.get(conversation)
        if known is not None:
            return known
        rows = inbox.find_recent(session, conversation, now - REACH, KEPT)
        found = deque((Heard(*row) for row in reversed(rows)), maxlen=KEPT)
        if self._is_alone:
            self._kept[conversation] = found
            if len(self._kept) > CONVERSATIONS:
                self._kept.popitem(last=False)
        return found

    def add(self, heard: Iterable[tuple[str, Sequence[Heard]]]) -> None:
        """After a commit: what a batch heard, by conversation. Conversations nobody asked about are not kept."""
        for conversation, events in heard:
            known = self._kept.get(conversation)
            if known is not None:
                known.extend(events)
