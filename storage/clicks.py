"""Clicks: visits through referral links, one row for a visitor, a link and an hour however often they came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, UtcTime, table_of
from storage.drops import one_of

# counted: a visitor's first in the hour. bot, preview, flood: kept together, for they are nobody's visits.
COUNTED, BOT, PREVIEW, FLOOD = "counted", "bot", "preview", "flood"
VERDICTS = (COUNTED, BOT, PREVIEW, FLOOD)
HOUR_SECONDS = 3600


class Click(Base):
    """`times` visits of one visitor (or of one robot, by its name) through one link within one hour; `hour` counts hours
    since 1970. `address_digest` is a keyed hash whose key changes every day."""

    __tablename__ = "clicks"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    link_id: Mapped[str] = mapped_column(ForeignKey("referral_links.id"))
    visitor_id: Mapped[str] = mapped_column(String(40))
    hour: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcTime)
    verdict: Mapped[str] = mapped_column(String(8))
    times: Mapped[int] = mapped_column(Integer, default=1)
    agent: Mapped[str] = mapped_column(String(24))
    address_digest: Mapped[str] = mapped_column(String(16))

    __table_args__ = (
        CheckConstraint(one_of("verdict", VERDICTS), name="verdict"),
        CheckConstraint("times >= 1", name="times"),
        Index("uq_clicks_once", "link_id", "hour", "visitor_id", unique=True),
    )


TABLE = table_of(Click)
