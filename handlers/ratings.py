"""Hears whether an answer was useful, and judges half an hour later whether it settled the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from bot.context import Context
from bot.events import JudgingDue, MessageReceived
from bot.outbox import Conversation, Outbox
from bot.routing import Routes
from storage import answers
from storage.answers import COMPLAINED, DISLIKED, PERSON, REASKED, RESOLVED
from storage.base import AnyRow
from storage.handovers import COMPLAINT

USEFUL = {
    "有用": True, "很有用": True, "有帮助": True, "👍": True, "👍🏻": True, "[强]": True, "[赞]": True, "useful": True,
    "没用": False, "没有用": False, "没帮助": False, "答非所问": False, "👎": False, "👎🏻": False, "[弱]": False,
    "[踩]": False, "useless": False,
}  # fmt: skip
LONGEST = 8
REACH = timedelta(minutes=30)  # an answer is judged by what its member does in this time, and can be rated as long
A_ROUND = 200
ASKING = ("answered", "pointed", "unanswered", "asked_back", "silent")
ALIKE = 0.5  # of the pairs of characters two questions share, from which on they are one asked again

routes = Routes("ratings")


@dataclass(frozen=True, slots=True)
class Rating:
    """A member's word on the answer they got."""

    is_useful: bool


def parse_rating(message: MessageReceived) -> Rating | None:
    text = message.text
    if not text or len(text) > LONGEST:
        return None
    is_useful = USEFUL.get(text)
    return None if is_useful is None else Rating(is_useful)


@routes.message(parse_rating)
def rated(ctx: Context, rating: Rating) -> None:
    member, since = ctx.sender().id, ctx.now - REACH
    answer = answers.find_answer(ctx.session, member, ctx.event.conversation, since)
    if answer is None:
        ctx.decide("silent", "no answer to rate")
        return
    answers.rate(ctx.session, answer, rating.is_useful, ctx.now)
    if not rating.is_useful:
        not_useful(ctx.outbox, ctx.here)
    ctx.decide("done", f"{'useful' if rating.is_useful else 'useless'}: {answer.reason}"[:200])


@routes.fact(JudgingDue)
def judging_due(ctx: Context, fact: JudgingDue) -> None:
    due = answers.find_unjudged(ctx.session, fact.after_id, fact.occurred_at, A_ROUND)
    for answer in due:
        later = answers.find_afterwards(ctx.session, answer, answer.received_at + REACH)
        is_disliked = answers.is_disliked(ctx.session, answer.id)
        answers.judge(ctx.session, answer, verdict(answer, later, is_disliked), ctx.now)
    ctx.decide("done", f"{len(due)} judged")


def verdict(answer: AnyRow, later: Sequence[AnyRow], is_disliked: bool) -> str:
    """What the member did afterwards tells whether the answer settled it; the worst thing counts."""
    if any(one.outcome == "handover" and one.reason == COMPLAINT for one in later):
        return COMPLAINED
    if any(one.outcome == "handover" for one in later):
        return PERSON
    if is_disliked:
        return DISLIKED
    return REASKED if any(_asks_again(answer, one) for one in later) else RESOLVED


def _asks_again(answer: AnyRow, later: AnyRow) -> bool:
    if later.kind != "MessageReceived" or later.outcome not in ASKING:
        return False
    return later.reason == answer.reason or alike(answer.text or "", later.text or "") >= ALIKE


def alike(one: str, other: str) -> float:
    """The share of pairs of characters that two texts have in common, 0 to 1."""
    first, second = _pairs(one), _pairs(other)
    return len(first & second) / max(1, min(len(first), len(second)))


def _pairs(text: str) -> set[str]:
    kept = [sign for sign in text.lower() if sign.isalnum()]
    return {a + b for a, b in pairwise(kept)}


def not_useful(outbox: Outbox, here: Conversation) -> None:
    outbox.say(here, "ratings/not_useful", mention=here.member_id)
