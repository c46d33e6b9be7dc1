"""Tries variants of a plan's post: chance gives each group one at each time, what the groups did is counted later, and a winner
is proposed when the evidence is enough."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot.context import Context
from bot.events import TrialCountDue
from content import experiments
from content.experiments import MOST_VARIANTS, Comparison, Unit, Verdict
from handlers.posts import actions
from handlers.posts.drafts import BadPlan, Editor
from storage import groups, occurrences, plans, posts, variants
from storage.base import AnyRow
from storage.due import Due
from storage.occurrences import ASKED, PLANNED, QUEUED, SENT
from storage.plans import AFTER, Plan
from storage.variants import Span, Trial

ACTIVITY_DAYS = 7  # by which the groups are matched
LOOK_AGAIN, MOST_LOOKS = timedelta(minutes=30), 96  # for posts that are late
SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is counted after a post: in how many hours, whether more of it is better, and who counts it."""

    hours: int
    is_good: bool
    count: Callable[[Session, Sequence[Span]], dict[str, int]]


# What a trial may be decided by. A feature that counts something else (clicks) is one more line.
OUTCOMES = {
    "replies": Outcome(2, True, variants.count_repliers),
    "orders": Outcome(24, True, variants.count_orders),
    "leaves": Outcome(24, False, variants.count_leaves),
}


@dataclass(frozen=True, slots=True)
class Score:
    """A variant so far: its post, times counted, and the mean outcome a member."""

    post_id: int
    version: int
    count: int
    mean: float


@dataclass(frozen=True, slots=True)
class Results:
    """A trial as it stands; `verdict.winner` holds whenever it is looked at."""

    trial: Trial
    scores: list[Score]
    verdict: Verdict


def start(
    session: Session, plan_id: int, other_posts: Sequence[int], outcome: str, editor: Editor, now: datetime, seed: str = ""
) -> Trial:
    """Try a plan's post (variant 0) against others. Raises BadPlan. It asks for a yes where the plan's kind needs one."""
    plan = plans.lock(session, plan_id)
    if outcome not in OUTCOMES:
        raise BadPlan("outcome", f"is one of {', '.join(OUTCOMES)}")
    if plan.when_kind == AFTER or plan.addressee != plans.TO_GROUP or plan.is_trial or plan.state != plans.ACTIVE:
        raise BadPlan("plan", "variants need an active plan at times of its own, said in groups")
    ids = [plan.post_id, *other_posts]
    if not 1 < len(ids) <= MOST_VARIANTS or len(set(ids)) != len(ids):
        raise BadPlan("variants", f"are 2 to {MOST_VARIANTS} different posts")
    if variants.find_alive(session, plan_id) is not None:
        raise BadPlan("plan", "has a trial going on")
    tried = [posts.get(session, one) for one in ids]
    if len({one.kind for one in tried}) > 1 or any(one.archived_at is not None for one in tried):
        raise BadPlan("variants", "are posts of one kind, none of them put away")
    actions.ask_for_yes(session, plan, tried[0], editor, now)
    return variants.add(
        session, [(one.id, one.version) for one in tried], plan_id=plan_id, outcome=outcome,
        seed=seed[:40] or secrets.token_hex(8), by=editor.name[:60], started_at=now,
    )


def end(session: Session, trial_id: int, winner: int | None, editor: Editor, now: datetime) -> Trial:
    """An operator ends a trial; with a winner the plan says that post from now on (and asks for its yes)."""
    trial = variants.lock(session, trial_id)
    if trial.state == variants.ENDED:
        raise BadPlan("trial", "has ended")
    trial.state, trial.winner, trial.ended_at = variants.ENDED, winner, now
    session.info.pop("trials", None)
    if winner is not None:
        plan = plans.lock(session, trial.plan_id)
        chosen = next((one for one in variants.find_variants(session, trial_id) if one.number == winner), None)
        if chosen is None:
            raise BadPlan("winner", "is no variant of this trial")
        plan.post_id, plan.updated_at = chosen.post_id, now
        actions.ask_for_yes(session, plan, posts.get(session, chosen.post_id), editor, now)
    session.flush()
    return trial


def choose(ctx: Context, plan: Plan, row: Due) -> tuple[int, int]:
    """The post and version a group is told: the plan's, or the variant chance gave it."""
    trial_id = variants.find_alive(ctx.session, plan.id)
    if trial_id is not None and row.member_id is None:
        places = variants.find_places(ctx.session, trial_id, row.slot) or _draw(ctx, trial_id, plan, row)
        drawn = next((one.variant for one in places if one.group_id == row.group_id), None)
        if drawn is not None:
            chosen = variants.find_variants(ctx.session, trial_id)[drawn]
            return chosen.post_id, chosen.version
    return plan.post_id, posts.get(ctx.session, plan.post_id).version


def _draw(ctx: Context, trial_id: int, plan: Plan, row: Due) -> Sequence[AnyRow]:
    """Let chance give each group of this time a variant, once."""
    trial = variants.lock(ctx.session, trial_id)
    places = variants.find_places(ctx.session, trial_id, row.slot)
    if places or trial.state == variants.ENDED:
        return places
    here = [one.group_id for one in occurrences.find_of_slot(ctx.session, plan.id, row.slot) if one.state == PLANNED]
    sizes = groups.count_members(ctx.session)
    spoken = variants.count_messages(ctx.session, here, ctx.now - timedelta(days=ACTIVITY_DAYS))
    units = [Unit(one, sizes.get(one, 0), spoken.get(one, 0) / ACTIVITY_DAYS) for one in here]
    count = len(variants.find_variants(ctx.session, trial_id))
    drawn = experiments.assign(units, count, f"{trial.seed}:{row.slot}")
    variants.add_places(ctx.session, [
        {
            "trial_id": trial_id, "slot": row.slot, "group_id": one.unit_id, "block": one.block, "variant": one.variant,
            "members": sizes.get(one.unit_id, 0),
        }
        for one in drawn
    ])  # fmt: skip
    _count_later(ctx, trial, row.slot, 0, timedelta(hours=OUTCOMES[trial.outcome].hours) + SLACK)
    return variants.find_places(ctx.session, trial_id, row.slot)


def _count_later(ctx: Context, trial: Trial, slot: str, looks: int, after: timedelta) -> None:
    lane = f"trial:{trial.id}"
    due = TrialCountDue(
        key=f"{lane}:{slot}:{looks}", lane=lane, occurred_at=ctx.now, channel="", conversation=lane, trial_id=trial.id,
        slot=slot, looks=looks,
    )
    ctx.later(due, after.total_seconds())


def count(ctx: Context, fact: TrialCountDue) -> None:
    """Count what the groups did after the posts of one time, once every post had its hours; then look for a winner."""
    trial = variants.lock(ctx.session, fact.trial_id)
    outcome, places = OUTCOMES[trial.outcome], variants.find_places(ctx.session, trial.id, fact.slot)
    if not places or any(one.counted_at is not None for one in places):
        ctx.decide("known", "counted before")
        return
    rows = {one.group_id: one for one in occurrences.find_of_slot(ctx.session, trial.plan_id, fact.slot)}
    reach = timedelta(hours=outcome.hours)
    waiting = [
        one for one in rows.values()
        if one.state in (PLANNED, QUEUED, ASKED) or (one.sent_at is not None and one.sent_at + reach > ctx.now)
    ]  # fmt: skip
    if waiting and fact.looks < MOST_LOOKS:
        _count_later(ctx, trial, fact.slot, fact.looks + 1, LOOK_AGAIN)
        ctx.decide("waiting", f"{len(waiting)} posts")
        return
    said = {one.group_id: one.sent_at for one in rows.values() if one.state == SENT and one.sent_at is not None}
    counts = outcome.count(ctx.session, [(group_id, at, at + reach) for group_id, at in said.items()])
    for place in places:
        did = counts.get(place.group_id, 0) / max(1, place.members) if place.group_id in said else None
        variants.count_place(ctx.session, trial.id, fact.slot, place.group_id, did, ctx.now)
    verdict = results(ctx.session, trial.id).verdict
    if trial.state == variants.RUNNING and verdict.winner is not None:
        trial.state, trial.winner, trial.proposed_at = variants.PROPOSED, verdict.winner, ctx.now
    ctx.decide("done", f"trial {trial.id}: {len(said)} groups" + ("" if trial.winner is None else f", winner {trial.winner}"))


def results(session: Session, trial_id: int) -> Results:
    """A trial as it stands: what each variant's groups did, and the evidence, which may be read at any time."""
    trial, tried = variants.get(session, trial_id), variants.find_variants(session, trial_id)
    sign = 1 if OUTCOMES[trial.outcome].is_good else -1
    told: dict[int, list[float]] = {one.number: [] for one in tried}
    blocks: dict[tuple[datetime, str, int], dict[int, float]] = {}
    for place in variants.find_places(session, trial_id):
        if place.counted_at is not None and place.outcome is not None:
            told[place.variant].append(place.outcome)
            at = place.counted_at.astimezone(UTC)
            blocks.setdefault((at, place.slot, place.block), {})[place.variant] = sign * place.outcome
    comparison = Comparison(len(tried))
    for _, outcomes in sorted(blocks.items(), key=lambda one: one[0]):
        comparison.add(outcomes)
    scores = [
        Score(one.post_id, one.version, len(told[one.number]), sum(told[one.number]) / max(1, len(told[one.number])))
        for one in tried
    ]
    return Results(trial, scores, comparison.verdict())
