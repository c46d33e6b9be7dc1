"""Passes a conversation to an operator, and says what the operator answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.events import HandoverOpened, MessageReceived, OperatorSpoke, QuestionUnanswered
from bot.outbox import Conversation, Outbox, Text
from bot.routing import Routes
from bot.talk import Heard
from storage import audit, handovers

ASKED = re.compile(
    r"(?:@\S+\s*)?(?:我要|我想|请|帮我|麻烦|能不能|可以)?\s*"
    r"(?:转|找|要|叫|接)?(?:一下)?(?:人工(?:客服|服务)?|真人(?:客服)?|客服)(?:服务|回复|处理)?[吗么]?[?？!！。~～]*"
    r"|(?:@\S+\s*)?(?:human|agent|talk to (?:a )?(?:human|person))[.!?]*",
    re.IGNORECASE,
)
LONGEST = 24

routes = Routes("service")


@dataclass(frozen=True, slots=True)
class PersonWanted:
    """A member asks for a person."""

    question: str


def parse_person_wanted(message: MessageReceived) -> PersonWanted | None:
    text = message.text
    if not text or len(text) > LONGEST or not ASKED.fullmatch(text.strip()):
        return None
    return PersonWanted(text.strip())


@routes.message(parse_person_wanted)
def person_wanted(ctx: Context, request: PersonWanted) -> None:
    earlier = [heard.text for heard in ctx.recent(300) if heard.member_id == ctx.event.member_id and heard.text]
    is_new = _open(ctx, "asked", earlier[0] if earlier else request.question)
    if is_new:
        handed_over(ctx.outbox, ctx.here, _closed_until(ctx))
    else:
        still_waiting(ctx.outbox, ctx.here)
    ctx.decide("handover", "asked for a person" if is_new else "already waiting")


@routes.fact(QuestionUnanswered)
def question_unanswered(ctx: Context, fact: QuestionUnanswered) -> None:
    later = [
        heard for heard in ctx.recent(60)
        if heard.member_id == fact.member_id and heard.inbox_id > fact.asked_id and _settles(heard)
    ]
    if later or ctx.has_operator_spoken(60):
        ctx.decide("silent", "answered meanwhile")
        return
    if _open(ctx, "unanswered", fact.text or ""):
        question_passed_on(ctx.outbox, ctx.here, _closed_until(ctx))
    ctx.decide("handover", "no answer we stand by")


@routes.fact(OperatorSpoke)
def operator_spoke(ctx: Context, fact: OperatorSpoke) -> None:
    if fact.handover_id is not None:
        handovers.mark_answered(ctx.session, fact.handover_id, ctx.now)
        handovers.mark_heard(ctx.session, fact.handover_id, ctx.inbox_id)
    audit.record(
        ctx.session, at=ctx.now, operator_id=fact.operator_id, operator_name=fact.operator_name,
        action="conversation.say", subject=f"conversation:{fact.conversation}",
        detail={"text": fact.text, "handover": fact.handover_id}, address=fact.address,
    )
    ctx.outbox.operator_id = fact.operator_id
    operator_said(ctx.outbox, ctx.here, fact.text or "", fact.mention)
    ctx.decide("done", f"said by {fact.operator_name}")


def _settles(heard: Heard) -> bool:
    """An answer from what we know, a person or the model called ends the wait; the menu does not."""
    if heard.kind != "MessageReceived":
        return False
    return heard.outcome in ("handover", "asked_model") or (heard.outcome == "answered" and ":" in (heard.reason or ""))


def _open(ctx: Context, reason: str, question: str) -> bool:
    event = ctx.event
    handover_id = handovers.open_once(
        ctx.session, conversation=event.conversation, channel=event.channel, group_id=event.group_id,
        member_id=ctx.sender().id, reason=reason, question=question[:1000], cause_id=ctx.inbox_id, now=ctx.now,
    )
    if handover_id is None:
        return False
    ctx.emit(
        HandoverOpened(
            key=f"handover:{handover_id}", lane=event.lane, occurred_at=event.occurred_at, channel=event.channel,
            conversation=event.conversation, group_id=event.group_id, member_id=event.member_id,
            member_name=event.member_name, handover_id=handover_id, asked_id=ctx.inbox_id, reason=reason,
        )
    )
    return True


def _closed_until(ctx: Context) -> datetime | None:
    """When somebody comes, while nobody is there."""
    hours = ctx.hours()
    return None if hours.is_open(ctx.now) else hours.opens_at(ctx.now)


def handed_over(outbox: Outbox, here: Conversation, closed_until: datetime | None) -> None:
    outbox.say(here, "service/handed_over", mention=here.member_id, closed_until=closed_until)


def still_waiting(outbox: Outbox, here: Conversation) -> None:
    outbox.say(here, "service/still_waiting", mention=here.member_id)


def question_passed_on(outbox: Outbox, here: Conversation, closed_until: datetime | None) -> None:
    outbox.say(here, "service/question_passed_on", mention=here.member_id, closed_until=closed_until)


def operator_said(outbox: Outbox, here: Conversation, words: str, mention: str | None) -> None:
    """An operator's own words: no template, they wrote them."""
    outbox.put(here, Text(words, mention))
