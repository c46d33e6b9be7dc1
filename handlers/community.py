"""Keeps who is in which group, and what the groups are about."""

from __future__ import annotations

from bot.context import Context
from bot.events import GroupClosed, GroupFound, HearingBack, HearingLost, MemberJoined, MemberLeft, TopicChanged
from bot.routing import Routes
from storage import groups

routes = Routes("community")


@routes.fact(GroupFound)
def found(ctx: Context, fact: GroupFound) -> None:
    group = groups.get(ctx.session, fact.group_id or "")
    name = (fact.text or "")[:120]
    is_news = bool(name) and group.name != name
    if is_news:
        group.name = name
    ctx.decide("done" if is_news else "known")


@routes.fact(GroupClosed)
def closed(ctx: Context, fact: GroupClosed) -> None:
    group = groups.get(ctx.session, fact.group_id or "")
    is_news = group.closed_at is None
    if is_news:
        group.closed_at = ctx.now
    ctx.decide("done" if is_news else "known")


@routes.fact(HearingLost)
def hearing_lost(ctx: Context, fact: HearingLost) -> None:
    ctx.decide("deaf", fact.text)


@routes.fact(HearingBack)
def hearing_back(ctx: Context, fact: HearingBack) -> None:
    ctx.decide("done", f"since {fact.lost_at}")


@routes.fact(MemberJoined)
def joined(ctx: Context, fact: MemberJoined) -> None:
    is_new = groups.join(ctx.session, fact.group_id or "", fact.member_id or "", ctx.now, fact.inviter_id)
    ctx.decide("done" if is_new else "known", None if is_new else "already in the group")


@routes.fact(MemberLeft)
def left(ctx: Context, fact: MemberLeft) -> None:
    groups.leave(ctx.session, fact.group_id or "", fact.member_id or "", ctx.now)
    ctx.decide("done")


@routes.fact(TopicChanged)
def topic_changed(ctx: Context, fact: TopicChanged) -> None:
    group = groups.get(ctx.session, fact.group_id or "")
    group.topic = (fact.text or "")[:400]
    ctx.decide("done")
