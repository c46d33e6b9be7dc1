"""Keeps rosters as they are signed: merges copies, makes orders of what changed, and lets an operator settle the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.context import Context
from content.ordering import merging
from content.ordering.merging import Copy, Entry, Merged
from content.ordering.roster import Roster
from content.ordering.talk import CANCEL, SET, Wish
from handlers.group_buy import claiming, rows
from handlers.group_buy.claiming import Became, Who
from handlers.group_buy.rows import Changed
from storage import claims, drops, members, rosters
from storage.base import AnyRow
from storage.drops import OnOffer

COMPARED, FOLDED = 30, 10  # copies compared with each other, and how many of the oldest are put together beyond that


@dataclass(frozen=True, slots=True)
class Signed:
    """A copy of a roster for a drop; not `is_sure` where the words do not say that it is this drop's."""

    drop_id: str
    roster: Roster
    is_sure: bool


def sign(ctx: Context, signed: Signed, on_offer: Sequence[OnOffer]) -> list[str]:
    """Take in a copy: orders of what it changed, notes of what waits or is asked about. Gives what became of its rows."""
    event, session, drop_id = ctx.event, ctx.session, signed.drop_id
    group_id, author = event.group_id or "", event.member_id or ""
    drops.lock(session, drop_id)
    stand = rosters.find_stand(session, drop_id, group_id)
    before = rows.load(stand.entries) if stand else ()
    entries = rows.entries_of(signed.roster, event.channel)
    copy_id = rosters.add_copy(
        session, drop_id=drop_id, group_id=group_id, author_id=author, author_name=(event.member_name or "")[:80],
        inbox_id=ctx.inbox_id, entries=rows.dump(entries), posted_at=event.occurred_at,
    )
    merged = _merge(ctx, drop_id, stand)
    changed = rows.differences(before, merged.entries)
    waiting = rows.why_waiting(changed, on_offer, signed.is_sure)
    _note_changes(ctx, drop_id, copy_id, changed, waiting)
    states = apply(ctx, drop_id, [one for one in changed if one not in waiting], on_offer)
    if waiting:
        _say(ctx, drop_id, author, event.member_name or "", claims.WAITS, {"why": "waits", "number": len(waiting)})
        states.append(claims.WAITS)
    if _ask(ctx, drop_id, copy_id, merged):
        states.append(claims.UNCLEAR)
    return states


def _merge(ctx: Context, drop_id: str, stand: AnyRow | None) -> Merged:
    """How the roster stands after all copies; the oldest of many are put together for good."""
    session, group_id = ctx.session, ctx.event.group_id or ""
    base, after = (rows.load(stand.base), stand.copies_after) if stand else ((), 0)
    kept = rosters.find_copies(session, drop_id, group_id, after)
    if len(kept) > COMPARED:
        folded, kept = kept[:FOLDED], kept[FOLDED:]
        base, after = merging.merge(base, _copies(folded)).entries, folded[-1].id
    merged = merging.merge(base, _copies(kept))
    rosters.set_stand(
        session, drop_id, group_id, base=rows.dump(base), entries=rows.dump(merged.entries), copies_after=after,
        changed_at=ctx.now,
    )
    return merged


def _copies(kept: Sequence[AnyRow]) -> list[Copy]:
    return [Copy(row.author_id, rows.load(row.entries), row.posted_at.timestamp()) for row in kept]


def _note_changes(
    ctx: Context, drop_id: str, copy_id: int, changed: Sequence[Changed], waiting: dict[Changed, str]
) -> None:
    """Every change is a row for the console; what waits takes the place of what waited for the same row before."""
    session, group_id = ctx.session, ctx.event.group_id or ""
    spoken = {(one.author, one.name) for one in changed}
    old = [row.id for row in rosters.find_changes(session, drop_id, [rosters.PENDING])
           if row.group_id == group_id and (row.author_id, row.name) in spoken]
    if old:
        rosters.settle(session, group_id, old, rosters.TURNED_DOWN, "rule", ctx.now)
    rosters.add_changes(session, [
        {
            "key": rows.key_of("row", copy_id, one.author, one.name), "drop_id": drop_id, "group_id": group_id,
            "copy_id": copy_id, "author_id": one.author, "author_name": name_of(ctx, one.author)[:80], "kind": one.kind,
            "name": one.name, "before": rows.words_of(one.before), "after": rows.words_of(one.after),
            "confidence": one.confidence, "state": rosters.PENDING if one in waiting else rosters.APPLIED,
            "why": waiting.get(one, ""), "created_at": ctx.now,
        }
        for one in changed
    ])


def name_of(ctx: Context, member_id: str) -> str:
    """What a member is called; of somebody we never met, nothing."""
    if member_id == ctx.event.member_id:
        return ctx.event.member_name or ""
    found = members.find(ctx.session, member_id)
    return found.name if found is not None else ""


def apply(ctx: Context, drop_id: str, changed: Sequence[Changed], on_offer: Sequence[OnOffer]) -> list[str]:
    """Make orders of changed rows, each of its author; gives what became of them."""
    states = []
    for place, one in enumerate(changed):
        became = _apply(ctx, drop_id, one, on_offer, f"{ctx.inbox_id}r{place}")
        _say(ctx, drop_id, one.author, name_of(ctx, one.author) or one.name, became.state, became.detail)
        states.append(became.state)
        if became.state == claims.REFUSED:
            rosters.fail_row(ctx.session, drop_id, ctx.event.group_id or "", one.author, one.name, str(became.detail["why"]))
        for fact in became.facts:
            ctx.emit(fact)
    return states


def _apply(ctx: Context, drop_id: str, one: Changed, on_offer: Sequence[OnOffer], cause: str) -> Became:
    """A row says how many there are in all under its name: what it no longer names is taken back."""
    had, wants = rows.lines_of(one.before, on_offer), rows.lines_of(one.after, on_offer)
    member_name = name_of(ctx, one.author) or one.name
    whose = "" if rows.is_own(one.name, member_name) else one.name
    if wants is None:
        return Became(claims.REFUSED, {"why": "unknown_offer", "whose": whose})
    note = "；".join(dict.fromkeys(wanted.note for wanted in one.after if wanted.note))[:200]
    event = ctx.event
    who = Who(event.channel, event.group_id or "", one.author, member_name[:80], cause, "roster")
    gone = tuple((sku_id, 0) for sku_id in had or {} if sku_id not in wants)
    became: Became | None = None
    if wants:
        became = claiming.fulfil(ctx.session, drop_id, who, Wish(SET, tuple(wants.items()), whose, note), ctx.now)
    if gone and (became is None or became.state != claims.REFUSED):
        less = Who(who.channel, who.group_id, who.member_id, who.member_name, cause + "-", who.source)
        then = claiming.fulfil(ctx.session, drop_id, less, Wish(CANCEL, gone, whose), ctx.now)
        facts = (*(became.facts if became else ()), *then.facts)
        became = Became(then.state, then.detail, facts)
    return became or Became(claims.SAME, {"items": [], "whose": whose})


def _ask(ctx: Context, drop_id: str, copy_id: int, merged: Merged) -> bool:
    """Ask once about rows that somebody else left out or wrote differently; nothing of them changes."""
    session, group_id = ctx.session, ctx.event.group_id or ""
    asked = {
        rows.key_of("ask", drop_id, group_id, one.entry.author, one.entry.name, one.entry.wishes, one.now and one.now.wishes): one
        for one in merged.questions
    }
    known = rosters.find_known_keys(session, list(asked))
    fresh = {key: one for key, one in asked.items() if key not in known}
    rosters.add_changes(session, [
        {
            "key": key, "drop_id": drop_id, "group_id": group_id, "copy_id": copy_id, "author_id": one.entry.author,
            "author_name": name_of(ctx, one.entry.author)[:80], "kind": rows.ASK, "name": one.entry.name,
            "before": rows.words_of(one.entry.wanted), "after": rows.words_of(one.now.wanted if one.now else ()),
            "confidence": 1.0, "state": rosters.ASKED, "why": "foreign", "created_at": ctx.now,
        }
        for key, one in fresh.items()
    ])
    if fresh:
        names = [one.entry.name for one in fresh.values()]
        event = ctx.event
        _say(ctx, drop_id, event.member_id or "", event.member_name or "", claims.UNCLEAR, {"why": "foreign", "names": names})
    return bool(fresh)


def _say(ctx: Context, drop_id: str, member_id: str, name: str, state: str, detail: dict[str, Any]) -> None:
    """Note what is to be answered in the group."""
    event = ctx.event
    claims.keep(
        ctx.session, group_id=event.group_id, drop_id=drop_id, member_id=member_id, member_name=name[:80],
        inbox_id=ctx.inbox_id, message_id=str(getattr(event, "message_id", ""))[:120], text="", state=state,
        detail=detail, created_at=ctx.now,
    )


def settle(ctx: Context, change_ids: Sequence[int], is_approved: bool, by: str) -> list[str]:
    """An operator's word on waiting rows of this group: those approved become orders as they stood."""
    state = rosters.APPROVED if is_approved else rosters.TURNED_DOWN
    settled = rosters.settle(ctx.session, ctx.event.group_id or "", change_ids, state, by[:40], ctx.now)
    states: list[str] = []
    for drop_id in dict.fromkeys(row.drop_id for row in settled if is_approved):
        changed = [
            Changed(row.kind, row.author_id, row.name, _wanted(row.before), _wanted(row.after))
            for row in settled if row.drop_id == drop_id
        ]
        states += apply(ctx, drop_id, changed, drops.find_offered(ctx.session, drop_id))
    return states


def _wanted(written: str) -> Any:
    return rows.wanted_of(json.loads(written))


def known_rows(ctx: Context, drop_id: str, entries: Sequence[Entry]) -> None:
    """The roster stands as we show it: copies are compared with this from now on."""
    group_id = ctx.event.group_id or ""
    stand = rosters.find_stand(ctx.session, drop_id, group_id)
    kept = rosters.find_copies(ctx.session, drop_id, group_id, stand.copies_after if stand else 0)
    written = rows.dump(entries)
    rosters.set_stand(
        ctx.session, drop_id, group_id, base=written, entries=written, changed_at=ctx.now,
        copies_after=kept[-1].id if kept else stand.copies_after if stand else 0,
    )
