"""Referral links: one for a member and what it leads to, known by a short code that nobody can count up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, UtcTime, table_of
from storage.drops import one_of
from storage.ids import new_code, new_id

GROUP, PRODUCT, DROP, SHOP = "group", "product", "drop", "shop"
KINDS = (GROUP, PRODUCT, DROP, SHOP)
CODE_LENGTH = 8  # of 32 signs: 10^12 codes, so that guessing finds none
ON, PAUSED, EXPIRED = "on", "paused", "expired"


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
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint(one_of("target_kind", KINDS), name="target_kind"),
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
        values = whose | {"id": new_id("lnk"), "code": new_code(CODE_LENGTH), "created_at": now}
        session.execute(dialect.insert(TABLE).values(values).on_conflict_do_nothing())
    raise RuntimeError("no free code was found")


def count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(TABLE)).scalar_one()
