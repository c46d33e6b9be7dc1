"""Identities: which members, visitors and ids of the networks are one person, how we learnt it, and what was taken back."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, and_, func, insert, or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import revisions
from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of

# From the strongest to the weakest; an openid stands with its app before it (wx123:oAbc).
UNIONID, OPENID, EXTERNAL, MEMBER, VISITOR = "unionid", "openid", "external", "member", "visitor"
LADDER = (UNIONID, OPENID, EXTERNAL, MEMBER, VISITOR)
MERGED, CONFLICT, UNDONE, KEPT_APART = "merged", "conflict", "undone", "apart"
STATES = (MERGED, CONFLICT, UNDONE, KEPT_APART)


class Identity(Base):
    """One id of a person. A member or visitor without a row is a person of their own."""

    __tablename__ = "identities"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(120), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    learnt_at: Mapped[datetime] = mapped_column(UtcTime)
    cause: Mapped[str] = mapped_column(String(200))

    __table_args__ = (CheckConstraint(one_of("kind", LADDER), name="kind"),)


class IdentityMerge(Base):
    """Two persons became one (`moved`: the ids that changed hands, as JSON), or did not, for a stronger id speaks against
    it (conflict; an admin merges them or says that they stay apart). A merge can be undone."""

    __tablename__ = "identity_merges"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    state: Mapped[str] = mapped_column(String(8))
    kept: Mapped[str] = mapped_column(String(40))
    gone: Mapped[str] = mapped_column(String(40))
    moved: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(String(200))
    cause: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_by: Mapped[str] = mapped_column(String(40), default="")

    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="state"),
        Index("ix_identity_merges_pair", "kept", "gone"),
        Index(
            "uq_identity_merges_open", "kept", "gone", unique=True, sqlite_where=sql("state = 'conflict'"),
            postgresql_where=sql("state = 'conflict'"),
        ),
    )


TABLE, MERGES = table_of(Identity), table_of(IdentityMerge)
Key = tuple[str, str]  # kind, value


@dataclass(frozen=True, slots=True)
class Person:
    """One person: their members and visitors, and all their ids as (kind, value), strongest first."""

    person_id: str
    member_ids: tuple[str, ...]
    visitor_ids: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]


def everyone_of(session: Session, member_id: str) -> Person:
    """The person a member is. Somebody of whom nothing more is known has their member id for a person id."""
    person_id = session.scalars(select(Identity.person_id).filter_by(kind=MEMBER, value=member_id)).first()
    if person_id is None:
        return Person(member_id, (member_id,), (), ((MEMBER, member_id),))
    return get_person(session, person_id)


def get_person(session: Session, person_id: str) -> Person:
    """A person with what is known of them."""
    rows = session.execute(select(TABLE.c.kind, TABLE.c.value).where(TABLE.c.person_id == person_id)).all()
    keys = sorted(((row.kind, row.value) for row in rows), key=lambda key: (LADDER.index(key[0]), key[1]))
    of = {kind: tuple(value for own, value in keys if own == kind) for kind in LADDER}
    return Person(person_id, of[MEMBER], of[VISITOR], tuple(keys))


def find_persons(session: Session, kind: str, values: Sequence[str]) -> dict[str, str]:
    """The person ids of these ids, where one is known."""
    query = select(TABLE.c.value, TABLE.c.person_id).where(TABLE.c.kind == kind, TABLE.c.value.in_(list(values)))
    return {row.value: row.person_id for row in session.execute(query)}


def find_members_of(session: Session, visitor_ids: Collection[str]) -> dict[str, str]:
    """The member each of these visitors is known to be, the first where there are several."""
    other = TABLE.alias()
    query = (
        select(TABLE.c.value, func.min(other.c.value).label("member_id"))
        .join(other, and_(other.c.person_id == TABLE.c.person_id, other.c.kind == MEMBER))
        .where(TABLE.c.kind == VISITOR, TABLE.c.value.in_(list(visitor_ids)))
        .group_by(TABLE.c.value)
    )
    return {row.value: row.member_id for row in session.execute(query)}


def same_person(session: Session, a: str, b: str) -> bool:
    """Are two members one person, as far as we know?"""
    if a == b:
        return True
    persons = find_persons(session, MEMBER, (a, b))
    return a in persons and persons.get(a) == persons.get(b)


def lock(session: Session) -> None:
    """Who is one person is decided by one writer at a time; held until the commit."""
    revisions.rise(session, revisions.PEOPLE)


def find_person_id(session: Session, kind: str, value: str) -> str | None:
    return session.scalars(select(Identity.person_id).filter_by(kind=kind, value=value)).first()


def add(session: Session, person_id: str, keys: Sequence[Key], cause: str, now: datetime) -> None:
    """Give a person ids that nobody has."""
    rows = [
        {"kind": kind, "value": value, "person_id": person_id, "learnt_at": now, "cause": cause[:200]} for kind, value in keys
    ]
    session.execute(insert(TABLE), rows)


def move(session: Session, keys: Sequence[Key], of: str, to: str) -> int:
    """Hand these ids, as far as they are still the one person's, to the other; gives how many."""
    is_one_of = or_(*(and_(TABLE.c.kind == kind, TABLE.c.value == value) for kind, value in keys))
    changed = update(TABLE).where(TABLE.c.person_id == of, is_one_of).values(person_id=to).returning(TABLE.c.value)
    return len(session.execute(changed).all())


def note(
    session: Session, state: str, kept: str, gone: str, moved: Sequence[Key], why: str, cause: str, now: datetime
) -> None:
    """Write down what was merged, or what was not and why; the same conflict is open once."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {
        "state": state, "kept": kept, "gone": gone, "moved": json.dumps(list(moved), ensure_ascii=False), "why": why[:200],
        "cause": cause[:200], "at": now, "settled_by": "",
    }
    session.execute(dialect.insert(MERGES).values(values).on_conflict_do_nothing())


def is_apart(session: Session, a: str, b: str) -> bool:
    """Did an operator say that these two are not one person?"""
    pair = or_(and_(MERGES.c.kept == a, MERGES.c.gone == b), and_(MERGES.c.kept == b, MERGES.c.gone == a))
    query = select(MERGES.c.id).where(pair, MERGES.c.state.in_((UNDONE, KEPT_APART))).limit(1)
    return session.execute(query).first() is not None


def lock_merge(session: Session, merge_id: int) -> IdentityMerge:
    """A merge or conflict, held until the commit. Raises RowMissing."""
    return session.scalars(select(IdentityMerge).where(IdentityMerge.id == merge_id).with_for_update()).one()


def settle(session: Session, merge: IdentityMerge, state: str, by: str, now: datetime) -> None:
    merge.state, merge.settled_by, merge.settled_at = state, by[:40], now
    session.flush()


def find_merges(session: Session, states: Sequence[str], limit: int = 100) -> Sequence[AnyRow]:
    """What was merged or kept apart, newest first."""
    query = select(MERGES).where(MERGES.c.state.in_(list(states))).order_by(MERGES.c.id.desc()).limit(limit)
    return session.execute(query).all()


def count_conflicts(session: Session) -> int:
    return session.execute(select(func.count()).select_from(MERGES).where(MERGES.c.state == CONFLICT)).scalar_one()
