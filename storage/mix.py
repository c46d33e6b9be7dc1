"""How much of what a group is told: the rules of the mix guard, of the shop and of single groups, and who leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import groups
from storage.base import Base
from storage.groups import Membership

SHOP = ""  # the group id of the rules that hold where a group has none


@dataclass(frozen=True, slots=True)
class MixRules:
    """At most one advert in `one_in` posts of a week, `adverts_a_day`, so many minutes apart; quiet hours on the plan's
    wall; how long we wait for a pause in a conversation of `busy_messages` in two minutes; from which share of members
    leaving within a day after an advert a group is tired; which kinds need an admin's yes when a manager plans them."""

    one_in: int = 4
    adverts_a_day: int = 2
    minutes_apart: int = 180
    quiet: str = "22:00-08:00"
    busy_messages: int = 8
    busy_wait_minutes: int = 20
    tired_percent: float = 2.0
    tired_days_apart: int = 3
    approved_kinds: tuple[str, ...] = ()


class MixRow(Base):
    """What differs from the defaults, as JSON; for the shop (empty id) or one group."""

    __tablename__ = "mix_rules"

    group_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    changes: Mapped[str] = mapped_column(Text)


def find_changes(session: Session) -> dict[str, dict[str, Any]]:
    """What is written for the shop and for each group that has rules of its own."""
    return {row.group_id: dict(json.loads(row.changes)) for row in session.scalars(select(MixRow))}


def get_rules(session: Session, group_id: str = SHOP) -> MixRules:
    """The rules of a group, or of the shop: defaults, then the shop's, then the group's."""
    # Few groups have rules of their own: all are read once in a transaction.
    known: dict[str, MixRules] = session.info.setdefault("mix_rules", {})
    changes: dict[str, dict[str, Any]] | None = session.info.get("mix_changes")
    if changes is None:
        changes = session.info["mix_changes"] = find_changes(session)
    if group_id not in changes:
        group_id = SHOP
    if group_id not in known:
        values = changes.get(SHOP, {}) | changes.get(group_id, {})
        names = {field.name for field in fields(MixRules)}
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name in names}
        known[group_id] = MixRules(**values)
    return known[group_id]


def save_rules(session: Session, group_id: str, changes: Mapping[str, Any]) -> None:
    """Write what differs for the shop or a group. Raises TypeError for a name that is no rule."""
    asdict(MixRules(**changes))
    session.merge(MixRow(group_id=group_id, changes=json.dumps(dict(changes), ensure_ascii=False)))
    for name in ("mix_rules", "mix_changes"):
        session.info.pop(name, None)
    session.flush()


def count_left(session: Session, group_id: str, times: Sequence[datetime], within: timedelta) -> tuple[int, int]:
    """How many members left a group within that time after one of these times, and how many are there now."""
    if not times:
        return 0, 0
    query = select(Membership.left_at).where(Membership.group_id == group_id, Membership.left_at >= min(times))
    left = [at for at in session.scalars(query) if at is not None]
    gone = sum(any(time <= at <= time + within for time in times) for at in left)
    return gone, groups.count_present(session, group_id)


def count_left_by_group(session: Session, since: datetime) -> dict[str, int]:
    """How many members left each group since then."""
    query = select(Membership.group_id, func.count()).where(Membership.left_at >= since).group_by(Membership.group_id)
    return {row[0]: row[1] for row in session.execute(query)}
