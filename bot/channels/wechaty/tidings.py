"""Turns what happened in rooms and to the account into our events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.channels.wechaty.heard import Meaning
from bot.channels.wechaty.ids import CHANNEL, ours, private
from bot.channels.wechaty.wire import Payload
from bot.events import (
    Event,
    GroupFound,
    HearingBack,
    HearingLost,
    MemberJoined,
    MemberLeft,
    MembersListed,
    MessageReceived,
    TopicChanged,
)

Tell = Callable[[Event], None]
MAX_MENTIONS = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Members came into a room or left it: who (perhaps nobody named), by whom, when."""

    room_id: str
    contact_ids: tuple[str, ...]
    actor_id: str
    at: datetime
    stamp: str  # the gateway's own words for when; the same change told twice has the same


class Tidings:
    """Makes events of one account and hands each on."""

    def __init__(self, account: str, now: Callable[[], datetime], tell: Tell) -> None:
        self.account, self._now, self._tell = account, now, tell

    def message(
        self, payload: Payload, meaning: Meaning, name: str, *, is_to_us: bool, picture: str | None
    ) -> MessageReceived:
        """A message as an event; handing it on is for whoever keeps rooms in order."""
        conversation = ours(payload.room_id) if payload.room_id else private(payload.talker_id)
        return MessageReceived(
            key=ours(payload.id), lane=conversation, occurred_at=self._when(payload.sent_at), channel=CHANNEL,
            conversation=conversation, group_id=ours(payload.room_id) if payload.room_id else None,
            member_id=ours(payload.talker_id), member_name=name, text=meaning.text, message_id=payload.id,
            is_to_us=is_to_us, mentions=tuple(ours(one) for one in payload.mention_ids[:MAX_MENTIONS] if len(one) < 100), quotes=meaning.quotes,
            quoted_text=meaning.quoted_text, picture=picture, roster=meaning.roster,
        )

    def _when(self, told: datetime | None) -> datetime:
        """What the gateway tells, unless its clock is ahead of ours."""
        now = self._now()
        return now if told is None else min(told, now)

    def joined(self, change: Change, contact_id: str, name: str, inviter_id: str) -> None:
        group = ours(change.room_id)
        self._tell(MemberJoined(
            key=f"{group}:join:{contact_id}:{change.stamp}"[:200], lane=group, occurred_at=change.at, channel=CHANNEL,
            conversation=group, group_id=group, member_id=ours(contact_id), member_name=name,
            inviter_id=ours(inviter_id) if inviter_id else None,
        ))

    def left(self, change: Change, contact_id: str, name: str) -> None:
        group = ours(change.room_id)
        self._tell(MemberLeft(
            key=f"{group}:left:{contact_id}:{change.stamp}"[:200], lane=group, occurred_at=change.at, channel=CHANNEL,
            conversation=group, group_id=group, member_id=ours(contact_id), member_name=name or None,
        ))

    def renamed(self, change: Change, topic: str) -> None:
        group = ours(change.room_id)
        self._tell(TopicChanged(
            key=f"{group}:topic:{change.stamp}", lane=group, occurred_at=change.at, channel=CHANNEL,
            conversation=group, group_id=group, text=topic,
        ))

    def found(self, room_id: str, topic: str) -> None:
        group, now = ours(room_id), self._now()
        self._tell(GroupFound(
            key=f"{group}:found:{self.account}:{_stamp(now)}", lane=group, occurred_at=now, channel=CHANNEL,
            conversation=group, group_id=group, text=topic, account=self.account,
        ))

    def listed(self, room_id: str, members: Sequence[tuple[str, str, str]], *, is_whole: bool) -> None:
        group, now = ours(room_id), self._now()
        self._tell(MembersListed(
            key=f"{group}:list:{_stamp(now)}", lane=group, occurred_at=now, channel=CHANNEL, conversation=group,
            group_id=group, account=self.account, members=tuple(members), is_whole=is_whole,
        ))

    def hearing_lost(self, since: datetime, why: str) -> None:
        lane = f"account:{self.account}"
        self._tell(HearingLost(
            key=f"{lane}:lost:{_stamp(since)}", lane=lane, occurred_at=since, channel=CHANNEL, conversation=lane,
            text=why, account=self.account,
        ))

    def hearing_back(self, lost_at: datetime) -> None:
        lane, now = f"account:{self.account}", self._now()
        words = f"nothing could be heard from {lost_at:%Y-%m-%d %H:%M:%S} to {now:%Y-%m-%d %H:%M:%S} UTC"
        self._tell(HearingBack(
            key=f"{lane}:back:{_stamp(lost_at)}", lane=lane, occurred_at=now, channel=CHANNEL, conversation=lane,
            text=words, account=self.account, lost_at=lost_at.isoformat(),
        ))


def _stamp(at: datetime) -> str:
    return f"{at.timestamp():.3f}"
