"""Hears questions, asks the knowledge, answers from live rows or keeps silent."""

from __future__ import annotations

from bot.context import Context
from bot.events import QuestionUnanswered
from bot.routing import Routes
from content.knowledge import Candidate
from handlers.faq import messages, rules
from handlers.faq.rules import Question, parse_question

OPERATOR_SECONDS = 180  # we keep silent this long after a person of ours spoke
SETTLE_SECONDS = 2.5  # a member may still be typing the rest of the question

routes = Routes("faq")


@routes.message(parse_question, writes=False)
def question(ctx: Context, asked: Question) -> None:
    silent = None if ctx.settings is None else rules.why_silent(ctx.settings.speaks, asked.is_addressed)
    if silent is None and ctx.has_operator_spoken(OPERATOR_SECONDS):
        silent = "an operator is talking"
    if silent is not None:
        ctx.decide("silent", silent)
        return
    best = _best(ctx, asked)
    if best is None or not rules.is_sure(best, asked):
        _no_answer(ctx, asked, best)
    elif not asked.is_addressed and rules.was_just_said(ctx.recent(rules.COOL_DOWN_SECONDS), best.passage_id):
        ctx.decide("silent", f"just answered: {best.passage_id}", best.confidence)
    elif messages.answered(ctx.session, ctx.outbox, ctx.here, best, ctx.shop):
        ctx.decide("answered", best.passage_id, best.confidence)
    else:
        _no_answer(ctx, asked, best)


def _best(ctx: Context, asked: Question) -> Candidate | None:
    """The best candidate for the message, or for the burst of messages it ends."""
    found = ctx.knowledge.search(asked.text, limit=1) if asked.text else []
    best = found[0] if found else None
    if best is None or not rules.is_sure(best, asked):
        together = rules.burst(ctx.recent(rules.BURST_SECONDS), ctx.event.member_id, asked.text)
        merged = ctx.knowledge.search(together, limit=1) if together else []
        if merged and (best is None or merged[0].confidence > best.confidence):
            best = merged[0]
    return best


def _no_answer(ctx: Context, asked: Question, best: Candidate | None) -> None:
    confidence = None if best is None else best.confidence
    nearest = None if best is None else f"unsure: {best.passage_id}"
    if not asked.is_addressed:
        ctx.decide("silent", nearest or "nothing known", confidence)
        return
    event = ctx.event
    unanswered = QuestionUnanswered(
        key=f"unanswered:{event.key}", lane=event.lane, occurred_at=ctx.now, channel=event.channel,
        conversation=event.conversation, group_id=event.group_id, member_id=event.member_id,
        member_name=event.member_name, text=asked.text or event.text, asked_id=ctx.inbox_id,
    )
    ctx.later(unanswered, SETTLE_SECONDS)
    ctx.decide("unanswered", nearest or "nothing known", confidence)
