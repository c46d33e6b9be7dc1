"""Hears polls being asked, the numbers members say while one is open, and when there is something to tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.events import MessageReceived, PollAsked, PollClosingDue, PollProgressDue
from bot.hours import quiet_until
from bot.outbox import Conversation
from bot.routing import Routes
from content import polls as words
from handlers.polls import messages
from storage import groups, mix, polls
from storage.polls import Poll

LONGEST = 8  # characters of a vote
PROGRESS_SECONDS = 300  # at most one word on how it goes in this time
PROGRESS_VOTES = 3  # and only after so many more votes
ASKED_BACK_SECONDS = 120  # a number said this soon after we asked this member back answers that

routes = Routes("polls")


@dataclass(frozen=True, slots=True)
class Vote:
    """A member says a number."""

    choice: int


def parse_vote(message: MessageReceived) -> Vote | None:
    text = message.text
    if not text or len(text) > LONGEST or message.group_id is None:
        return None
    choice = words.read_vote(text)
    return None if choice is None else Vote(choice)


def as_vote(ctx: Context, vote: Vote) -> Vote | None:
    """A bare number is a vote only while a poll with such a choice is open in the group, and we have not just asked this
    member something else."""
    poll = polls.find_open(ctx.session, ctx.event.group_id or "", ctx.now)
    if poll is None or vote.choice > len(poll.choice_list):
        return None
    me = ctx.event.member_id
    was_asked = any(one.member_id == me and one.outcome == "asked_back" for one in ctx.recent(ASKED_BACK_SECONDS))
    return None if was_asked else vote


@routes.looked(parse_vote, as_vote)
def voted(ctx: Context, vote: Vote) -> None:
    poll = polls.find_open(ctx.session, ctx.event.group_id or "", ctx.now)
    if poll is None:
        ctx.decide("silent", "the poll is over")
        return
    member = ctx.sender().id
    before = polls.find_vote(ctx.session, poll.id, member)
    polls.vote(ctx.session, poll.id, member, vote.choice, ctx.now)
    ctx.decide("done", f"poll {poll.id}: {vote.choice}" + (f" (was {before})" if before else ""), 1.0)
    window = int(ctx.now.timestamp()) // PROGRESS_SECONDS
    due_at = (window + 1) * PROGRESS_SECONDS
    if due_at < poll.closes_at.timestamp() - PROGRESS_SECONDS:
        due = PollProgressDue(key=f"poll-progress:{poll.id}:{window}", poll_id=poll.id, **_where(ctx, poll))
        ctx.later(due, due_at - ctx.now.timestamp())


@routes.fact(PollAsked)
def poll_asked(ctx: Context, fact: PollAsked) -> None:
    """Open it; the one that was open in the group ends."""
    group_id = fact.group_id or ""
    try:
        asked = words.read(fact.question, "\n".join(fact.choices), str(fact.right or ""), str(fact.hours or ""))
    except words.BadPoll as bad:
        ctx.decide("refused", str(bad)[:200])
        return
    before = polls.find_unclosed(ctx.session, group_id)
    if before is not None:
        _close(ctx, before)
    poll = polls.add(
        ctx.session, group_id=group_id, channel=fact.channel, question=asked.question, choices=asked.choices,
        right=asked.right, source=fact.source[:60], opened_at=ctx.now, closes_at=ctx.now + timedelta(hours=asked.hours),
    )
    if not fact.is_said:
        messages.asked(ctx.outbox, ctx.here, poll.id, asked)
    due = PollClosingDue(key=f"poll-closing:{poll.id}", poll_id=poll.id, **_where(ctx, poll))
    ctx.later(due, asked.hours * 3600)
    ctx.decide("done", f"poll {poll.id}")


@routes.fact(PollProgressDue)
def progress_due(ctx: Context, fact: PollProgressDue) -> None:
    poll = polls.get(ctx.session, fact.poll_id)
    counts = polls.count_votes(ctx.session, poll)
    is_quiet = _quiet_until(ctx, poll) is not None
    if poll.status == polls.OPEN and poll.closes_at > ctx.now and sum(counts) >= poll.told + PROGRESS_VOTES and not is_quiet:
        poll.told = sum(counts)
        messages.progress(ctx.outbox, ctx.here, poll, counts)
        ctx.decide("done", f"poll {poll.id}")


@routes.fact(PollClosingDue)
def closing_due(ctx: Context, fact: PollClosingDue) -> None:
    poll = polls.get(ctx.session, fact.poll_id)
    ctx.decide("done" if _close(ctx, poll) else "known", f"poll {poll.id}")


def _close(ctx: Context, poll: Poll) -> bool:
    """End it and say the result, in the morning where it is night; False when it had ended."""
    if not polls.close(ctx.session, poll.id, ctx.now):
        return False
    group = groups.get(ctx.session, poll.group_id)
    here = Conversation(poll.group_id, poll.channel, poll.group_id, None, group.language)
    messages.result(ctx.outbox, here, poll, polls.count_votes(ctx.session, poll), _quiet_until(ctx, poll))
    return True


def _quiet_until(ctx: Context, poll: Poll) -> datetime | None:
    return quiet_until(ctx.now, mix.get_rules(ctx.session, poll.group_id).quiet, ctx.shop.time_zone)


def _where(ctx: Context, poll: Poll) -> dict[str, Any]:
    return {
        "lane": poll.group_id, "occurred_at": ctx.now, "channel": poll.channel, "conversation": poll.group_id,
        "group_id": poll.group_id,
    }
