"""Business hours as the shop wrote them: a row a weekday, and a row for each day that is different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


class OpeningDay(Base):
    """When somebody is there on a day. `day` is a weekday 0 (Monday) to 6, or a date 2026-10-01; `spans` like
    «09:00-12:00,13:30-18:00», empty when closed."""

    __tablename__ = "opening_days"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    spans: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(60))


def find_all(session: Session) -> Sequence[OpeningDay]:
    return session.scalars(select(OpeningDay).order_by(OpeningDay.day)).all()


def save_week(session: Session, spans: Mapping[int, str]) -> None:
    """Replace what is written for the weekdays; none at all means always open."""
    session.execute(delete(OpeningDay).where(OpeningDay.day.in_([str(number) for number in range(7)])))
    session.add_all([OpeningDay(day=str(number), spans=written, note="") for number, written in spans.items()])


def save_day(session: Session, day: str, spans: str, note: str) -> None:
    """A day that is different; it replaces what was written for that date."""
    session.merge(OpeningDay(day=day, spans=spans, note=note))


def remove_day(session: Session, day: str) -> bool:
    done = session.execute(delete(OpeningDay).where(OpeningDay.day == day))
    return bool(getattr(done, "rowcount", 0))
