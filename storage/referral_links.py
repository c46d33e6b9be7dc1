"""Referral links: one for a member and what it leads to, known by a short code that nobody can count up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import revisions
from storage.base import AnyRow, Base, UtcTime, rows_fast, table_of
from storage.drops import one_of
from storage.ids import new_code, new_id

GROUP, PRODUCT, DROP, SHOP = "group", "product", "drop", "shop"
KINDS = (GROUP, PRODUCT, DROP, SHOP)
CODE_LENGTH = 8  # of 32 signs: 10^12 codes, so that guessing finds none
ON, PAUSED, EXPIRED = "on", "paused", "expired"
NO_NAME, MASKED, FULL = "none", "masked", "full"  # how its owner wants to be named on posters
NAMING = (NO_NAME, MASKED, FULL)


class ReferralLink(Base):
    """A member's link to a group, product, drop or the shop, as shared in a group and for a campaign where it was asked
    for there. A paused or expired link is followed no more and earns nothing."""

    __tablename__ = "referral_links"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"))
    group_id: Mapped[str] = mapped_column(String(120), default="")
    target_kind: Mapped[str] = mapped_column(String(10))
    target_id: Mapped[str] = mapped_column(String(120), default="")
    campaign_id: Mapped[str] = mapped_column(String(40), default="")
    shows_name: Mapped[str] = mapped_column(String(8), default=NO_NAME, server_default=NO_NAME)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint(one_of("target_kind", KINDS), name="target_kind"),
        CheckConstraint(one_of("shows_name", NAMING), name="shows_name"),
        UniqueConstraint("member_id", "target_kind", "target_id", "group_id", "campaign_id", name="uq_referral_links_whose"),
        Index("ix_referral_links_target", "target_kind", "target_id"),
        Index("ix_referral_links_created", "created_at", "id"),
    )

    def state(self, now: datetime) -> str:
        """on, paused or expired."""
        if self.paused_at is not None:
            return PAUSED
        return EXPIRED if self.expires_at is not None and self.expires_at <= now else ON


TABLE = table_of(ReferralLink)


def get(session: Session, link_id: str) -> ReferralLink:
    return session.get_one(ReferralLink, link_id)


def find(session: Session, link_id: str) -> ReferralLink | None:
    return session.get(ReferralLink, link_id)


def find_by_code(session: Session, code: str) -> ReferralLink | None:
    return session.scalars(select(ReferralLink).where(ReferralLink.code == code)).first()


def find_of_member(session: Session, member_id: str, limit: int = 200) -> Sequence[ReferralLink]:
    """A member's links, newest first."""
    query = select(ReferralLink).where(ReferralLink.member_id == member_id)
    return session.scalars(query.order_by(ReferralLink.created_at.desc(), ReferralLink.id).limit(limit)).all()


def find_own(session: Session, member_id: str, target_kind: str, target_id: str) -> ReferralLink | None:
    """A member's link to this, wherever it was asked for; the oldest of several."""
    query = select(ReferralLink).filter_by(member_id=member_id, target_kind=target_kind, target_id=target_id)
    return session.scalars(query.order_by(ReferralLink.created_at, ReferralLink.id).limit(1)).first()


def ensure(
    session: Session, member_id: str, target_kind: str, target_id: str, now: datetime, *, group_id: str = "",
    campaign_id: str = "",
) -> ReferralLink:
    """The member's link to this; made when there is none yet."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    whose = {
        "member_id": member_id, "target_kind": target_kind, "target_id": target_id, "group_id": group_id,
        "campaign_id": campaign_id,
    }
    query = select(ReferralLink).filter_by(**whose)
    # A new code may be taken already: on any conflict nothing is written, and the next one is tried.
    for _ in range(8):
        link = session.scalars(query).first()
        if link is not None:
            return link
        values = whose | {"shows_name": NO_NAME} | {"id": new_id("lnk"), "code": new_code(CODE_LENGTH), "created_at": now}
        session.execute(dialect.insert(TABLE).values(values).on_conflict_do_nothing())
    raise RuntimeError("no free code was found")


def name_owner(session: Session, link: ReferralLink, how: str) -> None:
    """Say how posters of a link name its owner, as they wished."""
    link.shows_name = how
    session.flush()


def pause(session: Session, link_id: str, now: datetime) -> bool:
    """Follow a link no more; False when it was paused already."""
    return _change(session, link_id, ReferralLink.paused_at.is_(None), paused_at=now)


def resume(session: Session, link_id: str) -> bool:
    """Follow it again; False when it was not paused."""
    return _change(session, link_id, ReferralLink.paused_at.is_not(None), paused_at=None)


def set_expiry(session: Session, link_id: str, expires_at: datetime | None) -> bool:
    """Say until when a link is followed; None for ever."""
    return _change(session, link_id, true(), expires_at=expires_at)


def _change(session: Session, link_id: str, only: ColumnElement[bool], **values: datetime | None) -> bool:
    changed = update(ReferralLink).where(ReferralLink.id == link_id, only).values(**values).returning(ReferralLink.id)
    is_changed = session.execute(changed, execution_options={"synchronize_session": False}).first() is not None
    if is_changed:
        revisions.rise(session, revisions.LINKS)
    return is_changed


@dataclass(frozen=True, slots=True)
class Meant:
    """What a link is about: whose it is, and the group, drop, product and campaign, each empty where it is none."""

    member_id: str
    group_id: str
    drop_id: str
    product_id: str
    campaign_id: str


def find_meant(session: Session, link_ids: Iterable[str]) -> dict[str, Meant]:
    """What these links are about."""
    ids = sorted(set(link_ids))
    marks = ", ".join("?" * len(ids))
    query = f"select id, member_id, target_kind, target_id, group_id, campaign_id from referral_links where id in ({marks})"  # noqa: S608
    return {row[0]: meant(*row[1:]) for row in (rows_fast(session.connection(), query, *ids) if ids else ())}


def meant(member_id: str, target_kind: str, target_id: str, group_id: str, campaign_id: str) -> Meant:
    """What a link of these columns is about: the group is where it leads, else where it was asked for."""
    return Meant(
        member_id, target_id if target_kind == GROUP else group_id, target_id if target_kind == DROP else "",
        target_id if target_kind == PRODUCT else "", campaign_id,
    )


def find_with_ids(session: Session, link_ids: Iterable[str]) -> dict[str, AnyRow]:
    rows = session.execute(select(TABLE).where(TABLE.c.id.in_(list(link_ids)))).all()
    return {row.id: row for row in rows}


def find_page(
    session: Session, *, member_ids: Sequence[str] | None = None, code: str = "", target_kind: str = "", before: str = "",
    limit: int = 50,
) -> Sequence[AnyRow]:
    """Links, newest first, those made before the link `before`; of these members where they are named."""
    query = select(TABLE).order_by(TABLE.c.created_at.desc(), TABLE.c.id.desc()).limit(limit)
    if member_ids is not None:
        query = query.where(TABLE.c.member_id.in_(member_ids))
    for column, value in ((TABLE.c.code, code), (TABLE.c.target_kind, target_kind)):
        if value:
            query = query.where(column == value)
    if before:
        last = select(TABLE.c.created_at).where(TABLE.c.id == before).scalar_subquery()
        query = query.where(or_(TABLE.c.created_at < last, and_(TABLE.c.created_at == last, TABLE.c.id < before)))
    return session.execute(query).all()


def count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(TABLE)).scalar_one()
