"""Hears bad reviews and complaints, takes them to an operator and says sorry once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.events import HandoverOpened, MessageReceived
from bot.outbox import Conversation, Outbox
from bot.routing import Routes
from content.knowledge.complaints import COMPLAINT_THRESHOLD, complaint_likelihood
from storage import handovers, promises
from storage.clocks import COMPLAINT_RESPONSE
from storage.groups import SPEAK_OFF
from storage.handovers import COMPLAINT

OPERATOR_SECONDS = 180  # a person of ours who is talking needs no apology of ours beside it
LONGEST = 500

routes = Routes("complaints")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A member is unhappy with what they bought or how they were treated."""

    likelihood: float


def parse_complaint(message: MessageReceived) -> Complaint | None:
    text = message.text
    if not text:
        return None
    likelihood = complaint_likelihood(text[:LONGEST])
    return Complaint(likelihood) if likelihood >= COMPLAINT_THRESHOLD else None


@routes.message(parse_complaint)
def complained(ctx: Context, complaint: Complaint) -> None:
    event, member = ctx.event, ctx.sender()
    if ctx.settings is not None and member.id in ctx.settings.staff:
        ctx.decide("silent", "said by staff", complaint.likelihood)
        return
    opened = handovers.open_once(
        ctx.session, conversation=event.conversation, channel=event.channel, group_id=event.group_id,
        member_id=member.id, reason=COMPLAINT, question=(event.text or "")[:1000], cause_id=ctx.inbox_id, now=ctx.now,
    )
    known = None if opened is not None else handovers.find_active(ctx.session, event.conversation, member.id)
    is_new = known is None or known.reason != COMPLAINT
    handover_id = opened or (known.id if known is not None else 0)
    if is_new:
        handovers.make_complaint(ctx.session, handover_id)
        _tell(ctx, handover_id)
        is_silent = ctx.settings is not None and (ctx.settings.speaks == SPEAK_OFF or ctx.is_late())
        if not is_silent and not ctx.has_operator_spoken(OPERATOR_SECONDS):
            hours = ctx.hours()
            closed_until = None if hours.is_open(ctx.now) else hours.opens_at(ctx.now)
            within = promises.find_all(ctx.session)[COMPLAINT_RESPONSE].late
            complaint_taken(ctx.outbox, ctx.here, closed_until, within)
    ctx.decide("handover", COMPLAINT, complaint.likelihood)


def _tell(ctx: Context, handover_id: int) -> None:
    event = ctx.event
    ctx.emit(
        HandoverOpened(
            key=f"complaint:{handover_id}:{ctx.inbox_id}", lane=event.lane, occurred_at=event.occurred_at,
            channel=event.channel, conversation=event.conversation, group_id=event.group_id,
            member_id=event.member_id, member_name=event.member_name, handover_id=handover_id,
            asked_id=ctx.inbox_id, reason=COMPLAINT,
        )
    )


def complaint_taken(outbox: Outbox, here: Conversation, closed_until: datetime | None, within: int) -> None:
    """`within`: seconds until somebody will have been in touch."""
    outbox.say(
        here, "complaints/complaint_taken", mention=here.member_id, closed_until=closed_until, within=within
    )
