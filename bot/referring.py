"""What happens on the road from a shared link to a member, as frozen facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.event import Event

CLICKS_LANE, PEOPLE_LANE = "clicks", "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClicksCame(Event):
    """Visits through referral links that came within a few milliseconds, each as (link id, visitor id, hour, Unix time in
    milliseconds, verdict, times, agent, digest of the address)."""

    clicks: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorKnown(Event):
    """A visitor of our pages turned out to be the member: they took part in `drop_id`, having come by the link `code`
    where one is named. Either `visitor_id` or `code` is there."""

    visitor_id: str = ""
    code: str = ""
    drop_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLearnt(Event):
    """A channel learnt that ids are one person's, each as (kind, value); the kinds are storage.identities.LADDER's."""

    keys: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAsked(Event):
    """A member asks on a page for their own link to something, with their name on its poster as they like it (none, masked,
    full). Its outcome's reason is the link's code."""

    target_kind: str = ""
    target_id: str = ""
    shows_name: str = "none"


def learnt(channel: str, member_id: str, keys: Sequence[tuple[str, str]], *, key: str, now: datetime) -> IdentityLearnt:
    """What a channel tells when it learns a member's stronger ids (a unionid, an openid with its app before it, an
    external user id)."""
    return IdentityLearnt(
        key=f"identity:{key}"[:200], lane=PEOPLE_LANE, occurred_at=now, channel=channel, conversation=PEOPLE_LANE,
        member_id=member_id, keys=tuple(keys),
    )


EVENTS: tuple[type[Event], ...] = (ClicksCame, VisitorKnown, IdentityLearnt, LinkAsked)
