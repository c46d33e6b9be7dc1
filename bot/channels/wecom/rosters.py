"""Compares a group as WeCom tells it with what we know, and says what happened in between, each thing once.

Callbacks come twice, late and out of order, and name no join times; the list of members does. So a callback only makes
us read the list, and joins are keyed by their time: the same join has the same key however often it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.channels.wecom.groups import GroupChat, Person
from bot.channels.wecom.ids import CHANNEL, group_id, member_id
from bot.events import Event, GroupFound, MemberJoined, MemberLeft, TopicChanged
from bot.referring import learnt
from storage import groups, members, wecom
from storage.groups import Membership
from storage.identities import EXTERNAL, UNIONID

SLACK = timedelta(seconds=120)  # between a callback's time and a join's
CLOCKS = timedelta(seconds=30)  # between WeCom's clock and ours


@dataclass(slots=True)
class Changes:
    """What happened in a group, what is to be kept without telling, and whether another look is needed."""

    events: list[Event] = field(default_factory=list)
    silent: list[Person] = field(default_factory=list)
    staff: list[str] = field(default_factory=list)
    opened: dict[str, float] = field(default_factory=dict)  # of whom something may still come: since when we wait

    @property
    def is_open(self) -> bool:
        """Read again: something may still come."""
        return bool(self.opened)


class Comparison:
    """One look at one group. `named` are the members callbacks named, and those we wait for since earlier looks:
    {"joined" | "left" | "opened": {id: unix time}}. Nobody is waited for longer than `patience` seconds, however many
    callbacks come meanwhile."""

    def __init__(
        self, session: Session, chat: GroupChat, named: Mapping[str, Mapping[str, float]], account: str, now: datetime,
        patience: float,
    ) -> None:
        self.session, self.chat, self.named = session, chat, named
        self.account, self.now, self.patience = account, now, patience
        self.group_id = group_id(chat.chat_id)
        self.changes = Changes()

    def run(self) -> Changes:
        group = groups.find(self.session, self.group_id)
        known_name = group.name if group is not None else None
        if known_name is None or (self.chat.name and self.chat.name != known_name):
            self._tell(GroupFound, f"group:{self.now.isoformat()}", self.now, text=self.chat.name, account=self.account)
        topic = group.topic if group is not None else ""
        if self.chat.notice != topic and (self.chat.notice or group is not None):
            self._tell(TopicChanged, f"topic:{self.now.isoformat()}", self.now, text=self.chat.notice)
        since = group.created_at if group is not None else self.now
        known = {row.member_id: row for row in groups.find_members(self.session, self.group_id, limit=10_000)}
        here = {member_id(person.user_id): person for person in self.chat.people}
        for own_id, person in here.items():
            self._compare(person, known.get(own_id), since)
        for own_id, row in known.items():
            if own_id not in here:
                self._missing(own_id, row)
        self._ghosts(known, here)
        return self.changes

    def _compare(self, person: Person, known: Any, since: datetime) -> None:
        """Somebody the list names."""
        if known is not None:
            if person.is_staff and not known.is_staff:
                self.changes.staff.append(person.user_id)
            if person.joined_at > known.joined_at + CLOCKS:
                self._left(person.user_id, known.joined_at, person.joined_at)  # left and came back between two looks
                self._joined(person)
            return
        if person.is_staff:
            self.changes.staff.append(person.user_id)
        if person.joined_at < since - SLACK or self._was_wrong_to_leave(person):
            self.changes.silent.append(person)
        elif not (person.is_late and self._waits(person.user_id)):
            self._joined(person)

    def _waits(self, user_id: str) -> bool:
        """Something about them may still come: wait, but not for ever."""
        now = self.now.timestamp()
        since = self.named.get("opened", {}).get(user_id, now)
        if now - since >= self.patience:
            return False
        self.changes.opened[user_id] = since
        return True

    def _was_wrong_to_leave(self, person: Person) -> bool:
        """An old list made us think they had left: they are here since before that."""
        return any(
            row.left_at is not None and row.joined_at + CLOCKS >= person.joined_at
            for row in wecom.find_times(self.session, self.group_id, member_id(person.user_id))[:1]
        )

    def _missing(self, own_id: str, known: Any) -> None:
        """Somebody we know whom the list does not name. Gone, when a callback says so or later looks agree."""
        user_id = own_id.partition(":")[2]
        if user_id in self.named.get("left", {}) or not self._waits(user_id):
            self._left(user_id, known.joined_at, self.now)

    def _ghosts(self, known: Mapping[str, Any], here: Mapping[str, Person]) -> None:
        """Members a callback named who came and went before we could look."""
        for user_id, seconds in self.named.get("joined", {}).items():
            own_id, at = member_id(user_id), datetime.fromtimestamp(seconds, UTC)
            if own_id in here or own_id in known or self._has_been(own_id, at):
                continue
            if self._waits(user_id):
                continue
            self._joined(Person(user_id, "", False, at, 0))
            self._left(user_id, at, self.now)

    def _has_been(self, own_id: str, at: datetime) -> bool:
        times: list[Membership] = list(wecom.find_times(self.session, self.group_id, own_id))
        return any(row.joined_at >= at - SLACK for row in times)

    def _joined(self, person: Person) -> None:
        self._tell(
            MemberJoined, f"join:{person.user_id}:{int(person.joined_at.timestamp())}", person.joined_at,
            member_id=member_id(person.user_id), member_name=person.name or None,
            inviter_id=member_id(person.inviter) if person.inviter else None, via=person.state or None,
        )
        if person.unionid:
            own_id, keys = member_id(person.user_id), [(EXTERNAL, f"{self.account}:{person.user_id}"), (UNIONID, person.unionid)]
            key = f"{CHANNEL}:{self.account}:{person.user_id}:{person.unionid}"
            self.changes.events.append(learnt(CHANNEL, own_id, keys, key=key, now=self.now))

    def _left(self, user_id: str, joined_at: datetime, at: datetime) -> None:
        self._tell(
            MemberLeft, f"left:{user_id}:{int(joined_at.timestamp() * 1000)}", at, member_id=member_id(user_id)
        )

    def _tell(self, kind: type[Event], key: str, at: datetime, **values: Any) -> None:
        self.changes.events.append(kind(
            key=f"{CHANNEL}:{self.chat.chat_id}:{key}"[:200], lane=self.group_id, occurred_at=at, channel=CHANNEL,
            conversation=self.group_id, group_id=self.group_id, **values,
        ))


def keep_silently(session: Session, chat: GroupChat, changes: Changes, now: datetime) -> None:
    """Members who were there before us are kept without being told of; members of the corp speak for the shop."""
    own_group = group_id(chat.chat_id)
    if changes.silent:
        people = [(member_id(person.user_id), CHANNEL, person.name) for person in changes.silent]
        members.keep(session, sorted(people), now)
        groups.join_all(session, {(own_group, member_id(one.user_id)): one.joined_at for one in changes.silent})
    for user_id in changes.staff:
        groups.set_staff(session, own_group, member_id(user_id), True)
