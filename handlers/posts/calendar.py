"""What is said when, for the calendar: rows where there are some, times of plans where there are none yet, and what the
rules of the mix will make of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from handlers.posts import judging, planning, rules, schedule
from handlers.posts.rules import Case, Said, Verdict
from storage import audiences, mix, occurrences, plans, posts
from storage.mix import MixRules
from storage.occurrences import PLANNED
from storage.plans import ACTIVE, PAUSED, Plan
from storage.posts import ADVERT, Post


@dataclass(slots=True)
class Entry:
    """One time of a plan. `states` counts its groups by state; an entry that is not written yet is all planned.
    `reason` is one of its rows' reasons. `slot` names it for desk.move and desk.cancel."""

    plan_id: int
    plan: str
    post_id: int
    title: str
    kind: str
    slot: str
    at: datetime
    states: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    is_paused: bool = False
    approval: str = plans.NO_NEED

    @property
    def groups(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will become of an entry in one group, as far as can be seen: say, or the state and why."""

    entry: Entry
    verdict: Verdict


def find_entries(
    session: Session, since: datetime, until: datetime, now: datetime, *, group_ids: Sequence[str] = (),
    kinds: Sequence[str] = (), plan_ids: Collection[int] = (),
) -> list[Entry]:
    """What is or was planned in [since, until), in order; posts to single members are left out."""
    found_plans = {plan.id: plan for plan in plans.find(session, states=(ACTIVE, PAUSED, plans.CANCELLED))}
    found_posts = posts.find_with_ids(session, [*{plan.post_id for plan in found_plans.values()}])
    entries: dict[tuple[int, str], Entry] = {}
    for row in occurrences.count_slots(session, since, until, group_ids=group_ids, kinds=kinds):
        plan = found_plans.get(row.plan_id)
        if plan is None or (plan_ids and plan.id not in plan_ids) or row.reason == occurrences.REPLANNED:
            continue
        key = (row.plan_id, row.slot)
        entry = entries.get(key)
        if entry is None:
            entry = entries[key] = _entry(plan, found_posts[plan.post_id], row.slot, row.planned_at)
        entry.states[row.state] = entry.states.get(row.state, 0) + row.groups
        entry.reason = entry.reason or row.reason
    ahead = [plan for plan in found_plans.values() if plan.state != plans.CANCELLED]
    if plan_ids:
        ahead = [plan for plan in ahead if plan.id in plan_ids]
    if kinds:
        ahead = [plan for plan in ahead if found_posts[plan.post_id].kind in kinds]
    _add_ahead(session, entries, ahead, found_posts, since, until, now, group_ids)
    return sorted(entries.values(), key=lambda entry: (entry.at, entry.plan_id))


def _entry(plan: Plan, post: Post, slot: str, at: datetime) -> Entry:
    return Entry(
        plan.id, plan.name, post.id, post.title, post.kind, slot, at, is_paused=plan.state == PAUSED, approval=plan.approval
    )


def _add_ahead(
    session: Session, entries: dict[tuple[int, str], Entry], ahead: Sequence[Plan], found_posts: Mapping[int, Post],
    since: datetime, until: datetime, now: datetime, group_ids: Sequence[str],
) -> None:
    """Times that are not rows yet, less those that were moved or cancelled by themselves."""
    written, closed = occurrences.find_slots(session, now), planning.find_closed_days(session)
    audience_groups: dict[str, frozenset[str]] = {}
    for plan in ahead:
        begin = plan.next_at if plan.state == ACTIVE else max(now, since)
        if begin is None or begin >= until:
            continue
        begin = max(begin, since) - timedelta(microseconds=1)
        times = schedule.times_between(plan, begin, until - timedelta(microseconds=1), closed)
        if not times:
            continue
        groups = audience_groups.get(plan.audience)
        if groups is None:
            named = audiences.find_groups(session, plan.audience_of, now)
            groups = audience_groups[plan.audience] = frozenset(one.id for one in named)
        wanted = groups & frozenset(group_ids) if group_ids else groups
        for at in times if wanted or not group_ids else ():
            slot = occurrences.slot_of(at)
            left = len(wanted - written.get((plan.id, slot), frozenset()))
            if left or not wanted:
                entry = entries.setdefault((plan.id, slot), _entry(plan, found_posts[plan.post_id], slot, at))
                entry.states[PLANNED] = entry.states.get(PLANNED, 0) + left


def dry_run(session: Session, group_id: str, now: datetime, days: int = 30) -> list[Forecast]:
    """What the group will hear in the next days, and what the rules of the mix will keep back: lateness and talk in full
    swing cannot be known before."""
    until = now + timedelta(days=days)
    mix_rules, said = mix.get_rules(session, group_id), judging.find_said(session, group_id, now)
    left, members, adverts = judging.count_tired(session, group_id, said, now, mix_rules)
    found_plans = {plan.id: plan for plan in plans.find(session)}
    forecasts = []
    for entry in find_entries(session, now, until, now, group_ids=[group_id]):
        plan = found_plans.get(entry.plan_id)
        if plan is None or not entry.states.get(PLANNED):
            continue
        verdict = _foresee(plan, entry, _case(plan, entry, mix_rules, said, (left, members, adverts)))
        if verdict.do == rules.SAY and not plan.is_trial:
            said.append(Said(entry.kind, verdict.until or entry.at))
        forecasts.append(Forecast(entry, verdict))
    return forecasts


def _case(
    plan: Plan, entry: Entry, mix_rules: MixRules, said: Sequence[Said], tired: tuple[int, int, int]
) -> Case:
    lately = [one for one in said if one.at > entry.at - judging.MONTH] if entry.kind == ADVERT else ()
    return Case(
        kind=entry.kind, now=entry.at, planned_at=entry.at, due_at=entry.at, zone=plan.time_zone, rules=mix_rules,
        late_policy=plan.late_policy, late_minutes=plan.late_minutes, is_trial=plan.is_trial,
        said=lately, left=tired[0], members=tired[1], adverts=tired[2],
    )


def _foresee(plan: Plan, entry: Entry, case: Case) -> Verdict:
    """Judge, wait as long as the rules say, and judge again; what is said after a wait has its time in `until`."""
    if plan.state == PAUSED:
        return Verdict(PAUSED, rules.PAUSED)
    verdict, waits = rules.judge(case), 0
    while verdict.do == rules.WAIT and verdict.until is not None and waits < 3:
        case, waits = replace(case, now=verdict.until, due_at=verdict.until), waits + 1
        verdict = replace(rules.judge(case), until=verdict.until) if rules.judge(case).do == rules.SAY else rules.judge(case)
    return verdict
