"""What a handler holds while it hears one event; and Refusal, a rule's no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy.orm import Session

from bot import jobs
from bot.events import Event
from bot.hours import Hours
from bot.outbox import Conversation, Outbox
from bot.talk import Heard, Talk
from bot.values import Values
from content.knowledge import Knowledge
from storage import hours, members
from storage.groups import GroupSettings
from storage.members import Member

# What is said this late puzzles a group more than silence: a network that was away tells much at once.
TOO_OLD_SECONDS = 15 * 60


class Refusal(Exception):
    """A rule's no: undoes what the event did, and the member reads why. `template` is the message that says it."""

    template = ""

    def __init__(self, **values: Any) -> None:
        super().__init__(type(self).__name__)
        self.values = values


@dataclass(frozen=True, slots=True)
class Shop:
    """What every feature may know of the shop and of us."""

    name: str
    bot_name: str
    base_url: str
    language: str = "zh"
    has_model: bool = False  # a language model may be asked

    time_zone: str = "Asia/Shanghai"
    hook_targets: int = 0  # how many of the shop's own systems want to hear of orders
    secret: str = field(default="", repr=False)  # signs members' links (bot/member_links.py) and digests of what is not kept as it is


@dataclass(slots=True)
class Decision:
    """What a handler made of an event, for the log: outcome, why, and how sure (0 to 1)."""

    outcome: str = "none"
    reason: str | None = None
    confidence: float | None = None


@dataclass(slots=True)
class Context:
    """One event being handled: the transaction, the time, and ways to speak and to ask for work."""

    event: Event
    session: Session
    now: datetime
    inbox_id: int
    outbox: Outbox
    knowledge: Knowledge
    shop: Shop
    talk: Talk
    settings: GroupSettings | None = None  # of the group this happened in
    decision: Decision = field(default_factory=Decision)
    asked: list[dict[str, Any]] = field(default_factory=list)
    emitted: list[Event] = field(default_factory=list)
    earlier: Sequence[Heard] = ()  # of the same conversation and batch, not in the database yet
    values: Values = field(default_factory=dict)  # what posts may name
    _past: list[Heard] | None = None

    @property
    def here(self) -> Conversation:
        """The conversation the event happened in."""
        language = self.settings.language if self.settings is not None else self.shop.language
        event = self.event
        return Conversation(event.conversation, event.channel, event.group_id, event.member_id, language)

    def is_late(self, seconds: float = TOO_OLD_SECONDS) -> bool:
        """Did this happen so long before it came to us that an answer would come too late?"""
        return (self.now - self.event.occurred_at).total_seconds() > seconds

    def sender(self) -> Member:
        """The member whose event this is."""
        if self.event.member_id is None:
            raise LookupError(f"{type(self.event).__name__} has no member")
        return members.get(self.session, self.event.member_id)

    def recent(self, seconds: float) -> list[Heard]:
        """What was heard in this conversation in the last seconds (at most ten minutes), before this, newest first."""
        if self._past is None:
            past = self.talk.of(self.session, self.event.conversation, self.now)
            self._past = [
                heard for heard in chain(reversed(self.earlier), reversed(past)) if heard.inbox_id != self.inbox_id
            ]
        since = self.now - timedelta(seconds=seconds)
        for place, heard in enumerate(self._past):
            if heard.received_at < since:
                return self._past[:place]
        return self._past

    def has_operator_spoken(self, seconds: float) -> bool:
        """Did a person of ours speak here lately, from the console or as staff in the group?"""
        staff = self.settings.staff if self.settings is not None else frozenset()
        me = self.event.member_id
        return any(
            heard.kind == "OperatorSpoke" or (heard.member_id in staff and heard.member_id != me)
            for heard in self.recent(seconds)
        )

    def hours(self) -> Hours:
        """When somebody of ours is there."""
        return Hours.of(self.shop.time_zone, [(row.day, row.spans) for row in hours.find_all(self.session)])

    def decide(self, outcome: str, reason: str | None = None, confidence: float | None = None) -> None:
        """Write on the interaction what was decided: answered, silent, handover, refused, done …"""
        self.decision = Decision(outcome, reason, confidence)

    def ask(self, job: jobs.Job, *, due_at: datetime | None = None) -> None:
        """Ask for slow work; its result comes back as an event."""
        self.asked.append(jobs.row_of(job, now=self.now, due_at=due_at, cause_id=self.inbox_id))

    def later(self, event: Event, seconds: float) -> None:
        """Put an event off; it comes back when due. An event whose key is already put off is not kept twice."""
        due_at = self.now + timedelta(seconds=seconds)
        self.asked.append(jobs.row_of_event(event, now=self.now, due_at=due_at, cause_id=self.inbox_id))

    def emit(self, fact: Event) -> None:
        """Tell the other features a fact, in this transaction."""
        self.emitted.append(fact)
