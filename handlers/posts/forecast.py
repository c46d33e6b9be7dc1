"""The dry run: what the rules of the mix will make of the next days in one group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from handlers.posts import judging, month, rules
from handlers.posts.calendar import Entry
from handlers.posts.rules import Case, History, Said, Verdict
from storage import mix, plans
from storage.base import AnyRow
from storage.mix import MixRules
from storage.occurrences import PLANNED
from storage.plans import ACTIVE, PAUSED

MOST = 100_000  # times of plans in one run


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will become of an entry in one group, as far as can be seen: say, or the state and why."""

    entry: Entry
    verdict: Verdict


def dry_run(session: Session, group_id: str, now: datetime, days: int = 30) -> list[Forecast]:
    """What the group will hear in the next days, and what the rules of the mix will keep back: lateness and talk in full
    swing cannot be known before."""
    mix_rules, before = mix.get_rules(session, group_id), judging.find_said(session, group_id, now)
    tired, said = judging.count_tired(session, group_id, before, now, mix_rules), History(before)
    found = month.find_days(session, now, now + timedelta(days=days), now, "UTC", most=MOST, group_ids=[group_id])
    entries = [entry for day in found for entry in day.first if entry.states.get(PLANNED)]
    found_plans = {plan.id: plan for plan in plans.find_manners(session, {entry.plan_id for entry in entries})}
    forecasts = []
    for entry in entries:
        plan = found_plans.get(entry.plan_id)
        if plan is None or plan.state not in (ACTIVE, PAUSED):
            continue
        verdict = _foresee(plan, _case(plan, entry, mix_rules, said, tired))
        if verdict.do == rules.SAY and not plan.is_trial:
            said.add(Said(entry.kind, verdict.until or entry.at))
        forecasts.append(Forecast(entry, verdict))
    return forecasts


def _case(plan: AnyRow, entry: Entry, mix_rules: MixRules, said: History, tired: tuple[int, int, int]) -> Case:
    return Case(
        kind=entry.kind, now=entry.at, planned_at=entry.at, due_at=entry.at, zone=plan.time_zone, rules=mix_rules,
        late_policy=plan.late_policy, late_minutes=plan.late_minutes, is_trial=plan.is_trial,
        said=said, left=tired[0], members=tired[1], adverts=tired[2],
    )


def _foresee(plan: AnyRow, case: Case) -> Verdict:
    """Judge, wait as long as the rules say, and judge again; what is said after a wait has its time in `until`."""
    if plan.state == PAUSED:
        return Verdict(PAUSED, rules.PAUSED)
    verdict, waits = rules.judge(case), 0
    while verdict.do == rules.WAIT and verdict.until is not None and waits < 3:
        case, waits = replace(case, now=verdict.until, due_at=verdict.until), waits + 1
        verdict, until = rules.judge(case), verdict.until
        if verdict.do == rules.SAY:
            verdict = replace(verdict, until=until)
    return verdict
