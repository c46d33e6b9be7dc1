"""Teams and seats: members who buy one drop together, and each one's place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, UtcTime, execute_fast, table_of
from storage.drops import one_of

FORMING, FORMED, EXPIRED, CANCELLED = "forming", "formed", "expired", "cancelled"
HELD, PAID, CONFIRMED, REFUND_DUE, REFUNDED, RELEASED = "held", "paid", "confirmed", "refund_due", "refunded", "released"
SEATED = (HELD, PAID, CONFIRMED)  # a seat that is somebody's


class Team(Base):
    """Members buying one drop together. `seats` counts the places that are somebody's, never more than `size`."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    drop_id: Mapped[str] = mapped_column(ForeignKey("drops.id"))
    group_id: Mapped[str | None] = mapped_column(String(120))
    lead_id: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(10))
    size: Mapped[int] = mapped_column(Integer)
    seats: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint(one_of("status", (FORMING, FORMED, EXPIRED, CANCELLED)), name="status"),
        CheckConstraint("seats >= 0 and seats <= size", name="seats"),
        CheckConstraint("status <> 'formed' or seats = size", name="formed"),
        Index("ix_teams_drop", "drop_id", "status", "opened_at"),
        Index("ix_teams_expires", "expires_at", sqlite_where=sql("status = 'forming'"), postgresql_where=sql("status = 'forming'")),
    )


class Seat(Base):
    """One member's place in a team, with the order that pays for it: held, paid, confirmed; or, when the team did not
    come about, released (nothing was paid), refund_due, refunded. Once a team is formed, a seat paid back stays its."""

    __tablename__ = "seats"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(10))
    taken_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint(one_of("status", (*SEATED, REFUND_DUE, REFUNDED, RELEASED)), name="status"),
        Index(
            "uq_seats_member", "team_id", "member_id", unique=True,
            sqlite_where=sql("status in ('held','paid','confirmed')"),
            postgresql_where=sql("status in ('held','paid','confirmed')"),
        ),
    )


TABLE, SEATS = table_of(Team), table_of(Seat)


def get(session: Session, team_id: str) -> AnyRow:
    return session.execute(select(TABLE).where(TABLE.c.id == team_id)).one()


def find_by_code(session: Session, code: str) -> AnyRow | None:
    return session.execute(select(TABLE).where(TABLE.c.code == code.upper())).one_or_none()


def find_forming(session: Session, drop_id: str) -> Sequence[AnyRow]:
    """Teams that still gather, oldest first."""
    query = select(TABLE).where(TABLE.c.drop_id == drop_id, TABLE.c.status == FORMING)
    return session.execute(query.order_by(TABLE.c.opened_at, TABLE.c.id)).all()


def find_expired(session: Session, now: datetime, limit: int = 200) -> Sequence[AnyRow]:
    """Forming teams whose time is over."""
    query = select(TABLE).where(sql("teams.status = 'forming'"), TABLE.c.expires_at <= now)
    return session.execute(query.order_by(TABLE.c.expires_at).limit(limit)).all()


def find_seats(session: Session, team_id: str) -> Sequence[AnyRow]:
    """Every seat a team ever had, by the time it was taken."""
    return session.execute(select(SEATS).where(SEATS.c.team_id == team_id).order_by(SEATS.c.taken_at, SEATS.c.order_id)).all()


def find_seat(session: Session, order_id: str) -> AnyRow | None:
    """The seat that is an order's now, with its team's status, size and seats."""
    query = select(SEATS, TABLE.c.status.label("team_status"), TABLE.c.size, TABLE.c.code, TABLE.c.seats)
    query = query.join(TABLE, TABLE.c.id == SEATS.c.team_id).where(SEATS.c.order_id == order_id)
    return session.execute(query.where(SEATS.c.status.in_(SEATED))).one_or_none()


def is_of_formed(session: Session, order_id: str) -> bool:
    """Has the order a seat in a team that was formed? It keeps it, whatever is refunded later."""
    query = select(SEATS.c.order_id).join(TABLE, TABLE.c.id == SEATS.c.team_id)
    query = query.where(SEATS.c.order_id == order_id, SEATS.c.status != RELEASED, TABLE.c.status == FORMED)
    return session.execute(query.limit(1)).first() is not None


def count_seats(session: Session, team_id: str, statuses: Sequence[str]) -> int:
    query = select(func.count()).select_from(SEATS).where(SEATS.c.team_id == team_id, SEATS.c.status.in_(statuses))
    return session.execute(query).scalar_one()


def insert_all(session: Session, teams: Sequence[tuple[Any, ...]]) -> None:
    """New forming teams as (id, code, drop_id, group_id, lead_id, size, seats, opened_at, expires_at)."""
    if teams:
        execute_fast(
            session.connection(),
            "insert into teams (id, code, drop_id, group_id, lead_id, size, seats, opened_at, expires_at, status)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'forming')", teams,
        )


def seat_all(session: Session, seats: Sequence[tuple[Any, ...]]) -> None:
    """New seats as (order_id, team_id, member_id, status, taken_at); an order may come back to a seat it once had."""
    if seats:
        execute_fast(
            session.connection(),
            "insert into seats (order_id, team_id, member_id, status, taken_at) values (?, ?, ?, ?, ?)"
            " on conflict (order_id, team_id) do update set status = excluded.status, taken_at = excluded.taken_at", seats,
        )


def fill_all(session: Session, counts: Sequence[tuple[int, str]]) -> None:
    """More seats taken, as (how many, team_id); the CHECK refuses one too many."""
    if counts:
        execute_fast(session.connection(), "update teams set seats = seats + ? where id = ?", counts)


def move(session: Session, order_ids: Sequence[str], expected: Sequence[str], status: str) -> Sequence[AnyRow]:
    """Seats of these orders that have an expected status get another; gives (order_id, team_id) of those moved."""
    statement = update(SEATS).where(SEATS.c.order_id.in_(order_ids), SEATS.c.status.in_(expected)).values(status=status)
    return session.execute(statement.returning(SEATS.c.order_id, SEATS.c.team_id)).all()


def end(session: Session, team_id: str, status: str, now: datetime) -> bool:
    """A forming team comes to its end; False when it has already."""
    statement = update(TABLE).where(TABLE.c.id == team_id, TABLE.c.status == FORMING).values(status=status, ended_at=now)
    return session.execute(statement.returning(TABLE.c.id)).one_or_none() is not None


def give_room(session: Session, counts: Sequence[tuple[int, str]]) -> None:
    """Seats given up, as (how many, team_id); a team that was formed stays full."""
    if counts:
        execute_fast(session.connection(), "update teams set seats = seats - ? where id = ? and status = 'forming'", counts)
