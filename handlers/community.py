"""Keeps who is in which group, and what the groups are about."""

from __future__ import annotations

from typing import Any

from bot.context import Context
from bot.events import (
    GroupClosed,
    GroupFound,
    HearingBack,
    HearingLost,
    MemberJoined,
    MemberLeft,
    MembersListed,
    TopicChanged,
)
from bot.routing import Routes
from storage import groups, inbox, members

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
    ctx.decide("deaf", (fact.text or "")[:200])


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


@routes.fact(MembersListed)
def listed(ctx: Context, fact: MembersListed) -> None:
    """Who is there and was not before joined unheard; who is gone left unheard. The first list only says who is there."""
    group_id = fact.group_id or ""
    there = {member_id: (name, inviter_id) for member_id, name, inviter_id in fact.members}
    before = groups.find_present_ids(ctx.session, group_id)
    members.keep(ctx.session, [(member_id, fact.channel, there[member_id][0]) for member_id in sorted(there)], ctx.now)
    come = sorted(there.keys() - before)
    gone = sorted(before - there.keys()) if fact.is_whole else []
    if inbox.find_last_of(ctx.session, "MembersListed", group_id) is None:
        groups.join_all(ctx.session, {(group_id, member_id): ctx.now for member_id in come})
    else:
        for member_id in come:
            ctx.emit(_unheard(MemberJoined, fact, member_id, there[member_id][0], inviter_id=there[member_id][1] or None))
    for member_id in gone:
        ctx.emit(_unheard(MemberLeft, fact, member_id, None))
    ctx.decide("done" if come or gone else "known", f"{len(come)} came, {len(gone)} left")


def _unheard(
    kind: type[MemberJoined] | type[MemberLeft], fact: MembersListed, member_id: str, name: str | None, **more: Any
) -> MemberJoined | MemberLeft:
    """A join or a leave the channel never told of."""
    return kind(
        key=f"{fact.key}:{member_id}"[:200], lane=fact.lane, occurred_at=fact.occurred_at, channel=fact.channel,
        conversation=fact.conversation, group_id=fact.group_id, member_id=member_id, member_name=name, **more,
    )
