"""Looks up what the rules want to know of a due post and its group, and asks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.context import Context
from handlers.posts import rules
from handlers.posts.rules import DAY_LONG, MONTH, Case, History, Said, Verdict
from storage import groups, inbox, mix, occurrences, places, plans, posts
from storage.due import Due
from storage.mix import MixRules
from storage.occurrences import CANCELLED, SKIPPED, SUPPRESSED
from storage.plans import APPROVED, Plan
from storage.posts import ADVERT, Post

LATELY = timedelta(seconds=120)


def judge(ctx: Context, plan: Plan, row: Due) -> Verdict:
    """What becomes of a post that is due now."""
    post = posts.get(ctx.session, plan.post_id)
    case = case_of(ctx.session, plan, post.kind, row, ctx.now)
    found = _judge_standing(ctx.session, plan, row) or _judge_approval(ctx.session, plan, post, case)
    if found is not None:
        return found
    if not case.is_private and case.rules.busy_messages:
        kept = inbox.count_messages(ctx.session, row.group_id, ctx.now - LATELY)
        now = sum(one.kind == "MessageReceived" for one in ctx.earlier)  # in this batch, not written yet
        case = replace(case, heard_lately=kept + now)
    return rules.judge(case)


def case_of(session: Session, plan: Plan, kind: str, row: Due, now: datetime) -> Case:
    mix_rules = mix.get_rules(session, row.group_id)
    said: Sequence[Said] = ()
    left = members = adverts = 0
    if kind == ADVERT and not plan.is_trial:
        said = find_said(session, row.group_id, now)
        left, members, adverts = count_tired(session, row.group_id, said, now, mix_rules)
    return Case(
        kind=kind, now=now, planned_at=row.planned_at, due_at=row.due_at, zone=plan.time_zone, rules=mix_rules,
        late_policy=plan.late_policy, late_minutes=plan.late_minutes, is_private=plan.addressee == plans.TO_MEMBER,
        is_trial=plan.is_trial, said=History(said), left=left, members=members, adverts=adverts,
    )


def find_said(session: Session, group_id: str, now: datetime) -> list[Said]:
    """Our posts in a group in the last 30 days, oldest first."""
    return [Said(row.kind, row.queued_at) for row in occurrences.find_said(session, group_id, now - MONTH)]


def count_tired(
    session: Session, group_id: str, said: Sequence[Said], now: datetime, mix_rules: MixRules
) -> tuple[int, int, int]:
    """Members who left within a day after an advert of the last 30 days, members there, and those adverts."""
    times = [one.at for one in said if one.kind == ADVERT and one.at + DAY_LONG <= now]
    if len(times) < 2 or mix_rules.tired_percent <= 0:
        return 0, 0, len(times)
    left, members = mix.count_left(session, group_id, times, DAY_LONG)
    return left, members, len(times)


def _judge_standing(session: Session, plan: Plan, row: Due) -> Verdict | None:
    """Is there still a plan, a group, a member?"""
    if plan.state != plans.ACTIVE:
        return Verdict(CANCELLED, rules.PAUSED if plan.state == plans.PAUSED else occurrences.WITH_PLAN)
    group = places.find_facts(session, row.group_id)
    if group is None or group.is_closed:
        return Verdict(SUPPRESSED, rules.CLOSED)
    if group.speaks == groups.SPEAK_OFF:
        return Verdict(SUPPRESSED, rules.LISTENS)
    if row.member_id is not None and groups.find_membership(session, row.group_id, row.member_id) is None:
        return Verdict(SUPPRESSED, rules.LEFT)
    return None


def needs_approval(plan: Plan, kind: str, mix_rules: MixRules) -> bool:
    return kind in mix_rules.approved_kinds and not plan.is_trial


def _judge_approval(session: Session, plan: Plan, post: Post, case: Case) -> Verdict | None:
    """Without the yes it needs a post waits as long as it may be late, and is then left."""
    if plan.approval == plans.REFUSED:
        return Verdict(CANCELLED, rules.REFUSED)
    is_right = plan.approval == APPROVED and plan.approved_version == post.version
    if is_right or (plan.approval == plans.NO_NEED and not needs_approval(plan, post.kind, case.rules)):
        return None
    plan.approval = plans.WAITING
    until = case.now + rules.LOOK_AGAIN
    if until <= case.latest:
        return Verdict(rules.WAIT, rules.UNAPPROVED, until)
    return Verdict(SKIPPED, rules.UNAPPROVED)
