"""Shows a drop's orders in a group as a numbered list that members copy and sign; without notes, phones or addresses."""

from __future__ import annotations

from collections import Counter

from bot.context import Context
from bot.outbox import NOTICE
from content.masking import masked
from content.ordering.merging import Entry
from content.ordering.rows import Wanted
from handlers.group_buy import signing_up
from storage import claims, drops, orders
from storage.base import AnyRow

LONGEST = 1500  # characters of rows; a longer list is not copied, so it is not shown
LONGEST_NAME = 20


def find_entries(ctx: Context, drop_id: str) -> list[Entry]:
    """The drop's orders of this group as rows, the oldest first: a member's own, then what is for others."""
    marks = {one.sku_id: one.mark for one in drops.find_offers(ctx.session, drop_id)}
    is_one = len(marks) == 1
    alive = [row for row in orders.find_alive(ctx.session, drop_id) if row.group_id == ctx.event.group_id]
    lines = orders.find_lines(ctx.session, [row.id for row in alive])
    had: dict[str, Counter[str]] = {}
    names: dict[str, str] = {}
    for row in alive:
        names[row.member_id] = row.member_name
        for line in lines[row.id]:
            had.setdefault(row.member_id, Counter())[line.sku_id] += line.quantity
    others: dict[tuple[str, str], Counter[str]] = {}
    for portion in claims.find_all_portions(ctx.session, drop_id):
        if portion.member_id in had:
            others.setdefault((portion.member_id, portion.whose), Counter())[portion.sku_id] += portion.quantity
            had[portion.member_id][portion.sku_id] -= portion.quantity
    found = []
    for member_id, own in had.items():
        found.append(_entry(names[member_id], member_id, own, marks, is_one))
        found += [_entry(whose, member_id, some, marks, is_one) for (owner, whose), some in others.items() if owner == member_id]
    return [one for one in found if one.wanted]


def _entry(name: str, member_id: str, lines: Counter[str], marks: dict[str, str], is_one: bool) -> Entry:
    shown = "".join(masked(name).split())[:LONGEST_NAME] or "?"
    return Entry(shown, tuple(
        Wanted(shown, count, "" if is_one else marks[sku_id]) for sku_id, count in sorted(lines.items()) if count > 0
    ), member_id)


def show(ctx: Context, drop_id: str) -> None:
    """Show the list; copies are compared with it from now on."""
    drop = drops.lock(ctx.session, drop_id)
    entries = find_entries(ctx, drop_id)
    rows = [_row(one) for one in entries]
    is_long = sum(len(row) + 5 for row in rows) > LONGEST
    if not is_long:
        signing_up.known_rows(ctx, drop_id, entries)
    roster_shown(ctx, drop, [] if is_long else rows, len(entries), is_long)


def _row(entry: Entry) -> str:
    return " ".join([entry.name, *(f"{one.variant}{one.quantity}" if one.variant else f"{one.quantity}份" for one in entry.wanted)])


def roster_shown(ctx: Context, drop: AnyRow, rows: list[str], count: int, is_long: bool) -> None:
    offers = [{"mark": one.mark, "name": one.name, "price_fen": one.price_fen} for one in drops.find_offers(ctx.session, drop.id)]
    ctx.outbox.say(
        ctx.here, "group_buy/roster_shown", priority=NOTICE, title=drop.title, offers=offers, rows=rows, count=count,
        is_long=is_long,
    )


def roster_closed(ctx: Context, drop: AnyRow) -> None:
    """Says once that a roster came too late."""
    ctx.outbox.say(ctx.here, "group_buy/roster_closed", mention=ctx.event.member_id, title=drop.title)
