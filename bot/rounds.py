"""Goes round the rows for what nobody announces: members who spoke again, answers old enough to be
judged, drops and teams whose time has come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot import drop_rounds, earning_rounds
from bot.dispatch import Dispatcher
from bot.events import Event, JudgingDue, MemberSpokeAgain
from storage import answers, handovers
from storage.database import Database

JUDGED_AFTER = timedelta(minutes=30)
GATHERED = timedelta(minutes=1)  # so that there is one round of judging a minute, not one an answer
LANE = "judging"


class Rounds:
    """A few looks, each harmless to repeat: the events' keys are the rows'."""

    def __init__(self, database: Database, dispatcher: Dispatcher, now: Callable[[], datetime]) -> None:
        self.database, self.dispatcher, self.now = database, dispatcher, now

    def go(self) -> int:
        """Look, and put what is due on its lane; waits for the commits and gives how many events were new."""
        with self.database.read() as session:
            events = [
                *self._spoken_again(session), *self._to_judge(session), *drop_rounds.find_due(session, self.now()),
                *earning_rounds.find_due(session, self.now()),
            ]
        return sum(waiting.result(timeout=60).is_new for waiting in [self.dispatcher.submit(event) for event in events])

    def _spoken_again(self, session: Session) -> list[Event]:
        return [
            MemberSpokeAgain(
                key=f"again:{row.id}:{row.message_id}", lane=row.conversation, occurred_at=row.received_at,
                channel=row.channel, conversation=row.conversation, group_id=row.group_id, member_id=row.member_id,
                text=row.text, handover_id=row.id, asked_id=row.message_id,
            )
            for row in handovers.find_spoken_again(session)
        ]

    def _to_judge(self, session: Session) -> list[Event]:
        after, before = answers.find_last_judged(session), self.now() - JUDGED_AFTER
        if not answers.find_unjudged(session, after, before - GATHERED, 1):
            return []
        return [
            JudgingDue(
                key=f"judging:{after}", lane=LANE, occurred_at=before, channel="", conversation=LANE, after_id=after
            )
        ]
