"""What happens to orders said in groups: answers that are due, and roster rows an operator settles, as frozen facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSummaryDue(Event):
    """Orders said in a group lately are to be answered together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterSettleAsked(Event):
    """An operator (`by`: «operator:3») approves or refuses changes of a roster that wait. Its lane and conversation are
    the group's."""

    change_ids: tuple[int, ...] = ()
    is_approved: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterAsked(Event):
    """An operator wants the list of a drop's orders shown in a group, to be signed."""

    drop_id: str = ""


def settling(
    group_id: str, channel: str, change_ids: Sequence[int], *, is_approved: bool, by: str, key: str, now: datetime
) -> RosterSettleAsked:
    """What the desk submits to approve or refuse waiting rows of one group's roster; `key` is unique to the press."""
    return RosterSettleAsked(
        key=f"roster-settle:{key}", lane=group_id, occurred_at=now, channel=channel, conversation=group_id,
        group_id=group_id, change_ids=tuple(change_ids), is_approved=is_approved, by=by,
    )


def showing(group_id: str, channel: str, drop_id: str, *, key: str, now: datetime) -> RosterAsked:
    """What the desk submits to show a drop's orders in a group as a list to sign."""
    return RosterAsked(
        key=f"roster-shown:{key}", lane=group_id, occurred_at=now, channel=channel, conversation=group_id,
        group_id=group_id, drop_id=drop_id,
    )


EVENTS: tuple[type[Event], ...] = (ClaimSummaryDue, RosterSettleAsked, RosterAsked)
