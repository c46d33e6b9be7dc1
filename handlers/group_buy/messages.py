"""Says what a drop is, how it goes, and what became of a claim; its rules come from the rows that decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from bot.context import Context
from bot.outbox import NOTICE, POST, Conversation, Outbox, Text
from content.render import Words
from handlers.group_buy.rules import No
from handlers.group_buy.selling import Sold
from storage import drops, groups, orders, teams
from storage.base import AnyRow

MOST_TEAMS = 5  # named in one summary


def values_of(session: Session, drop: AnyRow) -> dict[str, Any]:
    """A drop in the words' terms, from the rows that decide; lists of dicts with fen and counts."""
    return values_from(drop, drops.find_offers(session, drop.id), drops.find_steps(session, drop.id))


def values_from(drop: Any, offers: Sequence[Any], steps: Sequence[Any]) -> dict[str, Any]:
    """The same from rows, or from what is to become them."""
    names = {one.sku_id: one.name for one in offers}
    return {
        "title": drop.title, "words": drop.words, "code": drop.code, "kind": drop.kind, "pays": drop.pays,
        "closes_at": drop.closes_at, "hold_minutes": drop.hold_minutes, "per_member": drop.per_member, "goal": drop.goal,
        "team_size": drop.team_size, "team_hours": drop.team_hours, "balance_due_at": drop.balance_due_at,
        "pickup_point": drop.pickup_point,
        "offers": [
            {
                "mark": one.mark, "name": one.name, "list_fen": one.list_fen, "price_fen": one.price_fen,
                "deposit_fen": one.deposit_fen, "floor_fen": one.floor_fen, "stock_limit": one.stock_limit,
                "left": None if one.stock_limit is None else one.stock_limit - one.taken,
            }
            for one in offers
        ],
        "tiers": [{"heads": one.at, "name": names.get(one.sku_id, ""), "fen": one.fen} for one in steps if one.kind == "tier"],
        "thresholds": [{"from_fen": one.at, "fen": one.fen} for one in steps if one.kind == "threshold"],
        "cuts": [{"number": one.at, "fen": one.fen} for one in steps if one.kind == "cut"],
    }


def rules_text(session: Session, words: Words, drop: AnyRow, language: str) -> str:
    """A drop's rules for members, for the group, the page and the console's preview alike."""
    return _rules(words, values_of(session, drop), language)


def _rules(words: Words, values: Mapping[str, Any], language: str) -> str:
    return words.render("group_buy/rules", language, values)


def _announcement(words: Words, values: Mapping[str, Any], language: str, address: str) -> str:
    rules = _rules(words, values, language)
    return words.render("group_buy/drop_opened", language, {"rules": rules, "address": address, **values})


def preview(words: Words, values: Mapping[str, Any], language: str) -> tuple[str, str]:
    """What members will read of a drop: its rules, and the group's message. `values` as `values_from` gives them."""
    return _rules(words, values, language), _announcement(words, values, language, "")


def drop_opened(ctx: Context, drop: AnyRow) -> None:
    for here in _places(ctx, drop):
        text = _announcement(
            ctx.outbox.words, values_of(ctx.session, drop), here.language, _address(ctx, drop, here)
        )
        ctx.outbox.put(here, Text(text), key=f"drop-opened:{drop.id}:{here.id}", priority=POST)


def _address(ctx: Context, drop: AnyRow, here: Conversation) -> str:
    """The drop's page; none where the shop has no public address, which only a browser on this machine could open."""
    is_public = not ctx.shop.base_url.startswith("http://localhost")
    return f"{ctx.shop.base_url}/d/{drop.code}" if is_public or here.channel == "web" else ""


def last_hour(ctx: Context, drop: AnyRow) -> None:
    for here in _places(ctx, drop):
        ctx.outbox.say(
            here, "group_buy/last_hour", key=f"drop-last-hour:{drop.id}:{here.id}", priority=POST,
            **values_of(ctx.session, drop),
        )


def drop_cancelled(ctx: Context, drop: AnyRow) -> None:
    if drop.opened_at is None:
        return
    for here in _places(ctx, drop):
        ctx.outbox.say(
            here, "group_buy/drop_cancelled", key=f"drop-cancelled:{drop.id}:{here.id}", priority=NOTICE,
            title=drop.title, reason=drop.reason,
        )


def progress(ctx: Context, drop: AnyRow) -> None:
    """One summary in the group: how many have joined, which teams have room, what is left."""
    group = ctx.event.group_id
    here = _place(ctx, group) if group else None
    if here is None:
        return
    forming = [
        {"code": team.code, "missing": team.size - team.seats}
        for team in teams.find_forming(ctx.session, drop.id) if team.group_id == group and team.seats < team.size
    ]
    ctx.outbox.say(
        here, "group_buy/progress", priority=NOTICE, heads=orders.count_heads(ctx.session, drop.id, is_paid=False),
        teams=forming[:MOST_TEAMS], **values_of(ctx.session, drop),
    )


def team_formed(ctx: Context, drop: AnyRow, team: AnyRow) -> None:
    here = _place(ctx, team.group_id) if team.group_id else None
    if here is not None:
        ctx.outbox.say(here, "group_buy/team_formed", priority=NOTICE, title=drop.title, code=team.code, size=team.size)


def team_expired(ctx: Context, drop: AnyRow, team: AnyRow) -> None:
    here = _place(ctx, team.group_id) if team.group_id else None
    if here is not None:
        ctx.outbox.say(here, "group_buy/team_expired", priority=NOTICE, title=drop.title, code=team.code)


def joined(outbox: Outbox, here: Conversation, sold: Sold) -> None:
    """The answer to a claim said in talk: what is kept, what it costs, which team."""
    team = sold.team
    outbox.say(
        here, "group_buy/joined", mention=here.member_id, order_id=sold.order_id if here.group_id is None else "",
        count=sum(sold.lines.values()), total_fen=sold.priced.total_fen if sold.priced else 0,
        code=team.code if team else "", missing=team.free if team else 0,
    )


def refused(outbox: Outbox, here: Conversation, no: No) -> None:
    outbox.say(
        here, "group_buy/refused", mention=here.member_id, why=no.why, name=no.name, number=no.number, code=no.code
    )


def _places(ctx: Context, drop: AnyRow) -> Iterator[Conversation]:
    for group_id in sorted(drops.find_groups(ctx.session, drop.id)):
        here = _place(ctx, group_id)
        if here is not None:
            yield here


def _place(ctx: Context, group_id: str) -> Conversation | None:
    """A group to speak in; None where we only listen, or that is closed."""
    group = groups.find(ctx.session, group_id)
    if group is None or group.speaks == groups.SPEAK_OFF or group.closed_at is not None:
        return None
    return Conversation(group.id, group.channel, group.id, None, group.language)
