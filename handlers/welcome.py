"""Welcomes members once per join; several who come within a minute are greeted together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.context import Context
from bot.events import GreetingDue, MemberJoined
from bot.outbox import NOTICE, Conversation, Outbox
from bot.routing import Routes
from storage import groups
from storage.groups import SPEAK_OFF, Group

SOON_SECONDS = 4  # a breath for those who come together
APART = timedelta(seconds=60)  # between two greetings in one group
MAX_NAMES = 5
TOO_OLD_SECONDS = 3_600  # who came longer ago than this, unheard, is no newcomer any more

routes = Routes("welcome")


@routes.fact(MemberJoined)
def joined(ctx: Context, fact: MemberJoined) -> None:
    group = groups.get(ctx.session, fact.group_id or "")
    if not group.is_welcoming or group.speaks == SPEAK_OFF:
        return
    if ctx.is_late(TOO_OLD_SECONDS):
        membership = groups.find_membership(ctx.session, group.id, fact.member_id or "")
        if membership is not None and membership.greeted_at is None:
            membership.greeted_at = ctx.now
        return
    seconds = float(SOON_SECONDS)
    if group.greeted_at is not None:
        seconds = max(seconds, (group.greeted_at + APART - ctx.now).total_seconds())
    due = GreetingDue(
        key=f"greeting:{fact.key}", lane=fact.lane, occurred_at=ctx.now, channel=fact.channel,
        conversation=fact.conversation, group_id=fact.group_id,
    )
    ctx.later(due, seconds)


@routes.fact(GreetingDue)
def greeting_due(ctx: Context, fact: GreetingDue) -> None:
    group = groups.get(ctx.session, fact.group_id or "")
    newcomers = groups.find_ungreeted(ctx.session, group.id)
    # Whoever came after the last greeting has a greeting of their own on the way.
    if not newcomers or (group.greeted_at is not None and ctx.now - group.greeted_at < APART):
        ctx.decide("silent", "nobody to greet")
        return
    groups.mark_greeted(ctx.session, [one.id for one in newcomers], group.id, ctx.now)
    welcomed(ctx.outbox, ctx.here, group, [one.name for one in newcomers], ctx.shop.bot_name)
    ctx.decide("answered", f"{len(newcomers)} welcomed")


def welcomed(outbox: Outbox, here: Conversation, group: Group, names: Sequence[str], bot_name: str) -> None:
    """Says who has come, by name up to five of them, and what we can do."""
    outbox.say(
        here, "welcome/welcomed", priority=NOTICE, names=list(names[:MAX_NAMES]), more=max(0, len(names) - MAX_NAMES),
        group=group.name, bot_name=bot_name,
    )
