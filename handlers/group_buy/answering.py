"""Answers orders said in a group: at once where it is quiet, else together, at most once in twenty seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.outbox import NOTICE, Conversation
from bot.signing import ClaimSummaryDue
from content.masking import masked
from storage import claims
from storage.base import AnyRow

APART = timedelta(seconds=20)
MOST_NAMED = 20  # rows of one kind shown in a summary
LONGEST_NAME = 20


def answer(ctx: Context) -> None:
    """Answer what was noted for this event: now if nothing was answered here lately, else in the next summary."""
    group_id = ctx.event.group_id or ""
    last = claims.find_last_said_at(ctx.session, group_id)
    waiting = claims.find_waiting(ctx.session, group_id)
    if not waiting:
        return
    is_alone = all(row.inbox_id == ctx.inbox_id for row in waiting)
    if is_alone and (last is None or ctx.now - last >= APART):
        is_own = all(row.member_id == ctx.event.member_id for row in waiting)
        _say(ctx, waiting, mention=ctx.event.member_id if is_own else None)
    else:
        _put_off(ctx, group_id, waiting[0], last)


def _put_off(ctx: Context, group_id: str, first: AnyRow, last: datetime | None) -> None:
    """One summary for all that waits: its key is what has waited longest."""
    event = ctx.event
    due = ClaimSummaryDue(
        key=f"claims:{group_id}:{first.id}", lane=group_id, occurred_at=ctx.now, channel=event.channel,
        conversation=group_id, group_id=group_id,
    )
    ctx.later(due, max(0.0, ((last or ctx.now) + APART - ctx.now).total_seconds()))


def sum_up(ctx: Context) -> None:
    """Answer all that waits in the group."""
    group_id = ctx.event.group_id or ""
    waiting = claims.find_waiting(ctx.session, group_id)
    last = claims.find_last_said_at(ctx.session, group_id)
    if not waiting:
        ctx.decide("silent", "nothing to answer")
    elif last is not None and ctx.now - last < APART:
        _put_off(ctx, group_id, waiting[0], last)
        ctx.decide("silent", "answered just now")
    else:
        _say(ctx, waiting, mention=None)
        ctx.decide("answered", f"{len(waiting)} orders", 1.0)


def _say(ctx: Context, rows: Sequence[AnyRow], mention: str | None) -> None:
    claims.mark_said(ctx.session, [row.id for row in rows], ctx.inbox_id, ctx.now)
    newest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        one = _shown(row)
        newest[row.member_id, row.drop_id, one["whose"], one.get("why")] = one
    shown = list(newest.values())
    claims_answered(ctx, ctx.here, shown, mention)


def _shown(row: AnyRow) -> dict[str, Any]:
    """A row in the words' terms: no notes, no addresses, no phone numbers in names."""
    detail: dict[str, Any] = json.loads(row.detail)
    return detail | {
        "state": row.state, "who": masked(row.member_name)[:LONGEST_NAME] or "?",
        "whose": masked(detail.get("whose", ""))[:LONGEST_NAME], "items": detail.get("items", []),
        "names": [masked(name)[:LONGEST_NAME] for name in detail.get("names", [])[:MOST_NAMED]],
    }


def claims_answered(ctx: Context, here: Conversation, shown: list[dict[str, Any]], mention: str | None) -> None:
    """Says what is noted, what is unclear, and what could not be had: to one member, or of many in one list."""
    accepted = [one for one in shown if one["state"] in (claims.ACCEPTED, claims.SAME, claims.UNDONE)]
    unclear = [one for one in shown if one["state"] == claims.UNCLEAR]
    refused = [one for one in shown if one["state"] in (claims.REFUSED, claims.WAITS)]
    if not (accepted or unclear or refused):
        return
    ctx.outbox.say(
        Conversation(here.id, here.channel, here.group_id, mention, here.language), "group_buy/claims_answered",
        mention=mention, priority=0 if mention else NOTICE, is_one=mention is not None,
        accepted=accepted[:MOST_NAMED], more_accepted=max(0, len(accepted) - MOST_NAMED),
        unclear=unclear[:MOST_NAMED], more_unclear=max(0, len(unclear) - MOST_NAMED),
        refused=refused[:MOST_NAMED], more_refused=max(0, len(refused) - MOST_NAMED),
    )
