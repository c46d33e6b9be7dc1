"""Whether a post is said now, later, or not at all: lateness, quiet hours, the mix of a group, talk in full swing; pure.

Reasons begin with a word of REASONS; what follows the colon is for the reader.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from bot.hours import quiet_until
from bot.recurrence import to_utc, zone_of
from storage.mix import MixRules
from storage.occurrences import ASKED, SKIPPED, SUPPRESSED
from storage.plans import ASK, SEND, SKIP
from storage.posts import ADVERT

SAY, WAIT = "say", "wait"
ON_TIME = timedelta(minutes=2)  # a post up to so late is not late
LOOK_AGAIN = timedelta(minutes=1)
MONTH, WEEK, DAY_LONG = timedelta(days=30), timedelta(days=7), timedelta(days=1)

LATE, QUIET, ADVERTS_A_DAY, ADVERTS_APART, SHARE, TIRED, BUSY, UNAPPROVED = (
    "late", "quiet_hours", "adverts_a_day", "adverts_apart", "advert_share", "tired", "busy", "not_approved",
)
PAUSED, CLOSED, LISTENS, LEFT, BROKEN, MISSING, BLOCKED, REFUSED = (
    "paused", "group_closed", "listens_only", "member_left", "broken", "missing", "blocked", "refused",
)
REASONS = (
    LATE, QUIET, ADVERTS_A_DAY, ADVERTS_APART, SHARE, TIRED, BUSY, UNAPPROVED, PAUSED, CLOSED, LISTENS, LEFT, BROKEN,
    MISSING, BLOCKED, REFUSED,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`do`: say, wait (until then), or the state the occurrence ends in."""

    do: str
    reason: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A post of ours in the group."""

    kind: str
    at: datetime


class History:
    """Our posts in a group, counted by bisection, so that a long dry run stays cheap."""

    def __init__(self, said: Iterable[Said] = ()) -> None:
        self._all: list[datetime] = []
        self._adverts: list[datetime] = []
        for one in said:
            self.add(one)

    def add(self, said: Said) -> None:
        insort(self._all, said.at)
        if said.kind == ADVERT:
            insort(self._adverts, said.at)

    def count(self, after: datetime) -> tuple[int, int]:
        """The posts after a moment, and how many of them are adverts."""
        return tuple(len(one) - bisect_right(one, after) for one in (self._all, self._adverts))  # type: ignore[return-value]

    def count_adverts(self, day: date, zone: str) -> int:
        """The adverts of a day on the wall."""
        begin, end = (to_utc(datetime.combine(one, time()), zone) for one in (day, day + DAY_LONG))
        return bisect_left(self._adverts, end) - bisect_left(self._adverts, begin)

    def find_last_advert(self, after: datetime) -> datetime | None:
        return self._adverts[-1] if self._adverts and self._adverts[-1] > after else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A post that is due, and what is known of its group. `said` are our posts of the last 30 days; `left`
    members went within a day after one of the `adverts` of that time, out of `members`."""

    kind: str
    now: datetime
    planned_at: datetime
    due_at: datetime
    zone: str
    rules: MixRules
    late_policy: str = SEND
    late_minutes: int = 60
    is_private: bool = False
    is_trial: bool = False
    said: History = field(default_factory=History)
    heard_lately: int = 0
    left: int = 0
    members: int = 0
    adverts: int = 0

    @property
    def latest(self) -> datetime:
        """Until when a wait may last."""
        minutes = self.late_minutes if self.late_policy == SEND else 0
        return self.planned_at + timedelta(minutes=minutes)


def judge(case: Case) -> Verdict:
    """What is to be done with a post now."""
    late = judge_lateness(case)
    if late is not None or case.is_trial:
        return late or Verdict(SAY)
    return _judge_quiet(case) or (not case.is_private and (_judge_advert(case) or _judge_talk(case))) or Verdict(SAY)


def judge_lateness(case: Case) -> Verdict | None:
    """By the plan's policy, when we are later than a breath."""
    late = case.now - case.due_at
    if late <= ON_TIME:
        return None
    words = f"{LATE}: {int(late.total_seconds() // 60)} min"
    if case.late_policy == ASK:
        return Verdict(ASKED, words)
    if case.late_policy == SKIP or late > timedelta(minutes=case.late_minutes):
        return Verdict(SKIPPED, words)
    return None


def _wait_or(case: Case, until: datetime, reason: str) -> Verdict:
    """Wait where the plan has the time, else leave it."""
    if until <= case.latest:
        return Verdict(WAIT, reason, until)
    return Verdict(SUPPRESSED, reason)


def _judge_quiet(case: Case) -> Verdict | None:
    until = quiet_until(case.now, case.rules.quiet, case.zone)
    return None if until is None else _wait_or(case, until, f"{QUIET}: {case.rules.quiet}")


def _judge_advert(case: Case) -> Verdict | None:
    if case.kind != ADVERT:
        return None
    rules, today = case.rules, case.now.astimezone(zone_of(case.zone)).date()
    if case.said.count_adverts(today, case.zone) >= rules.adverts_a_day:
        return Verdict(SUPPRESSED, f"{ADVERTS_A_DAY}: {rules.adverts_a_day}")
    posts, adverts = case.said.count(case.now - WEEK)
    if adverts + 1 > max(1, (posts + 1) // rules.one_in):
        return Verdict(SUPPRESSED, f"{SHARE}: {adverts}/{posts}, 1/{rules.one_in}")
    last = case.said.find_last_advert(case.now - MONTH)
    if last is not None and is_tired(case) and case.now < last + timedelta(days=rules.tired_days_apart):
        return Verdict(SUPPRESSED, f"{TIRED}: {case.left}/{case.members}")
    if last is not None and case.now < last + timedelta(minutes=rules.minutes_apart):
        return _wait_or(case, last + timedelta(minutes=rules.minutes_apart), f"{ADVERTS_APART}: {rules.minutes_apart} min")
    return None


def is_tired(case: Case) -> bool:
    """Did, after each advert, a larger share of the members leave than the rules bear? One advert is no measure."""
    if case.adverts < 2 or not case.members:
        return False
    return case.left * 100 >= case.rules.tired_percent * case.members * case.adverts and case.left >= 2


def _judge_talk(case: Case) -> Verdict | None:
    """Members talk with each other: we wait for a pause, but not for ever."""
    if case.heard_lately < case.rules.busy_messages:
        return None
    if case.now + LOOK_AGAIN > case.planned_at + timedelta(minutes=case.rules.busy_wait_minutes):
        return None
    return Verdict(WAIT, f"{BUSY}: {case.heard_lately}", case.now + LOOK_AGAIN)
