"""Touches: clicks and joins that may earn attribution. They are kept as they happened; who is one person is seen when read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, and_, func, or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import referral_links
from storage.base import AnyRow, Base, BigId, UtcTime, table_of, write_together
from storage.drops import one_of

# click: through a link. join: a member entered a group. page: a visitor who came by a link took part on a page of ours.
CLICK, JOIN, PAGE = "click", "join", "page"
KINDS = (CLICK, JOIN, PAGE)
NO_CLICK = sql("kind <> 'click'")
LEFT_SOON = "left within 72 hours"


class Touch(Base):
    """Who was touched (a visitor, a member, or both), by whose link or invitation, and where. Only `void_at` and its reason
    are ever set later. `cause` says what it came from, once. `at` is when we heard of it, so that what a channel tells late
    changes nothing that was decided before."""

    __tablename__ = "touches"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    cause: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    visitor_id: Mapped[str] = mapped_column(String(40), default="")
    member_id: Mapped[str] = mapped_column(String(120), default="")
    referrer_id: Mapped[str] = mapped_column(String(120))
    link_id: Mapped[str] = mapped_column(String(40), default="")
    group_id: Mapped[str] = mapped_column(String(120), default="")
    drop_id: Mapped[str] = mapped_column(String(40), default="")
    product_id: Mapped[str] = mapped_column(String(80), default="")
    campaign_id: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime] = mapped_column(UtcTime)
    void_at: Mapped[datetime | None] = mapped_column(UtcTime)
    void_why: Mapped[str] = mapped_column(String(60), default="")

    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint("visitor_id <> '' or member_id <> ''", name="who"),
        Index("ix_touches_visitor", "visitor_id", "at", sqlite_where=sql("visitor_id <> ''"), postgresql_where=sql("visitor_id <> ''")),
        Index("ix_touches_member", "member_id", "at", sqlite_where=sql("member_id <> ''"), postgresql_where=sql("member_id <> ''")),
        # A click's link and its owner are found by the clicks; without it here a click costs two index pages less.
        Index("ix_touches_referrer", "referrer_id", "at", sqlite_where=NO_CLICK, postgresql_where=NO_CLICK),
        Index("ix_touches_link", "link_id", "id"),
    )


TABLE = table_of(Touch)


def find_for(
    session: Session, person: Sequence[str], visitors: Sequence[str], before: datetime, since: datetime
) -> list[AnyRow]:
    """What touched these members or visitors from `since` on and before `before` (a touch at that very moment counts),
    oldest first. Void ones are among them, with why."""
    who = [TABLE.c.member_id.in_(list(person))] if person else []
    if visitors:
        who.append(TABLE.c.visitor_id.in_(list(visitors)))
    if not who:
        return []
    query = select(TABLE).where(or_(*who), TABLE.c.at >= since, TABLE.c.at <= before).order_by(TABLE.c.at, TABLE.c.id)
    return list(session.execute(query).all())


def find_with_ids(session: Session, ids: Sequence[int]) -> Sequence[AnyRow]:
    """These touches, in any order."""
    return session.execute(select(TABLE).where(TABLE.c.id.in_(list(ids)))).all()


# cause, kind, visitor_id, member_id, referrer_id, link_id, group_id, drop_id, product_id, campaign_id, at
Row = tuple[str, str, str, str, str, str, str, str, str, str, datetime]
_KEEP = (
    "insert into touches (cause, kind, visitor_id, member_id, referrer_id, link_id, group_id, drop_id, product_id,"
    " campaign_id, at, void_why)"
)


def keep(session: Session, rows: Iterable[Row]) -> None:
    """Keep touches; one whose cause is there already stays as it is."""
    some = [(*row, "") for row in sorted(rows)]
    write_together(session.connection(), _KEEP, some, "on conflict (cause) do nothing")


def add(
    session: Session, cause: str, kind: str, referrer_id: str, at: datetime, *, visitor_id: str = "", member_id: str = "",
    link_id: str = "", group_id: str = "", drop_id: str = "", product_id: str = "", campaign_id: str = "",
) -> bool:
    """Keep one touch; False when its cause is there already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = {
        "cause": cause, "kind": kind, "visitor_id": visitor_id, "member_id": member_id, "referrer_id": referrer_id,
        "link_id": link_id, "group_id": group_id, "drop_id": drop_id, "product_id": product_id,
        "campaign_id": campaign_id, "at": at, "void_why": "",
    }
    kept = dialect.insert(TABLE).values(row).on_conflict_do_nothing().returning(TABLE.c.id)
    return session.execute(kept).first() is not None


def find_join(session: Session, group_id: str, member_id: str) -> AnyRow | None:
    """The touch of a member's first join of a group, if somebody brought them."""
    return session.execute(select(TABLE).where(TABLE.c.cause == join_cause(group_id, member_id))).one_or_none()


def join_cause(group_id: str, member_id: str) -> str:
    """Whoever comes back to a group does not come anew: one join of a member and a group, for ever."""
    return f"join:{group_id}:{member_id}"[:200]


def void(session: Session, touch_id: int, why: str, now: datetime) -> bool:
    """A touch counts no more; False when it did not before."""
    changed = update(TABLE).where(TABLE.c.id == touch_id, TABLE.c.void_at.is_(None)).values(void_at=now, void_why=why)
    return bool(session.execute(changed.returning(TABLE.c.id)).first())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an explorer asks for; None asks for nothing special. Members by their ids, an empty list finds nobody."""

    member_ids: Sequence[str] | None = None
    referrer_ids: Sequence[str] | None = None
    link_id: str = ""
    group_id: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


def find_page(session: Session, wanted: Wanted, *, before_id: int | None = None, limit: int = 50) -> Sequence[AnyRow]:
    """Touches for an explorer, newest first, with ids under `before_id`."""
    c = TABLE.c
    query = select(TABLE).order_by(c.id.desc()).limit(limit)
    if wanted.member_ids is not None:
        query = query.where(c.member_id.in_(wanted.member_ids), c.member_id != "")
    if wanted.referrer_ids is not None:
        # Clicks are found by their owner's links, everything else by the referrer.
        own = select(referral_links.TABLE.c.id).where(referral_links.TABLE.c.member_id.in_(wanted.referrer_ids))
        query = query.where(or_(and_(c.kind != CLICK, c.referrer_id.in_(wanted.referrer_ids)), c.link_id.in_(own)))
    for column, value in ((c.link_id, wanted.link_id), (c.group_id, wanted.group_id), (c.kind, wanted.kind)):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(c.at < wanted.until)
    if before_id is not None:
        query = query.where(c.id < before_id)
    return session.execute(query).all()


def count_of_links(session: Session, link_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many touches that are not void came through these links, by (link, kind)."""
    c = TABLE.c
    query = (
        select(c.link_id, c.kind, func.count())
        .where(c.link_id.in_(list(link_ids)), c.link_id != "", c.void_at.is_(None))
        .group_by(c.link_id, c.kind)
    )
    return {(link_id, kind): count for link_id, kind, count in session.execute(query)}
