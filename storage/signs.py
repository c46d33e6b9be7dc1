"""Signs: what two accounts may share (payer, phone, home, device, network), kept as keyed digests that say nothing alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import clicks, identities, touches
from storage.base import Base, UtcTime, execute_fast, table_of
from storage.drops import one_of

KINDS = ("payer", "phone", "home", "device", "network")
AT_ONCE = 500  # values asked for in one query


class Sign(Base):
    """A member was seen with this sign. `digest` is a keyed hash: the shop's secret is needed to make the same again."""

    __tablename__ = "signs"

    digest: Mapped[str] = mapped_column(String(24), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    seen_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (CheckConstraint(one_of("kind", KINDS), name="kind"), Index("ix_signs_member", "member_id", "seen_at"))


TABLE = table_of(Sign)


def keep(session: Session, member_id: str, signs: Iterable[tuple[str, str]], now: datetime) -> None:
    """A member was seen with these, as (kind, digest)."""
    statement = (
        "insert into signs (digest, member_id, kind, seen_at) values (?, ?, ?, ?)"
        " on conflict (digest, member_id) do update set seen_at = excluded.seen_at"
    )
    rows = sorted((digest, member_id, kind, now) for kind, digest in set(signs))
    if rows:
        execute_fast(session.connection(), statement, rows)


def find_of(session: Session, member_ids: Collection[str], since: datetime) -> dict[str, set[tuple[str, str]]]:
    """The signs of these members seen since, as (kind, digest), by member."""
    found: dict[str, set[tuple[str, str]]] = {}
    for some in _parts(sorted(member_ids)):
        query = select(TABLE.c.member_id, TABLE.c.kind, TABLE.c.digest)
        for row in session.execute(query.where(TABLE.c.member_id.in_(some), TABLE.c.seen_at >= since)):
            found.setdefault(row.member_id, set()).add((row.kind, row.digest))
    return found


def count_users(session: Session, digests: Collection[str]) -> dict[str, int]:
    """How many members were ever seen with each of these."""
    found: dict[str, int] = {}
    for some in _parts(sorted(digests)):
        query = select(TABLE.c.digest, func.count()).where(TABLE.c.digest.in_(some)).group_by(TABLE.c.digest)
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found


def forget(session: Session, member_ids: Sequence[str]) -> None:
    session.execute(delete(TABLE).where(TABLE.c.member_id.in_(member_ids)))


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))


def find_visitors(session: Session, member_ids: Collection[str], limit: int = 50) -> set[str]:
    """The browsers these members came with: as their touches and their identities say."""
    came, known = touches.TABLE.c, identities.TABLE.c
    seen = select(came.visitor_id).where(came.member_id.in_(member_ids), came.member_id != "", came.visitor_id != "")
    found = set(session.scalars(seen.order_by(came.at.desc()).limit(limit)))
    persons = set(identities.find_persons(session, identities.MEMBER, sorted(member_ids)).values())
    theirs = select(known.value).where(known.person_id.in_(persons), known.kind == identities.VISITOR)
    return found | set(session.scalars(theirs.limit(limit)))


def find_networks(session: Session, visitor_id: str, limit: int = 20) -> set[str]:
    """The digests of the addresses a visitor clicked from lately, each with its day: their key changes every day."""
    came, clicked = touches.TABLE.c, clicks.TABLE.c
    lately = select(came.link_id, came.cause).where(came.visitor_id == visitor_id, came.kind == touches.CLICK)
    causes = [row.cause.split(":") for row in session.execute(lately.order_by(came.at.desc()).limit(limit))]
    links, hours = {parts[1] for parts in causes}, {int(parts[2]) for parts in causes if parts[2:] and parts[2].isdigit()}
    rows = select(clicked.address_digest, clicked.hour).where(
        clicked.link_id.in_(links), clicked.hour.in_(hours), clicked.visitor_id == visitor_id
    )
    return {f"{row.address_digest}/{row.hour // 24}" for row in session.execute(rows) if row.address_digest}
