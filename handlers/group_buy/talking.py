"""Hears orders in the talk of a group («+1», «我要2份», «不要了») where a drop is open, and takes them back when quoted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.context import Context
from bot.events import MessageReceived
from bot.routing import Routes
from bot.signing import ClaimSummaryDue
from content.ordering import talk, words
from content.ordering.talk import ADD, CANCEL, LESS, Wish
from handlers.group_buy import answering, claiming, naming, wishing
from handlers.group_buy.claiming import Who
from handlers.group_buy.wishing import AskedBack, Bound, Mine
from storage import claims, groups, outbox
from storage.base import AnyRow
from storage.drops import OnOffer

UNDO = re.compile(r"(?:@\S+\s*)?(?:撤回|取消|撤销|undo)(?:一下|吧|了)?[!！。~～]*", re.IGNORECASE)
YES = re.compile(r"(?:@\S+\s*)?(?:是的?|对的?|确认|确定|没错|嗯+|yes)(?:\s*\d{1,3}\s*份?)?[!！。~～]*", re.IGNORECASE)
SHORT = 20  # an answer to what we asked back is not longer
ANSWERED_IN = timedelta(minutes=10)

routes = Routes("group_buy")


@dataclass(frozen=True, slots=True)
class Words:
    """A message that may order something."""

    text: str
    is_ordering: bool


@dataclass(frozen=True, slots=True)
class Wished:
    """What a member's words mean for the drops here; `answers` is the question of ours they answer."""

    text: str
    meant: Sequence[Bound | AskedBack]
    answers: AnyRow | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """Orders a member takes back by quoting them."""

    rows: Sequence[AnyRow]


def parse_undo(message: MessageReceived) -> str | None:
    text = message.text
    if not text or message.group_id is None or not (message.quotes or message.quoted_text) or len(text) > SHORT:
        return None
    return text if UNDO.fullmatch(text.strip()) else None


def look_undo(ctx: Context, text: str) -> Undo | None:
    event = ctx.event
    if not isinstance(event, MessageReceived) or not _is_shop(ctx):
        return None
    group_id, member_id = event.group_id or "", event.member_id or ""
    rows: Sequence[AnyRow] = ()
    if event.quotes:
        rows = claims.find_to_undo(ctx.session, group_id, member_id, message_id=event.quotes)
        said = None if rows else outbox.find_cause(ctx.session, group_id, event.quotes)
        if said is not None:
            rows = claims.find_to_undo(ctx.session, group_id, member_id, said_in=said)
    if not rows and event.quoted_text:
        rows = claims.find_to_undo(ctx.session, group_id, member_id, text=event.quoted_text[:120])[:1]
    return Undo(rows) if rows else None


@routes.looked(parse_undo, look_undo)
def undo(ctx: Context, asked: Undo) -> None:
    became = []
    for row in asked.rows:
        detail = json.loads(row.detail)
        wish = Wish(CANCEL, (), detail.get("whose", ""))
        became.append((row.drop_id, claiming.fulfil(
            ctx.session, row.drop_id, _who(ctx), wish, ctx.now, is_undoing=detail["delta"]
        )))
        if became[-1][1].state == claims.ACCEPTED:
            claims.change_state(ctx.session, [row.id], claims.UNDONE)
    for drop_id, one in became:
        _note(ctx, drop_id, claims.UNDONE if one.state == claims.ACCEPTED else one.state, one.detail)
        for fact in one.facts:
            ctx.emit(fact)
    ctx.decide("done", "taken back", 1.0)
    answering.answer(ctx)


def parse_words(message: MessageReceived) -> Words | None:
    text = message.text
    if message.group_id is None or not text or message.roster is not None or len(text) > talk.LONGEST:
        return None
    is_ordering = words.MAYBE.search(text) is not None
    return Words(text.strip(), is_ordering) if is_ordering or len(text) <= SHORT else None


def _is_shop(ctx: Context) -> bool:
    """Is something on offer here, where we may speak?"""
    group = ctx.settings
    return group is not None and bool(group.on_offer) and group.is_taken and group.speaks != groups.SPEAK_OFF


def look_words(ctx: Context, said: Words) -> Wished | None:
    if not _is_shop(ctx) or ctx.settings is None:
        return None
    on_offer, member_id = ctx.settings.on_offer, ctx.event.member_id or ""
    wish = talk.understand(said.text, naming.offers_of(on_offer)) if said.is_ordering else None
    if wish is None:
        return _look_answer(ctx, said, on_offer)
    mine = {}
    if wish.kind in (ADD, CANCEL, LESS) or any(not offer_id for offer_id, _ in wish.lines):
        mine = _mine(ctx, on_offer, member_id)
    meant = wishing.bind(wish, on_offer, mine)
    return Wished(said.text, meant) if meant else None


def _mine(ctx: Context, on_offer: Sequence[OnOffer], member_id: str) -> dict[str, Mine]:
    ids = sorted({one.drop_id for one in on_offer})
    return {drop_id: claiming.find_mine(ctx.session, drop_id, member_id) for drop_id in ids}


def _look_answer(ctx: Context, said: Words, on_offer: Sequence[OnOffer]) -> Wished | None:
    """«车厘子», «B», «确认» after we asked back."""
    named = naming.having_name(on_offer, said.text) if len(said.text) <= SHORT else []
    is_yes = YES.fullmatch(said.text) is not None
    if not named and not is_yes:
        return None
    event = ctx.event
    asked = claims.find_last_of(ctx.session, event.group_id or "", event.member_id or "", ctx.now - ANSWERED_IN)
    if asked is None or asked.state != claims.UNCLEAR:
        return None
    detail = json.loads(asked.detail)
    if "wish" not in detail:
        return None
    wish = Wish(**{**detail["wish"], "lines": tuple((one, count) for one, count in detail["wish"]["lines"])})
    if detail["why"] == "which" and len(named) == 1:
        only = naming.id_of(named[0])
        wish = replace(wish, lines=tuple((only, count) for _, count in wish.lines))
        if wish.kind == CANCEL and not wish.lines:
            on_offer = [one for one in on_offer if one.drop_id == named[0].drop_id]
    elif detail["why"] != "many" or not is_yes:
        return None
    is_sure = detail["why"] == "many"
    meant = wishing.bind(wish, on_offer, _mine_in(ctx, on_offer), is_sure)
    return Wished(said.text, meant, asked) if meant else None


def _mine_in(ctx: Context, on_offer: Sequence[OnOffer]) -> dict[str, Mine]:
    return _mine(ctx, on_offer, ctx.event.member_id or "")


@routes.looked(parse_words, look_words)
def wished(ctx: Context, request: Wished) -> None:
    states = []
    for one in request.meant:
        if isinstance(one, AskedBack):
            states.append(_ask_back(ctx, one))
            continue
        became = claiming.fulfil(ctx.session, one.drop_id, _who(ctx), one.wish, ctx.now)
        _note(ctx, one.drop_id, became.state, became.detail)
        states.append(became.state)
        for fact in became.facts:
            ctx.emit(fact)
    if request.answers is not None:
        claims.change_state(ctx.session, [request.answers.id], claims.ANSWERED)
    outcome = "done" if claims.ACCEPTED in states else "asked_back" if claims.UNCLEAR in states else "refused"
    ctx.decide("done" if states == [claims.SAME] else outcome, ",".join(states), 1.0)
    answering.answer(ctx)


def _ask_back(ctx: Context, asked: AskedBack) -> str:
    """Ask which, or whether so many; who was asked just now is only told how to answer."""
    event = ctx.event
    last = claims.find_last_of(ctx.session, event.group_id or "", event.member_id or "", ctx.now - ANSWERED_IN)
    ids = {one.drop_id for one in asked.choices}
    wish = asked.wish
    _note(ctx, next(iter(ids)) if len(ids) == 1 else None, claims.UNCLEAR, {
        "why": asked.why, "number": asked.number, "choices": naming.shown(asked.choices, len(ids) == 1),
        "is_again": last is not None and last.state == claims.UNCLEAR, "kind": wish.kind,
        "wish": {"kind": wish.kind, "lines": [list(line) for line in wish.lines], "whose": wish.whose, "note": wish.note},
    })
    return claims.UNCLEAR


def _who(ctx: Context) -> Who:
    event = ctx.event
    return Who(
        event.channel, event.group_id or "", event.member_id or "", event.member_name or "", str(ctx.inbox_id), "talk"
    )


def _note(ctx: Context, drop_id: str | None, state: str, detail: dict[str, object]) -> None:
    event = ctx.event
    claims.keep(
        ctx.session, group_id=event.group_id, drop_id=drop_id, member_id=event.member_id or "",
        member_name=(event.member_name or "")[:80], inbox_id=ctx.inbox_id,
        message_id=(event.message_id if isinstance(event, MessageReceived) else "")[:120],
        text=(event.text or "")[:120], state=state, detail=detail, created_at=ctx.now,
    )


@routes.fact(ClaimSummaryDue)
def summary_due(ctx: Context, fact: ClaimSummaryDue) -> None:
    answering.sum_up(ctx)


