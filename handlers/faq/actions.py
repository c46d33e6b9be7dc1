"""Points to an answer given a moment ago instead of saying it again."""

from __future__ import annotations

from bot.context import Context
from bot.outbox import Outbox
from content.knowledge import Candidate
from handlers.faq import messages, rules
from storage import outbox


def is_repeated(ctx: Context, best: Candidate, *, is_plain: bool) -> bool:
    """Was this said here a moment ago? Then that is all, but the first who asks again in plain words is pointed to it.
    False when it is to be said: nobody said it yet, or it has changed since."""
    recent = ctx.recent(rules.COOL_DOWN_SECONDS)
    earlier = rules.find_said(recent, best)
    if earlier is None:
        return False
    name = rules.answer_name(best)
    said = outbox.find_answer(ctx.session, earlier.inbox_id)
    is_fresh = said is not None and said.text == _words_now(ctx, best)
    if said is not None and not is_fresh and not rules.is_by_model(earlier):
        return False
    if said is None or not is_fresh or not is_plain or rules.was_pointed_to(recent, name):
        ctx.decide("silent", f"just answered: {name}"[:200], best.confidence or None)
        return True
    messages.pointed(ctx.outbox, ctx.here, said.text, said.created_at)
    ctx.decide("pointed", name[:200], best.confidence or None)
    return True


def _words_now(ctx: Context, best: Candidate) -> str | None:
    """What the answer would be at this moment; None when its row is gone or has no such fact."""
    trial = Outbox(ctx.outbox.words, ctx.now)
    is_known = messages.answered(ctx.session, trial, ctx.here, best, ctx.shop)
    return str(trial.rows[0]["text"]) if is_known else None
