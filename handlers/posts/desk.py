"""What operators do with what is planned: pause, move, cancel, answer what is late, and take each of these back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from handlers.posts import planning, rules
from handlers.posts.drafts import BadPlan, Editor
from storage import occurrences, outbox, plans, posts
from storage.occurrences import ASKED, BY_HAND, CANCELLED, PLANNED, QUEUED, SKIPPED, WITH_PLAN, Occurrence
from storage.plans import ACTIVE, Plan
from storage.posts import Post

UNDO = timedelta(seconds=12)  # what was in the outbox goes back so long; ten seconds and the way of a click


def pause_plan(session: Session, plan_id: int, now: datetime) -> Plan:
    """Say nothing of a plan until it goes on."""
    return _stop(session, plan_id, plans.PAUSED, rules.PAUSED, now)


def cancel_plan(session: Session, plan_id: int, now: datetime) -> Plan:
    """Say nothing of a plan any more. `resume_plan` undoes it."""
    return _stop(session, plan_id, plans.CANCELLED, WITH_PLAN, now)


def _stop(session: Session, plan_id: int, state: str, reason: str, now: datetime) -> Plan:
    plan = plans.lock(session, plan_id)
    plan.state, plan.updated_at = state, now
    occurrences.take_back(session, plan.id, plan.created_at, reason)
    return plan


def resume_plan(session: Session, plan_id: int, now: datetime) -> Plan:
    """Go on with a paused or cancelled plan from now; times that passed meanwhile are not made up for."""
    plan = plans.lock(session, plan_id)
    if plan.state != ACTIVE:
        plan.state, plan.updated_at = ACTIVE, now
        for reason in (rules.PAUSED, WITH_PLAN):
            occurrences.give_back(session, plan.id, reason, now)
        planning.begin(session, plan, now)
        session.flush()
    return plan


def move(session: Session, plan_id: int, slot: str, to: datetime, now: datetime, group_id: str = "") -> int:
    """Give one time of a plan (its slot, as the calendar shows it) another time, in one group or all; gives how many posts
    moved, none when they are said or on their way. Moving back undoes it. Raises BadPlan."""
    if to < now:
        raise BadPlan("when", "is past")
    moved = 0
    for row in _rows(session, plan_id, slot, now, group_id):
        if row.state == PLANNED:
            moved += occurrences.change_planned(session, row.id, planned_at=to, due_at=to, reason=None)
    return moved


def cancel(session: Session, plan_id: int, slot: str, now: datetime, group_id: str = "") -> list[int]:
    """Cancel one time of a plan, in one group or all, also what is in the outbox and not said yet; gives the ids of the
    occurrences, for `restore`."""
    cancelled = []
    for row in _rows(session, plan_id, slot, now, group_id):
        is_ours = row.state in (PLANNED, ASKED) or (row.state == QUEUED and _take_out(session, row))
        told = {"due_at": now} if row.state == QUEUED else {}
        if is_ours and occurrences.change(session, row.id, (row.state,), state=CANCELLED, reason=BY_HAND, **told):
            cancelled.append(row.id)
    return cancelled


def _take_out(session: Session, row: Occurrence) -> bool:
    """Take a post's parts out of the outbox; False when the first was said, or is being said."""
    parts = outbox.find_of_causes(session, [row.cause_id or 0]).get(row.cause_id or 0, [])
    if any(part.state not in (outbox.QUEUED, outbox.HELD) for part in parts):
        return False
    taken = [part.id for part in parts if outbox.take_back(session, part.id, (outbox.QUEUED, outbox.HELD))]
    for part_id in taken:
        outbox.mark(session, part_id, state=outbox.SUPPRESSED, reason=BY_HAND)
    return bool(taken)


def restore(session: Session, occurrence_ids: Sequence[int], now: datetime) -> int:
    """Undo a cancel; what was taken out of the outbox for it goes back within ten seconds. Gives how many come back."""
    rows = [occurrences.get(session, one) for one in occurrence_ids]
    planned = occurrences.restore(session, [row.id for row in rows if row.queued_at is None], BY_HAND)
    return planned + sum(_put_back(session, row) for row in rows if row.queued_at is not None and is_restorable(row, now))


def is_restorable(row: Occurrence, now: datetime) -> bool:
    """Was it cancelled by hand, and not too long ago where it was in the outbox?"""
    return row.state == CANCELLED and row.reason == BY_HAND and (row.queued_at is None or now - row.due_at <= UNDO)


def _put_back(session: Session, row: Occurrence) -> bool:
    parts = outbox.find_of_causes(session, [row.cause_id or 0]).get(row.cause_id or 0, [])
    for part in parts:
        if part.reason == BY_HAND and outbox.take_back(session, part.id, (outbox.SUPPRESSED,)):
            outbox.mark(session, part.id, state=outbox.QUEUED)
    return occurrences.change(session, row.id, (CANCELLED,), state=QUEUED, reason=None)


def answer(session: Session, occurrence_id: int, is_yes: bool, editor: Editor, now: datetime) -> bool:
    """An operator decides about a post that is late: say it now, or leave it; False when it was decided before."""
    if is_yes:
        return occurrences.change(
            session, occurrence_id, (ASKED,), state=PLANNED, reason=None, planned_at=now, due_at=now
        )
    return occurrences.change(session, occurrence_id, (ASKED,), state=SKIPPED, reason=f"{rules.LATE}: {editor.name}"[:300])


def duplicate_post(session: Session, post_id: int, editor: Editor, now: datetime) -> Post:
    """A copy of a post in the library, to be changed."""
    post = posts.get(session, post_id)
    version = posts.get_version(session, post.id, post.version)
    return posts.save(
        session, title=f"{post.title[:115]} (2)", kind=post.kind, parts=version.part_list, tags=post.tag_list,
        product_id=version.product_id, now=now, by=editor.name,
    )


def _rows(session: Session, plan_id: int, slot: str, now: datetime, group_id: str) -> Sequence[Occurrence]:
    """The rows of one time of a plan; those that its plan would write later are written now."""
    plan = plans.lock(session, plan_id)
    at = planning.time_of(plan, slot)
    if at is not None and plan.next_at is not None and at >= plan.next_at:
        planning.write_slot(session, plan, slot, at, [group_id] if group_id else [], now)
    return occurrences.find_of_slot(session, plan_id, slot, group_id)
