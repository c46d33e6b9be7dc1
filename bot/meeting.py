"""Keeps the members, groups and private talks a batch meets for the first time, before anything refers to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from bot.events import Event, MessageReceived
from bot.parts import Item, Parts
from storage import accounts, groups, members

MAX_KNOWN = 100_000  # members, memberships and private talks remembered as kept; then we begin anew


class Meeting:
    """Whom and what one batch meets."""

    def __init__(self, session: Session, parts: Parts) -> None:
        self.session, self.parts = session, parts
        self._met: dict[str, tuple[str, str]] = {}
        self._groups: dict[str, tuple[Event, str]] = {}
        self._private: dict[str, str] = {}
        self._present: dict[tuple[str, str], datetime] = {}

    def meet(self, items: Sequence[Item]) -> None:
        """Keep members and groups we see for the first time, before anything refers to them."""
        parts = self.parts
        for item in items:
            event = item.event
            group_id, member_id, name = event.group_id, event.member_id, event.member_name or ""
            if member_id is not None:
                known = parts.known_members.get(member_id)
                if known is None or (name and known != name):
                    self._met[member_id] = (event.channel, name)
            if group_id is not None:
                if group_id not in parts.known_groups:
                    self._groups.setdefault(group_id, (event, item.account))
                # Who speaks is present, even where the channel never told us that they joined.
                if member_id is not None and type(event) is MessageReceived:
                    pair = (group_id, member_id)
                    if pair not in parts.known_present:
                        self._present[pair] = item.received_at
            elif item.account and parts.private_talks.get(event.conversation) != item.account:
                self._private[event.conversation] = item.account
        if self._private:
            accounts.keep_private(self.session, self._private)
        if self._met:
            people = [(member_id, *self._met[member_id]) for member_id in sorted(self._met)]
            members.keep(self.session, people, parts.now())
        if self._groups:
            groups.insert_once(self.session, [self._group_row(*found) for _, found in sorted(self._groups.items(), key=itemgetter(0))])
        if self._present:
            groups.join_all(self.session, self._present)

    def _group_row(self, event: Event, account: str) -> dict[str, Any]:
        """A group seen for the first time; on a network that is not our own it is only listened to."""
        group_id, is_ours = event.group_id or "", self.parts.is_ours(event.channel)
        rest = group_id.partition(":")[2] or group_id
        return {
            "id": group_id, "channel": event.channel, "code": groups.code_of(group_id), "name": rest[:120], "topic": "",
            "language": self.parts.shop.language,
            "speaks": groups.SPEAK_CONFIDENT if is_ours else groups.SPEAK_OFF, "is_welcoming": is_ours,
            "management": groups.TAKEN if is_ours else groups.FOUND, "is_paused": False,
            "account_id": account or event.channel, "created_at": self.parts.now(),
        }

    def find_account(self, channel: str, conversation: str) -> str:
        """The account that speaks in a private conversation: the one it came in on."""
        if not self.parts.has_more_accounts(channel):
            return channel
        account = self._private.get(conversation) or self.parts.private_talks.get(conversation)
        return account or accounts.find_private(self.session, conversation) or channel

    def remember(self) -> None:
        """After the commit: whom and what we need not look up again."""
        parts = self.parts
        if max(len(parts.known_members), len(parts.known_present), len(parts.private_talks)) > MAX_KNOWN:
            parts.known_members.clear()
            parts.known_present.clear()
            parts.private_talks.clear()
        parts.known_members.update({member_id: name for member_id, (_, name) in self._met.items()})
        parts.known_groups.update(self._groups)
        parts.private_talks.update(self._private)
        parts.known_present.update(self._present)
