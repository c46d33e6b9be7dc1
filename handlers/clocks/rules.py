"""When a promise is due, and who is told when it is not kept; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.hours import Hours
from storage.clocks import (
    COMPLAINT_CLOSING,
    COMPLAINT_RESPONSE,
    EVERYBODY,
    FIRST,
    LATE,
    RESOLUTION,
    WARN,
)
from storage.promises import Promise

OF_A_HANDOVER = (FIRST, RESOLUTION)
OF_A_COMPLAINT = (COMPLAINT_RESPONSE, COMPLAINT_CLOSING)
COMPLAINTS = frozenset(OF_A_COMPLAINT)

# Words that end a conversation and want no reply.
CLOSING = re.compile(
    r"(?:(?:好的?|好滴|好嘞|行|嗯+|哦+|噢+|收到|知道了|明白了?|了解|谢谢|多谢|感谢|谢啦|辛苦了?|麻烦了?|你们?|您|啦|了|吧|的|啊|哈|呢|"
    r"没事|没关系|不用了?|可以|ok|okay|thanks?|thank you|thx|bye|再见|拜拜)[\s,，.。!！~～、👍🙏👌😊]*)+|[👍🙏👌😊\s]+|\[[^\]]{1,6}\]",
    re.IGNORECASE,
)
LONGEST_CLOSING = 24


def plan(promise: Promise, started_at: datetime, hours: Hours) -> list[tuple[str, datetime]]:
    """The stages of a clock with their times."""
    stages = ((WARN, promise.warn), (LATE, promise.late))
    if promise.is_in_hours:
        return [(stage, hours.after(started_at, seconds)) for stage, seconds in stages]
    return [(stage, started_at + timedelta(seconds=seconds)) for stage, seconds in stages]


def wants_reply(text: str | None) -> bool:
    """False for thanks and the like, which end a conversation."""
    words = (text or "").strip()
    return len(words) > LONGEST_CLOSING or CLOSING.fullmatch(words) is None


@dataclass(frozen=True, slots=True)
class OnDuty:
    """An operator who is there: how many conversations they have in hand, and when they were alerted last."""

    operator_id: int
    in_hand: int
    alerted_at: datetime | None


def whom_to_warn(holder: int | None, there: Sequence[OnDuty]) -> Sequence[int]:
    """The one who has the conversation; else who is on duty with the least in hand and the longest peace."""
    if holder is not None:
        return (holder,)
    if not there:
        return (EVERYBODY,)
    least = min(there, key=lambda one: (one.in_hand, one.alerted_at is not None and one.alerted_at.timestamp(), one.operator_id))
    return (least.operator_id,)


def whom_to_tell_of_lateness(kind: str, holder: int | None, on_duty: Sequence[int], admins: Sequence[int]) -> Sequence[int]:
    """A late complaint goes to the admins and its holder, anything else to all on duty and its holder."""
    told = set(admins if kind in COMPLAINTS else on_duty)
    if holder is not None:
        told.add(holder)
    return sorted(told) or (EVERYBODY,)
