"""Groups and memberships: where we sit, and who is there since when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, ForeignKey, Index, String, event, false, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import drops, revisions
from storage.base import AnyRow, Base, BigId, RowMissing, UtcTime, channel_of_row, execute_fast, rows_fast, table_of
from storage.members import Member

# When the operator speaks unasked in a group.
SPEAK_OFF, SPEAK_MENTION, SPEAK_CONFIDENT = "off", "mention", "confident"
# Under our management; found and listened to until an operator decides; left alone.
TAKEN, FOUND, LEFT = "taken", "found", "left"


class Group(Base):
    """A chat with many members. `speaks`: off (listen only), mention (when addressed), confident (when sure)."""

    __tablename__ = "groups"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    topic: Mapped[str] = mapped_column(String(400), default="")
    language: Mapped[str] = mapped_column(String(5), default="zh")
    speaks: Mapped[str] = mapped_column(String(10), default=SPEAK_CONFIDENT)
    is_welcoming: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    account_id: Mapped[str] = mapped_column(String(40), default=channel_of_row, server_default="")
    management: Mapped[str] = mapped_column(String(10), default=TAKEN, server_default=TAKEN)
    is_paused: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    greeted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)


class Membership(Base):
    """One member's time in a group, from a join to a leave."""

    __tablename__ = "memberships"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"))
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"))
    is_staff: Mapped[bool] = mapped_column(Boolean, default=False)
    inviter_id: Mapped[str | None] = mapped_column(String(120))
    joined_at: Mapped[datetime] = mapped_column(UtcTime)
    greeted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        Index(
            "uq_memberships_present", "group_id", "member_id", unique=True,
            sqlite_where=sql("left_at is null"), postgresql_where=sql("left_at is null"),
        ),
        Index("ix_memberships_member", "member_id"),
        Index("ix_memberships_left", "group_id", "left_at", sqlite_where=sql("left_at is not null"), postgresql_where=sql("left_at is not null")),
        Index("ix_memberships_staff", "group_id", sqlite_where=sql("is_staff"), postgresql_where=sql("is_staff")),
    )


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """What every message needs to know of its group."""

    name: str
    language: str
    speaks: str
    staff: frozenset[str]
    account_id: str = ""
    is_taken: bool = True
    on_offer: tuple[drops.OnOffer, ...] = ()  # what open drops offer here


@event.listens_for(Group, "before_update")
@event.listens_for(Group, "after_insert")
@event.listens_for(Membership, "before_update")
def _changed(_mapper: Any, connection: Connection, _row: Any) -> None:
    """Whoever keeps group settings in memory is told that one changed."""
    revisions.rise_on(connection, revisions.GROUPS)


def code_of(group_id: str) -> str:
    """The code of a group that a channel tells of: its id there, or a digest where that is longer than a code may be."""
    code = group_id.partition(":")[2] or group_id
    return code if len(code) <= 40 else hashlib.sha256(group_id.encode()).hexdigest()[:16]


_SETTINGS = "select name, language, speaks, account_id, channel, management from groups where id = ?"


def get_settings(session: Session, group_id: str) -> GroupSettings:
    connection = session.connection()
    rows = rows_fast(connection, _SETTINGS, group_id)
    if not rows:
        raise RowMissing(group_id)
    staff = rows_fast(connection, "select member_id from memberships where group_id = ? and is_staff", group_id)
    name, language, speaks, account_id, channel, management = rows[0]
    people = frozenset(row[0] for row in staff)
    offered = drops.find_on_offer(session, group_id)
    return GroupSettings(name, language, speaks, people, account_id or channel, management == TAKEN, offered)


def get(session: Session, group_id: str) -> Group:
    return session.get_one(Group, group_id)


def find(session: Session, group_id: str) -> Group | None:
    return session.get(Group, group_id)


def find_by_code(session: Session, channel: str, code: str) -> Group | None:
    return session.scalars(select(Group).where(Group.channel == channel, Group.code == code)).first()


def find_first(session: Session, channel: str) -> Group | None:
    """The oldest open group of a channel."""
    query = select(Group).where(Group.channel == channel, Group.closed_at.is_(None))
    return session.scalars(query.order_by(Group.created_at, Group.id).limit(1)).first()


def find_all(session: Session) -> Sequence[Group]:
    return session.scalars(select(Group).order_by(Group.created_at, Group.id)).all()


def find_newest(session: Session, limit: int) -> Sequence[AnyRow]:
    """Groups to choose from, newest first: id, name."""
    return session.execute(select(Group.id, Group.name).order_by(Group.created_at.desc(), Group.id).limit(limit)).all()


def find_names(session: Session, group_ids: Iterable[str]) -> dict[str, str]:
    rows: Iterable[Any] = session.execute(select(Group.id, Group.name).where(Group.id.in_(list(group_ids))))
    return {row.id: row.name for row in rows}


def insert_once(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep groups we did not know yet."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.connection().execute(dialect.insert(table_of(Group)).on_conflict_do_nothing(), rows)


def join(
    session: Session, group_id: str, member_id: str, now: datetime, inviter_id: str | None = None
) -> bool:
    """Keep that a member is in the group; False when they already were."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(table_of(Membership))
        .values(group_id=group_id, member_id=member_id, inviter_id=inviter_id, joined_at=now, is_staff=False)
        .on_conflict_do_nothing()
        .returning(Membership.id)
    )
    return session.execute(statement).scalar() is not None


def join_all(session: Session, present: Mapping[tuple[str, str], datetime]) -> None:
    """Keep that these (group, member) are present since a time we do not know better; nobody is greeted for it."""
    statement = (
        "insert into memberships (group_id, member_id, is_staff, joined_at, greeted_at) values (?, ?, ?, ?, ?)"
        " on conflict do nothing"
    )
    rows = [(*pair, False, seen_at, seen_at) for pair, seen_at in sorted(present.items())]
    execute_fast(session.connection(), statement, rows)


def leave(session: Session, group_id: str, member_id: str, now: datetime) -> None:
    session.execute(
        update(Membership)
        .where(Membership.group_id == group_id, Membership.member_id == member_id, Membership.left_at.is_(None))
        .values(left_at=now)
    )


def find_membership(session: Session, group_id: str, member_id: str) -> Membership | None:
    """The member's present time in the group."""
    query = select(Membership).where(
        Membership.group_id == group_id, Membership.member_id == member_id, Membership.left_at.is_(None)
    )
    return session.scalars(query).first()


def find_ungreeted(session: Session, group_id: str) -> Sequence[AnyRow]:
    """Members present and not yet welcomed, in the order they came: id (of the membership), member_id, name."""
    query = (
        select(Membership.id, Membership.member_id, Member.name)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.group_id == group_id, Membership.left_at.is_(None), Membership.greeted_at.is_(None))
        .order_by(Membership.joined_at, Membership.id)
    )
    return session.execute(query).all()


def mark_greeted(session: Session, membership_ids: Sequence[int], group_id: str, now: datetime) -> None:
    session.execute(update(Membership).where(Membership.id.in_(membership_ids)).values(greeted_at=now))
    session.execute(update(Group).where(Group.id == group_id).values(greeted_at=now))


def find_members(session: Session, group_id: str, limit: int = 500) -> Sequence[AnyRow]:
    """Who is present: member_id, name, is_staff, joined_at."""
    query = (
        select(Membership.member_id, Member.name, Membership.is_staff, Membership.joined_at)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.group_id == group_id, Membership.left_at.is_(None))
        .order_by(Membership.joined_at, Membership.id)
        .limit(limit)
    )
    return session.execute(query).all()


def find_present_ids(session: Session, group_id: str) -> set[str]:
    """Everybody who is present in one group."""
    query = select(Membership.member_id).where(Membership.group_id == group_id, Membership.left_at.is_(None))
    return set(session.scalars(query))


def find_staff(session: Session, group_id: str) -> set[str]:
    """Members of a group who speak for the shop."""
    query = select(Membership.member_id).where(Membership.group_id == group_id, Membership.is_staff)
    return set(session.scalars(query))


def count_present(session: Session, group_id: str) -> int:
    """How many members are present in one group."""
    query = "select count(*) from memberships where group_id = ? and left_at is null"
    return int(rows_fast(session.connection(), query, group_id)[0][0])


def count_members(session: Session) -> dict[str, int]:
    """How many members are present in each group."""
    query = select(Membership.group_id, func.count()).where(Membership.left_at.is_(None)).group_by(Membership.group_id)
    return {row[0]: row[1] for row in session.execute(query)}


def find_memberships_of(session: Session, member_id: str) -> Sequence[AnyRow]:
    """A member's times in groups, newest first: group_id, name, joined_at, left_at, inviter_id, is_staff."""
    query = (
        select(
            Membership.group_id, Group.name, Membership.joined_at, Membership.left_at, Membership.inviter_id,
            Membership.is_staff,
        )
        .join(Group, Group.id == Membership.group_id)
        .where(Membership.member_id == member_id)
        .order_by(Membership.joined_at.desc())
    )
    return session.execute(query).all()


def set_staff(session: Session, group_id: str, member_id: str, is_staff: bool) -> bool:
    """Let a present member speak for the shop, or no longer; False when they are not in the group."""
    membership = find_membership(session, group_id, member_id)
    if membership is None:
        return False
    membership.is_staff = is_staff
    return True


def count_staff(session: Session) -> dict[str, int]:
    """How many present members speak for the shop in each group."""
    query = (
        select(Membership.group_id, func.count())
        .where(Membership.left_at.is_(None), Membership.is_staff)
        .group_by(Membership.group_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def find_existing_ids(session: Session, group_ids: Sequence[str]) -> set[str]:
    return set(session.scalars(select(Group.id).where(Group.id.in_(group_ids))))


def find_present(session: Session, member_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Who of these members is in which group now, as (group, member)."""
    query = select(Membership.group_id, Membership.member_id).where(
        Membership.member_id.in_(member_ids), Membership.left_at.is_(None)
    )
    return {(row.group_id, row.member_id) for row in session.execute(query)}


def is_code_taken(session: Session, code: str) -> bool:
    return session.scalars(select(Group.id).where(Group.code == code)).first() is not None


def find_present_in(session: Session, group_ids: Iterable[str], member_ids: Iterable[str]) -> set[str]:
    """Which of these members are in one of these groups now."""
    query = select(Membership.member_id).where(
        Membership.group_id.in_(list(group_ids)), Membership.member_id.in_(list(member_ids)), Membership.left_at.is_(None)
    )
    return set(session.scalars(query))
