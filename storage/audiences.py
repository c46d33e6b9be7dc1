"""Audiences: tags of groups, and which groups an audience means now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import groups, occurrences
from storage.base import AnyRow, Base
from storage.groups import SPEAK_OFF, Group
from storage.inbox import Interaction

Audience = Mapping[str, Any]


class GroupTag(Base):
    """A word an operator puts on a group, to plan for all groups that have it."""

    __tablename__ = "group_tags"

    group_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)

    __table_args__ = (Index("ix_group_tags_tag", "tag"),)


def set_tags(session: Session, group_id: str, tags: Sequence[str]) -> None:
    """Replace a group's tags."""
    session.execute(delete(GroupTag).where(GroupTag.group_id == group_id))
    session.add_all([GroupTag(group_id=group_id, tag=tag[:40]) for tag in dict.fromkeys(tags) if tag.strip()])
    session.flush()


def find_tags(session: Session) -> dict[str, list[str]]:
    """The tags of each group that has some."""
    found: dict[str, list[str]] = {}
    for row in session.execute(select(GroupTag.group_id, GroupTag.tag).order_by(GroupTag.group_id, GroupTag.tag)):
        found.setdefault(row[0], []).append(row[1])
    return found


def find_groups(session: Session, audience: Audience, now: datetime) -> Sequence[AnyRow]:
    """The groups an audience means now: id, channel, name, created_at. Groups chosen by name are there even when they
    listen only or were left, so that somebody reads why nothing was said; of all or by tag only those we speak in."""
    query = select(Group.id, Group.channel, Group.name, Group.created_at).order_by(Group.id)
    if audience.get("groups"):
        query = query.where(Group.id.in_(audience["groups"]))
    else:
        query = query.where(Group.closed_at.is_(None), Group.speaks != SPEAK_OFF)
        if audience.get("tags"):
            tagged = select(GroupTag.group_id).where(GroupTag.tag.in_(audience["tags"]))
            query = query.where(Group.id.in_(tagged))
        elif not audience.get("all"):
            return []
    found = session.execute(query).all()
    return _in_segment(session, found, audience, now) if found else found


def _in_segment(session: Session, found: Sequence[AnyRow], audience: Audience, now: datetime) -> Sequence[AnyRow]:
    """Those of the right size, with talk lately, and far enough from their last advert."""
    least, most = audience.get("min_members"), audience.get("max_members")
    if least is not None or most is not None:
        sizes = groups.count_members(session)
        found = [one for one in found if (least or 0) <= sizes.get(one.id, 0) <= (most if most is not None else 10**9)]
    if audience.get("active_days"):
        since = now - timedelta(days=float(audience["active_days"]))
        spoken = select(Interaction.group_id).where(
            Interaction.received_at >= since, Interaction.kind == "MessageReceived", Interaction.group_id.is_not(None)
        )
        active = set(session.scalars(spoken.group_by(Interaction.group_id).having(func.count() > 0)))
        found = [one for one in found if one.id in active]
    if audience.get("quiet_days"):
        since = now - timedelta(days=float(audience["quiet_days"]))
        last = occurrences.find_last_adverts(session, [one.id for one in found])
        found = [one for one in found if one.id not in last or last[one.id] < since]
    return found
