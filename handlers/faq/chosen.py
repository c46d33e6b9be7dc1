"""Asks the model where we are not sure, and says its choice only as far as the sources of this moment carry it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bot.context import Context
from bot.events import ModelAnswered, QuestionUnanswered
from bot.jobs import AnswerWanted
from content import sources
from content.knowledge import Candidate
from handlers.faq import actions, guard, messages, rules, topics
from handlers.faq.rules import Question

TOPIC_SECONDS = 120  # what a member said this shortly before is still what they speak of
ASPECT = re.compile(r"price|stock|spec|about|attribute:.{1,40}")


def is_asked(ctx: Context, asked: Question, found: Sequence[Candidate], words: str) -> bool:
    """Ask the model about what we are not sure of; False when this is nothing for it."""
    event = ctx.event
    lately = [heard.text or "" for heard in ctx.recent(TOPIC_SECONDS) if heard.member_id == event.member_id]
    if not rules.is_for_model(found, asked) or any(topics.why_a_person(one) for one in (words, *lately)):
        return False
    context = rules.spoken_of(ctx.recent(rules.CONTEXT_SECONDS), event)
    offered = ctx.knowledge.search(words, limit=rules.MOST_OFFERED, context=context, is_wide=True)
    ctx.ask(
        AnswerWanted(
            key=f"answer:{ctx.inbox_id}", lane=event.lane, channel=event.channel, conversation=event.conversation,
            group_id=event.group_id, member_id=event.member_id, member_name=event.member_name, asked_id=ctx.inbox_id,
            asked_at=ctx.now.isoformat(), asked_key=event.key, question=words, is_addressed=asked.is_addressed,
            passages=tuple(one.passage_id for one in offered),
        )
    )
    # The same key as the model's own answer: whichever comes first is heard, and the other is known.
    overdue = ModelAnswered(
        key=f"model:{ctx.inbox_id}", lane=event.lane, occurred_at=ctx.now, channel=event.channel,
        conversation=event.conversation, group_id=event.group_id, member_id=event.member_id,
        member_name=event.member_name, text=words, asked_id=ctx.inbox_id, asked_at=ctx.now.isoformat(),
        asked_key=event.key, is_addressed=asked.is_addressed, verdict="out of time",
    )
    ctx.later(overdue, rules.MODEL_SECONDS)
    ctx.decide("asked_model", f"unsure: {found[0].passage_id}", found[0].confidence)
    return True


def hear(ctx: Context, fact: ModelAnswered) -> None:
    """Say what the model chose, when it holds; else keep silent, or let a person answer who was asked."""
    silent = _why_silent(ctx, fact)
    if silent is not None:
        ctx.decide("silent", silent)
        return
    # Only plain questions go to the model unasked.
    if not fact.is_addressed and fact.cited and actions.is_repeated(ctx, _first(fact), is_plain=True):
        return
    trouble = _said(ctx, fact) if fact.verdict == "chosen" else fact.verdict or "none"
    if trouble is None:
        took = "kept from before" if fact.is_kept else f"{fact.tokens_in}+{fact.tokens_out} tokens"
        names = [rules.answer_name(_first(fact)), *fact.cited[1:]]
        ctx.decide("answered", f"{rules.BY_MODEL}{', '.join(names)}, {took}"[:200])
        return
    ctx.decide("unanswered" if fact.is_addressed else "silent", f"not by model: {trouble}"[:200])
    if fact.is_addressed:
        _pass_on(ctx, fact)


def _why_silent(ctx: Context, fact: ModelAnswered) -> str | None:
    """What happened while the model was thinking may have settled it."""
    silent = None if ctx.settings is None else rules.why_silent(ctx.settings.speaks, fact.is_addressed)
    if silent is not None:
        return silent
    recent = ctx.recent(rules.COOL_DOWN_SECONDS)
    if ctx.has_operator_spoken(rules.OPERATOR_SECONDS) or rules.has_moved_on(recent, fact.member_id, fact.asked_id):
        return "answered meanwhile"
    return None


def _first(fact: ModelAnswered) -> Candidate:
    """The passage cited first, with the fact of a product that is told."""
    is_product = fact.cited[0].startswith("product:")
    return Candidate(fact.cited[0], 0.0, 0.0, fact.aspect if is_product and fact.aspect and not fact.answer else None)


def _said(ctx: Context, fact: ModelAnswered) -> str | None:
    """Say the choice; gives why not. Sources are read now, in this transaction: nothing said can be stale."""
    values = messages.answer_values(ctx.shop)
    cited = sources.find_all(ctx.session, fact.cited, values)
    if not cited or len(cited) < len(fact.cited):
        return "a cited passage is gone"
    if fact.answer:
        fault = guard.fault(fact.answer, cited)
        if fault is None:
            messages.quoted(ctx.outbox, ctx.here, fact.answer)
        return fault
    if len(cited) > 1:
        return "several passages and no words"
    aspect = fact.aspect or _aspect(ctx, fact, cited[0].id)
    if not ASPECT.fullmatch(aspect):
        return "no such aspect"
    choice = Candidate(cited[0].id, 0.0, 0.0, aspect)
    is_said = messages.answered(ctx.session, ctx.outbox, ctx.here, choice, ctx.shop)
    return None if is_said else "the passage has no such fact"


def _aspect(ctx: Context, fact: ModelAnswered, passage_id: str) -> str:
    """Which fact of a product the question asks, as the retriever reads it."""
    found = ctx.knowledge.search(fact.text or "", limit=rules.MOST_OFFERED)
    return next((one.aspect for one in found if one.passage_id == passage_id and one.aspect), "about")


def _pass_on(ctx: Context, fact: ModelAnswered) -> None:
    unanswered = QuestionUnanswered(
        key=f"unanswered:{fact.asked_key}", lane=fact.lane, occurred_at=ctx.now, channel=fact.channel,
        conversation=fact.conversation, group_id=fact.group_id, member_id=fact.member_id,
        member_name=fact.member_name, text=fact.text, asked_id=fact.asked_id,
    )
    waited = (ctx.now - datetime.fromisoformat(fact.asked_at)).total_seconds()
    if waited >= rules.SETTLE_SECONDS:
        ctx.emit(unanswered)
    else:
        ctx.later(unanswered, rules.SETTLE_SECONDS - waited)
