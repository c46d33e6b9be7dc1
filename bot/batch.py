"""One batch of events in one transaction: what is known stops, the rest is handled in order and written at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from bot.context import Context, Refusal
from bot.events import Event, Handled, MemberLeft, MessageReceived
from bot.meeting import Meeting
from bot.outbox import Outbox
from bot.parts import Item, Parts
from bot.routing import Ear
from bot.rows import row_of
from bot.talk import Heard
from storage import groups, inbox, jobs, outbox, revisions, search
from storage.base import RowMissing
from storage.groups import GroupSettings

__all__ = ["Batch", "Item", "Parts"]

MAX_DEPTH = 20  # facts that lead to facts; deeper is a loop


class Batch:
    """Handles events in one session and gathers the rows they lead to."""

    def __init__(self, session: Session, parts: Parts) -> None:
        self.session, self.parts = session, parts
        self.interactions: list[dict[str, Any]] = []
        self.sayings: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        self.documents: list[tuple[int, str]] = []
        self.kept: list[tuple[Event, int]] = []
        self._known: dict[str, int] = {}
        self._ids: Iterator[int] = iter(())
        self._heard: dict[str, list[Heard]] = {}
        self._meeting = Meeting(session, parts)
        self._group_revision: int | None = None

    def run(self, items: Sequence[Item]) -> list[Handled]:
        """Handle events in their order. Raises whatever a handler raised: the transaction is then worthless."""
        self._known = inbox.find_known(self.session, [item.event.key for item in items])
        self._ids = inbox.reserve_ids(self.session, len(items))
        self._meeting.meet(items)
        handled: list[Handled] = []
        for kind, group in groupby(items, self._crowd_of):
            some = list(group)
            handled += [self._one(item) for item in some] if kind is None else self._crowd(kind, some)
        return handled

    def _crowd_of(self, item: Item) -> type[Event] | None:
        """The kind of an event that is heard together with its like."""
        kind = type(item.event)
        return kind if kind in self.parts.router.crowds and item.retry_of is None else None

    def _one(self, item: Item) -> Handled:
        key = item.event.key
        if item.retry_of is not None:
            return self._retry(item, item.retry_of[0])
        if key in self._known:
            return Handled(self._known[key], False, "known")
        if self._is_of_another(item):
            return Handled(0, False, "elsewhere")
        row_id = next(self._ids)
        return Handled(row_id, True, self._handle(item.event, row_id, item.received_at, None, 0))

    def _crowd(self, kind: type[Event], items: list[Item]) -> list[Handled]:
        """Let a feature hear events of one kind at once; what each leads to is gathered in their order."""
        feature, hear = self.parts.router.crowds[kind]
        met: list[tuple[Item, dict[str, Any], Context]] = []
        is_new = []
        for item in items:
            event, key = item.event, item.event.key
            is_new.append(key not in self._known)
            if is_new[-1]:
                self._known[key] = next(self._ids)
                row = row_of(event, self._known[key], item.received_at, None) | {"heard_by": feature}
                context = self._context(event, row["id"], item.received_at)
                context.outbox.feature = feature
                met.append((item, row, context))
        hear([(context, item.event) for item, _, context in met])
        for item, row, context in met:
            self._gather(item.event, row, context, item.received_at)
            self.interactions.append(row)
        self._tell([(fact, row["id"], item.received_at) for item, row, one in met for fact in one.emitted], 1)
        outcomes = iter(str(row["outcome"]) for _, row, _ in met)
        return [
            Handled(self._known[item.event.key], new, next(outcomes) if new else "known")
            for item, new in zip(items, is_new, strict=True)
        ]

    def _is_of_another(self, item: Item) -> bool:
        """Two accounts of ours may sit in one group: what happens there is heard through the group's own account only,
        so that it is heard once and nobody answers the other's words."""
        event = item.event
        if not item.account or event.group_id is None or not self.parts.has_more_accounts(event.channel):
            return False
        settings = self._settings(event.group_id)
        bound_to = item.account if settings is None else settings.account_id or event.channel
        return bound_to != item.account and self.parts.is_connected(bound_to)

    def write(self) -> None:
        """Write what the events led to; the caller commits."""
        self.session.flush()
        if self.interactions:
            inbox.insert_all(self.session, self.interactions)
        if self.sayings:
            outbox.insert_all(self.session, self.sayings)
        if self.jobs:
            jobs.insert_once(self.session, self.jobs)
        search.index(self.session, self.documents)

    def remember(self) -> None:
        """After the commit: whom and what we need not look up again."""
        self._meeting.remember()
        self.parts.talk.add(self._heard.items())
        for event, _ in self.kept:
            if isinstance(event, MemberLeft) and event.group_id and event.member_id:
                self.parts.known_present.discard((event.group_id, event.member_id))

    def put_aside(self, item: Item, error: Exception, after: Sequence[int]) -> Handled:
        """Keep an event that failed, with its error, for a later try or to rest."""
        event, now = item.event, self.parts.now()
        tries = 1 if item.retry_of is None else item.retry_of[1] + 1
        is_last = tries > len(after)
        words = f"{type(error).__name__}: {error}"[:500]
        values = {
            "state": inbox.RESTING if is_last else inbox.WAITING, "tries": tries, "outcome": "failed",
            "next_try_at": None if is_last else now + timedelta(seconds=after[tries - 1]), "error": words,
        }
        if item.retry_of is not None:
            inbox.settle(self.session, item.retry_of[0], values)
            return Handled(item.retry_of[0], False, "failed", words)
        known = inbox.find_known(self.session, [event.key])
        if known:
            return Handled(known[event.key], False, "known")
        self._meeting.meet([item])
        row_id = next(inbox.reserve_ids(self.session, 1))
        inbox.insert_all(self.session, [row_of(event, row_id, item.received_at, None) | values])
        search.index(self.session, [(row_id, f"{event.member_name or ''} {event.text or ''}")])
        self.kept.append((event, row_id))
        return Handled(row_id, True, "failed", words)

    def _handle(
        self, event: Event, row_id: int, received_at: datetime, cause_id: int | None, depth: int
    ) -> str:
        self._known[event.key] = row_id
        row = row_of(event, row_id, received_at, cause_id)
        self._perform(event, row, received_at, depth)
        self.interactions.append(row)
        return str(row["outcome"])

    def _retry(self, item: Item, row_id: int) -> Handled:
        """Another try of an event that is kept already: its row gets the outcome."""
        if not inbox.is_unsettled(self.session, row_id):
            return Handled(row_id, False, "known")
        row = {"id": row_id, "state": inbox.DONE, "next_try_at": None, "error": None}
        self._perform(item.event, row, item.received_at, 0)
        inbox.settle(self.session, row_id, {name: value for name, value in row.items() if name != "id"})
        return Handled(row_id, False, str(row["outcome"]))

    def _perform(self, event: Event, row: dict[str, Any], received_at: datetime, depth: int) -> None:
        """Let the features hear the event, and gather what they decided, said and asked for."""
        context = self._hear(event, row, received_at)
        self._gather(event, row, context, received_at)
        if context is not None:
            self._tell([(fact, row["id"], received_at) for fact in context.emitted], depth + 1)

    def _gather(self, event: Event, row: dict[str, Any], context: Context | None, received_at: datetime) -> None:
        """What an event led to: its outcome on the row, what is said, asked for, to be found, and shown live."""
        words = [event.member_name or "", event.text or ""]
        if context is not None:
            decision = context.decision
            row["outcome"], row["reason"], row["confidence"] = decision.outcome, decision.reason, decision.confidence
            self._address(event, context)
            self.sayings.extend(context.outbox.rows)
            words.extend(saying["text"] for saying in context.outbox.rows)
            self.jobs.extend(context.asked)
        row["latency_ms"] = max(0, int((self.parts.now() - received_at).total_seconds() * 1000))
        if "key" in row:
            self.documents.append((row["id"], " ".join(words)))
        self._heard.setdefault(event.conversation, []).append(
            Heard(
                row["id"], type(event).__name__, event.member_id, event.text, row["outcome"], row.get("reason"),
                received_at,
            )
        )
        self.kept.append((event, row["id"]))

    def _tell(self, facts: Sequence[tuple[Event, int, datetime]], depth: int) -> None:
        """Facts that handlers emitted, with their causes: each an interaction of its own, in this transaction, once."""
        if not facts:
            return
        if depth > MAX_DEPTH:
            raise RecursionError(f"{type(facts[0][0]).__name__} leads to itself")
        self._known.update(inbox.find_known(self.session, [fact.key for fact, _, _ in facts]))
        for fact, cause_id, received_at in facts:
            if fact.key not in self._known:
                self._handle(fact, next(self._ids), received_at, cause_id, depth)

    def _hear(self, event: Event, row: dict[str, Any], received_at: datetime) -> Context | None:
        """Run who hears the event and note their names; None when nobody does."""
        router = self.parts.router
        if isinstance(event, MessageReceived):
            for ear, seen in router.hear(event):
                context = self._context(event, row["id"], received_at)
                request = seen if ear.look is None else ear.look(context, seen)
                if request is not None:
                    context.outbox.feature = row["heard_by"] = ear.feature
                    self._answer(context, ear, request)
                    return context
            row["outcome"] = "none"
            return None
        context = self._context(event, row["id"], received_at)
        heard_by = []
        if type(event) in router.crowds:
            feature, hear = router.crowds[type(event)]
            context.outbox.feature = feature
            hear([(context, event)])
            heard_by.append(feature)
        for feature, listen in router.listeners.get(type(event), ()):
            context.outbox.feature = feature
            listen(context, event)
            heard_by.append(feature)
        row["heard_by"] = ",".join(heard_by) or None
        return context

    def _answer(self, context: Context, ear: Ear, request: Any) -> None:
        """Let a feature act on a message; a refusal undoes what it did and says why."""
        connection = self.session.connection()
        if ear.writes:
            self.session.flush()
            connection.exec_driver_sql("SAVEPOINT one_event")
        try:
            ear.handle(context, request)
            self.session.flush()
        except Refusal as refusal:
            if ear.writes:
                connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one_event")
                self.session.expunge_all()
            context.outbox.rows.clear()
            context.asked.clear()
            context.emitted.clear()
            context.outbox.say(context.here, refusal.template, mention=context.event.member_id, **refusal.values)
            context.decide("refused", type(refusal).__name__)
        if ear.writes:
            connection.exec_driver_sql("RELEASE SAVEPOINT one_event")

    def _context(self, event: Event, row_id: int, received_at: datetime) -> Context:
        parts = self.parts
        box = Outbox(parts.words, received_at, cause_id=row_id, needs_confirmation=parts.needs_confirmation)
        return Context(
            event, self.session, received_at, row_id, box, parts.knowledge, parts.shop, parts.talk,
            settings=self._settings(event.group_id), earlier=self._heard.get(event.conversation, ()),
            values=parts.router.values,
        )

    def _address(self, event: Event, context: Context) -> None:
        """Which account says it; and in a group that is not under our management nobody but an operator speaks."""
        for row in context.outbox.rows:
            group_id, row["reason"] = row["group_id"], None
            if group_id is None:
                row["account_id"] = self._meeting.find_account(row["channel"], row["conversation"])
                continue
            try:
                settings = self._settings(group_id)
            except RowMissing:
                settings = None
            row["account_id"] = row["channel"] if settings is None else settings.account_id or row["channel"]
            if settings is not None and not settings.is_taken and row["operator_id"] is None:
                row["state"], row["reason"] = outbox.SUPPRESSED, "group is not under management"

    def _settings(self, group_id: str | None) -> GroupSettings | None:
        """A group's settings, read anew only after somebody changed one."""
        if group_id is None:
            return None
        parts = self.parts
        if self._group_revision is None:
            self._group_revision = revisions.count(self.session, revisions.GROUPS)
            if parts.group_revision != self._group_revision:
                parts.group_settings, parts.group_revision = {}, self._group_revision
        known = parts.group_settings.get(group_id)
        if known is None:
            known = parts.group_settings[group_id] = groups.get_settings(self.session, group_id)
        return known
