"""What posts may say of a drop: its price, the seats open, its times, as they are when the post is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.recurrence import zone_of
from bot.routing import Routes
from bot.values import Subject
from content.render import money
from handlers.group_buy import rules
from storage import drop_products, drops, orders, plans, stock, teams
from storage.base import AnyRow
from storage.drops import CANCELLED, GROUP, TEAM, TIER

routes = Routes("group_buy")


@dataclass(frozen=True, slots=True)
class DropValue:
    """A drop in a post. `price` is the lowest of its offers now; `left` what is left of all (0 also where nothing bounds
    it); `heads` members who have joined; `missing` who still have to, for the team, the goal or the next tier; the times
    are on the plan's wall, empty where there is none; `hours_left` are whole ones until it closes."""

    title: str
    code: str
    price: str
    price_fen: int
    list_price: str
    left: int
    heads: int
    missing: int
    team_size: int
    opens: str
    closes: str
    hours_left: int
    is_open: bool


SAMPLE = DropValue("草莓拼团", "7K2P", "¥29.9", 2990, "¥39.9", 36, 12, 2, 3, "3月2日 20:00", "3月3日 22:00", 26, True)


@routes.value("drop", "the drop a plan follows, else the one open in the group (with the post's product)", SAMPLE)
def find_drop(session: Session, subject: Subject) -> DropValue | None:
    drop = _drop_of_slot(session, subject.slot) or _open_drop(session, subject)
    if drop is None or drop.status == CANCELLED:
        return None
    offers = stock.find_offers(session, drop.id)
    steps = drops.find_steps(session, drop.id)
    price = min(rules.unit_price(one, drop.reached, steps) for one in offers)
    heads = orders.count_heads(session, drop.id, is_paid=False)
    closes_at = drop.closed_at or drop.closes_at
    seconds = (closes_at - subject.at).total_seconds() if closes_at else 0
    return DropValue(
        title=drop.title, code=drop.code, price=money(price), price_fen=price, list_price=money(min(one.list_fen for one in offers)),
        left=sum(one.free or 0 for one in offers), heads=heads, missing=_count_missing(session, drop, subject, heads),
        team_size=drop.team_size or drop.goal or 0, opens=_on_wall(drop.opened_at or drop.opens_at, subject),
        closes=_on_wall(closes_at, subject), hours_left=max(0, int(seconds // 3600)), is_open=rules.is_open(drop, subject.at),
    )


def _drop_of_slot(session: Session, slot: str) -> AnyRow | None:
    """The drop of a plan that follows one («drop_closes:drp_…»), or a team of it («drop_forms:tem_…»)."""
    anchor, _, followed = slot.partition(":")
    if anchor not in plans.OF_DROPS:
        return None
    if followed.startswith("tem_"):
        team = teams.find(session, followed)
        followed = team.drop_id if team else ""
    return drops.find(session, followed)


def _open_drop(session: Session, subject: Subject) -> AnyRow | None:
    """The newest one open in the group, of the post's product where it has one; none where a plan followed a drop."""
    if subject.slot.partition(":")[0] in plans.OF_DROPS:
        return None
    found = drops.find_open(session, subject.group_id)
    if subject.product_id:
        meant = drop_products.find_with_product(session, [one.id for one in found], subject.product_id)
        found = [one for one in found if one.id in meant]
    return found[0] if found else None


def _count_missing(session: Session, drop: AnyRow, subject: Subject, heads: int) -> int:
    if drop.kind == TEAM:
        forming = [one for one in teams.find_forming(session, drop.id) if one.group_id == subject.group_id]
        followed = subject.slot.partition(":")[2]
        meant = [one for one in forming if one.id == followed] or forming
        return min((one.size - one.seats for one in meant), default=drop.team_size or 0)
    if drop.kind == GROUP:
        return max(0, (drop.goal or 0) - heads)
    if drop.kind == TIER:
        steps = drops.find_steps(session, drop.id)
        return min((one.at - heads for one in steps if one.kind == "tier" and one.at > heads), default=0)
    return 0


def _on_wall(moment: datetime | None, subject: Subject) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(zone_of(subject.time_zone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"
