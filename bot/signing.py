"""What happens to orders said in groups: answers that are due, and roster rows an operator settles, as frozen facts."""

from __future__ import annotations

from dataclasses import dataclass

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


EVENTS: tuple[type[Event], ...] = (ClaimSummaryDue, RosterSettleAsked, RosterAsked)
