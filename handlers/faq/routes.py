"""Hears questions, asks the knowledge, answers from live rows or keeps silent."""

from __future__ import annotations

from bot.context import Context
from bot.events import ModelAnswered, QuestionOpened, QuestionUnanswered
from bot.routing import Routes
from content.knowledge import Candidate
from handlers.faq import actions, chosen, messages, rules
from handlers.faq.rules import Question, parse_question

routes = Routes("faq")


@routes.message(parse_question, writes=False)
def question(ctx: Context, asked: Question) -> None:
    silent = None if ctx.settings is None else rules.why_silent(ctx.settings.speaks, asked.is_addressed)
    if silent is None and ctx.has_operator_spoken(rules.OPERATOR_SECONDS):
        silent = "an operator is talking"
    if silent is None and ctx.is_late():
        if ctx.event.group_id is None:
            _no_answer(ctx, asked, None, why="too old")
            return
        silent = "too old"
    if silent is not None:
        ctx.decide("silent", silent)
        return
    found, words = _search(ctx, asked)
    close = rules.too_close_to_tell(found, asked)
    if close and messages.asked_back(ctx.session, ctx.outbox, ctx.here, close):
        ctx.decide("asked_back", " / ".join(one.passage_id for one in close)[:200], close[0].confidence)
        return
    best = found[0] if found else None
    if best is None or not rules.is_sure(best, asked):
        if ctx.shop.has_model and chosen.is_asked(ctx, asked, found, words):
            if asked.is_addressed:
                ctx.emit(_opened(ctx))
        else:
            _no_answer(ctx, asked, best)
    elif not asked.is_addressed and actions.is_repeated(ctx, best, is_plain=rules.is_plain(asked)):
        return
    elif messages.answered(ctx.session, ctx.outbox, ctx.here, best, ctx.shop):
        ctx.decide("answered", rules.answer_name(best), best.confidence)
    else:
        _no_answer(ctx, asked, best)


@routes.fact(ModelAnswered)
def model_answered(ctx: Context, fact: ModelAnswered) -> None:
    chosen.hear(ctx, fact)


def _search(ctx: Context, asked: Question) -> tuple[list[Candidate], str]:
    """Candidates for the message, or for the burst of messages it ends, whichever is surer; and the words."""
    if not asked.text:
        return [], ""
    event = ctx.event
    context = rules.spoken_of(ctx.recent(rules.CONTEXT_SECONDS), event)
    found = ctx.knowledge.search(asked.text, limit=rules.MAX_CLOSE, context=context, is_wide=ctx.shop.has_model)
    if not found or not rules.is_sure(found[0], asked):
        together = rules.burst(ctx.recent(rules.BURST_SECONDS), event.member_id, asked.text)
        merged = ctx.knowledge.search(together, limit=rules.MAX_CLOSE, context=context, is_wide=ctx.shop.has_model) if together else []
        if merged and (not found or merged[0].confidence > found[0].confidence):
            return merged, together or asked.text
    return found, asked.text


def _no_answer(ctx: Context, asked: Question, best: Candidate | None, *, why: str = "nothing known") -> None:
    confidence = None if best is None else best.confidence
    nearest = None if best is None else f"unsure: {best.passage_id}"
    if not asked.is_addressed:
        ctx.decide("silent", nearest or why, confidence)
        return
    event = ctx.event
    ctx.emit(_opened(ctx))
    unanswered = QuestionUnanswered(
        key=f"unanswered:{event.key}", lane=event.lane, occurred_at=ctx.now, channel=event.channel,
        conversation=event.conversation, group_id=event.group_id, member_id=event.member_id,
        member_name=event.member_name, text=asked.text or event.text, asked_id=ctx.inbox_id,
    )
    ctx.later(unanswered, rules.SETTLE_SECONDS)
    ctx.decide("unanswered", nearest or why, confidence)


def _opened(ctx: Context) -> QuestionOpened:
    """A question put to us waits for its answer from now on."""
    event = ctx.event
    return QuestionOpened(
        key=f"opened:{event.key}", lane=event.lane, occurred_at=ctx.now, channel=event.channel,
        conversation=event.conversation, group_id=event.group_id, member_id=event.member_id,
        member_name=event.member_name, asked_id=ctx.inbox_id,
    )
