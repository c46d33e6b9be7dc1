"""Clicks: visits through referral links, one row for a visitor, a link and an hour however often they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of, write_together
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

Row = tuple[str, str, int, datetime, str, int, str, str]  # link_id, visitor_id, hour, at, verdict, times, agent, address_digest


@dataclass(frozen=True, slots=True)
class Counts:
    """What came through a link: visits counted, the same visitors again within an hour, and what was no visit."""

    counted: int = 0
    visitors: int = 0
    repeats: int = 0
    bots: int = 0
    previews: int = 0
    floods: int = 0


def keep(session: Session, rows: Iterable[Row]) -> None:
    """Keep visits; one of the same visitor, link and hour as a row that is there adds to it. No two of `rows` are of the
    same."""
    # In one order everywhere, so that two writers on PostgreSQL never wait for each other.
    write_together(
        session.connection(), "insert into clicks (link_id, visitor_id, hour, at, verdict, times, agent, address_digest)",
        sorted(rows, key=lambda row: row[:3]),
        "on conflict (link_id, hour, visitor_id) do update set times = clicks.times + excluded.times",
    )


def count_of(session: Session, link_ids: Sequence[str]) -> dict[str, Counts]:
    """What came through each of these links."""
    c = TABLE.c
    query = (
        select(
            c.link_id, c.verdict, func.count().label("rows"), func.sum(c.times).label("times"),
            func.count(c.visitor_id.distinct()).label("visitors"),
        )
        .where(c.link_id.in_(list(link_ids)))
        .group_by(c.link_id, c.verdict)
    )
    found: dict[str, dict[str, AnyRow]] = {}
    for row in session.execute(query):
        found.setdefault(row.link_id, {})[row.verdict] = row
    return {link_id: _counts(by) for link_id, by in found.items()}


def _counts(by: dict[str, AnyRow]) -> Counts:
    times = {verdict: int(row.times) for verdict, row in by.items()}
    counted = by.get(COUNTED)
    visits = 0 if counted is None else int(counted.rows)
    return Counts(
        visits, 0 if counted is None else int(counted.visitors), times.get(COUNTED, 0) - visits, times.get(BOT, 0),
        times.get(PREVIEW, 0), times.get(FLOOD, 0),
    )


def find_of_link(session: Session, link_id: str, limit: int = 100) -> Sequence[AnyRow]:
    """The latest rows of a link, newest hour first."""
    query = select(TABLE).where(TABLE.c.link_id == link_id).order_by(TABLE.c.hour.desc(), TABLE.c.at.desc()).limit(limit)
    return session.execute(query).all()


def count_all(session: Session) -> int:
    """Every visit ever kept, of whatever verdict."""
    return int(session.execute(select(func.coalesce(func.sum(TABLE.c.times), 0))).scalar_one())
