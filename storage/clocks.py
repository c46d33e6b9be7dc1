"""Clocks of questions, handovers and complaints: one row a clock, with the stage that comes next and when it is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of

FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
COMPLAINT_RESPONSE, COMPLAINT_CLOSING = "complaint_response", "complaint_closing"
RESPONSES = (FIRST, NEXT, COMPLAINT_RESPONSE)  # stopped by an answer; the others by closing the handover
WARN, LATE = "warn", "late"
EVERYBODY = 0  # the operator id of an alert that is meant for whoever is there

Stages = Sequence[tuple[str, datetime]]


class Clock(Base):
    """A promise that runs. `stage` comes next, at `due_at`; `later` holds the stages after it. A stopped clock, or one
    past its last stage, has no `due_at`. At most one of a kind runs for a member in a conversation."""

    __tablename__ = "clocks"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    conversation: Mapped[str] = mapped_column(String(120))
    group_id: Mapped[str | None] = mapped_column(String(120))
    member_id: Mapped[str] = mapped_column(String(120))
    handover_id: Mapped[int | None] = mapped_column(BigId)
    asked_id: Mapped[int] = mapped_column(BigId)
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    promised_at: Mapped[datetime] = mapped_column(UtcTime)
    stage: Mapped[str | None] = mapped_column(String(20))
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    later: Mapped[str] = mapped_column(Text)
    late_at: Mapped[datetime | None] = mapped_column(UtcTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcTime)
    stopped_by: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        Index("ix_clocks_due", "due_at", sqlite_where=sql("due_at is not null"), postgresql_where=sql("due_at is not null")),
        Index(
            "uq_clocks_running", "conversation", "member_id", "kind", unique=True,
            sqlite_where=sql("stopped_at is null"), postgresql_where=sql("stopped_at is null"),
        ),
        Index("ix_clocks_handover", "handover_id", "id"),
        Index("ix_clocks_started", "started_at"),
    )


class Alert(Base):
    """A stage was reached and an operator is told; `operator_id` 0 is for everybody."""

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    clock_id: Mapped[int] = mapped_column(BigId)
    stage: Mapped[str] = mapped_column(String(20))
    operator_id: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        Index("uq_alerts_stage", "clock_id", "stage", "operator_id", unique=True),
        Index("ix_alerts_operator", "operator_id", "id"),
    )


TABLE = table_of(Clock)


def get(session: Session, clock_id: int) -> Clock:
    return session.get_one(Clock, clock_id)


def start_once(
    session: Session, *, kind: str, channel: str, conversation: str, group_id: str | None, member_id: str,
    handover_id: int | None, asked_id: int, started_at: datetime, stages: Stages,
) -> int | None:
    """Start a clock; None when one of its kind already runs for this member here, which then keeps its time but
    learns its handover. The last stage is what is promised."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    (stage, due_at), *later = stages
    statement = (
        dialect.insert(TABLE)
        .values(
            kind=kind, channel=channel, conversation=conversation, group_id=group_id, member_id=member_id,
            handover_id=handover_id, asked_id=asked_id, started_at=started_at, promised_at=stages[-1][1], stage=stage,
            due_at=due_at, later=json.dumps([[name, at.isoformat()] for name, at in later]),
        )
        .on_conflict_do_nothing()
        .returning(TABLE.c.id)
    )
    started: int | None = session.execute(statement).scalar()
    if started is None and handover_id is not None:
        _change(session, [
            Clock.conversation == conversation, Clock.member_id == member_id, Clock.kind == kind,
            Clock.stopped_at.is_(None), Clock.handover_id.is_(None),
        ], handover_id=handover_id)
    return started


def find_due(session: Session, until: datetime, limit: int) -> Sequence[AnyRow]:
    """Stages due until then, soonest first: id, stage, due_at, channel, conversation, group_id, member_id."""
    query = (
        select(Clock.id, Clock.stage, Clock.due_at, Clock.channel, Clock.conversation, Clock.group_id, Clock.member_id)
        .where(Clock.due_at.is_not(None), Clock.due_at <= until)
        .order_by(Clock.due_at)
        .limit(limit)
    )
    return session.execute(query).all()


def find_next_due(session: Session) -> datetime | None:
    return session.execute(select(func.min(Clock.due_at)).where(Clock.due_at.is_not(None))).scalar()


def reach(session: Session, clock: Clock, stage: str, now: datetime) -> bool:
    """Move a running clock past this stage; False when it is past it already, or stopped."""
    later = json.loads(clock.later)
    following = later[0] if later else None
    return _change(
        session,
        [Clock.id == clock.id, Clock.stage == stage, Clock.stopped_at.is_(None)],
        stage=following and following[0], due_at=following and datetime.fromisoformat(following[1]),
        later=json.dumps(later[1:]), late_at=now if stage == LATE else clock.late_at,
    )


def stop(session: Session, clock_id: int, at: datetime, by: str) -> bool:
    """Stop one clock; False when it stands still already."""
    return _stop(session, [Clock.id == clock_id], at, by)


def stop_here(
    session: Session, conversation: str, member_id: str | None, kinds: Sequence[str], at: datetime, by: str
) -> bool:
    """Stop the running clocks of these kinds in a conversation, of one member or of all."""
    of_whom = [] if member_id is None else [Clock.member_id == member_id]
    return _stop(session, [Clock.conversation == conversation, Clock.kind.in_(kinds), *of_whom], at, by)


def stop_of_handover(
    session: Session, handover_id: int, at: datetime, by: str, kinds: Sequence[str] | None = None
) -> bool:
    """Stop what runs for a handover: the clocks of these kinds, or all."""
    of_kinds = [] if kinds is None else [Clock.kind.in_(kinds)]
    return _stop(session, [Clock.handover_id == handover_id, *of_kinds], at, by)


def _stop(session: Session, which: list[Any], at: datetime, by: str) -> bool:
    return _change(session, [*which, Clock.stopped_at.is_(None)], stopped_at=at, stopped_by=by[:80], stage=None, due_at=None)


def _change(session: Session, which: list[Any], **values: Any) -> bool:
    done = session.execute(update(Clock).where(*which).values(**values).execution_options(synchronize_session=False))
    return bool(getattr(done, "rowcount", 0))


def find_running(session: Session, handover_ids: Sequence[int]) -> dict[int, list[Clock]]:
    """The clocks that run for each of these handovers, the one promised soonest first."""
    query = (
        select(Clock)
        .where(Clock.handover_id.in_(handover_ids), Clock.stopped_at.is_(None))
        .order_by(Clock.promised_at)
    )
    running: dict[int, list[Clock]] = {}
    for clock in session.scalars(query):
        running.setdefault(clock.handover_id or 0, []).append(clock)
    return running


def find_of_handover(session: Session, handover_id: int) -> Sequence[Clock]:
    """Every clock a handover had, oldest first."""
    return session.scalars(select(Clock).where(Clock.handover_id == handover_id).order_by(Clock.id)).all()


def count_kept(session: Session, since: datetime) -> dict[str, tuple[int, int]]:
    """By kind, of the clocks started since then: how many are late, and how many have ended or are late."""
    late = func.count(Clock.late_at)
    query = (
        select(Clock.kind, late, func.count())
        .where(Clock.started_at >= since, (Clock.stopped_at.is_not(None)) | (Clock.late_at.is_not(None)))
        .group_by(Clock.kind)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def alert_once(session: Session, clock_id: int, stage: str, operator_ids: Sequence[int], now: datetime) -> None:
    """Tell these operators that a stage was reached; each is told once."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rows = [{"clock_id": clock_id, "stage": stage, "operator_id": one, "at": now} for one in operator_ids]
    session.execute(dialect.insert(table_of(Alert)).values(rows).on_conflict_do_nothing())


def find_alerts(session: Session, operator_id: int, limit: int = 20) -> Sequence[AnyRow]:
    """What an operator is told and has not waved away, of clocks that still run, oldest first: (Alert, Clock)."""
    query = (
        select(Alert, Clock)
        .join(Clock, Clock.id == Alert.clock_id)
        .where(Alert.operator_id.in_((operator_id, EVERYBODY)), Alert.seen_at.is_(None), Clock.stopped_at.is_(None))
        .order_by(Alert.id)
        .limit(limit)
    )
    return session.execute(query).all()


def find_pressing(session: Session, limit: int = 2_000) -> dict[int, dict[int, bool]]:
    """By operator (0 for everybody): the running clocks they were told of and have not waved away, and whether each
    is late. Clocks whose warning is still to come are passed over before anything is joined."""
    query = (
        select(Alert.operator_id, Clock.id, Clock.late_at)
        .join(Alert, Alert.clock_id == Clock.id)
        .where(Clock.stopped_at.is_(None), Clock.stage.is_distinct_from(WARN), Alert.seen_at.is_(None))
        .limit(limit)
    )
    told: dict[int, dict[int, bool]] = {}
    for operator_id, clock_id, late_at in session.execute(query):
        told.setdefault(operator_id, {})[clock_id] = late_at is not None
    return told


def find_last_alerted(session: Session, operator_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of these operators was alerted last."""
    found = {}
    for operator_id in operator_ids:
        query = select(Alert.at).where(Alert.operator_id == operator_id).order_by(Alert.id.desc()).limit(1)
        at = session.execute(query).scalar()
        if at is not None:
            found[operator_id] = at
    return found


def wave_away(session: Session, alert_id: int, operator_id: int, now: datetime) -> bool:
    """An operator has seen an alert of theirs, or one for everybody."""
    done = session.execute(
        update(Alert)
        .where(Alert.id == alert_id, Alert.operator_id.in_((operator_id, EVERYBODY)), Alert.seen_at.is_(None))
        .values(seen_at=now)
    )
    return bool(getattr(done, "rowcount", 0))
