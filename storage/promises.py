"""What the shop promises who asks: after how long somebody is warned, and from when on it is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base
from storage.clocks import COMPLAINT_CLOSING, COMPLAINT_RESPONSE, FIRST, NEXT, RESOLUTION

MINUTE, HOUR = 60, 3600
SHORTEST, LONGEST = 2, 30 * 24 * HOUR  # seconds; what is due sooner than a look at the rows would be fired late


class WrittenPromise(Base):
    """A promise the shop has changed; the others are as we suggest them."""

    __tablename__ = "promises"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    warn_seconds: Mapped[int] = mapped_column(Integer)
    late_seconds: Mapped[int] = mapped_column(Integer)

    __table_args__ = (CheckConstraint("0 < warn_seconds and warn_seconds < late_seconds", name="stages"),)


@dataclass(frozen=True, slots=True)
class Promise:
    """After how many seconds somebody is warned, and when it is late; in business hours, or around the clock."""

    warn: int
    late: int
    is_in_hours: bool = True


SUGGESTED: Mapping[str, Promise] = {
    FIRST: Promise(10, 15),
    NEXT: Promise(2 * MINUTE, 3 * MINUTE),
    RESOLUTION: Promise(3 * HOUR, 4 * HOUR),
    COMPLAINT_RESPONSE: Promise(20 * MINUTE, 30 * MINUTE),
    COMPLAINT_CLOSING: Promise(20 * HOUR, 24 * HOUR, is_in_hours=False),
}


def find_all(session: Session) -> dict[str, Promise]:
    """Every promise by the kind of its clock."""
    written = {row.kind: row for row in session.scalars(select(WrittenPromise))}
    return {
        kind: Promise(written[kind].warn_seconds, written[kind].late_seconds, one.is_in_hours) if kind in written else one
        for kind, one in SUGGESTED.items()
    }


def save(session: Session, promised: Mapping[str, tuple[int, int]]) -> None:
    """Promise these from now on: seconds to the warning and to being late, by kind. What runs keeps its time."""
    for kind, (warn, late) in promised.items():
        session.merge(WrittenPromise(kind=kind, warn_seconds=warn, late_seconds=late))
