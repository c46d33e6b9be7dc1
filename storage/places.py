"""Where we may speak: which account holds a group, whether it is under our management, paused or closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.base import rows_fast, table_of
from storage.groups import FOUND, SPEAK_OFF, TAKEN, Group, Membership
from storage.outbox import FAILED, HELD, QUEUED, UNKNOWN, Saying

OUTBOX = table_of(Saying)


@dataclass(frozen=True, slots=True)
class Place:
    """What the sender needs to know of a group: its account, and whether anything may be said there."""

    account_id: str
    is_closed: bool
    is_paused: bool


def find(session: Session, group_ids: Iterable[str]) -> dict[str, Place]:
    query = select(Group.id, Group.account_id, Group.channel, Group.closed_at, Group.is_paused)
    rows: Iterable[Any] = session.execute(query.where(Group.id.in_(list(group_ids))))
    return {row.id: Place(row.account_id or row.channel, row.closed_at is not None, row.is_paused) for row in rows}


def find_groups(session: Session, group_ids: Sequence[str]) -> Sequence[Group]:
    return session.scalars(select(Group).where(Group.id.in_(group_ids)).order_by(Group.id)).all()


def find_of_account(session: Session, account_id: str, limit: int = 300) -> Sequence[Group]:
    """An account's open groups: found ones first, then by name."""
    query = select(Group).where(Group.account_id == account_id, Group.closed_at.is_(None))
    return session.scalars(query.order_by(Group.management != FOUND, Group.name, Group.id).limit(limit)).all()


def count_by_management(session: Session) -> dict[tuple[str, str], int]:
    """How many open groups each account has by management, as (account, management)."""
    query = (
        select(Group.account_id, Group.management, func.count())
        .where(Group.closed_at.is_(None))
        .group_by(Group.account_id, Group.management)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def set_management(session: Session, group_ids: Sequence[str], management: str, speaks: str) -> int:
    """Take groups under management, or leave them alone; gives how many there were."""
    groups = find_groups(session, group_ids)
    for group in groups:
        group.management = management
        group.speaks = speaks if management == TAKEN else SPEAK_OFF
        group.is_welcoming = management == TAKEN
    return len(groups)


def move(session: Session, group_ids: Sequence[str], account_id: str) -> int:
    """Bind groups to another account, and what still waits to be said in them; gives how many groups."""
    groups = find_groups(session, group_ids)
    for group in groups:
        group.account_id = account_id
    session.execute(
        update(OUTBOX)
        .where(OUTBOX.c.group_id.in_(group_ids), OUTBOX.c.state.in_((QUEUED, HELD, FAILED, UNKNOWN)))
        .values(account_id=account_id)
    )
    return len(groups)


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What a post may say of a group, and whether we may say anything there."""

    name: str
    topic: str
    speaks: str
    is_closed: bool


def find_facts(session: Session, group_id: str) -> GroupFacts | None:
    query = "select name, topic, speaks, closed_at is not null from groups where id = ?"
    rows = rows_fast(session.connection(), query, group_id)
    if not rows:
        return None
    name, topic, speaks, is_closed = rows[0]
    return GroupFacts(name, topic, speaks, bool(is_closed))


def find_group_names_of(session: Session, member_ids: Sequence[str]) -> dict[str, list[str]]:
    """The names of the groups each of these members is in now."""
    query = (
        select(Membership.member_id, Group.name)
        .join(Group, Group.id == Membership.group_id)
        .where(Membership.member_id.in_(member_ids), Membership.left_at.is_(None))
        .order_by(Membership.joined_at)
    )
    names: dict[str, list[str]] = {}
    for row in session.execute(query):
        names.setdefault(row[0], []).append(row[1])
    return names
