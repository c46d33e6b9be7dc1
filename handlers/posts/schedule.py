"""The times of a plan, from its row; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, time
from itertools import islice

from bot import recurrence
from bot.recurrence import zone_of
from storage.plans import CRON, ONCE, Plan


def times_after(plan: Plan, moment: datetime, closed: Collection[str] = ()) -> Iterator[datetime]:
    """The times of a plan after a moment, in order; `closed` are the shop's holidays. None for a plan that is relative to
    something: its times come with what it is relative to."""
    skipped = {*plan.skipped_day_list, *(closed if plan.skips_holidays else ())}
    if plan.when_kind == ONCE:
        found = iter((plan.once_at,) if plan.once_at is not None and plan.once_at > moment else ())
    elif plan.when_kind == CRON and plan.cron is not None:
        found = recurrence.after(plan.cron, plan.time_zone, moment)
    else:
        return
    for one in found:
        if plan.ends_at is not None and one > plan.ends_at:
            return
        if (plan.starts_at is None or one >= plan.starts_at) and day_of(plan, one) not in skipped:
            yield one


def first_after(plan: Plan, moment: datetime, closed: Collection[str] = ()) -> datetime | None:
    return next(times_after(plan, moment, closed), None)


def times_between(
    plan: Plan, since: datetime, until: datetime, closed: Collection[str] = (), most: int = 2_000
) -> list[datetime]:
    """The times after `since` up to and with `until`, at most so many."""
    found = []
    for one in islice(times_after(plan, since, closed), most):
        if one > until:
            break
        found.append(one)
    return found


def day_of(plan: Plan, moment: datetime) -> str:
    """The date on the plan's wall."""
    return moment.astimezone(zone_of(plan.time_zone)).date().isoformat()


def relative_time(plan: Plan, moment: datetime) -> datetime:
    """When a relative plan's post is due, for something that is at this moment."""
    at = time.fromisoformat(plan.at_time) if plan.at_time else None
    return recurrence.from_event(moment, plan.offset_minutes, at, plan.time_zone)


def is_within(plan: Plan, moment: datetime, closed: Collection[str] = ()) -> bool:
    """Between the plan's start and end, and on none of its days off."""
    if plan.starts_at is not None and moment < plan.starts_at:
        return False
    if plan.ends_at is not None and moment > plan.ends_at:
        return False
    return day_of(plan, moment) not in {*plan.skipped_day_list, *(closed if plan.skips_holidays else ())}
