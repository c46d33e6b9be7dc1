"""Hears drops coming due, members claiming places, and what money does to seats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.context import Context
from bot.event import Event
from bot.events import MessageReceived
from bot.routing import Routes
from bot.telling import lane_of
from bot.trading import (
    DropCancelAsked,
    DropCancelled,
    DropClosingDue,
    DropJoinAsked,
    DropOpened,
    DropOpeningDue,
    DropProgressDue,
    DropReminderDue,
    HelpAsked,
    HoldsDue,
    LateMoneyArrived,
    OrderCancelAsked,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    TeamExpired,
    TeamExpiryDue,
    TeamFormed,
)
from handlers.group_buy import actions, checkout, late, messages, rules, teaming
from handlers.group_buy.rules import No
from handlers.group_buy.selling import Claim, Sold
from storage import claims, drops, orders, teams
from storage.ids import TEAM_CODE

JOIN = re.compile(
    r"(?:@\S+\s*)?(?P<what>参团|开团|join|start)\s*(?P<code>[2-9A-HJ-NP-Z]{4,5})(?:\s+(?P<mark>[A-Z]))?"
    r"(?:\s*[x×*]?\s*(?P<count>\d{1,4})\s*份?)?[!！。~～]*", re.IGNORECASE,
)
LONGEST = 40
SUMMARY_SECONDS = 20  # at most one summary in a group in this time
LAST_HOUR = timedelta(hours=1)

routes = Routes("group_buy")


@dataclass(frozen=True, slots=True)
class JoinWanted:
    """A member joins by a code that was said in the group."""

    code: str
    mark: str
    count: int
    is_new_team: bool


def parse_join_wanted(message: MessageReceived) -> JoinWanted | None:
    text = message.text
    if not text or len(text) > LONGEST:
        return None
    found = JOIN.fullmatch(text.strip())
    if found is None:
        return None
    is_new_team = found["what"].lower() in ("开团", "start")
    return JoinWanted(found["code"].upper(), (found["mark"] or "").upper(), int(found["count"] or 1), is_new_team)


@routes.message(parse_join_wanted)
def join_wanted(ctx: Context, request: JoinWanted) -> None:
    team = teams.find_by_code(ctx.session, request.code) if len(request.code) == TEAM_CODE else None
    drop = drops.find(ctx.session, team.drop_id) if team else drops.find_by_code(ctx.session, request.code)
    if drop is None:
        _refuse(ctx, No("unknown_code", code=request.code))
        return
    offers = drops.find_offers(ctx.session, drop.id)
    meant = [one for one in offers if one.mark == request.mark] if request.mark else offers
    if len(meant) != 1:
        _refuse(ctx, No("which_offer", code=request.code))
        return
    event = ctx.event
    ctx.emit(DropJoinAsked(
        key=f"join:{event.key}", lane=event.lane, occurred_at=event.occurred_at, channel=event.channel,
        conversation=event.conversation, group_id=event.group_id, member_id=ctx.sender().id,
        member_name=event.member_name, drop_id=drop.id, skus=(meant[0].sku_id,), quantities=(request.count,),
        team=team.code if team else "new" if request.is_new_team else "", source="talk", is_said=True,
    ))
    ctx.decide("done", drop.id, 1.0)


def _refuse(ctx: Context, no: No) -> None:
    messages.refused(ctx.outbox, ctx.here, no)
    ctx.decide("refused", no.why)


@routes.together(DropJoinAsked)
def join_asked(heard: Sequence[tuple[Context, DropJoinAsked]]) -> None:
    by_drop: dict[str, list[tuple[Context, DropJoinAsked]]] = {}
    for ctx, fact in heard:
        by_drop.setdefault(fact.drop_id, []).append((ctx, fact))
    for drop_id, some in sorted(by_drop.items()):
        first = some[0][0]
        if drops.find(first.session, drop_id) is None:
            for ctx, fact in some:
                _answer(ctx, fact, No("unknown_code"))
            continue
        settled = checkout.claim_all(first.session, drop_id, [_claim_of(ctx, fact) for ctx, fact in some], first.now)
        for (ctx, fact), one in zip(some, settled, strict=True):
            _tell(ctx, one.facts)
            _answer(ctx, fact, one.result)


def _claim_of(ctx: Context, fact: DropJoinAsked) -> Claim:
    is_even = len(fact.skus) == len(set(fact.skus)) == len(fact.quantities)
    return Claim(
        cause=str(ctx.inbox_id), channel=fact.channel, group_id=fact.group_id, member_id=fact.member_id or "",
        member_name=fact.member_name or "", lines=dict(zip(fact.skus, fact.quantities, strict=True)) if is_even else {},
        mode="set" if fact.mode == "set" else "add", team=fact.team[:10],
        if_late=orders.NEXT_TEAM if fact.if_late == orders.NEXT_TEAM else orders.REFUND, source=fact.source[:10],
        pickup_point=fact.pickup_point[:120], address=fact.address and fact.address[:1000], note=fact.note[:400],
    )


def _answer(ctx: Context, fact: DropJoinAsked, result: Sold | No) -> None:
    if isinstance(result, No):
        ctx.decide("refused", result.why)
        if fact.is_said:
            messages.refused(ctx.outbox, ctx.here, result)
        return
    ctx.decide("done", result.order_id)
    if fact.is_said:
        messages.joined(ctx.outbox, ctx.here, result)


def _tell(ctx: Context, facts: Iterable[Event]) -> None:
    for fact in facts:
        ctx.emit(fact)


def _cause(ctx: Context) -> str:
    return str(ctx.inbox_id)


@routes.fact(DropOpeningDue)
def opening_due(ctx: Context, fact: DropOpeningDue) -> None:
    _tell(ctx, actions.open_drop(ctx.session, fact.drop_id, _cause(ctx), ctx.now))


@routes.fact(DropClosingDue)
def closing_due(ctx: Context, fact: DropClosingDue) -> None:
    drop = drops.get(ctx.session, fact.drop_id)
    if fact.is_early or not rules.is_open(drop, ctx.now):
        _tell(ctx, actions.close_drop(ctx.session, fact.drop_id, _cause(ctx), ctx.now))


@routes.fact(DropCancelAsked)
def cancel_asked(ctx: Context, fact: DropCancelAsked) -> None:
    why = fact.text or "called off"
    _tell(ctx, actions.cancel_drop(ctx.session, fact.drop_id, why, _cause(ctx), ctx.now, fact.by[:40] or "operator"))


@routes.fact(DropOpened)
def opened(ctx: Context, fact: DropOpened) -> None:
    drop = drops.get(ctx.session, fact.drop_id)
    messages.drop_opened(ctx, drop)
    if drop.closes_at - LAST_HOUR > ctx.now:
        due = DropReminderDue(
            key=f"drop-reminder:{drop.id}", lane=lane_of(drop.id), occurred_at=ctx.now, channel="",
            conversation=lane_of(drop.id), drop_id=drop.id,
        )
        ctx.later(due, (drop.closes_at - LAST_HOUR - ctx.now).total_seconds())


@routes.fact(DropReminderDue)
def reminder_due(ctx: Context, fact: DropReminderDue) -> None:
    drop = drops.get(ctx.session, fact.drop_id)
    if rules.is_open(drop, ctx.now):
        messages.last_hour(ctx, drop)


@routes.fact(DropCancelled)
def cancelled(ctx: Context, fact: DropCancelled) -> None:
    messages.drop_cancelled(ctx, drops.get(ctx.session, fact.drop_id))


@routes.fact(OrderPlaced)
def placed(ctx: Context, fact: OrderPlaced) -> None:
    """Say how a drop goes, in the group it was joined from, at most once in a while."""
    if fact.group_id is None or not fact.drop_id:
        return
    window = int(ctx.now.timestamp()) // SUMMARY_SECONDS
    due = DropProgressDue(
        key=f"progress:{fact.drop_id}:{fact.group_id}:{window}", lane=lane_of(fact.drop_id), occurred_at=ctx.now,
        channel=fact.channel, conversation=fact.group_id, group_id=fact.group_id, drop_id=fact.drop_id,
    )
    ctx.later(due, (window + 1) * SUMMARY_SECONDS - ctx.now.timestamp())


@routes.fact(DropProgressDue)
def progress_due(ctx: Context, fact: DropProgressDue) -> None:
    drop = drops.get(ctx.session, fact.drop_id)
    last = claims.find_last_said_at(ctx.session, fact.group_id or "")
    is_summed_up = last is not None and ctx.now - last < timedelta(seconds=SUMMARY_SECONDS)
    if is_summed_up or claims.find_waiting(ctx.session, fact.group_id or "", 1):
        ctx.decide("silent", "orders are summed up")
    elif rules.is_open(drop, ctx.now):
        messages.progress(ctx, drop)


@routes.fact(HoldsDue)
def holds_due(ctx: Context, fact: HoldsDue) -> None:
    _tell(ctx, teaming.expire_holds(ctx.session, fact.drop_id, _cause(ctx), ctx.now))


@routes.fact(TeamExpiryDue)
def team_expiry_due(ctx: Context, fact: TeamExpiryDue) -> None:
    _tell(ctx, teaming.expire_team(ctx.session, fact.drop_id, fact.team_id, _cause(ctx), ctx.now))


@routes.fact(OrderPaid)
def order_paid(ctx: Context, fact: OrderPaid) -> None:
    if fact.drop_id:
        _tell(ctx, teaming.order_paid(ctx.session, fact.order_id, _cause(ctx), ctx.now))


@routes.fact(LateMoneyArrived)
def late_money_arrived(ctx: Context, fact: LateMoneyArrived) -> None:
    _tell(ctx, late.late_money(ctx.session, fact.order_id, _cause(ctx), ctx.now))


@routes.fact(OrderRefunded)
def order_refunded(ctx: Context, fact: OrderRefunded) -> None:
    if orders.get(ctx.session, fact.order_id).status == orders.REFUNDED:
        teams.move(ctx.session, [fact.order_id], (teams.REFUND_DUE, teams.CONFIRMED), teams.REFUNDED)


@routes.fact(TeamFormed)
def team_formed(ctx: Context, fact: TeamFormed) -> None:
    messages.team_formed(ctx, drops.get(ctx.session, fact.drop_id), teams.get(ctx.session, fact.team_id))


@routes.fact(TeamExpired)
def team_expired(ctx: Context, fact: TeamExpired) -> None:
    messages.team_expired(ctx, drops.get(ctx.session, fact.drop_id), teams.get(ctx.session, fact.team_id))


@routes.fact(OrderCancelAsked)
def order_cancel_asked(ctx: Context, fact: OrderCancelAsked) -> None:
    member_id = fact.member_id if fact.by == "member" else None
    ended = actions.cancel_order(ctx.session, fact.order_id, _cause(ctx), ctx.now, fact.by[:40], fact.text or "", member_id)
    if isinstance(ended, No):
        ctx.decide("refused", ended.why)
        return
    _tell(ctx, ended)
    ctx.decide("done", fact.order_id)


@routes.fact(HelpAsked)
def help_asked(ctx: Context, fact: HelpAsked) -> None:
    helped = actions.help_bargain(ctx.session, fact.order_id, fact.member_id or "", _cause(ctx), ctx.now)
    if isinstance(helped, No):
        ctx.decide("refused", helped.why)
        return
    _tell(ctx, helped[1])
    ctx.decide("done", str(helped[0]))
