"""Hears what is due, who joined, and when what posts are planned around happens."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.context import Context
from bot.events import GroupFound, MemberJoined, MomentSet, PollAsked, PostDue, TrialCountDue
from bot.outbox import Conversation
from bot.routing import Routes
from handlers.posts import actions, judging, messages, planning, rules, trying, values
from handlers.posts.rules import Verdict
from storage import due, occurrences, plans, posts
from storage.due import Due
from storage.plans import Plan

routes = Routes("posts")
values.offer(routes)


@routes.fact(PostDue)
def post_due(ctx: Context, fact: PostDue) -> None:
    row = due.lock(ctx.session, fact.occurrence_id)
    if row is None or row.state != occurrences.PLANNED or row.tries != fact.tries:
        ctx.decide("known", "not planned any more")
        return
    plan = plans.get(ctx.session, row.plan_id)
    verdict = judging.judge(ctx, plan, row)
    if verdict.do == rules.SAY:
        verdict = say(ctx, plan, row)
    if verdict.do == rules.WAIT and verdict.until is not None:
        due.put_off(ctx.session, row.id, verdict.until, verdict.reason or "")
        ctx.decide("waiting", verdict.reason)
    elif verdict.do != rules.SAY:
        due.settle(ctx.session, row.id, verdict.do, verdict.reason)
        ctx.decide(verdict.do, verdict.reason and verdict.reason[:200])


def say(ctx: Context, plan: Plan, row: Due) -> Verdict:
    """Put the post into the outbox with its live values; what keeps it from being said is the verdict."""
    post_id, number = trying.choose(ctx, plan, row)
    post, version = posts.get(ctx.session, post_id), posts.get_version(ctx.session, post_id, number)
    subject = actions.subject_of(ctx.shop, plan, row.group_id, ctx.now, version.product_id, row.slot, row.member_id)
    made = actions.make_parts(ctx.session, version.part_list, version.kind, subject, ctx.values)
    if made.trouble is not None:
        return Verdict(occurrences.SKIPPED, made.trouble)
    here = ctx.here
    if plan.addressee == plans.TO_MEMBER and row.member_id is not None:
        # As the desk does when it speaks to one member alone.
        private = f"{row.channel}:p:{row.member_id.removeprefix(row.channel + ':')}"
        here = Conversation(private, row.channel, None, row.member_id, here.language)
    messages.post_said(ctx.outbox, here, row.id, made.said)
    for poll in made.polls:
        ctx.emit(PollAsked(
            key=f"poll:post:{row.id}", lane=row.group_id, occurred_at=ctx.now, channel=row.channel, conversation=row.group_id,
            group_id=row.group_id, question=poll.question, choices=poll.choices, right=poll.right or 0, hours=poll.hours,
            source=f"post {post.id}", is_said=True,
        ))
    due.queue(
        ctx.session, row.id, cause_id=ctx.inbox_id, post_id=post.id, kind=version.kind, version=version.version, now=ctx.now
    )
    ctx.decide("done", f"plan {plan.id}")
    return Verdict(rules.SAY)


@routes.fact(MemberJoined)
def member_joined(ctx: Context, fact: MemberJoined) -> None:
    if fact.group_id is not None and fact.member_id is not None:
        planning.member_joined(ctx.session, fact.group_id, fact.member_id, ctx.now)


@routes.fact(GroupFound)
def group_found(ctx: Context, fact: GroupFound) -> None:
    for plan in plans.find_relative(ctx.session, plans.GROUP):
        planning.write_plan(ctx.session, plan, ctx.now, planning.find_closed_days(ctx.session))


@routes.fact(MomentSet)
def moment_set(ctx: Context, fact: MomentSet) -> None:
    at = datetime.fromisoformat(fact.at).astimezone(UTC) if fact.at else None
    planning.moment_set(ctx.session, fact.anchor, fact.subject, fact.group_id or "", at, ctx.now)
    ctx.decide("done", f"{fact.anchor} {fact.subject}"[:200])


@routes.fact(TrialCountDue)
def trial_count_due(ctx: Context, fact: TrialCountDue) -> None:
    trying.count(ctx, fact)
