"""Hears rosters (接龙) that members sign for a drop, an operator's word on rows that wait, and wishes to see the list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.context import Context
from bot.events import MessageReceived
from bot.routing import Routes
from bot.signing import RosterAsked, RosterSettleAsked
from content.ordering import native
from content.ordering import roster as grammar
from content.ordering.roster import Roster
from handlers.group_buy import answering, listing, naming, signing_up
from handlers.group_buy.signing_up import Signed
from storage import drops, groups, rosters
from storage.base import AnyRow
from storage.drops import OnOffer

SHOW = re.compile(r"(?:@\S+\s*)?(?:看看|发一?下)?接龙(?:名单|列表)[!！?？。~～]*|(?:@\S+\s*)?show the list[.!?]*", re.IGNORECASE)
SHOWN_EVERY = 60  # seconds between two lists asked for by members
CLOSED_LATELY = timedelta(days=3)

routes = Routes("group_buy")


@dataclass(frozen=True, slots=True)
class Late:
    """A roster for a drop that is over."""

    drop: AnyRow


@dataclass(frozen=True, slots=True)
class Heard:
    """A roster for one of our drops."""

    roster: Signed | Late


@dataclass(frozen=True, slots=True)
class ListWanted:
    """A member wants to see who has signed."""

    drop_id: str


def parse_roster(message: MessageReceived) -> Roster | None:
    """WeChat's own block tells more than the text; where it does not fit the text alone speaks."""
    if message.group_id is None or not message.text:
        return None
    if message.roster:
        found = native.read(message.text, message.roster)
        if found is not None:
            return found
    found = grammar.read(message.text)
    return found if found is not None and found.rows else None


def look_roster(ctx: Context, roster: Roster) -> Signed | Late | None:
    """Which drop a roster is for; None for one that is about something else."""
    group = ctx.settings
    if group is None or not group.is_taken or group.speaks == groups.SPEAK_OFF:
        return None
    group_id, head = ctx.event.group_id or "", f"{roster.head}\n{roster.menu.text}"
    named = naming.of_drop_named(group.on_offer, head)
    if len(named) == 1:
        return Signed(next(iter(named)), roster, True)
    late = _closed(ctx, group_id, head)
    if late is not None:
        return late
    if not group.on_offer:
        return None
    open_ids = list(dict.fromkeys(one.drop_id for one in group.on_offer))
    stand = rosters.find_newest_stand(ctx.session, group_id)
    is_going_on = stand is not None and stand.drop_id in open_ids
    is_plain = not re.sub(r"[\W_]|接龙", "", roster.head)
    if is_plain and (len(open_ids) == 1 or is_going_on):
        return Signed(stand.drop_id if stand is not None and is_going_on else open_ids[0], roster, True)
    if _fits(roster, group.on_offer) or is_plain:
        return Signed(open_ids[0], roster, False)
    return None


def _fits(roster: Roster, on_offer: tuple[OnOffer, ...]) -> bool:
    """Do its rows count what is on offer here?"""
    return any(one.variant and len(one.variant) > 1 and naming.having_name(on_offer, one.variant) for one in roster.wanted)


def _closed(ctx: Context, group_id: str, head: str) -> Late | None:
    """A drop closed lately that a roster names, or that was the last to be signed for here."""
    over = drops.find_closed(ctx.session, group_id, ctx.now - CLOSED_LATELY)
    if not over:
        return None
    named = [drop for drop in over if naming.of_drop_named(drops.find_offered(ctx.session, drop.id), head)]
    if named:
        return Late(named[0])
    stand = rosters.find_newest_stand(ctx.session, group_id)
    has_open = ctx.settings is not None and bool(ctx.settings.on_offer)
    last = next((drop for drop in over if stand is not None and drop.id == stand.drop_id and not has_open), None)
    return None if last is None or re.sub(r"[\W_]|接龙", "", head) else Late(last)


def look_ours(ctx: Context, roster: Roster) -> Heard | None:
    found = look_roster(ctx, roster)
    return None if found is None else Heard(found)


@routes.looked(parse_roster, look_ours)
def signed(ctx: Context, heard: Heard) -> None:
    copy = heard.roster
    if isinstance(copy, Late):
        _late(ctx, copy.drop)
        return
    states = signing_up.sign(ctx, copy, drops.find_offered(ctx.session, copy.drop_id))
    ctx.decide("done", ",".join(sorted(set(states))) or "nothing new", 1.0)
    answering.answer(ctx)


def _late(ctx: Context, drop: AnyRow) -> None:
    """Say once that a drop takes no more; later copies are only noted in the log."""
    group_id = ctx.event.group_id or ""
    drops.lock(ctx.session, drop.id)
    stand = rosters.find_stand(ctx.session, drop.id, group_id)
    if stand is not None and stand.closed_said_at is not None:
        ctx.decide("silent", "closed, said before")
        return
    rosters.set_stand(
        ctx.session, drop.id, group_id, closed_said_at=ctx.now, changed_at=stand.changed_at if stand else ctx.now
    )
    listing.roster_closed(ctx, drop)
    ctx.decide("refused", "not_open")


def parse_show(message: MessageReceived) -> str | None:
    text = message.text
    if not text or message.group_id is None or len(text) > 30 or not SHOW.fullmatch(text.strip()):
        return None
    return text


def look_show(ctx: Context, _text: str) -> ListWanted | None:
    group = ctx.settings
    if group is None or not group.on_offer or not group.is_taken or group.speaks == groups.SPEAK_OFF:
        return None
    return ListWanted(group.on_offer[0].drop_id)


@routes.looked(parse_show, look_show)
def list_wanted(ctx: Context, request: ListWanted) -> None:
    is_again = any(heard.text and SHOW.fullmatch(heard.text.strip()) for heard in ctx.recent(SHOWN_EVERY))
    if is_again:
        ctx.decide("silent", "shown just now")
        return
    listing.show(ctx, request.drop_id)
    ctx.decide("answered", "roster", 1.0)


@routes.fact(RosterAsked)
def roster_asked(ctx: Context, fact: RosterAsked) -> None:
    listing.show(ctx, fact.drop_id)
    ctx.decide("answered", "roster")


@routes.fact(RosterSettleAsked)
def settle_asked(ctx: Context, fact: RosterSettleAsked) -> None:
    states = signing_up.settle(ctx, fact.change_ids, fact.is_approved, fact.by)
    ctx.decide("done", ",".join(sorted(set(states))) or "settled")
    answering.answer(ctx)
