"""Touches: clicks and joins that may earn attribution. They are kept as they happened; who is one person is seen when read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, or_, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of

# click: through a link. join: a member entered a group. page: a visitor who came by a link took part on a page of ours.
CLICK, JOIN, PAGE = "click", "join", "page"
KINDS = (CLICK, JOIN, PAGE)
LEFT_SOON = "left within 72 hours"


class Touch(Base):
    """Who was touched (a visitor, a member, or both), by whose link or invitation, and where. Only `void_at` and its reason
    are ever set later. `cause` says what it came from, once."""

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
        Index("ix_touches_referrer", "referrer_id", "at"),
        Index("ix_touches_link", "link_id", "id", sqlite_where=sql("link_id <> ''"), postgresql_where=sql("link_id <> ''")),
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
