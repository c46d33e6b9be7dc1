"""Saves posts and plans, asks for and gives the admin's yes, and makes a post's words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from bot import recurrence
from bot.context import Shop
from bot.outbox import Said
from bot.values import Subject, Values
from content import render
from content.findings import BLOCK, Finding, is_blocked
from content.polls import Poll
from content.render import BrokenTemplate
from handlers.posts import checking, judging, messages, planning, rules
from handlers.posts.drafts import BadPlan, BadPost, Editor, PlanDraft, PostDraft
from storage import audiences, mix, occurrences, plans, posts
from storage.plans import APPROVED, Plan
from storage.posts import Post

UNDO_SECONDS = 10


@dataclass(slots=True)
class Made:
    """A post's parts for one group, what speaks against them, and in a few words why they are not said."""

    said: list[Said] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    trouble: str | None = None
    polls: list[Poll] = field(default_factory=list)


def subject_of(
    shop: Shop, plan: Plan | None, group_id: str, at: datetime, product_id: str | None, slot: str = "",
    member_id: str | None = None,
) -> Subject:
    zone = shop.time_zone if plan is None else plan.time_zone
    host = urlsplit(shop.base_url).hostname or ""
    return Subject(shop.name, shop.bot_name, zone, at, group_id, member_id, product_id, slot, host)


def make_parts(
    session: Session, parts: Sequence[Mapping[str, Any]], kind: str, subject: Subject, values: Values
) -> Made:
    """The parts as they would be said now (the console's preview, and what is really said)."""
    made = Made()
    try:
        mention = subject.member_id
        found = messages.find_values(session, parts, subject, values)
        made.said, made.polls = messages.make(parts, found, mention), messages.find_polls(parts, found)
    except messages.MissingValue as missing:
        made.trouble = f"{rules.MISSING}: {missing}"
    except BrokenTemplate as broken:
        made.trouble = f"{rules.BROKEN}: {broken}"
    if made.polls and (mention is not None or len(made.polls) > 1):
        made.trouble = f"{rules.BROKEN}: a post has one poll, and says it in a group"
    for part in made.said:
        made.findings += checking.check(session, part.text or getattr(part, "title", "") or part.kind, kind, subject)
    if is_blocked(made.findings):
        made.trouble = f"{rules.BLOCKED}: {next(one.rule for one in made.findings if one.level == BLOCK)}"
    return made


def save_post(
    session: Session, draft: PostDraft, editor: Editor, values: Values, now: datetime, post_id: int | None = None
) -> tuple[Post, list[Finding]]:
    """Write a post, or a new version of one. Raises BadPost with what is wrong. Plans that had an admin's yes ask again,
    and the findings that do not keep it from being saved come with it."""
    draft.check_form()
    samples = {name: value.sample for name, value in values.items()}
    findings: list[Finding] = []
    for number, part in enumerate(draft.parts):
        for name in messages.FIELDS[part["kind"]]:
            try:
                render.check(part.get(name, ""), samples)
            except BrokenTemplate as broken:
                raise BadPost(f"parts.{number}.{name}", str(broken)) from None
        made = {name: render.render(part.get(name, ""), samples) for name in messages.FIELDS[part["kind"]]}
        if part["kind"] == "poll":
            try:
                messages.read_poll(made)
            except BrokenTemplate as bad:
                raise BadPost(f"parts.{number}", str(bad)) from None
        words = "\n".join(made.values())
        findings += checking.check(session, words, draft.kind)
    blocked = next((one for one in findings if one.level == BLOCK), None)
    if blocked is not None:
        raise BadPost("parts", f"{blocked.rule}: {blocked.why}", findings)
    before = posts.get(session, post_id).version if post_id is not None else 0
    post = posts.save(
        session, title=draft.title.strip(), kind=draft.kind, parts=draft.parts, tags=draft.tags, product_id=draft.product_id,
        now=now, by=editor.name, post_id=post_id,
    )
    if post.version != before:
        plans.ask_again(session, post.id)
        if editor.is_admin:
            for plan in plans.find(session, post_id=post.id, approval=plans.WAITING):
                approve(session, plan.id, editor, now)
    return post, findings


def save_plan(
    session: Session, draft: PlanDraft, editor: Editor, now: datetime, plan_id: int | None = None
) -> Plan:
    """Write a plan or change one, and what it has within the next minutes. Raises BadPlan. What it has said stays said;
    what it had ahead is planned anew; a change by a manager asks again for a yes that is needed."""
    draft.check_form(now)
    if plan_id is None:
        plan = Plan(by=editor.name[:60], created_at=now, state=plans.ACTIVE, approval=plans.NO_NEED, is_trial=False)
        session.add(plan)
    else:
        plan = plans.lock(session, plan_id)
        # What recurs and waits for its turn is said by the new plan's rules; anything else is planned anew as a whole.
        occurrences.take_back(session, plan.id, now if plan.when_kind == plans.CRON else plan.created_at)
    draft.fill(plan)
    plan.updated_at = now
    post = posts.get(session, plan.post_id)
    ask_for_yes(session, plan, post, editor, now)
    session.flush()
    if plan.state == plans.ACTIVE:
        planning.begin(session, plan, now)
    if plan.when_kind == plans.CRON and plan.next_at is None and plan.state == plans.ACTIVE:
        raise BadPlan("when", "it would never happen: start, end and days off leave no time")
    session.flush()
    return plan


def ask_for_yes(session: Session, plan: Plan, post: Post, editor: Editor, now: datetime) -> None:
    """What an admin writes has the yes it needs, what a manager writes waits for it."""
    groups = audiences.find_groups(session, plan.audience_of, now)
    all_rules = [mix.get_rules(session), *(mix.get_rules(session, group.id) for group in groups)]
    if not any(judging.needs_approval(plan, post.kind, one) for one in all_rules):
        plan.approval, plan.approved_version = plans.NO_NEED, None
    elif editor.is_admin:
        _say_yes(plan, post, editor, now)
    else:
        plan.approval = plans.WAITING


def _say_yes(plan: Plan, post: Post, editor: Editor, now: datetime) -> None:
    plan.approval, plan.approved_version = APPROVED, post.version
    plan.approved_by, plan.approved_at = editor.name[:60], now


def approve(session: Session, plan_id: int, editor: Editor, now: datetime) -> Plan:
    """An admin's yes to a plan and to what its post says now; posts that wait for it are said at once. Raises
    PermissionError for anybody else."""
    if not editor.is_admin:
        raise PermissionError("only an admin approves")
    plan = plans.lock(session, plan_id)
    _say_yes(plan, posts.get(session, plan.post_id), editor, now)
    for row in occurrences.find_waiting(session, plan_id, rules.UNAPPROVED):
        occurrences.change_planned(session, row.id, due_at=now, reason=None)
    return plan


def refuse(session: Session, plan_id: int, editor: Editor, now: datetime) -> Plan:
    """An admin's no: the plan is paused, and an edit asks again."""
    if not editor.is_admin:
        raise PermissionError("only an admin refuses")
    plan = plans.lock(session, plan_id)
    plan.approval, plan.approved_by, plan.approved_at = plans.REFUSED, editor.name[:60], now
    return plan


def send_now(
    session: Session, post_id: int, audience: Mapping[str, Any], editor: Editor, now: datetime, *, zone: str,
    is_trial: bool = False, seconds: int = UNDO_SECONDS,
) -> Plan:
    """Say a post in so many seconds (a trial to a test group outside the rules of the mix, and not counted by them); until
    then `desk.cancel_plan` undoes it."""
    at = now + timedelta(seconds=seconds)
    post = posts.get(session, post_id)
    plan = Plan(
        name=post.title, post_id=post_id, state=plans.ACTIVE, when_kind=plans.ONCE, once_at=at, time_zone=zone,
        audience=json.dumps(dict(audience), ensure_ascii=False), late_policy=plans.SEND, late_minutes=60, is_trial=is_trial,
        approval=plans.NO_NEED, addressee=plans.TO_GROUP, offset_minutes=0, skipped_days="[]", skips_holidays=False,
        by=editor.name[:60], created_at=now, updated_at=now,
    )  # fmt: skip
    recurrence.zone_of(zone)
    session.add(plan)
    session.flush()
    ask_for_yes(session, plan, post, editor, now)
    planning.begin(session, plan, now)
    session.flush()
    return plan
