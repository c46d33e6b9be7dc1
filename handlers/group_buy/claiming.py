"""Makes claims of what members say or sign, in the transaction of what they said, and gives what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.event import Event
from content.ordering.talk import CANCEL, WANT, Wish
from handlers.group_buy import checkout, wishing
from handlers.group_buy.rules import No
from handlers.group_buy.selling import Claim
from handlers.group_buy.wishing import Mine
from storage import claims, drops, orders

NOTE = 400


@dataclass(frozen=True, slots=True)
class Who:
    """Whose order it is, where it was said, and what asked for it."""

    channel: str
    group_id: str
    member_id: str
    member_name: str
    cause: str
    source: str


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a claim: its state, the figures for its answer and for taking it back, and the facts to tell."""

    state: str
    detail: dict[str, Any]
    facts: tuple[Event, ...] = ()


def find_mine(session: Session, drop_id: str, member_id: str) -> Mine:
    """What a member has in a drop. What was for others of an order that is over counts no more."""
    alive = orders.find_alive(session, drop_id, [member_id])
    lines: dict[str, int] = {}
    for some in orders.find_lines(session, [row.id for row in alive]).values():
        for line in some:
            lines[line.sku_id] = lines.get(line.sku_id, 0) + line.quantity
    portions = claims.find_portions(session, drop_id, member_id) if lines else {}
    return Mine(lines, portions)


def fulfil(
    session: Session, drop_id: str, who: Who, wish: Wish, now: datetime, *, is_undoing: dict[str, int] | None = None
) -> Became:
    """Settle a bound wish of a member (or take a change back): locks the drop, claims, and writes for whom it is."""
    drop = drops.lock(session, drop_id)
    mine = find_mine(session, drop_id, who.member_id)
    names = {one.sku_id: one.name for one in drops.find_offers(session, drop_id)}
    then = wishing.after(wish, mine) if is_undoing is None else wishing.undone(mine, is_undoing, wish.whose)
    detail: dict[str, Any] = {"title": drop.title, "whose": wish.whose, "kind": wish.kind if mine.lines else WANT}
    if any(count < 1 for _, count in wish.lines) and wish.kind != CANCEL:
        return Became(claims.REFUSED, detail | {"why": "none", "number": 0})
    delta = {
        sku_id: count - mine.lines.get(sku_id, 0) for sku_id, count in then.lines.items()
        if count != mine.lines.get(sku_id, 0)
    }
    if not delta:
        return Became(claims.SAME, detail | {"items": _items(mine.lines, names)})
    spoken = {sku_id: then.lines[sku_id] for sku_id in delta}
    settled = checkout.claim(session, drop_id, _claim(who, spoken, wish), now)
    if isinstance(settled.result, No):
        no = settled.result
        return Became(claims.REFUSED, detail | {"why": no.why, "name": no.name, "number": no.number, "code": no.code})
    claims.set_portions(session, drop_id, who.member_id, then.portions if any(then.lines.values()) else {})
    _note(session, settled.result.order_id, wish)
    sold = settled.result
    detail |= {
        "items": _items(then.lines, names), "delta": delta, "order_id": sold.order_id,
        "total_fen": sold.priced.total_fen if sold.priced else 0, "is_less": all(count < 0 for count in delta.values()),
        "code": sold.team.code if sold.team else "", "missing": sold.team.free if sold.team else 0,
    }
    return Became(claims.ACCEPTED, detail, tuple(settled.facts))


def _claim(who: Who, lines: dict[str, int], wish: Wish) -> Claim:
    return Claim(
        cause=who.cause, channel=who.channel, group_id=who.group_id, member_id=who.member_id, member_name=who.member_name,
        lines=lines, mode="set", source=who.source, note=_words(wish),
    )


def _items(lines: dict[str, int], names: dict[str, str]) -> list[list[Any]]:
    return [[names.get(sku_id, sku_id), count] for sku_id, count in lines.items() if count > 0]


def _words(wish: Wish) -> str:
    whose = f"给{wish.whose}" + " ".join(f" {count}份" for _, count in wish.lines if count) if wish.whose else ""
    return "；".join(part for part in (whose, wish.note) if part)


def _note(session: Session, order_id: str, wish: Wish) -> None:
    """Write down on an order that was there already for whom its new part is, and what was wished."""
    words = _words(wish)
    if not words:
        return
    before = orders.get(session, order_id).note
    if words not in before:
        orders.change(session, [order_id], orders.ALIVE, note=(f"{before}；{words}" if before else words)[:NOTE])
