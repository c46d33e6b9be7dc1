"""Hears questions, handovers and answers, and what the clocks they start come to."""

from __future__ import annotations

from bot.context import Context
from bot.events import DeadlineReached, HandoverOpened, MemberSpokeAgain, OperatorSpoke, QuestionOpened
from bot.routing import Routes
from handlers.clocks import actions, rules
from storage import clocks, handovers, promises
from storage.clocks import FIRST, LATE, NEXT, RESPONSES

routes = Routes("clocks")


@routes.fact(QuestionOpened)
def question_opened(ctx: Context, fact: QuestionOpened) -> None:
    clocks.start_once(
        ctx.session, kind=FIRST, channel=fact.channel, conversation=fact.conversation, group_id=fact.group_id,
        member_id=ctx.sender().id, handover_id=None, asked_id=fact.asked_id, started_at=fact.occurred_at,
        stages=rules.plan(promises.find_all(ctx.session)[FIRST], fact.occurred_at, ctx.hours()),
    )
    ctx.decide("done")


@routes.fact(HandoverOpened)
def handover_opened(ctx: Context, fact: HandoverOpened) -> None:
    handover = handovers.get(ctx.session, fact.handover_id)
    actions.start_for_handover(ctx.session, handover, fact.asked_id, ctx.now, ctx.hours())
    ctx.decide("done", fact.reason)


@routes.fact(MemberSpokeAgain)
def member_spoke_again(ctx: Context, fact: MemberSpokeAgain) -> None:
    handovers.mark_heard(ctx.session, fact.handover_id, fact.asked_id)
    handover = handovers.get(ctx.session, fact.handover_id)
    if handover.state != handovers.TAKEN or not rules.wants_reply(fact.text):
        ctx.decide("silent", "wants no reply")
        return
    actions.start(ctx.session, NEXT, handover, fact.asked_id, fact.occurred_at, ctx.hours())
    ctx.decide("done")


@routes.fact(OperatorSpoke)
def operator_spoke(ctx: Context, fact: OperatorSpoke) -> None:
    by = fact.operator_name or actions.STAFF
    if fact.handover_id is not None:
        clocks.stop_of_handover(ctx.session, fact.handover_id, ctx.now, by, RESPONSES)
    else:
        # A word to everybody answers who asks, but no complaint.
        clocks.stop_here(ctx.session, fact.conversation, fact.mention, (FIRST, NEXT), ctx.now, by)


@routes.fact(DeadlineReached)
def deadline_reached(ctx: Context, fact: DeadlineReached) -> None:
    clock = clocks.get(ctx.session, fact.clock_id)
    if clock.stopped_at is not None:
        ctx.decide("silent", f"{clock.kind}: stopped by {clock.stopped_by}")
        return
    answered = actions.find_answered(ctx.session, clock, ctx.settings.staff if ctx.settings is not None else ())
    if answered is not None:
        clocks.stop(ctx.session, clock.id, answered[1], answered[0])
        ctx.decide("silent", f"{clock.kind}: answered by {answered[0]}")
    elif clocks.reach(ctx.session, clock, fact.stage, ctx.now):
        told = actions.tell(ctx.session, clock, fact.stage, ctx.now)
        ctx.decide("late" if fact.stage == LATE else "warned", f"{clock.kind}: told {', '.join(map(str, told))}"[:200])
    else:
        ctx.decide("known", f"{clock.kind}: past this stage")
