"""What members choose about referring on their own page, as frozen facts."""

from __future__ import annotations

from dataclasses import dataclass

from bot.event import Event

OUT, IN, ERASE = "out", "in", "erase"
CHOICES = (OUT, IN, ERASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralChoiceAsked(Event):
    """A member stays out, takes part again, or has their data erased (`gives_up`: with what is not paid to them yet). Its
    outcome is done, or refused with the reason."""

    choice: str = ""
    gives_up: bool = False


EVENTS: tuple[type[Event], ...] = (ReferralChoiceAsked,)
